"""What is sent and when, with times that a test sets: nothing here waits."""

import pytest

from seqgen.serve.beats import TempoClock
from seqgen.serve.player import Beat, Player, Wanted
from tests.serve.recording import Recording, SetClock, play_until

ON, OFF = 0x90, 0x80
CLOCK, START, CONTINUE, STOP = (0xF8,), (0xFA,), (0xFB,), (0xFC,)


def playing(notes, qpm=120.0, bar=0, **options):
    port, clock = Recording(), TempoClock(qpm)
    player = Player(port, clock, **options)
    player.add(Wanted(0, bar), notes)
    clock.run(0.0, True)
    return player, port, clock


def test_notes_sound_exactly_on_their_beats():
    player, port, _ = playing([Beat(0.0, 0.5, 60, 90), Beat(1.0, 3.0, 64, 70)])
    play_until(player, port, 10.0)
    assert port.messages == [
        (0.0, (ON, 60, 90)),
        (0.25, (OFF, 60, 0)),
        (0.5, (ON, 64, 70)),
        (1.5, (OFF, 64, 0)),
    ]
    assert (player.sent, player.late) == (2, 0)


def test_a_bar_begins_at_its_line_and_its_channel_is_kept():
    player, port, _ = playing([Beat(0.5, 1.0, 36, 100)], bar=2, channel=9)
    play_until(player, port, 10.0)
    assert port.messages == [(4.25, (0x99, 36, 100)), (4.5, (0x89, 36, 0))]


def test_a_change_of_tempo_moves_what_is_to_come_and_nothing_else():
    player, port, clock = playing([Beat(0.0, 1.0, 60, 90), Beat(2.0, 3.0, 62, 90)])
    play_until(player, port, 0.5)
    clock.set_tempo(0.5, 60.0)  # at beat 1
    play_until(player, port, 10.0, start=0.5)
    assert [time for time, _ in port.messages] == [0.0, 0.5, 1.5, 2.5]


def test_the_same_pitch_again_ends_the_note_before_it_and_the_old_end_is_forgotten():
    player, port, _ = playing([Beat(0.0, 4.0, 60, 90), Beat(1.0, 6.0, 60, 80)], qpm=60.0)
    play_until(player, port, 10.0)
    assert port.messages == [
        (0.0, (ON, 60, 90)),
        (1.0, (OFF, 60, 0)),
        (1.0, (ON, 60, 80)),
        (6.0, (OFF, 60, 0)),
    ]


def test_an_end_comes_before_a_beginning_at_the_same_place():
    player, port, _ = playing([Beat(1.0, 2.0, 60, 90), Beat(0.0, 1.0, 60, 80)], qpm=60.0)
    play_until(player, port, 10.0)
    assert [message for _, message in port.messages] == [
        (ON, 60, 80), (OFF, 60, 0), (ON, 60, 90), (OFF, 60, 0),
    ]  # fmt: skip


def test_a_pause_ends_what_sounds_and_goes_on_where_it_was():
    player, port, clock = playing([Beat(0.0, 4.0, 60, 90), Beat(2.0, 3.0, 62, 90)], qpm=60.0)
    play_until(player, port, 1.0)
    clock.run(1.0, False)
    port.now = 1.0
    assert player.advance(1.0) is None
    assert port.messages[-1] == (1.0, (OFF, 60, 0))
    assert player.advance(50.0) is None
    clock.run(100.0, True)
    play_until(player, port, 110.0, start=100.0)
    assert port.messages[2:] == [(101.0, (ON, 62, 90)), (102.0, (OFF, 62, 0))]


def test_notes_that_come_too_late_are_counted_and_left_out():
    player, port, _ = playing([], qpm=60.0)
    port.now = 2.0
    player.advance(2.0)
    player.add(Wanted(0, 0), [Beat(0.0, 1.0, 60, 90), Beat(1.95, 2.5, 62, 90), Beat(3.0, 3.5, 64, 90)])
    player.advance(2.0)
    play_until(player, port, 10.0, start=2.0)
    assert [message[1] for _, message in port.messages if message[0] == ON] == [62, 64]
    assert (player.sent, player.late) == (2, 1)


def test_a_sender_that_was_held_up_leaves_no_note_hanging():
    player, port, _ = playing([Beat(k / 2, k / 2 + 0.4, 60 + k, 90) for k in range(8)], qpm=60.0)
    player.advance(0.0)
    player.advance(100.0)
    on = {message[1] for _, message in port.messages if message[0] == ON}
    off = {message[1] for _, message in port.messages if message[0] == OFF}
    assert on == off == {60}
    assert player.late == 7


