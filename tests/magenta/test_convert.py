"""Imported models compute what Magenta's do, by an independent reference in NumPy (see `reference`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch

from seqgen.models.music_vae import MusicVAE
from seqgen.tasks.magenta.convert import config_of, convert
from seqgen.tasks.magenta.known import KNOWN, Known
from seqgen.tasks.magenta.recognise import named
from seqgen.tasks.magenta.variables import Shapes, expected
from tests.magenta import reference
from tests.magenta.parity import Row, imported, measure

FAMILIES = (
    "cat-mel_2bar_big",
    "cat-mel_2bar_med_chords",
    "cat-drums_2bar_small",
    "nade-drums_2bar_reduced",
    "nade-drums_2bar_full",
    "flat-mel_16bar",
    "hierdec-mel_16bar",
    "hier-mel_16bar",
    "flat-trio_16bar",
    "hierdec-trio_16bar",
    "hier-trio_16bar",
    "hier-multiperf_vel_1bar_med_chords",
    "groovae_2bar_humanize",
    "groovae_2bar_hits_control_tfds",
)
CASES = [(0.0, 0.2), (5.0, 0.5)]
B, Z, WIDTH, CONDUCTOR, ENCODER, HIDDEN = 3, 6, 8, 7, 5, 4


class Case(NamedTuple):
    known: Known
    shapes: Shapes
    weights: dict[str, np.ndarray]
    arrays: dict[str, np.ndarray]
    wanted: dict[str, np.ndarray]

    def row(self, model: MusicVAE) -> Row:
        return measure(self.known.name, model, self.arrays, self.wanted, [bits for bits, _ in CASES])


def small(known: Known) -> Shapes:
    """Names and shapes of the variables, with small layers."""
    layers, depth = known.layers
    found: dict[str, tuple[int, ...]] = {"encoder/mu/bias": (Z,), "decoder/nade/w_enc": (1, 1, HIDDEN)}
    levels = ["", "hierarchical_level_0/", "hierarchical_level_1/"]
    scopes = [
        "decoder",
        "core_decoder/decoder",
        *(f"core_decoder/core_decoder_{n}/decoder" for n in range(3)),
    ]
    for n in range(layers):
        for level in levels:
            cell = f"encoder/{level}cell_{n}/bidirectional_rnn/fw/multi_rnn_cell/cell_0"
            found[f"{cell}/lstm_cell/bias"] = (4 * ENCODER,)
    for n in range(depth):
        for scope in scopes:
            found[f"{scope}/multi_rnn_cell/cell_{n}/lstm_cell/bias"] = (4 * WIDTH,)
        found[f"decoder/hierarchical_level_0/cell_{n}/lstm_cell/bias"] = (4 * CONDUCTOR,)
    return expected(known, found)


def music(known: Known, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Inputs as Magenta's converters give them, of different lengths where it can read such."""
    steps = 512 if known.music == "multitrack" else 16 * known.bars
    shape = (B, steps)
    if known.music == "groove":
        hits = rng.random((*shape, 9)) < 0.3
        feel = rng.random((*shape, 9)) * hits, (2 * rng.random((*shape, 9)) - 1) * hits
        outputs = np.concatenate([hits, *feel], 2)
        inputs = np.concatenate([hits, np.zeros((*shape, 18))], 2)
    elif known.decoder == "nade":
        outputs = rng.random((*shape, known.writes[0])) < 0.15
        inputs = np.concatenate([outputs, ~outputs.any(2, keepdims=True)], 2)
    else:
        sizes = known.writes if len(known.writes) > 1 or known.music != "trio" else (90, 90, 512)
        classes = [rng.integers(size, size=shape) for size in sizes]
        outputs = np.concatenate([np.eye(n)[c] for n, c in zip(sizes, classes, strict=True)], 2)
        inputs = outputs
    if known.music == "drums" and known.decoder == "flat":
        bits = classes[0][..., None] >> np.arange(9) & 1
        inputs = np.concatenate([bits, ~bits.any(2, keepdims=True)], 2)
    controls = np.eye(known.controls or 1)[rng.integers(known.controls or 1, size=shape)][
        ..., : known.controls
    ]
    lengths = np.array([steps, 21, 9])
    if known.music == "multitrack":
        lengths = rng.integers(0, 65, (B, 8))
    elif known.decoder in ("hierarchical", "parts"):
        lengths = np.array([steps, 0, steps])
    valid = np.array([reference.valid_steps(n, steps) for n in lengths])[..., None]
    return {
        "inputs": inputs * valid,
        "outputs": outputs * valid,
        "controls": controls * valid,
        "lengths": lengths,
        "eps": rng.standard_normal((B, Z)).astype(np.float32),
        "z_decode": rng.standard_normal((B, Z)).astype(np.float32),
        "controls_decode": controls[0],
    }


