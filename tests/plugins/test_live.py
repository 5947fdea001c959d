"""The Remote Script of Ableton Live, against a stand-in for Live's Python."""

import ast
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqgen.serve import protocol
from tests.plugins import live_stand_in as live
from tests.plugins import service_stand_in as stand_in
from tests.plugins.live_host import Host, clip_of, there, uneven

SCRIPT = Path(__file__).parents[2] / "plugins" / "live" / "seqgen"


def ends(request: Any) -> protocol.Result:
    pieces = [protocol.Piece(part.notes, 8, 1, title) for part, title in ((request.a, "a"), (request.b, "b"))]
    return stand_in.result(request, *pieces, notices=("Two of two.",))


def test_64_notes_go_there_and_back_with_exact_times(song: live.Song, start: Callable[..., Host]) -> None:
    a, b = clip_of(song, 0, uneven(64)), clip_of(song, 2, uneven(64)[::2])
    a._name, b._name = "Bass", "Bass 2"
    with stand_in.running(ends) as service:
        host = start(service.port)
        host.rename(a, "seqgen a")
        host.rename(b, "seqgen interpolate 2 temperature=0.25 seed=7")
        assert host.until("2 clips from") == "seqgen: 2 clips from mel-16bar. Two of two."
    (request,) = service.requests
    assert (request.num_steps, request.temperature, request.seed) == (2, 0.25, 7)
    slots = song.tracks[0].clip_slots
    assert there(slots[3].clip) == uneven(64)
    assert there(slots[4].clip) == uneven(64)[::2]
    assert slots[3].clip.loop_end == 32
    assert (a.name, b.name) == ("Bass", "Bass 2")
    assert not slots[1].has_clip


def test_only_what_sounds_is_sent(song: live.Song, start: Callable[..., Host]) -> None:
    clip = clip_of(song, 0, [(0.5, 1, 60, 80), (4.5, 1, 61, 81), (5, 1, 62, 82), (9, 1, 63, 83)])
    clip.loop_start, clip.loop_end = 4.0, 8.0
    clip._notes[2].mute = True
    song.tracks[0].devices[0].can_have_drum_pads = True
    with stand_in.running(lambda r: stand_in.result(r, protocol.Piece([], 2, 1, "new"))) as service:
        host = start(service.port)
        host.rename(clip, "seqgen continue 2")
        host.until("1 clip from drums-2bar")
    assert service.requests[0].clip.notes == [protocol.Note(0.5, 1, 61, 81, True)]


def test_many_notes_come_in_chunks_and_one_step_of_undo(song: live.Song, start: Callable[..., Host]) -> None:
    notes = uneven(2500)
    piece = protocol.Piece([protocol.Note(s, d, p, v) for s, d, p, v in notes], 8, 1, "long")
    clip = clip_of(song, 0, uneven(4))
    with stand_in.running(lambda r: stand_in.result(r, piece, piece)) as service:
        host = start(service.port)
        host.rename(clip, "seqgen sample 2")
        steps = len(song.undo.steps)
        while not any("2 clips" in message for message in host.instance.messages):
            before = sum(len(there(s.clip)) for s in song.tracks[0].clip_slots if s.has_clip)
            host.until("")
            after = sum(len(there(s.clip)) for s in song.tracks[0].clip_slots if s.has_clip)
            assert after - before <= 1000
            time.sleep(0.002)
    made = [song.tracks[0].clip_slots[slot].clip for slot in (1, 2)]
    assert [clip.chunks for clip in made] == [[1000, 1000, 500]] * 2
    assert [there(clip) for clip in made] == [notes, notes]
    assert len(song.undo.steps) == steps + 1
    assert not song.undo.open


def test_in_the_arrangement_they_follow_the_last_clip(song: live.Song, start: Callable[..., Host]) -> None:
    first = clip_of(song, 0, uneven(8))
    track = song.tracks[0]
    a, last = (track.duplicate_clip_to_arrangement(first, time) for time in (0.0, 49.0))
    track.clip_slots[0].delete_clip()
    song.undo.steps.clear()
    with stand_in.running(ends) as service:
        host = start(service.port)
        host.rename(a, "seqgen a")
        host.rename(a, "seqgen interpolate 2")
        host.until("2 clips")
    assert [clip.start_time for clip in track.arrangement_clips] == [0, 49, 84, 116]
    assert there(track.arrangement_clips[2]) == uneven(8)
    assert last in track.arrangement_clips
    assert not any(slot.has_clip for slot in track.clip_slots)


