"""Following a MIDI clock, with times that a test sets."""

import pytest

from seqgen.serve.midi_clock import MidiClockIn
from seqgen.serve.player import Beat, Player, Wanted
from tests.serve.recording import Recording

CLOCK, START, CONTINUE, STOP = (0xF8,), (0xFA,), (0xFB,), (0xFC,)


def pulses(clock: MidiClockIn, start: float, count: int, qpm: float) -> float:
    """`count` pulses from `start` on; the time of the one after them."""
    for k in range(count):
        clock.receive(start + k * 60 / qpm / 24, CLOCK)
    return start + count * 60 / qpm / 24


def test_start_and_24_pulses_are_a_quarter():
    clock = MidiClockIn()
    assert not clock.transport(0.0).running
    clock.receive(0.99, START)
    assert not clock.transport(0.995).running, "the first pulse is the beginning"
    after = pulses(clock, 1.0, 49, 90.0)
    said = clock.transport(after - 60 / 90 / 24)
    assert said.running
    assert (said.beat, said.qpm) == (pytest.approx(2.0), pytest.approx(90.0))


def test_between_pulses_the_beat_goes_on_but_never_past_the_next():
    clock = MidiClockIn()
    clock.receive(0.0, START)
    pulses(clock, 0.0, 25, 60.0)
    assert clock.transport(1.0 + 1 / 48).beat == pytest.approx(1 + 1 / 48)
    assert clock.transport(1.3).beat == pytest.approx(1 + 1 / 24)


def test_it_follows_a_tempo_within_a_quarter():
    clock = MidiClockIn()
    clock.receive(0.0, START)
    after = pulses(clock, 0.0, 48, 120.0)
    after = pulses(clock, after, 25, 90.0)
    assert clock.transport(after).qpm == pytest.approx(90.0)
    assert clock.transport(after - 60 / 90 / 24).beat == pytest.approx(72 / 24)


def test_stop_and_continue_go_on_at_the_place():
    clock = MidiClockIn()
    clock.receive(0.0, START)
    after = pulses(clock, 0.0, 25, 60.0)
    clock.receive(after, STOP)
    before = clock.transport(after)
    pulses(clock, after, 30, 60.0)  # many go on sending pulses while they stand
    assert not clock.transport(after + 1.2).running
    assert clock.transport(after + 1.2).beat == before.beat == 1.0
    clock.receive(5.0, CONTINUE)
    pulses(clock, 5.01, 25, 60.0)
    said = clock.transport(5.01 + 1.0)
    assert (said.running, said.beat, said.jumps) == (True, pytest.approx(49 / 24), before.jumps)


def test_a_song_position_and_a_start_are_jumps():
    clock = MidiClockIn()
    clock.receive(0.0, (0xF2, 0x10, 0x01))  # 144 sixteenths
    clock.receive(0.0, CONTINUE)
    clock.receive(0.1, CLOCK)
    assert (clock.transport(0.1).beat, clock.transport(0.1).jumps) == (36.0, 1)
    clock.receive(0.2, START)
    clock.receive(0.21, CLOCK)
    assert (clock.transport(0.21).beat, clock.transport(0.21).jumps) == (0.0, 2)


def test_a_sender_that_vanishes_leaves_no_note_hanging():
    clock, port = MidiClockIn(), Recording()
    player = Player(port, clock)
    clock.receive(0.0, START)
    after = pulses(clock, 0.0, 2, 60.0)
    player.advance(after)
    player.add(Wanted(1, 0), [Beat(0.0, 4.0, 60, 90)])
    player.advance(after)
    assert [message for _, message in port.messages] == [(0x90, 60, 90)]
    player.advance(after + 1.0)
    assert port.messages[-1][1] == (0x80, 60, 0)
    clock.receive(after + 2.0, CLOCK)
    assert clock.transport(after + 2.0).running, "and goes on with it"


def test_pausing_by_hand_takes_no_part_and_comes_back_at_the_place_of_the_other():
    clock = MidiClockIn()
    clock.receive(0.0, START)
    after = pulses(clock, 0.0, 24, 60.0)
    clock.run(after, False)
    assert not clock.transport(after).running
    after = pulses(clock, after, 24, 60.0)
    clock.run(after, True)
    said = clock.transport(after - 1 / 24)
    assert (said.running, said.beat, said.jumps) == (True, pytest.approx(47 / 24), 2)


def test_other_messages_and_broken_ones_change_nothing():
    clock = MidiClockIn()
    for message in ((0x90, 60, 1), (0xF2,), (0xF2, 1), (0xFE,), (0xF0, 1, 0xF7), ()):
        clock.receive(0.0, message)
    assert clock.transport(0.0) == MidiClockIn().transport(0.0)


def test_its_tempo_is_not_ours_to_set():
    with pytest.raises(ValueError, match="MIDI clock of the input"):
        MidiClockIn().set_tempo(0.0, 100.0)
