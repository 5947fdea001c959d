"""The stand-in around the script: Live's framework for control surfaces, and the hands of a musician."""

from __future__ import annotations

import importlib.util
import random
import sys
import time
import types
from typing import Any

from tests.plugins import live_stand_in as live


class CInstance:
    """What Live hands to a script."""

    def __init__(self, song: live.Song) -> None:
        self.song, self.messages, self.log = song, [], []


class ControlSurface:
    """The part of _Framework.ControlSurface that the script uses."""

    def __init__(self, c_instance: CInstance) -> None:
        self._c_instance, self._elements = c_instance, []

    def component_guard(self) -> Any:
        surface = self

        class Guard:
            def __enter__(self) -> None:
                ButtonElement.surface = surface

            def __exit__(self, *_: object) -> None:
                ButtonElement.surface = None

        return Guard()

    def song(self) -> live.Song:
        live.main_thread_only()
        return self._c_instance.song

    def update_display(self) -> None:
        live.main_thread_only()

    def receive_midi(self, midi_bytes: tuple[int, int, int]) -> None:
        status, number, value = midi_bytes
        for element in self._elements:
            if (element.channel, element.number) == (status & 15, number) and status & 0xF0 in (0x80, 0x90):
                for listener in element.listeners:
                    listener(value if status & 0xF0 == 0x90 else 0)

    def log_message(self, *message: object) -> None:
        live.main_thread_only()
        self._c_instance.log.append(" ".join(map(str, message)))

    def show_message(self, message: str) -> None:
        live.main_thread_only()
        self._c_instance.messages.append(message)

    def disconnect(self) -> None:
        live.main_thread_only()


class ButtonElement:
    surface: Any = None

    def __init__(self, is_momentary: bool, msg_type: int, channel: int, identifier: int) -> None:
        if ButtonElement.surface is None:
            raise AssertionError("control elements are made in component_guard")
        self.channel, self.number, self.listeners = channel, identifier, []
        ButtonElement.surface._elements.append(self)

    def add_value_listener(self, listener: Any) -> None:
        self.listeners.append(listener)


def modules() -> dict[str, types.ModuleType]:
    """What `import` finds in Live, by name; put into sys.modules while the script runs."""

    def module(name: str, **names: Any) -> types.ModuleType:
        made = types.ModuleType(name)
        made.__dict__.update(names)
        return made

    clip = module("Live.Clip", MidiNoteSpecification=live.MidiNoteSpecification, Clip=live.Clip)
    return {
        "Live": module("Live", Clip=clip),
        "Live.Clip": clip,
        "_Framework": module("_Framework", __path__=[]),
        "_Framework.ButtonElement": module("_Framework.ButtonElement", ButtonElement=ButtonElement),
        "_Framework.ControlSurface": module("_Framework.ControlSurface", ControlSurface=ControlSurface),
        "_Framework.InputControlElement": module("_Framework.InputControlElement", MIDI_NOTE_TYPE=0),
    }


def load(folder: str) -> types.ModuleType:
    """The script's package from its folder, under a name that hides no other."""
    spec = importlib.util.spec_from_file_location(
        "seqgen_live_script", folder + "/__init__.py", submodule_search_locations=[folder]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = package
    spec.loader.exec_module(package)
    return package


class Host:
    """Live with the script running, and the hands of its user."""

    def __init__(self, script: types.ModuleType, song: live.Song) -> None:
        self.song, self.instance = song, CInstance(song)
        self.surface = script.create_instance(self.instance)

    def rename(self, clip: live.Clip, name: str) -> None:
        self.song.view.detail_clip = clip
        self.surface.update_display()
        clip._name = name
        self.surface.update_display()

    def until(self, text: str) -> str:
        """Live's clock runs until a message has this text."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            self.surface.update_display()
            if found := [message for message in self.instance.messages if text in message]:
                return str(found[-1])
            time.sleep(0.005)
        raise AssertionError(f"{text!r} is in none of {self.instance.messages}, {self.instance.log[-3:]}")


def clip_of(
    song: live.Song, slot: int, notes: list[tuple[float, float, int, int]], length: float = 32.0
) -> live.Clip:
    song.tracks[0].clip_slots[slot].create_clip(length)
    clip = song.tracks[0].clip_slots[slot].clip
    assert clip is not None
    clip._notes = [live.MidiNoteSpecification(p, s, d, float(v)) for s, d, p, v in notes]
    song.undo.steps.clear()
    return clip


def uneven(count: int, length: float = 32.0) -> list[tuple[float, float, int, int]]:
    rng = random.Random(3)
    notes = [
        (rng.random() * length, 0.01 + rng.random(), rng.randrange(128), rng.randrange(1, 128))
        for _ in range(count)
    ]
    return sorted(notes, key=lambda note: (note[0], note[2]))


def there(clip: Any) -> list[tuple[float, float, int, int]]:
    return [(n.start_time, n.duration, n.pitch, n.velocity) for n in clip._notes]


def unchanged(song: live.Song, clips: int) -> bool:
    made = sum(slot.has_clip for track in song.tracks for slot in track.clip_slots)
    return made == clips and not any(track.arrangement_clips for track in song.tracks)
