"""The plugin beside a service that talks nonsense, and what it says itself."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from seqgen.serve import frames
from seqgen.serve.frames import NoteEvent
from tests.plugins.native.conftest import RATE, Host
from tests.plugins.native.listener import Listener


def hundred(epoch: int) -> list[NoteEvent]:
    return [NoteEvent(epoch, 0, k, 99, 1 + k / 8, 0.1) for k in range(100)]


def play_hundred(plugin: Host) -> None:
    """Plays from beat 0 what is queued: 100 of 100 notes, exact, and ended."""
    plugin.do(f"until {Host.AHEAD} 13")
    plugin.heard.clear()
    begin = int(plugin.do("run 0 0").split()[1])
    plugin.do("play 1", "run 360448 0")
    assert [midi.pitch for midi in plugin.ons] == list(range(100))
    assert all(abs(midi.frame - begin - (1 + midi.pitch / 8) * RATE / 2) <= 1 for midi in plugin.ons)
    assert not plugin.sounding()


def bad_notes(epoch: int) -> list[NoteEvent]:
    good = NoteEvent(epoch, 0, 60, 99, 0.5, 0.1)
    far = [good._replace(beat=beat) for beat in (17.0, 1e6, 1e300, math.inf, math.nan)]
    wrong_epoch = [good._replace(epoch=(epoch + step) % 2**32) for step in (-1, 1, 1000, 2**31)]
    broken = [
        *(good._replace(channel=16 + k) for k in range(3)),
        *(good._replace(pitch=pitch) for pitch in (128, 255)),
        *(good._replace(velocity=velocity) for velocity in (0, 128, 255)),
        *(good._replace(duration=duration) for duration in (0.0, -1.0, 1e9, math.inf, -math.inf, math.nan)),
    ]
    return far + wrong_epoch + broken


def test_100_of_100_notes_after_bad_ones(listener: Listener, host: Callable[..., Host]):
    plugin = host(listener.port)
    plugin.do("run 512 0")
    listener.accept()
    epoch = listener.position().epoch
    past = [NoteEvent(epoch, 0, 60, 99, beat, 0.1) for beat in (-0.5, -50.0, -1e300)]
    listener.notes(*bad_notes(epoch), *past, *hundred(epoch))
    play_hundred(plugin)
    assert plugin.late() == len(past)
    assert plugin.do("stats").startswith("heap 0 locks 0 system 0")


def test_notes_come_in_order_or_not_at_all(listener: Listener, host: Callable[..., Host]):
    plugin = host(listener.port)
    plugin.do("run 512 0")
    listener.accept()
    notes = hundred(listener.position().epoch)
    back = [notes[10]._replace(pitch=120), notes[10]._replace(pitch=121, beat=1.5)]
    listener.notes(*notes[:12], *back, *notes[12:])
    play_hundred(plugin)
    assert plugin.late() == 0


def test_100_of_100_notes_after_garbage(listener: Listener, host: Callable[..., Host]):
    plugin = host(listener.port)
    plugin.do("run 512 0")
    rng = random.Random(1)
    header = frames.HEADER
    garbage = [
        rng.randbytes(4096),
        header.pack(frames.NOTE, frames.VERSION, 23) + bytes(23),
        header.pack(frames.NOTE, frames.VERSION + 1, 24) + bytes(24),
        header.pack(frames.WELCOME, frames.VERSION, 2**32 - 1),
        header.pack(999, frames.VERSION, 0),
    ]
    for junk in garbage:
        listener.accept()
        listener.say(junk)  # the plugin hangs up and comes again
    listener.accept()
    listener.say(frames.frame(frames.NOTE, bytes(24))[:20])
    assert listener.line
    listener.line.close()  # in the middle of a frame
    listener.accept()
    listener.notes(*hundred(listener.position().epoch))
    play_hundred(plugin)


def test_a_note_before_the_welcome_is_refused(listener: Listener, host: Callable[..., Host]):
    plugin = host(listener.port)
    plugin.do("run 512 0")
    listener.line, _ = listener.door.accept()
    listener.line.settimeout(20)
    listener.notes(*hundred(1))
    listener.accept()
    listener.notes(*hundred(listener.position().epoch))
    play_hundred(plugin)


def test_notes_of_the_epoch_before_a_tempo_change_stay_and_come_once(
    listener: Listener, host: Callable[..., Host]
):
    plugin = host(listener.port)
    plugin.do("run 512 0")
    listener.accept()
    before = listener.position()
    listener.notes(*hundred(before.epoch)[:30])
    plugin.do(f"until {Host.AHEAD} 4", "tempo 90", "run 512 0")
    while (now := listener.position()).epoch == before.epoch:
        pass
    assert (now.epoch, now.tempo) == (before.epoch + 1, 90)
    again = [note._replace(pitch=127) for note in hundred(now.epoch)[:30]]
    listener.notes(*again, *hundred(now.epoch)[30:])
    plugin.do(f"until {Host.AHEAD} 13", "play 1", "run 480256 0")
    assert [midi.pitch for midi in plugin.ons] == list(range(100))


def test_captured_bars_become_a_clip(listener: Listener, host: Callable[..., Host]):
    plugin = host(listener.port)
    plugin.do("block 480", "run 480 0")
    listener.accept()
    plugin.do("set 7 2", "play 1")
    pitches = list(range(48, 67))
    for pitch in pitches:  # one every half quarter note
        on, off = f"midi 7 144 {pitch} {pitch}", f"midi 7 128 {pitch} 0"
        plugin.do(on, "run 4800 0", off, "run 7200 0")
    plugin.do("set 6 1", "run 480 0")  # at beat 9.5: two bars up to the bar line at 8, which is the nearest
    clip = frames.parse_clip(listener.hear(frames.CLIP)[1], 100)
    assert clip.slot == 1
    assert [note.pitch for note in clip.notes] == pitches[:16]
    assert [note.velocity for note in clip.notes] == pitches[:16]
    assert [note.beat for note in clip.notes] == pytest.approx([k / 2 + 14 / RATE for k in range(16)])
    assert [note.duration for note in clip.notes] == pytest.approx([0.2] * 16)
    assert [midi.pitch for midi in plugin.ons] == pitches, "what comes in goes out"
    listener.accept()
    assert frames.parse_clip(listener.hear(frames.CLIP)[1], 100) == clip, "told again after a reconnection"


def test_settings_are_told_when_they_change(listener: Listener, host: Callable[..., Host]):
    plugin = host(listener.port)
    plugin.do("run 512 0")
    listener.accept()
    first = frames.parse_settings(listener.hear(frames.SETTINGS)[1])
    assert first == frames.Settings(0, True, 1, 0.5, 0.5)
    plugin.do("set 1 0.25", "run 512 0")
    assert frames.parse_settings(listener.hear(frames.SETTINGS)[1]) == first._replace(position=0.25)
    plugin.do("set 0 nan", "set 1 9", "set 2 -3", "run 512 0")
    changed = frames.parse_settings(listener.hear(frames.SETTINGS)[1])
    assert (changed.model, changed.position, changed.temperature) == (0, 1, 0)