def test_scenes_are_added_where_no_slot_is_free(song: live.Song, start: Callable[..., Host]) -> None:
    clip = clip_of(song, 7, uneven(4))
    with stand_in.running(lambda r: stand_in.result(r, protocol.Piece([], 2, 1, "new"))) as service:
        host = start(service.port)
        host.rename(clip, "seqgen sample")
        host.until("1 clip")
    assert len(song.scenes) == 9
    assert song.tracks[0].clip_slots[8].has_clip


def test_notes_of_the_midi_input_are_buttons(song: live.Song, start: Callable[..., Host]) -> None:
    a, b = clip_of(song, 0, uneven(8)), clip_of(song, 1, uneven(9))
    with stand_in.running(ends) as service:
        host = start(service.port)
        song.view.detail_clip = a
        host.surface.receive_midi((0x9F, 0, 100))
        host.surface.receive_midi((0x8F, 0, 0))
        host.until("A has 8 notes")
        song.view.detail_clip = b
        host.surface.receive_midi((0x9F, 1, 100))
        host.until("2 clips")
        song.view.detail_clip = None
        song.view.selected_scene = song.scenes[6]
        service.answer = lambda r: stand_in.result(r, protocol.Piece([], 2, 1, "new"))
        host.surface.receive_midi((0x9F, 3, 100))
        host.until("1 clip")
    assert song.tracks[0].clip_slots[6].has_clip
    assert [type(request).__name__ for request in service.requests] == ["Interpolate", "Sample"]


def test_an_old_name_does_nothing(song: live.Song, start: Callable[..., Host]) -> None:
    clip = clip_of(song, 0, uneven(4))
    clip._name = "seqgen sample 3"
    with stand_in.running(ends) as service:
        host = start(service.port)
        song.view.detail_clip = clip
        for _ in range(5):
            host.surface.update_display()
    assert len(host.instance.messages) == 1  # that it is ready
    assert not service.paths


def test_the_real_service_answers(song: live.Song, start: Callable[..., Host], real_service: Any) -> None:
    scale = [(k / 2, 0.5, 60 + k % 12, 90) for k in range(16)]
    a, b = clip_of(song, 0, scale, 8.0), clip_of(song, 1, scale[::2], 8.0)
    host = start(real_service.port, real_service.token)
    host.rename(a, "seqgen a")
    host.rename(b, "seqgen interpolate 3")
    host.until("3 clips from mel-2bar")
    made = [slot.clip for slot in song.tracks[0].clip_slots[2:5]]
    assert all(clip is not None and clip.loop_end == 8 and there(clip) for clip in made)
    host.rename(b, "seqgen continue 2 model=no-such-model")
    host.until("unknown: ")


def test_attributes_are_sliders_in_a_name(song: live.Song, start: Callable[..., Host]) -> None:
    clip = clip_of(song, 0, uneven(8))
    with stand_in.running(lambda r: stand_in.result(r, protocol.Piece(r.clip.notes, 2, 1, "new"))) as service:
        host = start(service.port)
        host.rename(clip, "seqgen attribute")
        host.until("expected what is moved, such as note_density=+1.5")
        host.rename(clip, "seqgen attribute note_density=much")
        host.until("note_density: expected a number, got 'much'")
        host.rename(clip, "seqgen attribute note_density=+1.5 mean_pitch=-1 model=mel-2bar seed=3")
        host.until("1 clip from mel-2bar")
    (request,) = service.requests
    assert (request.amounts, request.seed) == ({"note_density": 1.5, "mean_pitch": -1.0}, 3)


def test_it_is_python_of_live_11() -> None:
    for path in sorted(SCRIPT.glob("*.py")):
        ast.parse(path.read_text(), feature_version=(3, 7))
        names = {
            (node.module or "").split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and not node.level
        }
        assert names <= {"__future__", "_Framework", "collections", "typing"}
