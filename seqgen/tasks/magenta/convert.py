"""The weights of a MusicVAE of Magenta's as those of ours, number for number.

What differs is how they are laid out. Magenta's LSTM has one kernel [input and h, 4 D] with the gates in the
order input, candidate, forget, output, and adds 1 to the forget gate at run time; torch has a matrix for each
of input and h, the order input, forget, candidate, output, and two biases. Magenta's initial states are in
the order c, h, layer by layer; ours are the h of all layers, then the c. Magenta's decoder reads the previous
output, the code, the control; ours the previous token, the control, the code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAEConfig
from seqgen.models.music_vae.config import EventsConfig
from seqgen.representation.drum_map import KITS
from seqgen.tasks.magenta.known import TRIO, Known
from seqgen.tasks.magenta.variables import Shapes, weights

Read = Callable[[str], np.ndarray]
"""from a variable's name to its numbers"""
Named = Iterator[tuple[str, Tensor]]

TRACKS, EVENTS = 8, 64
FIRST_ONSET = {"melody": 2, "drums": 1, "drums_full": 1, "trio": 2, "groove": 1, "multitrack": 0}
READS = {
    "groovae_2bar_humanize": "hits",
    "groovae_2bar_tap_fixed_velocity": "steady tap",
    "groovae_2bar_tap_fixed_velocity_note_dropout": "steady tap",
}
"""what a groove model was taught to read, where that is not all of a beat"""
SUFFIX = {"fw": "", "bw": "_reverse"}
GATES = (0, 2, 1, 3)
"""where torch's input, forget, candidate and output gates stand in Magenta's kernel"""
FORGET = 1
"""which of torch's gates forgets"""


def config_of(shapes: Shapes, known: Known) -> MusicVAEConfig:
    """Our config of a checkpoint whose variables are those of `known` (`recognise.check`).

    Raises:
        ValueError: for layers of different widths in one stack, which ours does not have.
    """
    found = weights(shapes)
    encoder = _encoder(found, known)
    hierarchical = known.decoder in ("hierarchical", "parts")
    scope = {"hierarchical": "core_decoder/decoder", "parts": "core_decoder/core_decoder_0/decoder"}
    width, layers = _stack(found, scope.get(known.decoder, "decoder") + "/multi_rnn_cell/cell_{}")
    decoder = DecoderConfig(
        kind="hierarchical" if hierarchical else "flat",
        plan="recurrent",
        voices="part" if known.decoder == "parts" else "one",
        width=width,
        layers=layers,
    )
    if hierarchical:
        conductor, depth = _stack(found, "decoder/hierarchical_level_0/cell_{}")
        decoder = replace(
            decoder,
            conductor_width=conductor,
            conductor_layers=depth,
            conductor_reads="nothing",
            carry=True,
        )
    return MusicVAEConfig(
        bars=TRACKS if known.music == "multitrack" else known.bars,
        steps_per_bar=EVENTS if known.music == "multitrack" else 16,
        first_onset=FIRST_ONSET[known.music],
        latent=found["encoder/mu/bias"][0],
        embedding=0,
        controls=known.controls,
        events=EventsConfig() if known.music == "multitrack" else None,
        least_std=0.0,
        encoder=encoder,
        decoder=decoder,
        **_head(found, known),
    )


