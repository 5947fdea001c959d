"""A stand-in for Ableton Live's Python: what the script touches of it, as strict as Live is known to be.

It raises RuntimeError where Live may not be touched: from another thread, on a clip that was deleted, for a
slot that has a clip, on an audio track, for a note out of range. It counts the steps of undo.
What it cannot show: how long Live's calls take, how Live draws, and what else Live may refuse.
Python 3.7 and later, standard library only.
"""

from __future__ import annotations

import threading
import types
from typing import Any


def main_thread_only() -> None:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Live's objects were touched from another thread")


class Undo:
    """Steps as Live's undo history has them: changes outside of a step are steps of their own."""

    def __init__(self) -> None:
        self.open = False
        self.steps: list[int] = []

    def change(self) -> None:
        main_thread_only()
        if not self.open:
            self.steps.append(0)
        self.steps[-1] += 1


class MidiNoteSpecification:
    def __init__(
        self,
        pitch: int,
        start_time: float,
        duration: float,
        velocity: float = 100.0,
        mute: bool = False,
    ) -> None:
        if type(pitch) is not int or not 0 <= pitch <= 127:
            raise TypeError("Python argument types did not match C++ signature")
        if not 1 <= velocity <= 127 or duration <= 0:
            raise RuntimeError("Invalid note")
        self.pitch, self.start_time, self.duration = pitch, float(start_time), float(duration)
        self.velocity, self.mute = float(velocity), bool(mute)


class Clip:
    """A MIDI clip; `alive` is false once it was deleted, and then it equals None as Live's objects do."""

    def __init__(self, undo: Undo, parent: Any, length: float, arrangement_time: float | None = None) -> None:
        self._undo, self._parent, self._alive = undo, parent, True
        self._name, self._numerator, self._denominator = "", 4, 4
        self._start_time = arrangement_time or 0.0
        self._arrangement = arrangement_time is not None
        self._notes: list[MidiNoteSpecification] = []
        self.looping, self.loop_start, self.loop_end = True, 0.0, length
        self.start_marker, self.end_marker = 0.0, length
        self.chunks: list[int] = []
        """how many notes each call added"""

    def __eq__(self, other: object) -> bool:
        return self is other or (other is None and not self._alive)

    __hash__ = object.__hash__

    def _check(self) -> None:
        main_thread_only()
        if not self._alive:
            raise RuntimeError("Accessing a clip that was deleted")

    @property
    def name(self) -> str:
        self._check()
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._check()
        self._undo.change()
        self._name = name

    @property
    def is_midi_clip(self) -> bool:
        self._check()
        return True

    @property
    def is_arrangement_clip(self) -> bool:
        self._check()
        return self._arrangement

    @property
    def canonical_parent(self) -> Any:
        self._check()
        return self._parent

    @property
    def signature_numerator(self) -> int:
        self._check()
        return self._numerator

    @signature_numerator.setter
    def signature_numerator(self, value: int) -> None:
        self._undo.change()
        self._numerator = value

    @property
    def signature_denominator(self) -> int:
        self._check()
        return self._denominator

    @signature_denominator.setter
    def signature_denominator(self, value: int) -> None:
        self._undo.change()
        self._denominator = value

    @property
    def start_time(self) -> float:
        self._check()
        return self._start_time

    @property
    def end_time(self) -> float:
        self._check()
        return self._start_time + self.loop_end - self.loop_start if self._arrangement else self.loop_end

    def get_notes_extended(
        self, from_pitch: int, pitch_span: int, from_time: float, time_span: float
    ) -> tuple[Any, ...]:
        self._check()
        return tuple(
            note
            for note in self._notes
            if from_pitch <= note.pitch < from_pitch + pitch_span
            and from_time <= note.start_time < from_time + time_span
        )

    def add_new_notes(self, notes: Any) -> None:
        self._check()
        self._undo.change()
        notes = tuple(notes)
        if not all(isinstance(note, MidiNoteSpecification) for note in notes):
            raise TypeError("Python argument types did not match C++ signature")
        self._notes.extend(notes)
        self.chunks.append(len(notes))


class ClipSlot:
    def __init__(self, undo: Undo, track: Track) -> None:
        self._undo, self.canonical_parent, self.clip = undo, track, None

    @property
    def has_clip(self) -> bool:
        main_thread_only()
        return self.clip is not None

    def create_clip(self, length: float) -> None:
        if not self.canonical_parent.has_midi_input:
            raise RuntimeError("A MIDI clip can only be made on a MIDI track")
        if self.clip is not None:
            raise RuntimeError("The slot has a clip")
        if length <= 0:
            raise RuntimeError("A clip must have a length")
        self._undo.change()
        self.clip = Clip(self._undo, self, length)

    def delete_clip(self) -> None:
        if self.clip is None:
            raise RuntimeError("The slot has no clip")
        self._undo.change()
        self.clip._alive = False
        self.clip = None


class Track:
    def __init__(self, undo: Undo, slots: int, midi: bool = True, drums: bool = False) -> None:
        self._undo, self.has_midi_input = undo, midi
        self.clip_slots = [ClipSlot(undo, self) for _ in range(slots)]
        self.arrangement_clips: list[Clip] = []
        self.devices = [types.SimpleNamespace(can_have_drum_pads=drums)]

    def duplicate_clip_to_arrangement(self, clip: Clip, destination_time: float) -> Clip:
        """Also what Live does to clips in the way: they are overwritten."""
        self._undo.change()
        copy = Clip(self._undo, self, clip.loop_end - clip.loop_start, destination_time)
        copy._name, copy._notes = clip.name, list(clip._notes)
        copy._numerator, copy._denominator = clip._numerator, clip._denominator
        self.arrangement_clips = [
            other
            for other in self.arrangement_clips
            if other.end_time <= copy.start_time or other.start_time >= copy.end_time
        ]
        self.arrangement_clips.append(copy)
        return copy

    def delete_clip(self, clip: Clip) -> None:
        self._undo.change()
        self.arrangement_clips.remove(clip)
        clip._alive = False


class Song:
    def __init__(self, tracks: int = 2, scenes: int = 8) -> None:
        self.undo = Undo()
        self.tempo, self.signature_numerator, self.signature_denominator = 120.0, 4, 4
        self.tracks = [Track(self.undo, scenes) for _ in range(tracks)]
        self.scenes = [object() for _ in range(scenes)]
        self.view = types.SimpleNamespace(
            detail_clip=None, selected_track=self.tracks[0], selected_scene=self.scenes[0]
        )

    def create_scene(self, index: int) -> None:
        self.undo.change()
        if index != -1:
            raise NotImplementedError("only scenes at the end")
        self.scenes.append(object())
        for track in self.tracks:
            track.clip_slots.append(ClipSlot(self.undo, track))

    def begin_undo_step(self) -> None:
        main_thread_only()
        if self.undo.open:
            raise RuntimeError("a step of undo is open")
        self.undo.open = True
        self.undo.steps.append(0)

    def end_undo_step(self) -> None:
        main_thread_only()
        if not self.undo.open:
            raise RuntimeError("no step of undo is open")
        self.undo.open = False
