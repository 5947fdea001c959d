"""The control surface: commands in, messages out. Live is touched in `update_display`, ten times a second.

Commands come from the name of the selected clip, and from four notes of the script's MIDI input. Nothing
listens on the network.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

from _Framework.ButtonElement import ButtonElement
from _Framework.ControlSurface import ControlSurface
from _Framework.InputControlElement import MIDI_NOTE_TYPE

from . import clips, commands  # noqa: TID252
from .service import Job, ServiceError, default_port  # noqa: TID252

CHANNEL = 15
"""MIDI channel 16"""
BUTTONS = ("seqgen a", "seqgen interpolate", "seqgen continue", "seqgen sample")
"""what notes 0, 1, 2, 3 (C-2 to D#-2) of that channel do"""


class Seqgen(ControlSurface):  # type: ignore[misc]
    def __init__(self, c_instance: Any) -> None:
        super().__init__(c_instance)
        self._a: Any = None
        self._seen: tuple[Any, str] = (None, "")
        self._pressed: list[str] = []
        self._job: Job | None = None
        self._place: clips.Place | None = None
        self._writing: Iterator[None] | None = None
        self._said = ""
        with self.component_guard():
            self._buttons = [
                ButtonElement(True, MIDI_NOTE_TYPE, CHANNEL, note) for note in range(len(BUTTONS))
            ]
            for button, text in zip(self._buttons, BUTTONS):  # noqa: B905  not in Python 3.7
                button.add_value_listener(
                    lambda value, text=text: self._pressed.append(text) if value else None
                )
        self._say("ready: rename a clip to 'seqgen a', another to 'seqgen interpolate 5'")

    def update_display(self) -> None:
        super().update_display()
        try:
            self._tick()
        except Exception as error:  # whatever Live refuses is said once, and the script lives on
            self.log_message("seqgen: " + traceback.format_exc())
            self._stop()
            self._say(f"Live refused: {error}")

    def disconnect(self) -> None:
        self._stop()
        super().disconnect()

    def _tick(self) -> None:
        self._read_name()
        for text in self._pressed[:8]:
            self._obey(text, self.song().view.detail_clip)
        self._pressed.clear()
        if self._job is not None:
            self._take(self._job.poll())
        elif self._writing is not None and next(self._writing, self) is self:
            self._writing = None
            self._say(self._said)

    def _read_name(self) -> None:
        """A command is a name that changed while its clip was selected: an old name in a set does nothing."""
        clip = self.song().view.detail_clip
        if clip is None or not clip.is_midi_clip:
            self._seen = (None, "")
            return
        before, old = self._seen
        name = clip.name
        if before == clip and name != old and commands.is_command(name) and self._obey(name, clip):
            clip.name = name = "" if commands.is_command(old) else old
        self._seen = (clip, name)

    def _obey(self, text: str, clip: Any) -> bool:
        """Whether the command was understood and begun; if not, it was said why."""
        try:
            command = commands.parse(text)
            if self._job is not None or self._writing is not None:
                raise ValueError("still at work on the last command; wait for it")
            if command.operation == "a":
                self._mark(clip)
            else:
                self._begin(command, clip)
        except ValueError as error:
            self._say(str(error))
            return False
        return True

    def _mark(self, clip: Any) -> None:
        if clip is None:
            raise ValueError("select a MIDI clip first")
        count = len(self._read(clip)["notes"])
        self._a = clip
        self._say(f"A has {count} notes; now rename another clip to 'seqgen interpolate 5'")

    def _read(self, clip: Any) -> dict[str, Any]:
        return clips.read(clip, self.song().tempo, clips.plays_drums(clips.place_of(clip).track))

    def _begin(self, command: commands.Command, clip: Any) -> None:
        place = self._selected_place() if clip is None else clips.place_of(clip)
        drums = clips.plays_drums(place.track)
        music = command.options.get("music") or ("drums" if drums else "melody")
        fields: dict[str, Any] = dict(command.numbers)
        fields.update((key, value) for key, value in command.options.items() if key != "music")
        parts: list[dict[str, Any]] = []
        if command.operation != "sample":
            if clip is None:
                raise ValueError("select a MIDI clip first")
            parts = [self._read(clip)]
        if command.operation in ("continue", "attribute"):
            fields["clip"] = parts[0]
        if command.operation == "attribute":
            fields["amounts"] = command.amounts
        if command.operation == "interpolate":
            parts.insert(0, self._read_a())
            fields["a"], fields["b"] = parts
        bars = max((part["notes"][-1]["start"] / place.bar for part in parts), default=0.0)
        self._place = place
        self._job = Job(command.operation, fields, music, bars, default_port())
        self._say(f"{command.operation}: asked the service")

    def _read_a(self) -> dict[str, Any]:
        if self._a is None:
            raise ValueError("there is no A yet: rename a clip to 'seqgen a'")
        try:
            return self._read(self._a)
        except RuntimeError:  # Live's objects say so when what they stood for was deleted
            self._a = None
            raise ValueError("A is gone: rename a clip to 'seqgen a'") from None

    def _selected_place(self) -> clips.Place:
        song = self.song()
        track = song.view.selected_track
        if track not in list(song.tracks) or not track.has_midi_input:
            raise ValueError("select a MIDI track or clip first")
        scene = list(song.scenes).index(song.view.selected_scene)
        return clips.Place(track, scene - 1, False, song.signature_numerator, song.signature_denominator)

    def _take(self, answer: Any) -> None:
        if answer is None:
            return
        self._job = None
        if isinstance(answer, ServiceError):
            self._say(str(answer))
            return
        pieces = answer["pieces"]
        words = [f"{len(pieces)} clip{'s' if len(pieces) != 1 else ''} from {answer.get('model')}"]
        self._said = ". ".join(words + [str(notice) for notice in answer.get("notices", [])])
        self._writing = clips.write(self.song(), self._place, pieces)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
        if self._writing is not None:
            self._writing.close()
        self._job = self._writing = None

    def _say(self, text: str) -> None:
        self.log_message("seqgen: " + text)
        self.show_message("seqgen: " + text)
