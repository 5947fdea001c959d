"""Live's clips: read as the service wants them, written from its pieces. Main thread only."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import Live

CHUNK = 1000
"""notes that are added at once; Live draws and answers between chunks"""
CLIP_COST = 100
"""making a clip counts as so many notes"""


class Place(NamedTuple):
    """Where results go: behind a clip of the session or of the arrangement."""

    track: Any
    slot: int
    """session: results go into free slots after this one"""
    arrangement: bool
    numerator: int
    denominator: int

    @property
    def bar(self) -> float:
        """of this metre, in quarter notes"""
        return 4.0 * self.numerator / self.denominator


def place_of(clip: Any) -> Place:
    parent = clip.canonical_parent
    arrangement = bool(clip.is_arrangement_clip)
    track = parent if arrangement else parent.canonical_parent
    slot = -1 if arrangement else list(track.clip_slots).index(parent)
    return Place(track, slot, arrangement, clip.signature_numerator, clip.signature_denominator)


def plays_drums(track: Any) -> bool:
    """Whether a Drum Rack takes the track's notes."""
    return any(device.can_have_drum_pads for device in track.devices)


def span(clip: Any) -> tuple[float, float]:
    """Begin and end of what sounds, in the clip's quarter notes: its loop, or what is between its markers."""
    return (clip.loop_start, clip.loop_end) if clip.looping else (clip.start_marker, clip.end_marker)


def read(clip: Any, tempo: float, drums: bool) -> dict[str, Any]:
    """A clip in the words of the protocol; muted notes are left out.

    Raises:
        ValueError: the clip is audio, or has no notes that sound.
    """
    if not clip.is_midi_clip:
        raise ValueError(f"expected a MIDI clip, {clip.name!r} is audio")
    begin, end = span(clip)
    notes = [
        {
            "start": note.start_time - begin,
            "duration": note.duration,
            "pitch": note.pitch,
            "velocity": min(127, max(1, round(note.velocity))),
            "drum": drums,
        }
        for note in clip.get_notes_extended(0, 128, begin, end - begin)
        if not note.mute
    ]
    if not notes:
        raise ValueError(f"the clip {clip.name!r} has no notes that sound")
    notes.sort(key=lambda note: (note["start"], note["pitch"]))
    return {
        "notes": notes,
        "tempo": tempo,
        "numerator": clip.signature_numerator,
        "denominator": clip.signature_denominator,
    }


def write(song: Any, place: Place, pieces: list[Any]) -> Iterator[None]:
    """Clips from pieces, in one step of undo; yields whenever Live should have a moment for itself.

    What was made is deleted again if Live refuses a part of it (RuntimeError).
    """
    song.begin_undo_step()
    made: list[Any] = []
    try:
        yield from (
            _arrange(song, place, pieces, made) if place.arrangement else _fill(song, place, pieces, made)
        )
    except RuntimeError:
        for owner, what in made:
            with contextlib.suppress(RuntimeError):
                owner.delete_clip(*what)
        raise
    finally:
        song.end_undo_step()


def _fill(song: Any, place: Place, pieces: list[Any], made: list[Any]) -> Iterator[None]:
    cost = 0
    for piece in pieces:
        slot = _free_slot(song, place)
        slot.create_clip(_length(piece, place.bar))
        made.append((slot, ()))
        cost += CLIP_COST
        for count in _fill_clip(slot.clip, place, piece):
            cost += count
            if cost > CHUNK:
                yield
                cost = count


def _arrange(song: Any, place: Place, pieces: list[Any], made: list[Any]) -> Iterator[None]:
    """Behind the last clip of the track, where nothing is overwritten.

    Live 11 makes clips of the arrangement only as copies of others: each is built in a free slot first.
    """
    ends = [clip.end_time for clip in place.track.arrangement_clips]
    time = math.ceil(max(ends, default=0.0) / place.bar - 1e-9) * place.bar
    for piece in pieces:
        slot = _free_slot(song, place)
        slot.create_clip(_length(piece, place.bar))
        made.append((slot, ()))
        for _ in _fill_clip(slot.clip, place, piece):
            yield
        clip = place.track.duplicate_clip_to_arrangement(slot.clip, time)
        made[-1] = (place.track, (clip,))
        slot.delete_clip()
        time += _length(piece, place.bar)


def _free_slot(song: Any, place: Place) -> Any:
    for slot in list(place.track.clip_slots)[place.slot + 1 :]:
        if not slot.has_clip:
            return slot
    song.create_scene(-1)
    return place.track.clip_slots[len(place.track.clip_slots) - 1]


def _length(piece: Any, bar: float) -> float:
    """In quarter notes; whole bars, and all notes are in them."""
    ends = [note["start"] + note["duration"] for note in piece["notes"]]
    return max(piece["bars"], math.ceil(max(ends, default=0.0) / bar - 1e-9)) * bar


def _fill_clip(clip: Any, place: Place, piece: Any) -> Iterator[int]:
    """Yields before each chunk how many notes it has."""
    clip.name = str(piece.get("title", ""))[:80]
    if (clip.signature_numerator, clip.signature_denominator) != (place.numerator, place.denominator):
        clip.signature_numerator, clip.signature_denominator = place.numerator, place.denominator
    notes = piece["notes"]
    for first in range(0, len(notes), CHUNK):
        chunk = notes[first : first + CHUNK]
        yield len(chunk)
        clip.add_new_notes(
            tuple(
                Live.Clip.MidiNoteSpecification(
                    pitch=note["pitch"],
                    start_time=float(note["start"]),
                    duration=float(note["duration"]),
                    velocity=float(note["velocity"]),
                    mute=False,
                )
                for note in chunk
            )
        )
