"""The Python interface on small random models: what is promised of every model."""

import logging
import math

import numpy as np
import pytest
import torch

import seqgen
from seqgen.io.midi import read_midi, write_midi
from seqgen.tasks.join import join
from seqgen.tasks.shipped import shipped_models
from tests.tasks.small import melody, small_model, write_drums, write_melody, write_two_tracks


def notes(piece):
    return [(n.pitch, n.start_time, n.end_time) for n in piece.notes]


def same(pieces, others):
    return [p.SerializeToString(deterministic=True) for p in pieces] == [
        p.SerializeToString(deterministic=True) for p in others
    ]


A, B = melody(2, 1, qpm=80.0, program=3), melody(2, 2, qpm=125.0, program=40)


def test_a_straight_path_has_the_same_ends(vae):
    round_way, straight = (vae.interpolate(A, B, num_steps=5, way=way) for way in ("slerp", "lerp"))
    for end in (0, -1):
        assert list(round_way[end].notes) == list(straight[end].notes)
    assert "interpolate by lerp, 2 of 5" in straight[1].text_annotations[0].text
    z = vae.encode([A, B], precision="bfloat16").mean
    middle = vae.decode(z.mean(0, keepdim=True), seed=1)[0]
    assert [note.pitch for note in straight[2].notes] == [note.pitch for note in middle.notes]


def test_a_path_ends_in_the_reconstructions_and_changes_on_the_way(vae):
    path = vae.interpolate(A, B, num_steps=5, temperature=0.5, seed=3)
    assert len(path) == 5
    for end, source in ((path[0], A), (path[-1], B)):
        assert notes(end) == notes(vae.reconstruct(source, temperature=0.5, seed=3))
    assert notes(path[0]) != notes(path[-1])


def test_tempo_goes_in_proportion_and_programs_change_half_way(vae):
    path = vae.interpolate(A, B, num_steps=5)
    tempos = [piece.tempos[0].qpm for piece in path]
    assert tempos[0] == pytest.approx(80.0, abs=1e-4)
    assert tempos[2] == pytest.approx(100.0, abs=1e-4)  # the geometric mean
    assert tempos[4] == pytest.approx(125.0, abs=1e-4)
    assert all(n.program == 3 for n in path[0].notes)
    assert all(n.program == 40 for n in path[4].notes)


def test_the_same_seed_is_the_same_music_and_another_is_not(vae):
    path = vae.interpolate(A, B, num_steps=3, temperature=1.0, seed=1)
    assert same(path, vae.interpolate(A, B, num_steps=3, temperature=1.0, seed=1))
    assert not same(path, vae.interpolate(A, B, num_steps=3, temperature=1.0, seed=2))
    assert "seed 1, temperature 1" in path[0].text_annotations[0].text


def test_equal_ends_give_one_piece_all_along(vae):
    path = vae.interpolate(A, A, num_steps=4, temperature=1.0)
    assert all(notes(piece) == notes(path[0]) for piece in path)


def test_zero_temperature_knows_no_seed(vae):
    one, other = (vae.interpolate(A, B, num_steps=3, temperature=0.0, seed=seed) for seed in (1, 2))
    assert [notes(piece) for piece in one] == [notes(piece) for piece in other]


def test_four_sources_make_a_grid_with_them_in_the_corners(vae):
    sources = [melody(2, seed) for seed in range(4)]
    grid = vae.interpolate(*sources, num_steps=3, seed=2)
    assert len(grid) == 9
    for place, source in zip((0, 2, 6, 8), sources, strict=True):
        assert notes(grid[place]) == notes(vae.reconstruct(source, temperature=0.5, seed=2))


def test_sources_may_be_files_sequences_and_tables(vae, tmp_path):
    write_midi(A, tmp_path / "a.mid")
    path = str(tmp_path / "a.mid")
    expected = vae.encode([A]).mean
    for source in (path, tmp_path / "a.mid", (tmp_path / "a.mid").read_bytes(), vae.clip(path)):
        assert torch.equal(vae.encode([source]).mean, expected)


def test_codes_can_be_calculated_with(vae):
    z = vae.encode([A, B]).mean
    assert z.shape == (2, 8)
    more = vae.decode(z + 0.5 * torch.ones(8), seed=4, qpm=90.0)
    assert len(more) == 2
    assert more[0].tempos[0].qpm == pytest.approx(90.0)
    assert notes(vae.decode(z, seed=4)[1]) == notes(vae.decode(z[1:].numpy(), seed=4)[0])


def test_samples_differ_from_each_other_and_repeat_with_the_seed(vae):
    pieces = vae.sample(3, temperature=1.0, seed=7, top_k=20, top_p=0.9)
    assert len({str(notes(piece)) for piece in pieces}) == 3
    assert same(pieces, vae.sample(3, temperature=1.0, seed=7, top_k=20, top_p=0.9))


