"""One bar of one track as events: the vocabulary of Simon et al. 2018 (arXiv:1806.00195), in Magenta's order.

    0 .. 127    note on, by pitch              352 .. 359    velocity from here on, in eight steps
    128 .. 255  note off, by pitch             360 .. 488    program 0 .. 127, and 128 for drums
    256 .. 351  time passes, 1 .. 96 steps     489           end of the track

A track begins with its program and closes with the end; the time in it adds up to the whole bar of 96 steps.
A track without notes is the end alone, and behind an end there are only ends: the end is also the padding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

STEPS_PER_QUARTER = 24
STEPS_PER_BAR = 4 * STEPS_PER_QUARTER
NOTE_ON, NOTE_OFF, TIME, VELOCITY, PROGRAM, END = 0, 128, 256, 352, 360, 489
"""the first token of each kind"""
VOCABULARY = 490
DRUMS = 128
"""program of a drum track"""
VELOCITY_STEP = 16
MOST_EVENTS = 64
"""of a track, program and end included"""


class TrackNotes(NamedTuple):
    """The notes of a bar on one track, in steps from the bar line. N notes, by onset, then pitch."""

    start: np.ndarray
    """[N] int64, 0 .. 95"""
    end: np.ndarray
    """[N] int64, above start, at most 96"""
    pitch: np.ndarray
    """[N] int64"""
    velocity: np.ndarray
    """[N] int64, 1 .. 127"""

    def select(self, mask: np.ndarray) -> TrackNotes:
        return TrackNotes(*(column[mask] for column in self))


def distinct(notes: TrackNotes) -> TrackNotes:
    """Notes of which no two of one pitch sound at a time: an onset ends the note before it, and of two at one
    place the longer stays."""
    order = np.lexsort((-notes.end, notes.start, notes.pitch))
    pitch, start = notes.pitch[order], notes.start[order]
    first = np.ones(len(order), bool)
    first[1:] = (pitch[1:] != pitch[:-1]) | (start[1:] != start[:-1])
    kept = order[first]
    pitch, start, end = notes.pitch[kept], notes.start[kept], notes.end.copy()
    until = np.where(pitch[1:] == pitch[:-1], start[1:], STEPS_PER_BAR)
    end[kept[:-1]] = np.minimum(end[kept[:-1]], until)
    return notes._replace(end=end).select(np.sort(kept))


def to_events(notes: TrackNotes, program: int) -> list[int]:
    """The events of a track of at least one note; `distinct` notes only."""
    tokens, now, loudness = [PROGRAM + program], 0, -1
    columns = (notes.pitch.tolist(), ((notes.velocity - 1) // VELOCITY_STEP).tolist())
    changes = [(step, number, 0) for number, step in enumerate(notes.start.tolist())]
    changes += [(step, number, 1) for number, step in enumerate(notes.end.tolist())]
    for step, number, is_off in sorted(changes):
        if step > now:
            tokens.append(TIME + step - now - 1)
            now = step
        pitch, louder = columns[0][number], columns[1][number]
        if is_off:
            tokens.append(NOTE_OFF + pitch)
            continue
        if louder != loudness:
            tokens.append(VELOCITY + louder)
            loudness = louder
        tokens.append(NOTE_ON + pitch)
    if now < STEPS_PER_BAR:
        tokens.append(TIME + STEPS_PER_BAR - now - 1)
    return [*tokens, END]


def from_events(tokens: list[int]) -> tuple[int, TrackNotes]:
    """Program (128 for drums) and notes of a track, whatever its tokens are.

    What makes no sense is mended: a note that is never ended lasts to the bar line, one that is struck again
    while it sounds ends there, one without length is left out, and so is all that comes after the bar.
    """
    program, now, loudness = -1, 0, VELOCITY_STEP * 4
    sounding: dict[int, tuple[int, int]] = {}
    found: list[tuple[int, int, int, int]] = []

    def close(pitch: int, end: int) -> None:
        start, velocity = sounding.pop(pitch)
        if end > start:
            found.append((start, pitch, end, velocity))

    for token in tokens:
        if token >= END or now >= STEPS_PER_BAR:
            break
        if token >= PROGRAM:
            program = token - PROGRAM if program < 0 else program
        elif token >= VELOCITY:
            loudness = (token - VELOCITY) * VELOCITY_STEP + VELOCITY_STEP // 2
        elif token >= TIME:
            now = min(now + token - TIME + 1, STEPS_PER_BAR)
        else:
            pitch = token % NOTE_OFF
            if pitch in sounding:
                close(pitch, now)
            if token < NOTE_OFF:
                sounding[pitch] = (now, loudness)
    for hanging in list(sounding):
        close(hanging, STEPS_PER_BAR)
    start, pitches, end, velocity = np.array(sorted(found), np.int64).reshape(-1, 4).T
    return max(program, 0), TrackNotes(start, end, pitches, velocity)


def split_long(notes: TrackNotes) -> list[TrackNotes]:
    """`distinct` notes in as few parts as halving gives whose events fit: by pitch, or else by time."""
    if len(to_events(notes, 0)) <= MOST_EVENTS:
        return [notes]
    several = len(np.unique(notes.pitch)) > 1
    by = notes.pitch if several else notes.start
    middle = np.sort(by)[len(by) // 2]
    low = by < (middle if middle > by.min() else middle + 1)
    return split_long(notes.select(low)) + split_long(notes.select(~low))


def begin_long(notes: TrackNotes) -> TrackNotes:
    """As many of the first notes as have room for their events."""
    count = min(len(notes.start), MOST_EVENTS)
    while len(to_events(notes.select(np.arange(count)), 0)) > MOST_EVENTS:
        count -= 1
    return notes.select(np.arange(count))