def test_closing_ends_what_sounds_and_nothing_comes_after():
    player, port, _ = playing([Beat(0.0, 4.0, 60, 90), Beat(0.0, 4.0, 64, 90), Beat(1.0, 2.0, 67, 90)])
    player.advance(0.0)
    port.take()
    player.close()
    player.close()
    assert [message for _, message in port.messages] == [(OFF, 60, 0), (OFF, 64, 0), (0xB0, 123, 0)]
    assert player.advance(5.0) is None
    assert len(port.messages) == 3


def test_a_jump_ends_what_sounds_and_drops_what_was_queued():
    port, clock = Recording(), SetClock()
    player = Player(port, clock)
    player.add(Wanted(0, 0), [Beat(0.0, 4.0, 60, 90), Beat(1.0, 2.0, 62, 90)])
    player.advance(0.0)
    clock.put(beat=9.0, origin=9.0, jumps=1)
    player.advance(0.0)
    assert [message for _, message in port.take()] == [(ON, 60, 90), (OFF, 60, 0)]
    assert player.wanted(0.0, 3) == Wanted(1, 2), "the bar in which the clock is"
    player.add(Wanted(0, 2), [Beat(1.0, 2.0, 50, 90)])  # drawn before the jump
    player.add(Wanted(1, 2), [Beat(0.0, 4.0, 70, 90), Beat(1.0, 2.0, 71, 90)])
    player.advance(0.0)
    assert [message for _, message in port.messages] == [(ON, 71, 90)], "70 began before the place"
    assert player.late == 0


def test_a_start_from_the_beginning_needs_nothing_that_is_not_there():
    port, clock = Recording(), SetClock()
    clock.put(running=False)
    player = Player(port, clock)
    player.add(Wanted(0, 0), [Beat(0.0, 1.0, 60, 90)])
    clock.put(running=True, jumps=1)
    player.advance(0.0)
    assert [message for _, message in port.messages] == [(ON, 60, 90)]


def test_clock_out_is_24_a_quarter_with_start_stop_and_continue():
    player, port, clock = playing([Beat(1.0, 2.0, 60, 90)], clock_out=True)
    play_until(player, port, 0.99)
    clock.run(0.99, False)
    port.now = 0.99
    player.advance(0.99)
    first = port.take()
    assert first[:2] == [(0.0, START), (0.0, CLOCK)]
    assert first[-2:] == [(0.99, STOP), (0.99, (OFF, 60, 0))]
    pulses = [time for time, message in first if message == CLOCK]
    assert pulses == pytest.approx([k / 48 for k in range(48)], abs=1e-9)
    at_one = [message for time, message in first if time == pytest.approx(0.5)]
    assert at_one == [CLOCK, (ON, 60, 90)]
    clock.run(5.0, True)
    play_until(player, port, 5.02, start=5.0)
    again = port.take()
    assert again[0] == (5.0, CONTINUE)
    assert [message for _, message in again[1:]] == [CLOCK]
    assert again[1][0] == pytest.approx(5.01), "no pulse is sent twice and none is left out"


def test_clock_out_says_where_it_goes_on_after_a_jump():
    port, clock = Recording(), SetClock()
    player = Player(port, clock, clock_out=True)
    player.advance(0.0)
    clock.put(beat=300.0, origin=300.0, jumps=1)
    player.advance(0.0)
    sent = [message for _, message in port.messages]
    assert sent == [START, CLOCK, STOP, (0xF2, 1200 & 127, 1200 >> 7), CONTINUE, CLOCK]


def test_it_begins_when_a_clock_that_counts_in_reaches_the_bar_line():
    port, clock = Recording(), SetClock()
    clock.put(beat=-2.0)
    player = Player(port, clock, clock_out=True)
    player.add(Wanted(0, 0), [Beat(0.0, 1.0, 60, 90)])
    assert player.advance(0.0) == 2.0
    assert port.messages == []
    clock.put(beat=0.0)
    player.advance(2.0)
    assert [message for _, message in port.messages] == [START, CLOCK, (ON, 60, 90)]


def test_the_end_is_there_when_the_last_note_is_off():
    player, port, _ = playing([Beat(3.0, 4.5, 60, 90)], qpm=60.0)
    player.end = 1
    play_until(player, port, 4.2)
    assert not player.done.is_set()
    player.advance(4.5)
    assert player.done.is_set()
    assert player.wanted(4.5, 3) is None
