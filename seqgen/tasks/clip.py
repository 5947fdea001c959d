"""Clips: the window of a piece of music that a model reads, and what there is to say about the choice.

A file is seldom exactly as long as a model's window, and often holds several melodies, or several melodies,
basses and kits that make trios. The longest is taken and the rest are listed; a short one is padded with
silence, of a long one the beginning is read. `track` and `start_bar` choose otherwise. Whatever was decided
for the user stands in `Clip.notices`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.chords import Chord
from seqgen.representation.converter import Converter
from seqgen.representation.drum_map import KITS
from seqgen.representation.extraction import METRE, Extraction, Segment, describe_counts
from seqgen.representation.melody import FIRST_ONSET, HOLD, NOTE_OFF, forget_sounding_note
from seqgen.representation.multitrack import MultitrackConverter
from seqgen.representation.timeline import QUARTERS_PER_BAR
from seqgen.representation.track_events import END
from seqgen.representation.trio import join_parts, split_parts

MAX_LISTED = 6
TINY = 1e-6
"""quarter notes: a tempo counts from where it stands"""
MENTIONED = ("metre", "polyphonic", "out of range", "unmapped", "mixed track")
"""what was left out of a piece although it could be used, if it is this, is said"""


@dataclass(frozen=True, eq=False)
class Clip:
    """A window of tokens from a piece, and how the piece sounds there."""

    tokens: np.ndarray
    """[T, *columns]"""
    name: str
    """of the piece, for messages and titles"""
    qpm: float
    program: int
    velocity: int
    """median of its notes"""
    track: int
    """as in the NoteTable; -1 where tracks were merged"""
    start_bar: int
    """bar of the piece, counted from 0"""
    notices: tuple[str, ...] = ()
    """sentences for the user"""
    chords: tuple[Chord, ...] = ()
    """in quarter notes from its beginning, where a model is told them"""


def choose_clip(
    music: NoteTable, converter: Converter, name: str, track: int | None = None, start_bar: int | None = None
) -> Clip:
    """The clip of `music` that a model with this converter reads.

    Args:
        name: of the piece, in messages.
        track: number of the only track to look at, for a trio of a track that must be in it; None looks at
            all.
        start_bar: bar of the piece where the clip begins, counted from 0; None takes the beginning of the
            longest candidate.

    Raises:
        ValueError: if there is none, with the reason.
    """
    if track is not None and isinstance(converter, MultitrackConverter):
        raise ValueError(
            f"track: this model reads all tracks of a bar together, got track {track}: leave it out"
        )
    found, chosen = find_segment(music, converter, name, track, start_bar)
    start_bar = chosen.start_bar if start_bar is None else start_bar
    tokens = _window(chosen, start_bar, converter)
    if isinstance(converter, MultitrackConverter):
        notices = tuple(
            f"{name}: {notice}" for notice in _about_bar(found, chosen, start_bar, music, converter)
        )
        return Clip(
            tokens, name, _qpm(music, converter, start_bar), 0, 80, chosen.instrument, start_bar, notices
        )
    sentences = _notices(found, chosen, start_bar, track is not None) + _about_tracks(music, chosen)
    notices = tuple(f"{name}: {sentence}" for sentence in sentences)
    where = (chosen.instrument if track is None else track, start_bar)
    return Clip(tokens, name, chosen.qpm, chosen.program, chosen.velocity, *where, notices)


def find_segment(
    music: NoteTable, converter: Converter, name: str, track: int | None, start_bar: int | None
) -> tuple[Extraction, Segment]:
    """What there is in `music`, and the candidate that is meant; arguments as in `choose_clip`."""
    if track is not None:
        only = _one_track(music, track, name)
        music = music if converter.name == "trio" else only
    found = converter.extract(music)
    if not found.segments:
        raise ValueError(f"{name}: {_why_nothing(found, converter, music)}")
    if track is not None and converter.name == "trio":
        found = _with_track(found, track, name)
    if start_bar is None:
        return found, max(found.segments, key=lambda segment: segment.bars)  # of equals the first
    return found, _at_bar(found, start_bar, converter.bars, name)


def candidates(found: Extraction) -> list[str]:
    """A line for each candidate, the longest first."""
    return [_describe(segment) for segment in sorted(found.segments, key=lambda segment: -segment.bars)]


def _one_track(music: NoteTable, track: int, name: str) -> NoteTable:
    numbers, sizes = np.unique(music.instrument, return_counts=True)
    if track not in numbers:
        there = ", ".join(f"{n} ({size} notes)" for n, size in zip(numbers, sizes, strict=True))
        raise ValueError(f"{name}: track {track} has no notes; the tracks with notes are {there or 'none'}")
    return music.select(music.instrument == track)


def _with_track(found: Extraction, track: int, name: str) -> Extraction:
    """The trios that a track is part of."""
    inside = [segment for segment in found.segments if track in segment.tracks]
    if not inside:
        raise ValueError(
            f"{name}: track {track} is in no trio; the trios are {'; '.join(candidates(found)[:MAX_LISTED])}"
        )
    return replace(found, segments=inside)


def _why_nothing(found: Extraction, converter: Converter, music: NoteTable) -> str:
    """The most useful of the reasons, with what to do."""
    reads, counts = found.noun[1], found.counts
    if not len(music):
        return "there are no notes in it"
    if converter.name == "melody" and music.is_drum.all():
        return f"it holds drums only ({len(music)} hits), and this model reads melodies: use a drum model"
    if converter.name in (*KITS, "groove") and not music.is_drum.any():
        return (
            f"it holds no drums ({len(music)} pitched notes), and this model reads drum beats: use a melody "
            "model, or put the drums on MIDI channel 10"
        )
    missing = [part for part in ("melody", "bass", "drums") if counts[f"no {part}"]]
    if missing:
        mixed = describe_counts(Counter({"mixed track": counts["mixed track"]}))
        return (
            f"it has no {' and no '.join(missing)}, and this model reads a melody, a bass (a track of "
            "General MIDI programs 32 to 39) and drums (MIDI channel 10) that play together: use a model of "
            f"what there is, or give the tracks their programs{f' ({mixed})' if mixed else ''}"
        )
    metres = [key.removeprefix(METRE) for key in counts if key.startswith(METRE)]
    if metres:
        return f"it is in {' and '.join(metres)}, and this model reads {reads} in 4/4 only"
    reasons = describe_counts(counts)
    return f"there is no {found.noun[0]} in it that this model reads" + (f": {reasons}" if reasons else "")


def _at_bar(found: Extraction, start_bar: int, bars: int, name: str) -> Segment:
    """The candidate that fills most of the bars from `start_bar` on."""

    def inside(segment: Segment) -> int:
        end = min(segment.start_bar + segment.bars, start_bar + bars)
        return end - max(segment.start_bar, start_bar)

    chosen = max(found.segments, key=lambda segment: (inside(segment), segment.bars))
    if start_bar < 0 or inside(chosen) <= 0:
        listed = found.segments[:MAX_LISTED]
        there = ", ".join(f"{s.start_bar} to {s.start_bar + s.bars - 1}" for s in listed)
        raise ValueError(
            f"{name}: start_bar {start_bar}: nothing to read in the {bars} bars from there on; "
            f"there is a {found.noun[0]} in bars {there} (counted from 0)"
        )
    return chosen


def _window(segment: Segment, start_bar: int, converter: Converter) -> np.ndarray:
    """[T, *columns]: the bars from `start_bar` on, silent where the segment does not reach."""
    # 0 is silence on every grid; a track of events is silent where it has ended.
    silence = END if converter.name == "multitrack" else 0
    tokens = np.full((converter.steps, *converter.columns), silence, converter.dtype)
    offset = (segment.start_bar - start_bar) * segment.steps_per_bar
    begin, end = max(offset, 0), min(offset + len(segment.tokens), converter.steps)
    tokens[begin:end] = segment.tokens[begin - offset : end - offset]
    if converter.name == "trio":
        parts = split_parts(tokens)
        for part in parts[:2]:
            _close(part, end)
        return join_parts(parts)
    if converter.name == "melody":
        _close(tokens, end)
    return tokens


def _close(tokens: np.ndarray, end: int) -> None:
    """In place: what sounds before the window or after step `end` is ended there."""
    events = np.flatnonzero(tokens[:end] != HOLD)
    if end < len(tokens) and len(events) and tokens[events[-1]] >= FIRST_ONSET:
        tokens[end] = NOTE_OFF  # or the last note would sound through the padding
    forget_sounding_note(tokens[None])


def _notices(found: Extraction, chosen: Segment, start_bar: int, one_track: bool) -> list[str]:
    notices = []
    noun, length, offset = found.noun, found.bars, start_bar - chosen.start_bar
    last = start_bar + length - 1
    if chosen.bars > length or offset > 0:
        notices.append(
            f"bars {start_bar} to {last} (counted from 0) are read of a {noun[0]} of {chosen.bars} bars "
            f"that begins at bar {chosen.start_bar}; choose others with start_bar"
        )
    end = min(chosen.start_bar + chosen.bars, start_bar + length)
    silent = length - (end - max(chosen.start_bar, start_bar))
    if silent:
        verb = "is" if silent == 1 else "are"
        notices.append(f"shorter than the {length} bars that the model reads: {silent} of them {verb} silent")
    return notices + about_choice(found, chosen, one_track)


def _qpm(music: NoteTable, converter: MultitrackConverter, start_bar: int) -> float:
    """The tempo where a bar begins."""
    placed = converter.bar_at(music, start_bar)
    return music.qpm_at(0.0 if placed is None else placed.quarter + TINY)


def _about_bar(
    found: Extraction, chosen: Segment, start_bar: int, music: NoteTable, converter: MultitrackConverter
) -> list[str]:
    """Which bar of a piece is read, and what in it is not as it was."""
    notices = []
    if chosen.bars > 1:
        notices.append(
            f"bar {start_bar} (counted from 0) is read of a run of {chosen.bars} bars that begins at bar "
            f"{chosen.start_bar}; choose another with start_bar"
        )
    placed = converter.bar_at(music, start_bar)
    if placed is not None:
        if placed.bar.counts:
            notices.append(f"in bar {start_bar}: {describe_counts(placed.bar.counts)}")
        begin, end = placed.quarter + TINY, placed.quarter + QUARTERS_PER_BAR - TINY
        if music.qpm_at(begin) != music.qpm_at(end):
            notices.append(
                f"the tempo changes in bar {start_bar}; what is made has the one at its beginning, "
                f"{music.qpm_at(begin):.4g} quarters a minute"
            )
    return notices + about_choice(found, chosen, one_track=True)


def about_choice(found: Extraction, chosen: Segment, one_track: bool) -> list[str]:
    """The other candidates, and what could not be used."""
    notices = []
    others = [segment for segment in found.segments if segment is not chosen]
    if others:
        by_length = candidates(replace(found, segments=others))
        more = f" and {len(others) - MAX_LISTED} more" if len(others) > MAX_LISTED else ""
        noun = found.noun
        merged = chosen.instrument < 0 and not chosen.tracks
        how = "start_bar" if merged or (one_track and not chosen.tracks) else "track and start_bar"
        notices.append(
            f"of {len(found.segments)} {noun[1]} the one with {_describe(chosen)} is taken; the others are "
            f"{'; '.join(by_length[:MAX_LISTED])}{more} (choose with {how})"
        )
    counts = {k: n for k, n in found.counts.items() if k in MENTIONED or k.startswith(METRE)}
    if counts:
        notices.append(describe_counts(Counter(counts)))
    return notices


def _describe(segment: Segment) -> str:
    bars = "1 bar" if segment.bars == 1 else f"{segment.bars} bars"
    track = f" of track {segment.instrument}" if segment.instrument >= 0 else ""
    if segment.tracks:
        track = " of tracks {}, {} and {}".format(*segment.tracks)
    return f"{bars} from bar {segment.start_bar}{track}"


def _about_tracks(music: NoteTable, chosen: Segment) -> list[str]:
    """Which tracks of a trio are read, where there are others."""
    there = np.unique(music.instrument).tolist()
    if not chosen.tracks or sorted(chosen.tracks) == there:
        return []
    melody, bass, drums = chosen.tracks
    return [f"of {len(there)} tracks {melody} (melody), {bass} (bass) and {drums} (drums) are read"]
