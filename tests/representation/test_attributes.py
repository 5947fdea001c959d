"""Attributes: values worked out by hand, what may not change them, and what is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.representation import melody_attributes
from seqgen.representation.attributes import ATTRIBUTES, BOUNDS, attributes_of, measure
from seqgen.representation.melody import FIRST_ONSET, NOTE_OFF, PITCH_OFFSET
from tests.tasks.small import drum_tokens, melody_tokens

KICK, SNARE, CLOSED = 1, 2, 4


def melody(notes: dict[int, int], bars: int = 2, off: tuple[int, ...] = ()) -> np.ndarray:
    """[1, T] with MIDI pitches at steps, and note-offs."""
    tokens = np.zeros((1, 16 * bars), np.int16)
    for step, pitch in notes.items():
        tokens[0, step] = pitch - PITCH_OFFSET
    tokens[0, list(off)] = NOTE_OFF
    return tokens


def values(kind: str, tokens: np.ndarray) -> dict[str, float]:
    return dict(zip(attributes_of(kind), measure(kind, tokens)[0].tolist(), strict=True))


def test_a_rising_scale_in_quarters():
    scale = melody(dict(zip(range(0, 32, 4), (60, 62, 64, 65, 67, 69, 71, 72), strict=True)))
    found = values("melody", scale)
    assert found == pytest.approx(
        {
            "note_density": 4,
            "pitch_range": 12,
            "mean_pitch": 66.25,
            "mean_interval": 12 / 7,
            "syncopation_8th": 0,
            "syncopation_16th": 0,
            "diatonicity": 1,
            "repetition": 1,
            "rest_share": 0,
            "contour_direction": float(np.corrcoef(range(8), [60, 62, 64, 65, 67, 69, 71, 72])[0, 1]),
        }
    )


def test_syncopation_is_an_onset_whose_stronger_neighbour_has_none():
    # Steps 2 and 10 have no onset on 0 and 8, step 6 has one on 4. Nor have 1 and 9; 13 has one on 12.
    tokens = melody(dict.fromkeys((1, 2, 4, 6, 9, 10, 12, 13), 60), bars=1)
    found = values("melody", tokens)
    assert (found["syncopation_8th"], found["syncopation_16th"]) == (2, 2)


def test_an_interval_counts_alike_up_and_down():
    assert values("melody", melody({0: 60, 6: 64, 9: 62}))["mean_interval"] == 3


def test_repetition_is_of_the_rhythm_of_the_most_alike_bar_before():
    bars = [{0: 60, 4: 62}, {0: 72, 8: 50}, {0: 61, 4: 63}]
    notes = {16 * k + step: pitch for k, bar in enumerate(bars) for step, pitch in bar.items()}
    # Bar 1 shares one of three steps with bar 0; bar 2 has all of bar 0's; a silent bar 3 has no part in it.
    assert values("melody", melody(notes, bars=4, off=(47,)))["repetition"] == pytest.approx((1 / 3 + 1) / 2)


def test_rests_are_before_the_first_note_and_from_a_note_off_to_the_next():
    tokens = melody({4: 60, 12: 62}, bars=1, off=(8,))
    assert values("melody", tokens)["rest_share"] == (4 + 4) / 16
    assert melody_attributes.durations(tokens)[0, [4, 12]].tolist() == [4, 4]


def test_one_strange_note_in_eight_is_an_eighth_less_diatonic_in_every_key():
    for key in range(12):
        pitches = [60, 62, 64, 65, 67, 71, 60, 60 + 6]
        tokens = melody({4 * k: pitch + key for k, pitch in enumerate(pitches)})
        assert values("melody", tokens)["diatonicity"] == 7 / 8


@pytest.mark.parametrize("tonic", range(12))
def test_the_estimated_key_of_a_scale_with_a_long_tonic_is_that_key(tonic):
    for mode, degrees in enumerate(melody_attributes.SCALES):
        weight = np.zeros((1, 12))
        weight[0, [(tonic + degree) % 12 for degree in degrees]] = 1
        weight[0, [tonic, (tonic + 7) % 12]] = 3
        assert melody_attributes.keys(weight)[0] == 12 * mode + tonic


def test_transposing_a_melody_changes_its_mean_pitch_and_nothing_else():
    tokens = np.stack([melody_tokens(4, seed) for seed in range(20)])
    up = np.where(tokens >= FIRST_ONSET, tokens + 5, tokens)
    names = attributes_of("melody")
    change = measure("melody", up) - measure("melody", tokens)
    expected = np.zeros_like(change)
    expected[:, names.index("mean_pitch")] = 5
    np.testing.assert_allclose(change, expected, atol=1e-9)


def test_a_melody_backwards_has_the_opposite_contour():
    rng = np.random.default_rng(1)
    tokens = rng.integers(40, 60, (10, 32)).astype(np.int16)
    there, back = (melody_attributes.contour_direction(t) for t in (tokens, tokens[:, ::-1]))
    np.testing.assert_allclose(there, -back, atol=1e-12)


def test_a_beat_by_hand():
    tokens = np.zeros((1, 32), np.int16)
    tokens[0, [0, 16]] = KICK | CLOSED
    tokens[0, [4, 20]] = SNARE
    tokens[0, [10, 27]] = CLOSED
    found = values("drums", tokens)
    assert found == pytest.approx(
        {
            "note_density": 4,
            "syncopation_8th": 0.5,
            "syncopation_16th": 0.5,
            "repetition": 3 / 5,
            "simultaneity": 8 / 6,
            "cymbal_share": 4 / 8,
        }
    )


@pytest.mark.parametrize("kind", list(ATTRIBUTES))
def test_all_windows_at_once_are_as_each_alone_and_within_bounds(kind):
    make = melody_tokens if kind == "melody" else drum_tokens
    tokens = np.stack([make(2, seed) for seed in range(12)])
    together = measure(kind, tokens)
    np.testing.assert_array_equal(together, np.concatenate([measure(kind, row[None]) for row in tokens]))
    for name, column in zip(attributes_of(kind), together.T, strict=True):
        low, high = BOUNDS.get(name, (0.0, np.inf))
        assert (column >= low).all()
        assert (column <= high).all()


def test_what_silence_has_no_value_for_is_nan_and_nothing_warns():
    found = values("melody", np.zeros((1, 32), np.int16))
    assert {name for name, value in found.items() if np.isnan(value)} == {
        *("pitch_range", "mean_pitch", "mean_interval", "diatonicity", "repetition", "contour_direction")
    }
    assert (found["note_density"], found["rest_share"]) == (0, 1)
    assert np.isnan(values("drums", np.zeros((1, 32), np.int16))["simultaneity"])


def test_a_representation_without_attributes_says_who_has_them():
    with pytest.raises(ValueError, match="no attributes of trio: only melody and drums"):
        attributes_of("trio")
