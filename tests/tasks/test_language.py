"""A language model in a musician's hands: what was there stays, what is new has a seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import seqgen
from seqgen.core import Sampling
from seqgen.models.checkpoint import save_model
from seqgen.tasks.language import ContinuationModel, load_language_model
from tests.tasks.small import melody, melody_tokens, small_model, write_drums, write_two_tracks
from tests.tasks.small_language import small_language_model

BAR = 2.4  # seconds at 100 quarters a minute


@pytest.fixture(scope="module")
def lm(tmp_path_factory) -> ContinuationModel:
    return seqgen.load(small_language_model(tmp_path_factory.mktemp("models") / "small-lm"))


def notes(piece):
    return [(n.pitch, round(n.start_time, 3), round(n.end_time, 3)) for n in piece.notes]


@pytest.mark.parametrize("voice", ["lstm", "wavenet"])
def test_the_piece_stays_and_new_bars_follow(tmp_path, voice):
    model = load_language_model(small_language_model(tmp_path / voice, voice=voice))
    source = melody(3, seed=4, program=33)
    parts = model.parts(model.passage(source), 2, Sampling(), seed=3)
    assert notes(parts.piece) == notes(source)
    assert (parts.piece.total_time, parts.continuation.total_time) == pytest.approx((3 * BAR, 2 * BAR))
    assert parts.whole.total_time == pytest.approx(5 * BAR)
    before = [note for note in notes(parts.whole) if note[1] < 3 * BAR]
    assert [note[:2] for note in before] == [note[:2] for note in notes(source)]
    assert {note.program for note in parts.whole.notes} == {33}
    assert parts.whole.tempos[0].qpm == pytest.approx(100)
    texts = {(round(text.time, 3), text.text.split(",")[0]) for text in parts.whole.text_annotations}
    assert (round(3 * BAR, 3), "continuation") in texts
    assert "seed 3" in parts.whole.text_annotations[0].text


def test_a_note_may_last_over_the_seam(tmp_path):
    """A model that only holds: the last note of the piece sounds to the end of the continuation."""
    model = load_language_model(small_language_model(tmp_path / "holds"))
    torch.nn.init.constant_(model.lm.decoder.head.logits.bias, -1e4)
    model.lm.decoder.head.logits.bias[0] = 1e4
    tokens = melody_tokens(2, 0)
    tokens[24:] = [50, *[0] * 7]
    whole = model.continue_(model.converter.decode(tokens, 100.0), bars=3)
    assert notes(whole)[-1] == (69, pytest.approx(1.5 * BAR), pytest.approx(5 * BAR))


def test_the_same_seed_continues_the_same_way(lm):
    source = melody(4)
    same = [notes(lm.continue_(source, bars=4, seed=seed)) for seed in (1, 1, 2)]
    assert same[0] == same[1] != same[2]
    cold = [notes(lm.continue_(source, bars=4, seed=seed, temperature=0.0)) for seed in (1, 2)]
    assert cold[0] == cold[1]
    few = [notes(lm.continue_(source, bars=4, seed=seed, top_k=1)) for seed in (1, 2)]
    assert few[0] == few[1] == cold[0]


def test_what_is_read_is_the_last_bars(lm):
    """Far more new bars than a window has: the last four bars of the piece are read, not those before."""
    near, far = (melody_tokens(9, 0) for _ in range(2))
    far[:40] = np.roll(far[:40], 1)
    near[-10:] = np.roll(near[-10:], 1)
    passage = lm.passage(melody(9, seed=0))
    new = [lm._extend(tokens, 5, Sampling(), 1) for tokens in (passage.tokens, far, near)]
    assert np.array_equal(new[0], new[1])
    assert not np.array_equal(new[0], new[2])


def test_track_and_start_bar_choose_the_part(lm, tmp_path, caplog):
    path = write_two_tracks(tmp_path / "two.mid")
    long = lm.continue_(path, bars=1)
    assert long.total_time == pytest.approx(5 * BAR)
    assert "of 3 melodies the one with 4 bars" in caplog.text
    assert lm.continue_(path, bars=1, track=0).total_time == pytest.approx(3 * BAR)
    assert lm.continue_(path, bars=1, track=1, start_bar=2).total_time == pytest.approx(3 * BAR)


def test_a_beat(tmp_path):
    model = load_language_model(small_language_model(tmp_path / "drums", "drums", "wavenet"))
    whole = model.continue_(write_drums(tmp_path / "d.mid", bars=3), bars=3)
    assert all(note.is_drum for note in whole.notes)
    assert whole.total_time == pytest.approx(12.0)


def test_variations_are_those_of_the_next_seeds(lm):
    source = melody(4)
    several = lm.variations(source, num=3, bars=2, seed=5)
    assert [notes(piece) for piece in several] == [
        notes(lm.continue_(source, bars=2, seed=seed)) for seed in (5, 6, 7)
    ]
    assert len({str(notes(piece)) for piece in several}) == 3
    with pytest.raises(ValueError, match="num must be 1 to 256, got 0"):
        lm.variations(source, num=0)


@pytest.mark.parametrize("bars", [0, 10_000])
def test_a_number_of_bars_that_makes_no_sense(lm, bars):
    with pytest.raises(ValueError, match=f"bars must be 1 to 1000, got {bars}"):
        lm.continue_(melody(), bars=bars)


def test_damaged_weights_are_said(lm, tmp_path):
    weights = {name: value * float("nan") for name, value in lm.lm.state_dict().items()}
    save_model(tmp_path / "bad", lm.lm, weights, {"representation": lm.sections["representation"]})
    with pytest.raises(ValueError, match="weights are damaged"):
        load_language_model(tmp_path / "bad")


def test_a_model_that_contradicts_itself_is_said(lm, tmp_path):
    drums = {"representation": {**lm.sections["representation"], "name": "drums"}}
    save_model(tmp_path / "odd", lm.lm, lm.lm.state_dict(), drums)
    with pytest.raises(ValueError, match="drums has 512 tokens, but the model takes 90"):
        load_language_model(tmp_path / "odd")


def test_another_kind_of_model_is_said(tmp_path):
    with pytest.raises(ValueError, match="is a music_vae: a language_model is needed here"):
        load_language_model(small_model(tmp_path / "vae"))
