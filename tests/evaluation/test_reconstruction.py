"""Metrics: a perfect copy scores 1, nothing warns, bad input raises, and others count as we do."""

import importlib.util
import json
import sys
from pathlib import Path

import mir_eval
import numpy as np
import pytest
import torch

from seqgen.evaluation import notes
from seqgen.evaluation.notes import melody_notes, note_scores
from seqgen.evaluation.reconstruction import (
    common_bar,
    exact_windows,
    hit_scores,
    hold,
    onset_accuracy,
    step_accuracy,
)
from seqgen.representation.melody import MelodyConverter

GOLDEN = json.loads((Path(__file__).parent / "golden" / "scores.json").read_text())
METRICS = {
    "step": step_accuracy,
    "onset": lambda true, guess: onset_accuracy(true, guess, 2),
    "exact": exact_windows,
    "hits": lambda true, guess: hit_scores(true, guess).f1,
    "notes": lambda true, guess: note_scores(true, guess).f1,
    "notes with ends": lambda true, guess: note_scores(true, guess, offsets=True).f1,
}


@pytest.fixture
def melodies():
    rng = np.random.default_rng(3)
    rows = rng.choice([0, 0, 0, 1, 40, 45, 50], (40, 32)).astype(np.int16)
    rows[:, 0] = 45
    return rows


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_perfect_copy_scores_one(metric, melodies):
    assert metric(melodies, melodies.copy()) == 1.0
    assert metric(torch.from_numpy(melodies), melodies.copy()) == 1.0


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_an_imperfect_copy_scores_less(metric, melodies):
    worse = melodies.copy()
    worse[:, 0] = 46
    assert 0 <= metric(melodies, worse) < 1


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_nothing_warns_and_scores_zero(metric):
    nothing = np.zeros((0, 32), np.int16)
    with pytest.warns(UserWarning, match="the reference has no"):
        assert metric(nothing, nothing) == 0


@pytest.mark.parametrize("name", ["onset", "hits", "notes", "notes with ends"])
def test_silence_warns_and_scores_zero(name):
    silent = np.zeros((3, 32), np.int16)
    with pytest.warns(UserWarning, match="the reference has no"):
        assert METRICS[name](silent, silent) == 0


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@pytest.mark.parametrize(
    ("true", "guess", "message"),
    [
        (np.zeros((2, 4), np.int16), np.zeros((2, 5), np.int16), "expected the shape of reference"),
        (np.zeros((2, 4)), np.zeros((2, 4)), "reference: expected whole numbers"),
        (np.zeros((2, 4), np.int16), np.zeros((2, 4)), "estimate: expected whole numbers"),
        (np.zeros(4, np.int16), np.zeros(4, np.int16), "of shape"),
        (np.full((2, 4), -1), np.zeros((2, 4), np.int16), "from 0 up, got -1"),
    ],
    ids=["shape", "reference", "estimate", "one row", "negative"],
)
def test_bad_input_raises(metric, true, guess, message):
    with pytest.raises(ValueError, match=message):
        metric(true, guess)


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_scores(case):
    golden = GOLDEN[case]
    true, guess = np.array(golden["reference"]), np.array(golden["estimate"])
    first = 2 if case == "melody" else 1
    assert step_accuracy(true, guess) == pytest.approx(golden["step"], abs=1e-12)
    assert onset_accuracy(true, guess, first) == pytest.approx(golden["onset"], abs=1e-12)
    assert exact_windows(true, guess) == pytest.approx(golden["exact"], abs=1e-12)
    if case == "melody":
        assert note_scores(true, guess) == pytest.approx(golden["notes"], abs=1e-12)
        assert note_scores(true, guess, offsets=True) == pytest.approx(golden["notes with ends"], abs=1e-12)
    else:
        assert hit_scores(true, guess) == pytest.approx(golden["hits"], abs=1e-12)


def test_notes_agree_with_counting(melodies):
    """A voice has at most one note a step, so that matching needs no search."""
    guess = np.roll(melodies, 1, axis=0)
    matched = ((melodies == guess) & (melodies >= 2)).sum()
    expected, played = (melodies >= 2).sum(), (guess >= 2).sum()
    found = note_scores(melodies, guess)
    assert found == pytest.approx((matched / played, matched / expected, 2 * matched / (expected + played)))


def test_a_note_one_step_late_is_wrong_and_its_end_counts_when_asked():
    true = np.zeros((1, 16), np.int16)
    true[0, [0, 8]] = 45, 47
    late, short = true.copy(), true.copy()
    late[0, [8, 9]] = 0, 47
    short[0, 11] = 1
    assert note_scores(true, late).f1 == 0.5
    assert note_scores(true, short).f1 == 1.0
    assert note_scores(true, short, offsets=True).f1 == 0.5


def test_notes_are_those_that_are_written(melodies):
    for row in melodies[:10]:
        played = MelodyConverter().decode(row, qpm=60.0).notes  # a step is a quarter of a second
        intervals, pitch = melody_notes(row)
        assert intervals.tolist() == [[4 * note.start_time, 4 * note.end_time] for note in played]
        assert pitch.tolist() == [note.pitch for note in played]


def test_hertz_is_mir_evals():
    pitch = np.arange(21, 109)
    np.testing.assert_allclose(notes.hertz(pitch), mir_eval.util.midi_to_hz(pitch))


def test_without_mir_eval_the_message_says_what_to_install(monkeypatch, melodies):
    monkeypatch.setitem(sys.modules, "mir_eval", None)
    monkeypatch.setitem(sys.modules, "mir_eval.transcription", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'seqgen\[train\]'"):
        note_scores(melodies, melodies)


def test_baselines():
    rows = np.zeros((3, 32), np.int16)
    rows[:, ::4] = 5
    rows[:, 16::4] = 7  # the bars disagree: 5 comes first
    rows[0, 16::4] = 5
    assert not hold(rows).any()
    bar = common_bar(rows, rows[:2])
    assert bar.shape == (2, 32)
    assert bar[0].tolist() == [5, 0, 0, 0] * 8
    with pytest.raises(ValueError, match="whole bars of 16 steps"):
        common_bar(rows[:, :20], rows)


def test_golden_scores_are_what_the_script_makes():
    path = Path(__file__).parent / "golden" / "make.py"
    spec = importlib.util.spec_from_file_location("golden_scores", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert json.loads(json.dumps(script.make_cases())) == GOLDEN
