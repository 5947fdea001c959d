"""Grooves between two beats, and new ones: a model that is told no hits is a model like others."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqgen.io.midi import notes_of, read_midi
from seqgen.models.music_vae.groove import tap
from seqgen.representation.groove import VECTOR, from_vectors, to_vectors
from seqgen.tasks.lengths import sample_bars
from seqgen.tasks.music import load
from tests.tasks.small_groove import DRUMS, ROCK, small_groove

FUNK = DRUMS / "drummer7_session3_49_funk_112_beat_4-4.mid"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("groove")
    return {kind: load(small_groove(folder / kind, kind)) for kind in ("magenta", "magenta-tap")}


@pytest.mark.parametrize("kind", ["magenta", "magenta-tap"])
def test_a_path_goes_from_the_one_beat_to_the_other(models, kind):
    model = models[kind]
    clips = [model.clip(path) for path in (ROCK, FUNK)]
    path = model.interpolate(*clips, num_steps=4, temperature=0.0)
    ends = [model.reconstruct(clip) for clip in clips]
    for step, end in ((path[0], ends[0]), (path[-1], ends[1])):
        assert list(step.notes) == list(end.notes)
        assert len(step.notes) > 10
    assert list(path[1].notes) != list(path[2].notes)
    assert [round(step.tempos[0].qpm) for step in path] == [92, 98, 105, 112]
    assert all(note.is_drum and note.start_time >= 0 for step in path for note in step.notes)
    assert "interpolate, 2 of 4, seed 1" in path[1].text_annotations[0].text


def test_what_is_written_is_what_the_model_says(models):
    """Velocities and times too, as the vectors have them."""
    model, z = models["magenta"], torch.randn(1, 8, generator=torch.Generator().manual_seed(3))
    (piece,) = model.decode(z.numpy(), temperature=0.0, qpm=90.0)
    rows = from_vectors(model.vae.decode(z).numpy(), 90.0)[0]
    assert list(piece.notes) == list(model.converter.decode(rows, 90.0).notes)
    assert len({note.velocity for note in piece.notes}) > 5
    sixteenths = np.array([note.start_time for note in piece.notes]) * 90 / 60 * 4
    assert np.abs(sixteenths - sixteenths.round()).max() > 0.1


def test_the_code_is_of_what_the_model_reads_of_a_beat(models):
    clip = models["magenta"].clip(ROCK)
    assert clip.tokens.shape == (32, 19)
    vectors = torch.from_numpy(to_vectors(clip.tokens[None]))
    without_feel = vectors * (torch.arange(VECTOR) < 9)
    for kind, read in (("magenta", without_feel), ("magenta-tap", tap(vectors, steady=True))):
        model = models[kind]
        torch.testing.assert_close(model.encode([clip]).mean, model.vae.encode(read).mean.detach())


def test_new_beats_of_any_length_with_a_seed(models):
    model = models["magenta"]
    beats, again = model.sample(2, seed=4), model.sample(2, seed=4)
    assert [beat.SerializeToString() for beat in beats] == [beat.SerializeToString() for beat in again]
    assert list(beats[0].notes) != list(beats[1].notes)
    (long,) = sample_bars(model, 5, 1, qpm=120.0)
    assert 16.0 < notes_of(long).start.max() < 20.0


def test_a_beat_shorter_than_the_window_is_padded_with_silence(models):
    piece = read_midi(ROCK)
    del piece.notes[10:]
    clip = models["magenta"].clip(piece)
    assert not clip.tokens[16:, :9].any()
    assert clip.tokens[:16, :9].any()
    assert "1 of them is silent" in " ".join(clip.notices)


def test_a_melody_is_no_beat(models):
    from tests.tasks.small import melody

    with pytest.raises(ValueError, match="holds no drums"):
        models["magenta"].clip(melody(2))
