"""Bars of several tracks, as a musician uses them; all that is drawn is well formed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from note_seq import NoteSequence

from seqgen.cli.main import main
from seqgen.core import Sampling
from seqgen.io.midi import notes_of, read_midi, read_notes, write_midi
from seqgen.io.notes import NoteTable
from seqgen.representation.multitrack import MultitrackConverter
from seqgen.tasks.living import LivingPiece
from seqgen.tasks.music import MusicModel, load
from seqgen.tasks.settings import Drawing
from seqgen.tasks.vary import Variation, varied, vary
from tests.representation.test_track_grammar import why_wrong
from tests.tasks.small import small_tracks

REAL = Path(__file__).parents[1] / "fixtures" / "tiny" / "trio" / "d_e4m8.mid"
READ = MultitrackConverter()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tracks(tmp_path_factory.mktemp("tracks") / "small")


@pytest.fixture(scope="module")
def model(folder: Path) -> MusicModel:
    return load(folder)


def tracks(tokens: np.ndarray) -> list[list[int]]:
    return tokens.reshape(-1, 64).tolist()


@pytest.mark.parametrize("temperature", [0.0, 1.0, 20.0])
def test_bars_of_a_model_without_training_are_music(model: MusicModel, temperature: float) -> None:
    pieces = model.sample(70, temperature=temperature, seed=3)
    rows = np.stack([READ.encode_clip(piece) for piece in pieces])
    assert all(why_wrong(track) == "" for track in tracks(rows))
    assert sum(len(piece.notes) for piece in pieces) > 500
    for piece in pieces:
        assert all(0 <= note.start_time < note.end_time <= 2.0 for note in piece.notes)
        assert piece.total_time == 2.0


def test_a_drawn_bar_survives_a_midi_file(model: MusicModel, tmp_path: Path) -> None:
    (piece,) = model.sample(1, temperature=1.0, seed=8)
    write_midi(piece, tmp_path / "a.mid")
    back = read_midi(tmp_path / "a.mid")
    heard = [sorted((n.pitch, round(n.start_time, 3), round(n.end_time, 3)) for n in p.notes)
             for p in (piece, back)]  # fmt: skip
    assert heard[0] == heard[1]


def test_paths_codes_and_reconstructions(model: MusicModel) -> None:
    path = model.interpolate(REAL, REAL, num_steps=3, start_bar=[8, 20], seed=2)
    again = model.reconstruct(REAL, temperature=0.5, seed=2, start_bar=20)
    assert [n.pitch for n in path[2].notes] == [n.pitch for n in again.notes]
    z = model.encode([REAL], start_bar=8).mean
    assert z.shape == (1, 35)
    (decoded,) = model.decode(z, temperature=0.5, seed=2)
    assert [n.pitch for n in decoded.notes] == [n.pitch for n in path[0].notes]
    assert "precision float32" in decoded.text_annotations[0].text


def test_a_varied_bar_keeps_the_other_tracks_token_by_token(model: MusicModel) -> None:
    clip = model.clip(REAL, start_bar=8)
    own = clip.tokens.reshape(8, 64)
    for track in (0, 2):
        wanted = Drawing(Sampling(1.0), 4, "float32")
        rows = varied(model, clip, Variation(track, 5, None, None, None), wanted).reshape(5, 8, 64)
        others = [k for k in range(8) if k != track]
        assert (rows[:, others] == own[others]).all()
        assert len({row.tobytes() for row in rows[:, track]}) == 5
        assert (rows[:, track, 0] == own[track, 0]).all()  # the program stays
        assert all(why_wrong(row) == "" for row in rows[:, track].tolist())
        pieces = vary(model, clip, track, num=5, seed=4)
        assert [heard(piece) for piece in pieces] == [
            heard(READ.decode(row.reshape(-1), clip.qpm)) for row in rows
        ]


def heard(piece: NoteSequence) -> list[tuple[int, int, int, float, float]]:
    return [(n.instrument, n.pitch, n.velocity, n.start_time, n.end_time) for n in piece.notes]


def test_a_track_can_come_from_another_bar_or_be_added(model: MusicModel) -> None:
    clip = model.clip(REAL, start_bar=8)
    count = sum(track[0] != 489 for track in tracks(clip.tokens))
    (taken,) = vary(model, clip, 1, other=REAL, other_track=0, other_bar=20, temperature=0.0)
    (drawn,) = vary(model, clip, 1, temperature=0.0)
    assert [n.pitch for n in taken.notes] != [n.pitch for n in drawn.notes]
    (more,) = vary(model, clip, count, program=128)
    added = [n for n in more.notes if n.instrument == count]
    assert added
    assert all(n.is_drum for n in added)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"track": 7}, "the bar has tracks 0 to"),
        ({"track": 0, "program": 129}, "program must be"),
        ({"track": 0, "other_track": 0}, "none is given"),
        ({"track": 0, "other": REAL, "other_track": 7}, "other_track: that bar of"),
        ({"track": 0, "num": 0}, "num must be"),
    ],
    ids=str,
)
def test_what_cannot_be_varied_is_said(model: MusicModel, settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        vary(model, model.clip(REAL, start_bar=8), **settings)


def changed(music: NoteTable, **columns) -> NoteTable:
    return replace(music, **{name: np.array(value, np.float64) for name, value in columns.items()})


def test_what_was_read_and_changed_is_said(model: MusicModel) -> None:
    music = read_notes(REAL)
    clip = model.clip(music)
    assert "is read of a run of" in clip.notices[0]
    assert clip.qpm == pytest.approx(music.qpm_at(0.1))
    with pytest.raises(ValueError, match="reads all tracks of a bar together"):
        model.clip(music, track=0)
    faster = changed(music, tempos=[(0, 120), (34, 60)])
    assert any("tempo changes in bar 8" in notice for notice in model.clip(faster, start_bar=8).notices)
    waltz = changed(music, time_signatures=[(0, 4, 4), (64, 3, 4)])
    assert any("in 3/4 skipped" in notice for notice in model.clip(waltz).notices)
    with pytest.raises(ValueError, match="it is in 3/4"):
        model.clip(changed(music, time_signatures=[(0, 3, 4)]))
    many = replace(music, instrument=np.arange(len(music), dtype=np.int32) % 12)
    assert any("beyond the eighth" in notice for notice in model.clip(many).notices)
    alone = music.select(music.instrument == music.instrument[0])
    with pytest.raises(ValueError, match="fewer than two tracks"):
        model.clip(alone)


def test_the_bar_that_is_read_is_that_of_the_piece(model: MusicModel) -> None:
    music = read_notes(REAL)
    np.testing.assert_array_equal(model.clip(music, start_bar=20).tokens, READ.encode_clip(music, 20))
    pieces = vary(model, music, 0, start_bar=20)
    assert notes_of(pieces[0]).qpm_at(0.0) == pytest.approx(music.qpm_at(80.0), rel=1e-3)


def test_a_living_piece_has_one_track(model: MusicModel) -> None:
    with pytest.raises(ValueError, match="plays several tracks, and one channel is played"):
        LivingPiece(model, REAL, REAL)


def test_the_commands(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    quiet = ["--wav", "false", "--png", "false"]
    line = [
        "vary",
        str(folder),
        str(REAL),
        str(tmp_path / "v"),
        "--track",
        "1",
        "--num",
        "2",
        "--start-bar",
        "8",
    ]
    assert main([*line, *quiet]) == 0
    said = capsys.readouterr()
    assert [Path(name).name for name in said.out.split()] == [
        "original.mid", "variation_0.mid", "variation_1.mid", "variations.mid",
    ]  # fmt: skip
    assert "the tracks of bar 8 are 0: program" in said.err
    assert main(["vary", str(folder), str(REAL), str(tmp_path / "w"), "--track", "7", *quiet]) == 2
    assert "track: the bar has tracks" in capsys.readouterr().err
    assert main(["info", str(folder)]) == 0
    assert "multitrack, 1 bar," in capsys.readouterr().out
    for verb in ("sample", "reconstruct"):
        given = [str(REAL)] if verb == "reconstruct" else []
        assert main([verb, str(folder), *given, str(tmp_path / verb), *quiet]) == 0
    out = str(tmp_path / "z.npz")
    assert main(["encode", str(folder), str(REAL), out]) == 0
    assert main(["decode", str(folder), out, str(tmp_path / "d"), *quiet]) == 0


def test_several_tracks_are_not_played_on_one_channel(model: MusicModel) -> None:
    with pytest.raises(ValueError, match="plays several tracks, and one channel is played"):
        LivingPiece(model, REAL, REAL)
