"""The report on sliders: right, wrong and crossed ones are told apart; too little is said, not NaN."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from seqgen.evaluation.attributes import Moved, figures_of, measure_attributes, selectivity
from seqgen.models.attribute_vectors import AttributeVectors, fingerprint_of
from seqgen.representation.attributes import attributes_of
from seqgen.tasks.music import load
from tests.tasks.small import melody_tokens, small_model


def moved(effect: np.ndarray, rows: int = 200) -> Moved:
    """A slider that adds `effect` [K] either way, among windows that differ."""
    still = np.random.default_rng(0).normal(size=(rows, len(effect)))
    return Moved(still - effect, still, still + effect)


def figures(own: Moved, number: int = 0, bounds=(-np.inf, np.inf)) -> dict[str, object]:
    nothing = moved(np.zeros(own.up.shape[1]))
    return {figure.name: figure for figure in figures_of("x", number, own, nothing, bounds, 1)[0]}


def test_a_right_a_wrong_and_a_dead_slider():
    for effect, sign in ((0.4, 1), (-0.4, 0), (0.0, 0)):
        found = figures(moved(np.array([effect, 0.1])))
        assert found["x: right sign"].value == sign
        assert found["x: raised by +1"].value == found["x: lowered by -1"].value == sign
        assert found["x: effect"].value == pytest.approx(effect)
        assert found["x: right sign"].baseline == 0
    assert figures(moved(np.array([0.4, -0.1])))["x: selectivity"].value == pytest.approx(4)


def test_windows_at_a_bound_do_not_count_against_the_way_that_is_closed():
    still = np.array([[1.0], [1.0], [0.2], [0.4]])
    own = Moved(np.array([[0.5], [0.5], [0.1], [0.5]]), still, np.array([[1.0], [1.0], [0.3], [0.3]]))
    own = Moved(*(np.concatenate([part, np.zeros((4, 1))], 1) for part in own))
    found = figures(own, bounds=(0.0, 1.0))
    assert found["x: raised by +1"].value == 0.5
    assert found["x: lowered by -1"].value == 0.75
    assert found["x: right sign"].value == 0.75


def test_undefined_windows_count_nowhere():
    effects = np.array([[1.0, 0.5], [np.nan, 0.5], [1.0, np.nan]])
    assert selectivity(effects, 0, 1).value == pytest.approx(2)
    part = np.full((30, 1), np.nan)
    found, missing = figures_of("x", 0, Moved(part, part, part), Moved(part, part, part), (0.0, 1.0), 1)
    assert (found, missing) == (
        [],
        ["attributes: x is undefined in nearly all windows, and was not measured"],
    )


def test_a_model_is_measured_and_the_same_again(tmp_path: Path):
    model = load(small_model(tmp_path / "small"))
    names = attributes_of("melody")
    K = len(names)
    torch.manual_seed(0)
    sliders = AttributeVectors(
        names, torch.randn(K, 8), torch.zeros(K), torch.ones(K), torch.ones(K, 2), fingerprint_of(model.vae)
    )
    tokens = np.stack([melody_tokens(2, seed) for seed in range(20)])
    section = measure_attributes(model.vae, sliders, "melody", tokens)
    values = {figure.name: figure for figure in section.figures}
    assert {f"{name}: right sign" for name in names} <= set(values)
    assert all(np.isfinite(figure.value) and figure.low <= figure.high for figure in section.figures)
    assert "windows:20|seed:1" in section.signature
    assert section == measure_attributes(model.vae, sliders, "melody", tokens)
    few = measure_attributes(model.vae, sliders, "melody", tokens[:9])
    assert (few.figures, few.missing) == ([], ["attributes: expected at least 16 windows, got 9"])
    assert measure_attributes(model.vae, "why not", "melody", tokens).missing == ["why not"]