def case(name: str) -> Case:
    known, rng = named(name), np.random.default_rng(6)
    shapes = small(known)
    weights = {key: rng.standard_normal(shape).astype(np.float32) * 0.5 for key, shape in shapes.items()}
    arrays = music(known, rng)
    return Case(known, shapes, weights, arrays, reference.expected(weights, known, arrays, CASES))


@pytest.mark.parametrize("name", FAMILIES)
def test_an_imported_model_gives_magentas_numbers(name):
    one = case(name)
    row = one.row(imported(name, one.shapes, one.weights.__getitem__))
    assert row.passed, row


def test_every_variable_is_read_once_and_every_weight_is_given():
    """Of all configurations; what an optimizer left is not read."""
    for known in KNOWN:
        shapes = small(known)
        config, asked = config_of({**shapes, "global_step": (), "encoder/mu/bias/Adam": (Z,)}, known), []

        def read(name, shapes=shapes, asked=asked):
            asked.append(name)
            return np.zeros(shapes[name], np.float32)

        given = {name: tuple(tensor.shape) for name, tensor in convert(read, config).items()}
        assert given == {name: tuple(tensor.shape) for name, tensor in MusicVAE(config).state_dict().items()}
        assert sorted(asked) == sorted(shapes)


def swapped_gates(model: MusicVAE) -> None:
    """Candidate and forget gate as they stand in Magenta's kernel."""
    weight = model.decoder.core.voice.rnn.weight_hh_l0
    i, f, g, o = weight.chunk(4)
    weight.copy_(torch.cat([i, g, f, o]))


def no_forget_bias(model: MusicVAE) -> None:
    model.encoder.rnn.bias_ih_l0_reverse.unflatten(0, (4, -1))[1].sub_(1.0)


def no_carry(model: MusicVAE) -> None:
    """Every bar begins as the first does."""
    model.decoder.core.first = torch.nn.Parameter(torch.zeros(90), requires_grad=False)


def states_by_layer(model: MusicVAE) -> None:
    """Initial states in Magenta's order."""
    weight = model.decoder.core.voice.bridge.weight
    weight.copy_(weight.unflatten(0, (2, 2, -1)).transpose(0, 1).flip(1).flatten(0, 2))


def a_floor_under_sigma(model: MusicVAE) -> None:
    model.encoder.config.__dict__["least_std"] = 1e-3


@pytest.mark.parametrize(
    ("mistake", "wrong"),
    [
        (swapped_gates, "logits"),
        (no_forget_bias, "mu"),
        (no_carry, "logits"),
        (states_by_layer, "logits"),
        (a_floor_under_sigma, "sigma"),
    ],
)
def test_a_mistake_in_the_layout_is_seen(mistake, wrong):
    one = case("hierdec-mel_16bar")
    model = imported(one.known.name, one.shapes, one.weights.__getitem__)
    mistake(model)
    row = one.row(model)
    assert not row.passed
    assert row.errors[wrong] > 1e-3


def test_layers_of_different_widths_are_named():
    known = named("cat-mel_2bar_small")
    shapes = {**small(known), "decoder/multi_rnn_cell/cell_1/lstm_cell/bias": (12,)}
    with pytest.raises(ValueError, match=r"cell_\*: expected layers of one width, got \[8, 3\]"):
        config_of(shapes, known)
