"""The search about a vector, of decoders whose music is known: it finds what the vector misses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from seqgen.models.attribute_vectors import AttributeVectors
from seqgen.representation.attributes import measure
from seqgen.tasks import slider_search
from seqgen.tasks.slider_search import GONE, Goal, Piece, goal_of, settled

NAMES = ("note_density", "mean_pitch")
MEANS, DEVIATIONS = np.array([4.0, 64.0]), np.array([2.0, 4.0])
BARS, OF_BAR = 4, 4


def sliders(along: tuple[int, int] = (0, 1), names=NAMES, means=MEANS) -> AttributeVectors:
    """Vectors that move one number of each bar's code."""
    vectors = torch.eye(OF_BAR)[list(along)].repeat(1, BARS)
    numbers = (torch.from_numpy(part).float() for part in (means, DEVIATIONS))
    return AttributeVectors(names, vectors, *numbers, torch.tensor([[-3.0, 3.0]] * 2), "")


def bars_of(count: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Windows of so many eighths a bar, from its beginning, of one pitch a bar: both [R, U]."""
    tokens = np.zeros((*count.shape, 16), np.int16)
    onset = np.arange(8) < np.clip(np.rint(count), 1, 8)[..., None]
    tokens[..., ::2] = np.where(onset, np.clip(np.rint(pitch), 40, 80)[..., None] - 19, 0)
    return tokens.reshape(len(count), -1)


def turning(codes: np.ndarray) -> np.ndarray:
    """The first number of a bar's code gives notes where its last is above 0, and else takes them."""
    code = codes.reshape(len(codes), BARS, OF_BAR)
    return bars_of(4 + 2 * code[..., 0] * np.sign(code[..., 3]), 64 + 4 * code[..., 1])


def mixing(codes: np.ndarray) -> np.ndarray:
    """The first number gives notes and raises them, the third only gives notes."""
    code = codes.reshape(len(codes), BARS, OF_BAR)
    return bars_of(4 + 2 * (code[..., 0] + code[..., 2]), 64 + 24 * code[..., 0] + 4 * code[..., 1])


def code(last: float) -> np.ndarray:
    return np.tile([0.0, 0.0, 0.0, last], BARS)


def piece(draw=turning, z=None, spread: float = 0.5, seed: int = 1, parts: int = BARS, of=None) -> Piece:
    z = code(8.0) if z is None else z
    return Piece(draw, of or sliders(), "melody", parts, z, np.full(len(z), spread), seed)


def changed(near: Piece, moved: np.ndarray) -> np.ndarray:
    """The change of both attributes, in deviations."""
    before, after = measure("melody", np.stack([near.plain, moved]), NAMES)
    return (after - before) / DEVIATIONS


@pytest.mark.parametrize("parts", [BARS, 1])
@pytest.mark.parametrize("last", [8.0, -8.0])
def test_music_moves_the_right_way_where_the_vector_points_the_wrong_one(last: float, parts: int):
    near = piece(z=code(last), parts=parts)
    vector = sliders().vectors[0].numpy()
    assert changed(near, turning((code(last) + vector)[None])[0])[0] == pytest.approx(np.sign(last))
    up, down = (changed(near, near.moved(np.array([amount, 0.0]))) for amount in (1.0, -1.0))
    assert 0.4 < up[0] <= 1.3
    assert -1.3 <= down[0] < -0.4


def test_an_attribute_without_a_slider_is_kept_and_one_with_a_slider_is_moved(monkeypatch):
    monkeypatch.setattr(slider_search, "FAR", 0.0)  # so that nothing but the attributes speaks for staying
    z = np.kron(np.arange(BARS), [0.0, 0.2, 0.0, 0.0])
    near = piece(mixing, z)
    alone = changed(near, mixing((z + sliders().vectors[0].numpy())[None])[0])
    assert alone[0] == pytest.approx(1)
    assert alone[1] > 3
    kept = changed(near, near.moved(np.array([1.0, 0.0])))
    assert kept[0] == pytest.approx(1, abs=0.3)
    assert abs(kept[1]) < 0.4
    both = changed(near, near.moved(np.array([1.0, 1.0])))
    assert both[0] == pytest.approx(1, abs=0.3)
    assert both[1] == pytest.approx(1, abs=0.4)


def test_what_is_taken_was_decoded_also_where_bars_depend_on_each_other():
    heard: set[bytes] = set()

    def draw(codes: np.ndarray) -> np.ndarray:
        mean = codes.reshape(len(codes), BARS, OF_BAR).mean(1)
        tokens = turning(codes + np.tile(mean, BARS))
        heard.update(row.tobytes() for row in tokens)
        return tokens

    rising = np.kron(np.arange(BARS), [0.0, 1.0, 0.0, 0.0])  # no two bars are alike
    near = piece(draw, code(8.0) + rising)
    for amounts in ([1.0, 0.0], [0.0, -1.5], [2.0, 1.0], [-0.7, 0.4], [0.3, 0.3]):
        assert near.moved(np.array(amounts)).tobytes() in heard


def test_no_slider_no_change_and_the_same_seed_the_same_bytes():
    near = piece()
    assert (near.moved(np.zeros(2)) == near.plain).all()
    wanted = np.array([1.0, -0.5])
    first = piece().moved(wanted)
    near.moved(np.array([-1.0, 0.0]))
    assert near.moved(wanted).tobytes() == first.tobytes()
    others = {piece(seed=seed).moved(wanted).tobytes() for seed in range(2, 6)}
    assert others != {first.tobytes()}


def test_which_rows_are_decoded_together_changes_nothing():
    def backwards(codes: np.ndarray) -> np.ndarray:
        return turning(codes[::-1])[::-1]

    def one_by_one(codes: np.ndarray) -> np.ndarray:
        return np.concatenate([turning(row[None]) for row in codes])

    wanted = np.array([1.0, 1.0])
    results = {piece(draw).moved(wanted).tobytes() for draw in (turning, backwards, one_by_one)}
    assert len(results) == 1


def test_bars_that_are_alike_stay_alike():
    z = np.concatenate([[0.0, 0.0, 0.0, 8.0], [1.0, 1.0, 0.0, 8.0]] * 2)
    near = piece(z=z)
    bars = near.plain.reshape(BARS, -1)
    assert (bars[:2] == bars[2:]).all()
    assert (bars[0] != bars[1]).any()
    moved = near.moved(np.array([0.0, 1.0])).reshape(BARS, -1)
    assert (moved != bars).any()
    assert (moved[:2] == moved[2:]).all()


def test_a_window_that_has_no_further_to_go_stays_as_it_is():
    of = sliders(names=("note_density", "diatonicity"), means=np.array([4.0, 0.9]))
    near = piece(of=of)
    assert measure("melody", near.plain[None], ("diatonicity",))[0, 0] == 1
    assert (near.moved(np.array([0.0, 1.0])) == near.plain).all()


def test_a_slider_asks_for_no_more_than_there_is_room_for():
    bounds = np.array([[-2.0] * 4, [0.5] * 4])
    goal = goal_of(np.array([1.0, -1.0, 0.0, 1.0]), np.array([0.2, 0.2, 0.2, np.nan]), bounds)
    np.testing.assert_allclose(goal.change, [0.3, -1, 0, 0])


def test_an_undefined_attribute_asks_for_nothing_and_silence_is_no_way_out():
    def silent(codes: np.ndarray) -> np.ndarray:
        return np.zeros((len(codes), 16 * BARS), np.int16)

    near = piece(silent)
    assert (near.moved(np.array([0.0, 1.0])) == 0).all()

    def vanishing(codes: np.ndarray) -> np.ndarray:
        tokens = turning(codes)
        tokens[(codes[:, 0] < -0.1)] = 0  # silence has the fewest notes, and no pitch
        return tokens

    near = piece(vanishing)
    assert near.moved(np.array([-1.0, 0.0])).any()
    assert near.moved(np.array([-1.0, -1.0])).any()


def test_a_shortfall_costs_more_than_an_excess_and_both_more_than_nothing():
    goal = Goal(np.array([1.0, 0.0]), np.array([0.8, 0.0]))
    short, exact, over, other, gone = goal.cost(
        np.array([[0.3, 0.0], [0.8, 0.0], [1.3, 0.0], [0.8, 0.5], [0.8, -GONE]]), np.zeros(5)
    )
    assert exact == 0
    assert short == pytest.approx(20 * 0.25)
    assert over == pytest.approx(0.25) == other
    assert gone > 1000
    still, far = goal.cost(np.array([[0.8, 0.0]] * 2), np.array([0.0, 0.5]))
    assert (still, far) == (0, pytest.approx(1))
    down = Goal(np.array([-1.0, 0.0]), np.array([-1.0, 0.0]))
    assert down.cost(np.array([-0.5, 0.0]), np.array(0.0)) == pytest.approx(20 * 0.25)


def test_descent_ends_where_no_single_exchange_costs_less():
    rng = np.random.default_rng(0)
    goal = Goal(np.array([1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0]))
    change, steps = rng.normal(size=(4, 6, 3)) / 2, rng.random((4, 6)) / 4

    def cost(pick) -> float:
        rows = np.arange(4), np.array(pick)
        return float(goal.cost(change[rows].sum(0), np.asarray(steps[rows].sum())))

    least = min(map(cost, itertools.product(range(6), repeat=4)))
    picks = settled(goal, change, steps, np.arange(6))
    assert picks.shape == (6, 4)
    for start, pick in enumerate(picks):
        assert cost(pick) <= cost([start] * 4)
    assert min(map(cost, picks)) < least + 0.3
