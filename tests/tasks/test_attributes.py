"""Sliders: fitted to a model whose codes are known, moved, clamped, and refused."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from seqgen.models.attribute_vectors import FILE, AttributeVectors, to_bytes
from seqgen.representation.attributes import ATTRIBUTES, measure
from seqgen.tasks import attribute_fit
from seqgen.tasks.attributes import clamped, steer, vectors_of
from seqgen.tasks.music import load
from seqgen.tasks.sliders import Sliders
from tests.models.test_attribute_vectors import vectors
from tests.tasks.small import drum_tokens, melody, melody_tokens, small_model


def shifting(z: np.ndarray) -> np.ndarray:
    """Two attributes: two numbers of a code are each one's own, a third moves both, a fourth nothing."""
    return np.tanh(z @ np.array([[1.0, 0.0], [0.0, 0.5], [0.6, 0.6], [0.0, 0.0]]))


def crossing(ends: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The effects [2, 2] of vectors [4, 2] on the attributes of `shifting`."""
    return np.stack([attribute_fit.clipped(shifting(z + v) - shifting(z - v)).mean(0) for v in ends.T])


def test_a_vector_moves_its_own_attribute_and_not_the_other():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(500, 4))
    basis = attribute_fit.moves(z, bars=1)
    gradient = attribute_fit.mean_gradient(shifting, z, basis, rng)
    effects = crossing(basis @ attribute_fit.dual(gradient), z)
    plain = crossing(basis @ attribute_fit.unit(gradient), z)
    for number in range(2):
        assert effects[number, number] > 0.2
        assert abs(effects[number, 1 - number]) < 0.15 * effects[number, number]
        assert plain[number, 1 - number] > 0.3 * plain[number, number]  # what the dual basis takes away


def test_a_vector_that_points_askew_is_put_right():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(500, 4))
    basis = np.eye(4)
    gradient = attribute_fit.mean_gradient(shifting, z, basis, rng)
    askew = np.array([0.5, 0.5, 0.5, 0.5])
    end = attribute_fit.improved(shifting, z, basis, gradient, askew, 0, 128, rng)
    before, after = crossing(np.stack([askew, end], 1), z)
    assert before[1] > before[0] / 2
    assert after[0] > before[0] - 0.1
    assert abs(after[1]) < 0.15 * after[0]


def test_a_vector_is_as_long_as_has_an_effect_of_one():
    def linear(z: np.ndarray) -> np.ndarray:
        return z[:, :1] / 4

    z = np.zeros((10, 3))
    assert attribute_fit.length(linear, z, np.array([1.0, 0, 0]), 0) == pytest.approx(4)
    assert attribute_fit.length(linear, z, np.array([0, 1.0, 0]), 0) == attribute_fit.LONGEST
    assert attribute_fit.extent(lambda z: np.minimum(z[:, :1], 1.6), z, np.array([1.0, 0, 0]), 0) == (-3, 2)


def test_moves_of_bars_are_the_same_in_all_or_grow_with_them():
    z = np.random.default_rng(0).normal(size=(400, 4 * 3))
    basis = attribute_fit.moves(z, bars=4)
    assert basis.shape == (12, 6)
    by_bar = basis.reshape(4, 3, 6)
    assert (by_bar[:, :, :3] == by_bar[:1, :, :3]).all()
    np.testing.assert_allclose(by_bar[:, :, 3:].sum(0), 0, atol=1e-12)


SMALL = {"PAIRS": 4, "ROUNDS": 1, "TRIED": 16, "NEAR_PAIRS": 32, "FEWEST_NEAR": 8, "AMOUNTS": (1.0, 2.0)}
"""a fit of a second"""


def windows() -> np.ndarray:
    tokens = np.stack([melody_tokens(2, seed) for seed in range(120)])
    tokens[::3, 8:12] = 1  # rests, or they would be the same in all
    tokens[1::4, 3] = 50
    return tokens


def fitted(vae) -> AttributeVectors:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(attribute_fit, name, value)
        return attribute_fit.fit(vae, "melody", windows())


@pytest.fixture(scope="module")
def steered(tmp_path_factory: pytest.TempPathFactory):
    """A small model with vectors of its own."""
    folder = small_model(tmp_path_factory.mktemp("models") / "steered")
    (folder / FILE).write_bytes(to_bytes(fitted(load(folder).vae)))
    return load(folder)


def test_a_fit_is_the_same_again_and_has_every_attribute(steered):
    sliders = steered.sliders
    assert sliders.names == tuple(ATTRIBUTES["melody"])
    again = fitted(steered.vae)
    assert torch.equal(again.vectors, sliders.vectors)
    np.testing.assert_allclose(sliders.means, np.nanmean(measure("melody", windows()), 0), rtol=1e-6)


def test_moved_music_is_told_and_measured_and_the_same_again(steered):
    piece, amounts = melody(2, seed=7), {"note_density": 0.5, "mean_pitch": -1.0}
    done = steer(steered, piece, amounts)
    assert done.plain.notes == steered.reconstruct(piece).notes
    assert done.piece.notes != done.plain.notes
    assert "attribute, note_density +0.5, mean_pitch -1, seed 1" in done.piece.text_annotations[0].text
    tokens = [steered.converter.encode_clip(part)[None] for part in (done.original, done.plain, done.piece)]
    for number, name in enumerate(ATTRIBUTES["melody"]):
        measured = [float(measure("melody", row)[0, number]) for row in tokens]
        np.testing.assert_allclose(done.values[name], measured)
    assert steer(steered, piece, amounts).piece == done.piece
    warm, again = (steer(steered, piece, amounts, temperature=0.7, precision="float32") for _ in range(2))
    assert warm.piece == again.piece
    assert warm.plain.notes == steered.reconstruct(piece, temperature=0.7, precision="float32").notes
    assert "temperature 0.7" in warm.piece.text_annotations[0].text


def test_without_a_slider_the_piece_is_the_plain_one(steered):
    for amounts in ({}, {"note_density": 0.0}):
        done = steer(steered, melody(2, seed=7), amounts, temperature=0.7)
        assert done.piece.notes == done.plain.notes
        assert all(row[1] == row[2] for row in done.values.values())


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("mel-2bar", ("note_density", "pitch_range", "repetition")),
        ("mel-16bar", ("diatonicity",)),
        ("drums-2bar", ("note_density", "syncopation_16th")),
    ],
)
def test_sliders_of_a_model_move_music_the_right_way(name: str, attributes: tuple[str, ...]):
    """Of a shipped model: its decoder answers, where a small one's answers are noise."""
    model = load(name)
    tokens = melody_tokens if model.converter.name == "melody" else drum_tokens
    music = model.converter.decode(tokens(model.converter.bars, 3), 100.0)
    for attribute in attributes:
        down, up = (steer(model, music, {attribute: amount}).values[attribute] for amount in (-1.0, 1.0))
        assert down[2] < up[2]
        assert down[2] <= down[1] == up[1] <= up[2]


def test_a_slider_beyond_its_range_is_clamped_and_that_is_said():
    amounts, notices = clamped(vectors(), {"note_density": 5.0, "mean_pitch": -3.0}, "mine")
    assert amounts == {"note_density": 2.0, "mean_pitch": -3.0}
    assert notices == ["note_density: +5 is beyond what was measured of mine (-1 to +2): +2 is taken"]


def test_what_cannot_be_steered_says_why(tmp_path: Path, steered):
    with pytest.raises(ValueError, match="has no attribute 'swing'; it has note_density, pitch_range"):
        steered.attribute("swing")
    with pytest.raises(ValueError, match="finite number"):
        clamped(vectors(), {"note_density": float("nan")}, "mine")
    plain = load(small_model(tmp_path / "plain"))
    with pytest.raises(ValueError, match="plain has no attribute vectors: make them with `seqgen fit-attr"):
        plain.attribute("note_density")
    trio = load(small_model(tmp_path / "three", "trio", bars=4))
    with pytest.raises(ValueError, match="three has no attributes: only models of melody and drums"):
        trio.attribute("note_density")


def test_vectors_of_other_weights_or_other_attributes_are_not_used(tmp_path: Path, steered):
    other = small_model(tmp_path / "other", "drums")
    (other / FILE).write_bytes(to_bytes(steered.sliders))
    assert "which it does not have" in load(other).sliders
    folder = small_model(tmp_path / "same")
    (folder / FILE).write_bytes(to_bytes(steered.sliders))
    model = load(folder)
    assert not isinstance(model.sliders, str)
    with torch.no_grad():
        next(model.vae.parameters()).add_(1)
    assert "fitted to other weights" in vectors_of(folder, "same", model.vae, "melody")


def test_windows_that_teach_nothing_are_refused(tmp_path: Path):
    vae = load(small_model(tmp_path / "drums", "drums")).vae
    beats = np.stack([drum_tokens(2, seed) for seed in range(120)])
    with pytest.raises(ValueError, match="at least 100 train windows, got 99"):
        attribute_fit.fit(vae, "drums", beats[:99])
    with pytest.raises(ValueError, match="simultaneity is the same in all train windows"):
        attribute_fit.fit(vae, "drums", np.minimum(beats, 1))


def test_the_command_has_a_slider_for_every_attribute():
    names = {name for known in ATTRIBUTES.values() for name in known}
    assert {field.name for field in fields(Sliders)} == names
