"""The variables that a configuration of Magenta's MusicVAE has, by name, and their shapes.

How wide the layers are, and how many there are, `--hparams` could change, so that is read off a checkpoint;
what follows from it, and from the configuration, is what the shapes must be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from seqgen.tasks.magenta.known import Known

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
MOST_LAYERS = 16
_SLOTS = ("/Adam", "/Adam_1", "/ExponentialMovingAverage")
_STEPS = ("global_step", "beta1_power", "beta2_power")


def weights(shapes: Shapes) -> dict[str, Shape]:
    """Without what only training needs: the optimizer's variables and counters."""
    return {name: shape for name, shape in shapes.items() if name not in _STEPS and not name.endswith(_SLOTS)}


def expected(known: Known, found: Shapes) -> dict[str, Shape]:
    """All variables that a checkpoint of this configuration has, its layers being as in `found`."""
    latent = _last(found, "encoder/mu")
    wanted: dict[str, Shape] = {}
    top = _encoder(wanted, known, found)
    for name in ("mu", "sigma"):
        _dense(wanted, f"encoder/{name}", top, latent)
    if known.decoder in ("flat", "nade"):
        _decoder(wanted, "decoder", known, found, latent, known.writes[0])
        return wanted
    level, conductor = "decoder/hierarchical_level_0", latent
    widths = _widths(found, [f"{level}/cell_{n}" for n in range(MOST_LAYERS)])
    _dense(wanted, f"{level}/initial_state", latent, 2 * sum(widths))
    for n, width in enumerate(widths):
        _lstm(wanted, f"{level}/cell_{n}", 1 if n == 0 else widths[n - 1], width)  # it is fed a zero
        conductor = width
    if known.decoder == "hierarchical":
        _decoder(wanted, "core_decoder/decoder", known, found, conductor, known.writes[0])
    else:
        for part, depth in enumerate(known.writes):
            _decoder(wanted, f"core_decoder/core_decoder_{part}/decoder", known, found, conductor, depth)
    return wanted


def _encoder(wanted: dict[str, Shape], known: Known, found: Shapes) -> int:
    """Adds its variables; the size of what mu and sigma read."""
    levels = ["encoder"]
    if known.encoder == "hierarchical":
        levels = [f"encoder/hierarchical_level_{level}" for level in (0, 1)]
    read = known.reads + known.controls
    for level in levels:
        scopes = [f"{level}/cell_{n}/bidirectional_rnn" for n in range(MOST_LAYERS)]
        widths = _widths(found, [f"{scope}/fw/multi_rnn_cell/cell_0" for scope in scopes])
        for scope, width in zip(scopes, widths, strict=False):
            for direction in ("fw", "bw"):
                _lstm(wanted, f"{scope}/{direction}/multi_rnn_cell/cell_0", read, width)
            read = 2 * width
    return read


def _decoder(
    wanted: dict[str, Shape], scope: str, known: Known, found: Shapes, code: int, depth: int
) -> None:
    """Adds the variables of a decoder that reads `code` numbers and writes `depth`."""
    cells = [f"{scope}/multi_rnn_cell/cell_{n}" for n in range(MOST_LAYERS)]
    widths = _widths(found, cells)
    _dense(wanted, f"{scope}/z_to_initial_state", code, 2 * sum(widths))
    read = depth + code + known.controls
    for cell, width in zip(cells, widths, strict=False):
        _lstm(wanted, cell, read, width)
        read = width
    hidden = 0
    if known.decoder == "nade":
        hidden = _last(found, f"{scope}/nade/w_enc", "")
        wanted[f"{scope}/nade/w_enc"] = (depth, 1, hidden)
        wanted[f"{scope}/nade/w_dec_t"] = (depth, hidden, 1)
    _dense(wanted, f"{scope}/output_projection", read, hidden + depth)


def _lstm(wanted: dict[str, Shape], scope: str, read: int, width: int) -> None:
    _dense(wanted, f"{scope}/lstm_cell", read + width, 4 * width)


def _dense(wanted: dict[str, Shape], scope: str, read: int, write: int) -> None:
    wanted[f"{scope}/kernel"], wanted[f"{scope}/bias"] = (read, write), (write,)


def _widths(found: Shapes, cells: Sequence[str]) -> list[int]:
    """Of the LSTM layers that are there; at least one, if only of width 0."""
    widths = [_last(found, f"{cell}/lstm_cell") // 4 for cell in cells]
    return list(takewhile(bool, widths)) or [0]


def _last(found: Shapes, scope: str, *parts: str) -> int:
    """How many numbers a layer writes, by its bias, or by its kernel if only that is there; or 0."""
    names = [f"{scope}/bias", f"{scope}/kernel"] if not parts else [scope]
    return next((found[name][-1] for name in names if found.get(name)), 0)
