"""The report on sliders: right, wrong and crossed ones are told apart; too little is said, not NaN."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from seqgen.evaluation.attributes import (
    Moved,
    Windows,
    as_played,
    figures_of,
    measure_attributes,
    selectivity,
)
from seqgen.models.attribute_vectors import FILE, AttributeVectors, fingerprint_of, to_bytes
from seqgen.representation.attributes import attributes_of, measure
from seqgen.tasks.attribute_fit import decoded, read
from seqgen.tasks.attributes import steer
from seqgen.tasks.music import load
from tests.tasks.small import melody_tokens, small_model


def moved(effect: np.ndarray, rows: int = 200) -> Moved:
    """A slider that adds `effect` [K] either way, and a quarter of the steps, among windows that differ."""
    still = np.random.default_rng(0).normal(size=(rows, len(effect)))
    return Moved(still - effect, still, still + effect, np.full(rows, 0.25))


def figures(own: Moved, number: int = 0, bounds=(-np.inf, np.inf)) -> dict[str, object]:
    nothing = moved(np.zeros(own.up.shape[1]))
    return {figure.name: figure for figure in figures_of("x", number, own, nothing, bounds, 1, "y")[0]}


def test_a_right_a_wrong_and_a_dead_slider():
    for effect, sign in ((0.4, 1), (-0.4, 0), (0.0, 0)):
        found = figures(moved(np.array([effect, 0.1])))
        assert found["x: right sign"].value == sign
        assert found["x: raised by +1"].value == found["x: lowered by -1"].value == sign
        assert found["x: effect"].value == pytest.approx(effect)
        assert (found["x: right sign"].baseline, found["x: right sign"].against) == (0, "y")
        assert found["x: steps changed"].value == 0.25
    assert figures(moved(np.array([0.4, -0.1])))["x: selectivity"].value == pytest.approx(4)


def test_windows_at_a_bound_do_not_count_against_the_way_that_is_closed():
    still = np.array([[1.0], [1.0], [0.2], [0.4]])
    ends = np.array([[0.5], [0.5], [0.1], [0.5]]), still, np.array([[1.0], [1.0], [0.3], [0.3]])
    own = Moved(*(np.concatenate([part, np.zeros((4, 1))], 1) for part in ends), np.zeros(4))
    found = figures(own, bounds=(0.0, 1.0))
    assert found["x: raised by +1"].value == 0.5
    assert found["x: lowered by -1"].value == 0.75
    assert found["x: right sign"].value == 0.75


def test_undefined_windows_count_nowhere():
    effects = np.array([[1.0, 0.5], [np.nan, 0.5], [1.0, np.nan]])
    assert selectivity(effects, 0, 1).value == pytest.approx(2)
    part = np.full((30, 1), np.nan)
    nothing = Moved(part, part, part, np.zeros(30))
    found, missing = figures_of("x", 0, nothing, nothing, (0.0, 1.0), 1, "y")
    assert (found, missing) == (
        [],
        ["attributes: x is undefined in nearly all windows, and was not measured"],
    )


def test_a_model_is_measured_and_the_same_again(tmp_path: Path):
    model = load(small_model(tmp_path / "small"))
    names = attributes_of("melody")[:4]
    K = len(names)
    torch.manual_seed(0)
    sliders = AttributeVectors(
        names, torch.randn(K, 8), torch.zeros(K), torch.ones(K), torch.ones(K, 2), fingerprint_of(model.vae)
    )
    tokens = np.stack([melody_tokens(2, seed) for seed in range(20)])
    section = measure_attributes(model.vae, sliders, "melody", tokens)
    values = {figure.name: figure for figure in section.figures}
    rows = ("right sign", "effect", "selectivity", "steps changed")
    titles = [title for name in names for title in (name, f"{name}, as played")]
    assert {f"{title}: {row}" for title in titles for row in rows} <= set(values)
    assert values["note_density: right sign"].against == "a random direction of the same length"
    assert values["note_density, as played: right sign"].against == "random codes as near as those tried"
    assert all(np.isfinite(figure.value) and figure.low <= figure.high for figure in section.figures)
    assert "windows:20|as played:20|seed:1" in section.signature
    assert section == measure_attributes(model.vae, sliders, "melody", tokens)
    few = measure_attributes(model.vae, sliders, "melody", tokens[:9])
    assert (few.figures, few.missing) == ([], ["attributes: expected at least 16 windows, got 9"])
    assert measure_attributes(model.vae, "why not", "melody", tokens).missing == ["why not"]


def test_what_is_played_does_not_depend_on_the_windows_beside_it(tmp_path: Path):
    model = load(small_model(tmp_path / "small"))
    names, torch_rng = attributes_of("melody"), torch.Generator().manual_seed(0)
    K = len(names)
    vectors = torch.randn(K, 8, generator=torch_rng)
    sliders = AttributeVectors(names, vectors, torch.zeros(K), torch.ones(K), torch.ones(K, 2), "")

    def look(windows: np.ndarray) -> np.ndarray:
        return measure("melody", windows, names)

    mean, std = read(model.vae, np.stack([melody_tokens(2, seed) for seed in range(4)]))
    windows = Windows(mean, std, decoded(model.vae, mean))
    together, _ = as_played(model.vae, sliders, "melody", look, windows, 1)
    turned = Windows(*(part[::-1] for part in windows))
    backwards, _ = as_played(model.vae, sliders, "melody", look, turned, 1)
    for one, other in zip(together, backwards, strict=True):
        for part, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, same[::-1])
    assert max(moved.steps.max() for moved in together) > 0


def test_as_played_is_what_a_user_gets(tmp_path: Path):
    """The figures are of `steer` itself, not of something like it."""
    folder = small_model(tmp_path / "small")
    names, K = attributes_of("melody"), len(attributes_of("melody"))
    vectors = torch.randn(K, 8, generator=torch.Generator().manual_seed(0))
    model = load(folder)
    sliders = AttributeVectors(
        names,
        vectors,
        torch.zeros(K),
        torch.ones(K),
        torch.tensor([[-1.0, 1.0]] * K),
        fingerprint_of(model.vae),
    )
    (folder / FILE).write_bytes(to_bytes(sliders))
    model = load(folder)
    tokens = model.clip(model.converter.decode(melody_tokens(2, 3), 120.0)).tokens[None]
    mean, std = read(model.vae, tokens)
    windows = Windows(mean, std, decoded(model.vae, mean))
    played, _ = as_played(
        model.vae, sliders, "melody", lambda rows: measure("melody", rows, names), windows, seed=1
    )
    for name, moved in zip(names, played, strict=True):
        music = model.converter.decode(tokens[0], 120.0)
        done = steer(model, music, {name: 1.0}, precision="float32")
        np.testing.assert_allclose([value[2] for value in done.values.values()], moved.up[0])
