"""Makes scores.json: windows, imperfect copies of them, and their scores by code that is not ours.

mir_eval scores all windows at once, laid one after another in time in seconds; shares are counted step by
step in plain Python. Run it with `python tests/evaluation/golden/make.py`.
"""

import json
import random
from pathlib import Path

import numpy as np
from mir_eval import transcription

STEP = 0.125  # seconds: a sixteenth at 120 quarters a minute
STEPS, WINDOWS, REST = 32, 6, 16


def melody(rng):
    row, sounding = [], False
    for _ in range(STEPS):
        draw = rng.random()
        if draw < 0.35:
            row.append(rng.randrange(40, 52))
            sounding = True
        elif draw < 0.45 and sounding:
            row.append(1)
            sounding = False
        else:
            row.append(0)
    row[0] = row[0] or 45
    return row


def spoil(row, rng, values):
    return [rng.choice(values) if rng.random() < 0.15 else token for token in row]


def notes(windows):
    intervals, pitches = [], []
    for number, row in enumerate(windows):
        start = None
        for step, token in enumerate([*row, 1]):
            if token and start is not None:
                offset = number * (STEPS + REST)
                intervals.append([(offset + start) * STEP, (offset + step) * STEP])
                pitches.append(440 * 2 ** ((row[start] + 19 - 69) / 12))
                start = None
            if token > 1:
                start = step
    return np.array(intervals), np.array(pitches)


def melody_scores(true, guess):
    (ti, tp), (gi, gp) = notes(true), notes(guess)
    onset = transcription.precision_recall_f1_overlap(ti, tp, gi, gp, onset_tolerance=0.12, offset_ratio=None)
    ends = transcription.precision_recall_f1_overlap(
        ti, tp, gi, gp, onset_tolerance=0.12, offset_ratio=0.2, offset_min_tolerance=0.12
    )
    return {"notes": onset[:3], "notes with ends": ends[:3], **shares(true, guess, 2)}


def shares(true, guess, first_onset):
    steps = [(t, g) for a, b in zip(true, guess, strict=True) for t, g in zip(a, b, strict=True)]
    onsets = [(t, g) for t, g in steps if t >= first_onset]
    return {
        "step": sum(t == g for t, g in steps) / len(steps),
        "onset": sum(t == g for t, g in onsets) / len(onsets),
        "exact": sum(a == b for a, b in zip(true, guess, strict=True)) / len(true),
    }


def drum_scores(true, guess):
    """Hits as notes of as many pitches, by mir_eval."""

    def hits(windows):
        found = [
            (number * (STEPS + REST) + step, bit)
            for number, row in enumerate(windows)
            for step, token in enumerate(row)
            for bit in range(9)
            if token >> bit & 1
        ]
        begin = np.array([step for step, _ in found]) * STEP
        return np.stack([begin, begin + STEP], 1), np.array([100.0 * (1 + bit) for _, bit in found])

    (ti, tp), (gi, gp) = hits(true), hits(guess)
    scores = transcription.precision_recall_f1_overlap(
        ti, tp, gi, gp, onset_tolerance=0.12, offset_ratio=None
    )
    return {"hits": scores[:3], **shares(true, guess, 1)}


def make_cases():
    rng = random.Random(7)
    cases = {}
    true = [melody(rng) for _ in range(WINDOWS)]
    guess = [true[0], *(spoil(row, rng, [0, 1, 45, 46, 47]) for row in true[1:])]
    cases["melody"] = {"reference": true, "estimate": guess, **melody_scores(true, guess)}
    true = [[rng.choice([0, 0, 1, 4, 5, 6, 257]) for _ in range(STEPS)] for _ in range(WINDOWS)]
    guess = [true[0], *(spoil(row, rng, [0, 1, 2, 5, 7, 511]) for row in true[1:])]
    cases["drums"] = {"reference": true, "estimate": guess, **drum_scores(true, guess)}
    return cases


if __name__ == "__main__":
    (Path(__file__).parent / "scores.json").write_text(json.dumps(make_cases()) + "\n")