def _head(found: Shapes, known: Known) -> dict[str, Any]:
    """Settings of the tokens and their head."""
    if known.music == "trio":
        heads = ("categorical",) * len(TRIO)
        return {"head": "product", "parts": TRIO, "part_heads": heads, "vocabulary_size": int(np.prod(TRIO))}
    if known.decoder == "nade":
        hidden = found["decoder/nade/w_enc"][-1]
        return {"head": "nade", "nade_hidden": hidden, "vocabulary_size": 1 << known.writes[0]}
    if known.music == "groove":
        reads = READS.get(known.name, "tokens")
        return {"head": "groove", "vocabulary_size": 1 << known.writes[0] // 3, "reads": reads}
    return {"head": "categorical", "vocabulary_size": known.writes[0]}


def _encoder(found: Shapes, known: Known) -> EncoderConfig:
    tokens: Literal["as written", "roll"] = "roll" if known.music in KITS else "as written"
    direction = "/cell_{}/bidirectional_rnn/fw/multi_rnn_cell/cell_0"
    if known.encoder == "flat":
        width, layers = _stack(found, "encoder" + direction)
        return EncoderConfig(readout="final", width=width, layers=layers, tokens=tokens)
    width, layers = _stack(found, "encoder/hierarchical_level_0" + direction)
    over, depth = _stack(found, "encoder/hierarchical_level_1" + direction)
    if over != width or depth != 1:
        raise ValueError(
            f"encoder/hierarchical_level_1: expected one layer of {width} units, as wide as level 0, "
            f"got {depth} of {over}"
        )
    return EncoderConfig("hierarchical", "final", width, layers, 2 * width, bar_layer=False, tokens=tokens)


def _stack(found: Shapes, cell: str) -> tuple[int, int]:
    """Width and number of the layers whose names are `cell` with a number in it."""
    widths: list[int] = []
    while f"{cell.format(len(widths))}/lstm_cell/bias" in found:
        widths.append(found[f"{cell.format(len(widths))}/lstm_cell/bias"][0] // 4)
    if len(set(widths)) != 1:
        raise ValueError(f"{cell.format('*')}: expected layers of one width, got {widths or 'none'}")
    return widths[0], len(widths)


def convert(read: Read, config: MusicVAEConfig) -> dict[str, Tensor]:
    """The state of a `MusicVAE` of `config_of`, from variables that are read one at a time."""
    return {name: tensor.contiguous() for name, tensor in _all(read, config)}


def _all(read: Read, config: MusicVAEConfig) -> Named:
    e, d = config.encoder, config.decoder
    levels = {"encoder": ("encoder.rnn", e.layers)}
    if e.kind == "hierarchical":
        levels = {
            "encoder/hierarchical_level_0": ("encoder.rnn", e.layers),
            "encoder/hierarchical_level_1": ("encoder.over_bars", 1),
        }
    for scope, (ours, layers) in levels.items():
        for n in range(layers):
            for way, suffix in SUFFIX.items():
                cell = f"{scope}/cell_{n}/bidirectional_rnn/{way}/multi_rnn_cell/cell_0"
                yield from _lstm(read, cell, f"{ours}.", f"_l{n}{suffix}")
    yield from _dense(read, "encoder/mu", "encoder.mean")
    yield from _dense(read, "encoder/sigma", "encoder.scale")
    if d.kind == "flat":
        yield from _voice(read, "decoder", "decoder.core", config)
        yield from _output(read, "decoder", config)
        return
    level = "decoder/hierarchical_level_0"
    yield from _initial(read, f"{level}/initial_state", "decoder.core.planner.bridge", d.conductor_layers)
    for n in range(d.conductor_layers):
        yield from _lstm(read, f"{level}/cell_{n}", "decoder.core.planner.rnn.", f"_l{n}")
    if d.voices == "one":
        yield from _voice(read, "core_decoder/decoder", "decoder.core.voice", config)
        yield from _output(read, "core_decoder/decoder", config)
        return
    for part in range(len(config.parts)):
        scope = f"core_decoder/core_decoder_{part}/decoder"
        yield from _voice(read, scope, f"decoder.core.voice.voices.{part}", config)
        yield from _dense(read, f"{scope}/output_projection", f"decoder.head.heads.{part}.logits")


def _voice(read: Read, scope: str, ours: str, config: MusicVAEConfig) -> Named:
    """What writes tokens: it starts from a code, or from the conductor's output in its place."""
    yield from _initial(read, f"{scope}/z_to_initial_state", f"{ours}.bridge", config.decoder.layers)
    for n in range(config.decoder.layers):
        for name, tensor in _lstm(read, f"{scope}/multi_rnn_cell/cell_{n}", f"{ours}.rnn.", f"_l{n}"):
            first = n == 0 and ".weight_ih" in name
            yield name, _reordered(tensor, config) if first else tensor


def _reordered(weight: Tensor, config: MusicVAEConfig) -> Tensor:
    """The columns of token, code and controls as those of token, controls and code."""
    code = config.decoder.conductor_width if config.decoder.kind == "hierarchical" else config.latent
    token = weight.shape[1] - code - config.controls
    before, z, told = weight.split([token, code, config.controls], 1)
    return torch.cat([before, told, z], 1)


def _output(read: Read, scope: str, config: MusicVAEConfig) -> Named:
    """The head of a decoder with one voice."""
    dense = f"{scope}/output_projection"
    if config.head == "product":
        kernel, bias = _tensor(read, f"{dense}/kernel").T, _tensor(read, f"{dense}/bias")
        each = zip(kernel.split(config.parts), bias.split(config.parts), strict=True)
        for part, (weight, own) in enumerate(each):
            yield f"decoder.head.heads.{part}.logits.weight", weight
            yield f"decoder.head.heads.{part}.logits.bias", own
        return
    layer = {"categorical": "logits", "nade": "biases", "groove": "output"}[config.head]
    yield from _dense(read, dense, f"decoder.head.{layer}")
    if config.head == "nade":
        yield "decoder.head.encode", _tensor(read, f"{scope}/nade/w_enc")[:, 0]
        yield "decoder.head.decode", _tensor(read, f"{scope}/nade/w_dec_t")[:, :, 0]


def _lstm(read: Read, scope: str, ours: str, suffix: str) -> Named:
    """One layer in one direction."""
    bias = _tensor(read, f"{scope}/lstm_cell/bias").unflatten(0, (4, -1))[list(GATES)].clone()
    bias[FORGET] += 1.0
    width = bias.shape[1]
    kernel = _tensor(read, f"{scope}/lstm_cell/kernel")
    for name, rows in (("weight_ih", kernel[:-width]), ("weight_hh", kernel[-width:])):
        yield f"{ours}{name}{suffix}", torch.cat([rows[:, g * width : (g + 1) * width].T for g in GATES])
    yield f"{ours}bias_ih{suffix}", bias.flatten()
    yield f"{ours}bias_hh{suffix}", torch.zeros(4 * width)


def _initial(read: Read, scope: str, ours: str, layers: int) -> Named:
    """The layer that makes the first states of all LSTM layers."""
    for name, tensor in _dense(read, scope, ours):
        by_layer = tensor.unflatten(0, (layers, 2, -1))  # c and h of each layer
        yield name, by_layer.flip(1).transpose(0, 1).flatten(0, 2)


def _dense(read: Read, scope: str, ours: str) -> Named:
    yield f"{ours}.weight", _tensor(read, f"{scope}/kernel").T
    yield f"{ours}.bias", _tensor(read, f"{scope}/bias")


def _tensor(read: Read, name: str) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(read(name), dtype=np.float32))
