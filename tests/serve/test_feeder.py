"""Two bars ahead, always; and what the settings make of each bar."""

import pytest

from seqgen.serve.beats import TempoClock
from seqgen.serve.feeder import Feeder
from seqgen.serve.knobs import Knobs, Settings
from seqgen.serve.player import Player
from tests.serve.recording import Recording, SetClock


class Drawn:
    """A source that remembers what it was asked, and plays one note a quarter."""

    def __init__(self):
        self.asked = []

    def __call__(self, bar, position, temperature, seed):
        self.asked.append((bar, position, temperature, seed))
        return [(float(k), k + 0.5, 60 + k, 80) for k in range(4)]


def feeding(clock, knobs=None, bars=2):
    port, drawn = Recording(), Drawn()
    player = Player(port, clock)
    return Feeder(player, knobs or Knobs(Settings(), loop=True), drawn, bars), player, port, drawn


def test_there_are_always_two_bars_ahead():
    clock = TempoClock(120.0)
    feeder, player, _, _ = feeding(clock)
    feeder.fill(0.0)
    assert player.ahead(0.0) == 12.0
    clock.run(0.0, True)
    smallest, now = 12.0, 0.0
    for tick in range(4000):  # 40 seconds; the feeder looks half a bar after it could have
        now = tick / 100
        player.advance(now)
        if tick % 100 == 0:
            feeder.step(now)
        smallest = min(smallest, player.ahead(now))
    assert smallest >= 8.0
    assert (player.sent, player.late) == (80, 0)


def test_a_bar_follows_the_other_and_a_pass_the_position():
    clock = SetClock()
    feeder, _, _, drawn = feeding(clock, Knobs(Settings(temperature=0.2, seed=7), steps=3, loop=True))
    for bar in range(12):
        clock.put(beat=4.0 * bar)
        feeder.fill(0.0)
    assert drawn.asked[:10] == [
        (bar, position, 0.2, 7) for position in (0.0, 0.5, 1.0, 0.5, 0.0) for bar in (0, 1)
    ]


def test_what_is_set_is_heard_from_the_next_bar_that_is_drawn():
    clock = SetClock()
    knobs = Knobs(Settings(), loop=True)
    feeder, _, _, drawn = feeding(clock, knobs)
    feeder.fill(0.0)
    knobs.position(0.75)
    knobs.temperature(1.5)
    knobs.seed(9.0)
    clock.put(beat=4.0)
    feeder.fill(0.0)
    assert [asked[1:] for asked in drawn.asked] == [(0.0, 0.5, 1)] * 2 + [(1 / 7, 0.5, 1), (0.75, 1.5, 9)]


def test_a_walk_ends_where_it_was_told_to():
    clock = SetClock()
    feeder, player, _, drawn = feeding(clock, Knobs(Settings(), steps=2))
    player.end = 4
    for bar in range(8):
        clock.put(beat=4.0 * bar)
        player.advance(0.0)
        feeder.fill(0.0)
    assert [asked[:2] for asked in drawn.asked] == [(0, 0.0), (1, 0.0), (0, 1.0), (1, 1.0)]
    player.advance(0.0)
    assert player.done.is_set()


def test_drawing_that_fell_behind_goes_on_in_the_bar_that_sounds():
    clock = SetClock()
    feeder, _, _, drawn = feeding(clock)
    feeder.step(0.0)
    clock.put(beat=21.0)
    feeder.step(0.0)
    assert [asked[0] for asked in drawn.asked] == [0, 1]  # bars 0 and 5


def test_after_a_jump_the_bar_of_the_new_place_is_drawn():
    clock = SetClock()
    feeder, player, port, _ = feeding(clock)
    feeder.fill(0.0)
    player.advance(0.0)
    clock.put(beat=402.0, origin=402.0, jumps=1)
    feeder.fill(0.0)
    port.take()
    player.advance(0.0)
    assert [message for _, message in port.messages] == [(0x90, 62, 80)]
    assert player.late == 0


@pytest.mark.parametrize(
    ("change", "value", "said"),
    [
        ("position", 1.01, r"position: expected .* got 1.01"),
        ("position", float("nan"), "position"),
        ("temperature", -1.0, "temperature"),
        ("temperature", float("inf"), "temperature"),
        ("seed", -1.0, "seed"),
        ("seed", 2.0**32, "seed"),
        ("seed", 1.5, "whole number"),
        ("seed", float("inf"), "whole number"),
    ],
)
def test_a_setting_out_of_range_is_refused_and_changes_nothing(change, value, said):
    knobs = Knobs(Settings())
    with pytest.raises(ValueError, match=said):
        getattr(knobs, change)(value)
    assert knobs.now == Settings()


def test_a_tempo_out_of_range_is_refused():
    for qpm in (0.0, 9.9, 1001.0, float("nan")):
        with pytest.raises(ValueError, match="tempo: expected 10 to 1000"):
            TempoClock(qpm)
