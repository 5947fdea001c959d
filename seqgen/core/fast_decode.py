"""Blocks of tokens by the native kernels, or Triton's: the weights they run on, folded and packed once.

They are packed at the first call, and again when they change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from seqgen.core import lstm_fold, wavenet_fold
from seqgen.core.fast_cores import Outcome, Run, run_core
from seqgen.core.fast_parts import parts_of
from seqgen.core.head import Categorical, Head
from seqgen.core.lstm import LSTM
from seqgen.core.lstm_fold import FoldedLSTM
from seqgen.core.product import Product
from seqgen.core.sampling import Sampling
from seqgen.core.state import State, leaves
from seqgen.core.wavenet import WaveNet
from seqgen.core.wavenet_fold import FoldedWaveNet
from seqgen.kernels.choose import choose
from seqgen.kernels.frames import MOST_OUTPUTS
from seqgen.kernels.native.library import Native
from seqgen.kernels.packing import Precision, check_precision
from seqgen.kernels.wavenet_decode.on_device import MOST_SKIP, WIDEST

if TYPE_CHECKING:
    from seqgen.core.decoder import Decoder

LARGEST_TABLE = 1 << 24
"""numbers that the folded embedding may have: 64 MB"""


class Triton(NamedTuple):
    """What serves on a GPU."""

    device: torch.device


class Ran(NamedTuple):
    """A block that the kernels have drawn."""

    token: Tensor
    """[B, T]"""
    core: State
    """after it"""
    by: str
    """as `backend` says it"""


def library_for(decoder: Decoder, how: Sampling) -> Native | Triton | str:
    """What serves this decoder and this way to draw where its weights are; else why torch does."""
    parts = parts_of(decoder.core, decoder.head, decoder.controls)
    if parts is None:
        return f"no kernel for {type(decoder.core).__name__} and {type(decoder.head).__name__}"
    if how.top_k is not None or how.top_p < 1:
        return "no kernel for top_k and top_p"
    device = next(decoder.parameters()).device
    if torch.is_autocast_enabled("cuda" if device.type == "cuda" else "cpu"):
        return "under autocast"
    for voice, head, *_ in parts:
        columns = 4 * voice.output_size if isinstance(voice, LSTM) else voice.width
        if (head.vocabulary_size + 3) * columns > LARGEST_TABLE:
            return "the kernels' table of tokens would be too large"
    for weight in decoder.parameters():
        if weight.dtype != torch.float32 or weight.device != device or device.type not in ("cpu", "cuda"):
            return f"the weights are {dtype_of(weight)} on {weight.device}"
    if device.type == "cuda":
        reasons = [reason for part in parts if (reason := _too_large(part.voice, part.head))]
        if reasons:
            return reasons[0]
        return Triton(device) if choose(device, "") == "triton" else "triton is not installed"
    library = choose(device, "")
    return "the native library is not built here" if isinstance(library, str) else library


def _too_large(voice: LSTM | WaveNet, head: Head) -> str | None:
    """Why the kernel on a GPU cannot run them."""
    if isinstance(voice, WaveNet) and (voice.width > WIDEST or voice.exit.weight.shape[1] > MOST_SKIP):
        return f"the kernel on a GPU is for WaveNets of width {WIDEST} and skip width {MOST_SKIP} at most"
    if isinstance(head, Categorical) and head.vocabulary_size > MOST_OUTPUTS:
        return f"the kernel on a GPU draws one of at most {MOST_OUTPUTS} tokens"
    return None


def backend(decoder: Decoder, how: Sampling, precision: Precision | None) -> str:
    library = library_for(decoder, how)
    return "torch" if isinstance(library, str) else _name(library, precision or "float32")


def _name(library: Native | Triton, precision: Precision) -> str:
    return f"triton {precision}" if isinstance(library, Triton) else f"native {precision} {library.level}"


def precision_of(decoder: Decoder, how: Sampling, precision: Precision | None) -> str:
    if isinstance(library_for(decoder, how), str):
        return dtype_of(next(decoder.parameters()))
    return precision or "float32"


def folded(decoder: Decoder, precision: Precision, lanes: int | None) -> list[FoldedLSTM | FoldedWaveNet]:
    """The weights of each part as the kernel wants them, as they are now. lanes: of the native library."""
    weights = list(decoder.parameters())
    return decoder.packs.get((precision, lanes), weights, lambda: _fold(decoder, precision, lanes))


def _fold(decoder: Decoder, precision: Precision, lanes: int | None) -> list[FoldedLSTM | FoldedWaveNet]:
    made: list[FoldedLSTM | FoldedWaveNet] = []
    for voice, head, first, position in parts_of(decoder.core, decoder.head, decoder.controls) or []:
        if isinstance(voice, LSTM):
            made.append(lstm_fold.fold(voice, head, first, position, precision, lanes))
        else:
            made.append(wavenet_fold.fold(voice, head, first, position, precision, lanes))
    return made


def run(
    decoder: Decoder,
    previous: Shaped[Tensor, "B *N"],
    state: State,
    uniform: Float[Tensor, "B T K"],
    how: Sampling,
    precision: Precision | None,
    end: int | None,
    controls: Float[Tensor, "B T C"] | None = None,
) -> Ran | str:
    """Where torch has to serve: the reason."""
    precision = precision or "float32"
    check_precision(precision)
    library = library_for(decoder, how)
    if isinstance(library, str):
        return library
    if not uniform.shape[1]:
        return "no steps are asked for"
    device = library.device if isinstance(library, Triton) else torch.device("cpu")
    if (0 if controls is None else controls.shape[2]) != decoder.controls:
        return "the controls are not those of the model"
    for x in (uniform, *([] if controls is None else [controls]), *leaves(state)):
        if x.is_floating_point() and (x.dtype != torch.float32 or x.device != device):
            return f"state, uniform numbers or controls are {dtype_of(x)} on {x.device}"
    weights = folded(decoder, precision, None if isinstance(library, Triton) else library.lanes)
    done = _run(decoder, weights, Run(uniform, how, end, controls), previous, state)
    return done if isinstance(done, str) else Ran(*done, _name(library, precision))


def _run(
    decoder: Decoder,
    weights: list[FoldedLSTM | FoldedWaveNet],
    wanted: Run,
    previous: Shaped[Tensor, "B *N"],
    state: State,
) -> Outcome | str:
    """All parts, one after another."""
    head, parts = decoder.head, parts_of(decoder.core, decoder.head, decoder.controls) or []
    if not isinstance(head, Product):
        return run_core(decoder.core, parts[0], weights[0], wanted, previous, state)
    if wanted.end is not None:
        return "no kernel ends at a tuple of tokens"
    shares = wanted.uniform.split([part.head.draws for part in parts], -1)
    tokens, states = [], []
    each = zip(parts, weights, shares, head.parts(previous), state.voice, strict=True)
    for part, own, share, before, voice in each:
        mine = wanted._replace(uniform=share.contiguous())
        done = run_core(decoder.core, part, own, mine, before, state._replace(voice=voice))
        if isinstance(done, str):
            return done
        tokens.append(done[0])
        states.append(done[1])
    return head.token(tokens), states[0]._replace(voice=tuple(after.voice for after in states))


def dtype_of(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")
