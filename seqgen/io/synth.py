"""Plays a NoteSequence with a soundfont.

Written because symusic 0.5.9's synthesizer plays many programs out of tune (the piano of TimGM6mb by 13 to 27
semitones, another amount for each key), and because the others need a library of the system.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from seqgen.io.soundfont import Region, SoundFont

if TYPE_CHECKING:
    from note_seq import NoteSequence

_DRUM_BANK = 128
_MAX_RELEASE = 1.0  # seconds that a note may go on after its end
_SUSTAIN, _VOLUME, _EXPRESSION = 64, 7, 11
_CHOKE_SECONDS = 0.01
_DB = np.log(10) / 20


def render(sequence: NoteSequence, font: SoundFont, sample_rate: int) -> np.ndarray:
    """[samples, 2] float32, as loud as it comes, until the last note has died away (a second at most).

    Heard are notes, velocities, programs, drums, sustain, volume and expression (as they are when a note
    begins); pitch bends are not.
    """
    held, volume = _pedal(sequence), _volume(sequence)
    notes = sorted(
        sequence.notes, key=lambda n: (n.start_time, n.pitch, n.instrument, n.end_time, n.velocity)
    )
    ends = [held(note.instrument, note.end_time) for note in notes]
    samples = np.zeros(
        (round((max(ends, default=0.0) + _MAX_RELEASE) * sample_rate) + 1, 2), dtype=np.float32
    )
    programs: dict[tuple[int, int], list[Region]] = {}
    next_choke: dict[tuple[int, int], float] = {}
    # Backwards, because what comes later cuts off what came before.
    for note, end in zip(reversed(notes), reversed(ends), strict=True):
        program = (_DRUM_BANK if note.is_drum else 0, note.program)
        if program not in programs:
            programs[program] = font.regions(*program)
        gain = (note.velocity / 127) ** 2 * volume(note.instrument, note.start_time)
        first = round(note.start_time * sample_rate)
        for region in programs[program]:
            if not _sounds(region, note.pitch, note.velocity):
                continue
            cut = next_choke.get((note.instrument, region.choke), np.inf) if region.choke else np.inf
            seconds = min(end, cut) - note.start_time
            release = min(region.release, _MAX_RELEASE) if end <= cut else _CHOKE_SECONDS
            sound = _play(font.samples, region, note.pitch, seconds, release, sample_rate)
            angle = (region.pan + 1) * np.pi / 4
            for side, share in enumerate((np.cos(angle), np.sin(angle))):
                samples[first : first + len(sound), side] += sound * np.float32(gain * share)
            if region.choke:
                next_choke[note.instrument, region.choke] = note.start_time
    loud = np.flatnonzero(np.abs(samples).max(axis=1) > 1e-5)
    last = max((note.end_time for note in notes), default=0.0)
    return samples[: max(round(last * sample_rate), int(loud[-1]) + 1 if len(loud) else 0)]


def _sounds(region: Region, pitch: int, velocity: int) -> bool:
    (low, high), (soft, loud) = region.keys, region.velocities
    return low <= pitch <= high and soft <= velocity <= loud


def _play(
    samples: np.ndarray, region: Region, pitch: int, seconds: float, release: float, sample_rate: int
) -> np.ndarray:
    """[samples] float32: one recording at one pitch, with its envelope."""
    # By the end of the release it has fallen by 100 dB; below 60 it is not heard.
    length = round((seconds + 0.6 * release) * sample_rate)
    step = 2 ** ((pitch - region.root) * region.scale / 12) * region.rate / sample_rate
    if region.loop is None:
        length = min(length, int((region.end - 1 - region.start) / step))
    length = max(length, 0)
    place = region.start + np.arange(length) * step
    if region.loop is not None:
        begin, end = region.loop
        place = np.where(place < end, place, begin + (place - begin) % (end - begin))
    whole = place.astype(np.int64)
    part = (place - whole).astype(np.float32)
    left, right = samples[whole], samples[whole + 1]
    sound = (left + (right.astype(np.float32) - left) * part) / np.float32(32768)
    return sound * _envelope(region, seconds, release, length, sample_rate)


def _envelope(region: Region, seconds: float, release: float, length: int, sample_rate: int) -> np.ndarray:
    """[length] float32: a straight rise, then falls that are straight in decibels."""
    time = np.arange(length, dtype=np.float32) / np.float32(sample_rate)
    fall = np.clip((time - region.attack - region.hold) * np.float32(100 / region.decay), 0, region.sustain)
    fall += np.clip(time - np.float32(seconds), 0, None) * np.float32(100 / release)
    rise = np.minimum(time / np.float32(region.attack), 1)
    return np.asarray(rise * np.exp(fall * np.float32(-_DB)), dtype=np.float32)


def _pedal(sequence: NoteSequence) -> Callable[[int, float], float]:
    """(instrument, second of a release) to the second at which the note is let go."""
    changes: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for control in sequence.control_changes:
        if control.control_number == _SUSTAIN:
            changes[control.instrument].append((control.time, control.control_value >= 64))
    for pedals in changes.values():
        pedals.sort(key=lambda change: change[0])

    def held(instrument: int, second: float) -> float:
        pedals = changes.get(instrument, [])
        index = bisect_right(pedals, second, key=lambda change: change[0])
        if index == 0 or not pedals[index - 1][1]:
            return second
        # A pedal that is never let go holds nothing: the file forgot it.
        return next((time for time, down in pedals[index:] if not down), second)

    return held


def _volume(sequence: NoteSequence) -> Callable[[int, float], float]:
    """(instrument, second) to a gain; 100 of 127 is what a synthesizer starts with."""
    changes: dict[tuple[int, int], list[tuple[float, int]]] = defaultdict(list)
    for control in sequence.control_changes:
        if control.control_number in (_VOLUME, _EXPRESSION):
            changes[control.instrument, control.control_number].append((control.time, control.control_value))
    for values in changes.values():
        values.sort(key=lambda change: change[0])

    def gain(instrument: int, second: float) -> float:
        product = 1.0
        for number, default in ((_VOLUME, 100), (_EXPRESSION, 127)):
            values = changes.get((instrument, number), [])
            index = bisect_right(values, second, key=lambda change: change[0])
            product *= ((values[index - 1][1] if index else default) / 127) ** 2
        return product

    return gain
