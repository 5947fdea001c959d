"""Sliders that stand while music plays: what of them a model does, what is said, and where its codes go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import seqgen
from seqgen.tasks.moving import moved, within
from seqgen.tasks.music import MusicModel

A, B = (Path(__file__).parents[2] / "examples" / name for name in ("melody_a.mid", "melody_b.mid"))


@pytest.fixture(scope="module")
def tunes() -> MusicModel:
    return seqgen.load("mel-2bar")


def pitches(piece) -> list[int]:
    return [note.pitch for note in piece.notes]


def test_sliders_at_0_are_no_sliders(tunes: MusicModel):
    assert within(tunes, {}) == ({}, [])
    assert within(tunes, {"mean_pitch": 0.0, "cymbal_share": 0.0}) == ({}, [])
    assert within(replace(tunes, sliders="none"), {"mean_pitch": 0.0}) == ({}, [])
    z = torch.randn(2, 64)
    assert moved(z, tunes, {}) is z
    plain, still = (tunes.blend(A, B, [0.5], amounts=amounts) for amounts in (None, {}))
    assert next(plain).SerializeToString() == next(still).SerializeToString()


def test_the_same_is_said_wherever_a_slider_stands(tunes: MusicModel):
    low, high = tunes.sliders.reach[tunes.sliders.names.index("note_density")].tolist()
    said = [
        within(tunes, {"note_density": x, "simultaneity": x, "mean_pitch": 0.5}) for x in (low - 1, low - 2)
    ]
    assert [taken for taken, _ in said] == [{"note_density": low, "mean_pitch": 0.5}] * 2
    assert said[0][1] == said[1][1]
    density, hits = said[0][1]
    assert density.startswith(f"note_density: with mel-2bar its slider goes from {low:+g} to {high:+g}")
    assert hits == "simultaneity: mel-2bar has no such attribute: its slider does nothing"
    assert within(tunes, {"note_density": high}) == ({"note_density": high}, [])
    bare = replace(tunes, sliders="it has none")
    assert within(bare, {"mean_pitch": 1.0}) == ({}, ["attribute sliders do nothing: it has none"])


def test_amounts_add_up_along_their_vectors(tunes: MusicModel):
    z = torch.zeros(1, 64)
    wanted = 1.5 * tunes.attribute("mean_pitch") - tunes.attribute("repetition")
    torch.testing.assert_close(moved(z, tunes, {"mean_pitch": 1.5, "repetition": -1.0})[0], wanted)


def test_blends_and_samples_are_moved_and_say_so(tunes: MusicModel):
    low, high = (list(tunes.blend(A, B, [0.0, 1.0], amounts={"mean_pitch": x})) for x in (-2.0, 2.0))
    for a, b in zip(low, high, strict=True):
        assert np.mean(pitches(a)) < np.mean(pitches(b))
    assert ", mean_pitch +2, seed 1, " in high[0].text_annotations[0].text
    low, high = (tunes.sample(4, seed=3, amounts={"mean_pitch": x}) for x in (-2.0, 2.0))
    assert all(np.mean(pitches(a)) < np.mean(pitches(b)) for a, b in zip(low, high, strict=True))
    assert ", mean_pitch -2, seed 3, " in low[0].text_annotations[0].text


def test_an_attribute_that_there_is_not_is_refused(tunes: MusicModel):
    with pytest.raises(ValueError, match="has no attribute 'swing'; it has note_density"):
        list(tunes.blend(A, B, [0.5], amounts={"swing": 1.0}))