def test_drums_come_out_as_drums(drum_vae, tmp_path):
    a, b = write_drums(tmp_path / "a.mid", seed=1), write_drums(tmp_path / "b.mid", seed=2)
    path = drum_vae.interpolate(a, b, num_steps=3)
    assert all(note.is_drum for piece in path for note in piece.notes)


def test_what_is_decided_for_the_user_is_logged(vae, caplog):
    with caplog.at_level(logging.WARNING, logger="seqgen"):
        vae.reconstruct(melody(3))
    assert "bars 0 to 1" in caplog.text


def test_one_choice_of_track_for_each_source(vae, tmp_path):
    source = write_two_tracks(tmp_path / "a.mid")
    first, second = (vae.encode([source], track=track).mean for track in (0, 1))
    both = vae.encode([source, source], track=[0, 1]).mean
    torch.testing.assert_close(both, torch.cat([first, second]))
    with pytest.raises(ValueError, match="track: expected one number, or one for each of 2"):
        vae.encode([source, source], track=[0])


WRONG = {
    "num_steps": ("interpolate", (A, B), {"num_steps": 1}, "num_steps must be 2 to"),
    "too many": ("interpolate", (A, B), {"num_steps": 10**9}, "num_steps must be 2 to"),
    "three": ("interpolate", (A, B, A), {}, "two sources, or four"),
    "temperature": ("interpolate", (A, B), {"temperature": -0.5}, "temperature must be a finite number"),
    "NaN": ("sample", (), {"temperature": math.nan}, "temperature must be a finite number"),
    "seed": ("sample", (), {"seed": -1}, "seed must be 0 to"),
    "num": ("sample", (0,), {}, "num must be 1 to"),
    "qpm": ("sample", (), {"qpm": 0.0}, "qpm: expected a tempo above 0"),
    "no music": ("encode", ([],), {}, "expected a list of at least one"),
    "a number": ("encode", ([3],), {}, "a path of a MIDI file, a NoteSequence or a NoteTable, got int"),
    "no file": ("encode", (["nowhere.mid"],), {}, "nowhere.mid: there is no such file"),
    "codes": ("decode", (np.zeros((2, 5), np.float32),), {}, r"z: expected numbers \[B, 8\]"),
    "NaN codes": ("decode", (np.full((2, 8), np.nan),), {}, "z: expected finite numbers"),
}


@pytest.mark.parametrize(("verb", "args", "options", "message"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_said(vae, verb, args, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(vae, verb)(*args, **options)


def test_joined_pieces_follow_each_other_with_markers(vae, tmp_path):
    path = vae.interpolate(A, B, num_steps=3)
    write_midi(join(path, ["A", "1/2", "B"]), tmp_path / "all.mid")
    whole = read_midi(tmp_path / "all.mid")
    begins = np.cumsum([0.0] + [piece.total_time for piece in path])
    marks = {text.text: text.time for text in whole.text_annotations}
    assert [marks[name] for name in ("A", "1/2", "B")] == pytest.approx(begins[:3].tolist(), abs=2e-3)
    assert len(whole.notes) == sum(len(piece.notes) for piece in path)
    assert [tempo.qpm for tempo in whole.tempos] == pytest.approx([80.0, 100.0, 125.0], abs=1e-3)
    last = [n.start_time - begins[2] for n in whole.notes if n.start_time > begins[2] - 1e-3]
    assert last == pytest.approx([n.start_time for n in path[2].notes], abs=2e-3)


def test_load_finds_folders_and_lists_what_is_known(tmp_path):
    folder = small_model(tmp_path / "mine", "melody", bars=4)
    model = seqgen.load(folder)
    assert (model.name, model.converter.bars) == ("mine", 4)
    assert "Random weights" in model.card
    assert len(model.interpolate(A, melody(4), num_steps=2)) == 2
    known = ", ".join(shipped_models()) or "none"
    with pytest.raises(ValueError, match=f"no model 'mel-3bar': the shipped ones are {known};"):
        seqgen.load("mel-3bar")


def test_a_model_that_contradicts_itself_is_refused(tmp_path):
    folder = small_model(tmp_path / "mine")
    config = (folder / "config.yaml").read_text(encoding="utf-8")
    (folder / "config.yaml").write_text(config.replace("name: melody", "name: drums"), encoding="utf-8")
    with pytest.raises(
        ValueError, match="drums of 2 bars gives 32 tokens below 512, but the model takes 32 below 90"
    ):
        seqgen.load(folder)


def test_weights_that_are_not_finite_are_found(tmp_path):
    model = seqgen.load(small_model(tmp_path / "mine"))
    next(model.vae.parameters()).fill_(math.nan)
    with pytest.raises(ValueError, match="its weights are damaged"):
        model.reconstruct(write_melody(tmp_path / "a.mid"))
