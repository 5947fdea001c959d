"""Note scores of melodies by mir_eval (Raffel et al. 2014), the measure of music transcription.

A note is right if it begins on the same step with the same pitch; with offsets, if it also ends where it
should: within a fifth of its length, or on the same step. Times are counted in steps, and the tolerance is
just under one.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
from jaxtyping import Int

from seqgen.evaluation.reconstruction import Scores, Tokens, check_pair, scores
from seqgen.representation.melody import FIRST_ONSET, PITCH_OFFSET

TOLERANCE = 0.99
"""steps; mir_eval's 50 ms would be less than half a sixteenth at 120 quarters a minute, which is the same"""
OFFSET_RATIO = 0.2
"""of the true note's length, mir_eval's own"""


def note_scores(reference: Tokens, estimate: Tokens, offsets: bool = False) -> Scores:
    """Note precision, recall and F1 of melody windows [N, T], pooled over the windows.

    Warns where there are no notes. Raises ValueError for bad tokens, ModuleNotFoundError without mir_eval.
    """
    matched, expected, played = note_counts(reference, estimate, offsets).sum(axis=0).tolist()
    return scores(matched, expected, played, "notes")


def note_counts(reference: Tokens, estimate: Tokens, offsets: bool = False) -> Int[np.ndarray, "N 3"]:
    """Notes that match, that are expected and that were played, in each window."""
    true, guess = check_pair(reference, estimate)
    transcription = _mir_eval()
    counts = np.zeros((len(true), 3), np.int64)
    for row, (true_row, guess_row) in enumerate(zip(true, guess, strict=True)):
        wanted, wanted_pitch = melody_notes(true_row)
        got, got_pitch = melody_notes(guess_row)
        counts[row, 1:] = len(wanted), len(got)
        if len(wanted) and len(got):
            counts[row, 0] = len(
                transcription.match_notes(
                    wanted,
                    hertz(wanted_pitch),
                    got,
                    hertz(got_pitch),
                    onset_tolerance=TOLERANCE,
                    offset_ratio=OFFSET_RATIO if offsets else None,
                    offset_min_tolerance=TOLERANCE,
                )
            )
    return counts


def melody_notes(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tokens [T] to the notes in them: intervals [K, 2] float64 in steps, and MIDI pitches [K].

    A note lasts to the next onset or note-off, as in `MelodyConverter.decode`.
    """
    events = np.flatnonzero(row)
    ends = np.append(events[1:], len(row))
    notes = row[events] >= FIRST_ONSET
    intervals = np.stack([events[notes], ends[notes]], axis=1).astype(np.float64)
    return intervals, row[events[notes]] + PITCH_OFFSET


def hertz(pitch: np.ndarray) -> np.ndarray:
    """Frequency of MIDI pitches in equal temperament, A4 = 69 = 440 Hz."""
    return 440.0 * 2.0 ** ((pitch - 69) / 12)


def _mir_eval() -> ModuleType:
    try:
        import mir_eval.transcription
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != "mir_eval":
            raise
        raise ModuleNotFoundError(
            "note scores need mir_eval, which is not installed: pip install 'seqgen[train]'"
        ) from None
    return mir_eval.transcription
