"""Paths whose figures are known: through the data, in one jump, there and back, and of a small model."""

import numpy as np
import pytest
import torch

from seqgen.evaluation.interpolation import (
    STEPS,
    WAYS,
    Paths,
    codes_between,
    deviation,
    draw_paths,
    measure_interpolation,
    monotone,
    windows_between,
)
from seqgen.models.checkpoint import load_model
from tests.evaluation.conftest import windows_of

ALPHA = np.linspace(0, 1, STEPS)
PAIRS, TIME = 25, 64


@pytest.fixture
def ends():
    """Windows that differ on every step."""
    rng = np.random.default_rng(1)
    return rng.integers(2, 40, (PAIRS, TIME)), rng.integers(40, 80, (PAIRS, TIME))


class Coin:
    """A judge to whom every token of B's half is as likely as one of A's, and others are not."""

    def nll(self, tokens):
        return np.where(tokens < 80, 1.0, 2.0)


def spliced(ends):
    return Paths(windows_between(*ends, ALPHA, "splice", np.zeros(ends[0].shape)))


def test_a_perfect_path_is_the_diagonal(ends):
    path = spliced(ends)
    assert deviation(path.progress).tolist() == deviation(path.from_a).tolist() == [0] * PAIRS
    assert monotone(path.progress).all()
    np.testing.assert_allclose(path.evenness, 1)
    np.testing.assert_allclose(path.detour, 1)
    np.testing.assert_allclose(path.to_a + path.to_b, 1)


def test_a_path_there_and_back_is_caught(ends):
    tokens = spliced(ends).tokens
    tokens[:, [3, 4]] = tokens[:, [4, 3]]
    assert not monotone(Paths(tokens).progress).any()
    assert not monotone(Paths(tokens).from_a).any()
    assert (deviation(Paths(tokens).progress) > 0.03).all()


def test_one_step_back_is_caught(ends):
    path = spliced(ends)
    tokens = path.tokens.copy()
    tokens[0, 5, :] = tokens[0, 4, :]
    tokens[0, 5, -1] = ends[0][0, -1]
    assert monotone(Paths(tokens).progress).tolist() == [0, *[1] * (PAIRS - 1)]


def test_a_jump_is_uneven_and_far_from_the_diagonal(ends):
    tokens = np.where((ALPHA < 0.5)[:, None], ends[0][:, None], ends[1][:, None])
    path = Paths(tokens)
    assert monotone(path.progress).all()
    np.testing.assert_allclose(path.evenness, STEPS - 1)
    np.testing.assert_allclose(
        deviation(path.progress), 2 / 7
    )  # of 1/8, 2/8, 3/8, 4/8 and their mirror images


def test_something_new_is_a_detour_and_not_a_deviation(ends):
    tokens = spliced(ends).tokens
    tokens[:, 1:-1, : TIME // 2] = 88
    path = Paths(tokens)
    np.testing.assert_allclose(path.detour, 1.5)
    assert (path.from_a >= path.progress - 1e-12).all()


def test_a_mix_goes_over_step_by_step(ends):
    draws = np.random.default_rng(2).random(ends[0].shape)
    path = Paths(windows_between(*ends, ALPHA, "mix", draws))
    assert monotone(path.from_a).all()
    assert path.from_a.mean(0) == pytest.approx(ALPHA, abs=0.03)
    np.testing.assert_array_equal(path.tokens[:, 0], ends[0])
    np.testing.assert_array_equal(path.tokens[:, -1], ends[1])


def test_codes_end_where_they_should():
    a, b = torch.randn(4, 6), torch.randn(4, 6)
    for way in ("slerp", "lerp"):
        z = codes_between(a, b, torch.linspace(0, 1, 5, dtype=torch.float64), way)
        torch.testing.assert_close(z[:, 0], a)
        torch.testing.assert_close(z[:, -1], b)
    torch.testing.assert_close(z[:, 2], (a + b) / 2)


def test_the_section(ends):
    path = spliced(ends)
    new = path.tokens.copy()
    new[:, STEPS // 2] = 88
    paths = {way: Paths(new) if way == "slerp" else path for way in WAYS}
    section = measure_interpolation(paths, Coin(), "x", seed=1)
    figures = {figure.name: figure for figure in section.figures}
    assert figures["slerp: midpoint nats over the ends'"][1:5] == (2, 2, 2, 1)
    onsets = {name: figure for name, figure in figures.items() if "onsets" in name}
    assert not onsets  # nobody has said which tokens begin a note
    told = measure_interpolation(paths, Coin(), "x", seed=1, first_onset=2).figures
    onsets = {figure.name: figure.value for figure in told if "onsets" in figure.name}
    played = (path.tokens[:, [0, -1]] >= 2).mean()
    assert onsets["slerp: midpoint onsets over the ends'"] == pytest.approx(1 / played)
    between = (path.tokens[:, STEPS // 2] >= 2).mean()
    assert onsets["splice: midpoint onsets over the ends'"] == pytest.approx(between / played)
    assert figures["lerp: deviation of progress"].value == 0
    assert figures["slerp: detour at the midpoint"].value == 2
    assert {plot.name for plot in section.plots} == {
        f"interpolation-{n}" for n in ("nll", "hamming", "distances")
    }
    assert section.as_dict() == measure_interpolation(paths, Coin(), "x", seed=1).as_dict()
    unjudged = measure_interpolation(paths, None, "x", seed=1)
    assert "no train windows" in unjudged.missing[0]
    few = measure_interpolation({way: Paths(p.tokens[:5]) for way, p in paths.items()}, Coin(), "x", seed=1)
    assert not few.figures
    assert "5 pairs have different ends" in few.missing[0]


def test_paths_of_a_model_join_its_reconstructions(varied):
    model, _ = load_model(varied / "melody")
    token = torch.from_numpy(windows_of("melody")[:20].astype(np.int64))
    with torch.no_grad():
        mean = model.encode(token).mean
        ends = model.decode(mean).numpy()
        paths, again = (draw_paths(model, mean, ends, 12, seed=3) for _ in range(2))
    for way in WAYS:
        np.testing.assert_array_equal(paths[way].tokens, again[way].tokens)
        np.testing.assert_array_equal(paths[way].tokens[:, 0], paths["mix"].tokens[:, 0])
        np.testing.assert_array_equal(paths[way].tokens[:, -1], paths["mix"].tokens[:, -1])
        assert (paths[way].apart > 0).all()
    assert len(paths["slerp"].tokens) <= 12
    alike = draw_paths(model, mean[:1].expand(20, -1), ends[:1].repeat(20, 0), 12, seed=3)
    assert len(alike["slerp"].tokens) == len(alike["mix"].tokens) == 0
    with pytest.raises(ValueError, match="pairs: expected at least 1"):
        draw_paths(model, mean, ends, 0, seed=3)
