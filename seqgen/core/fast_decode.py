"""Blocks of tokens by the native kernels, or Triton's: the weights they run on, folded and packed once.

They are packed at the first call, and again when they change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from seqgen.core import lstm_fold, wavenet_fold
from seqgen.core.conductor import Conductor
from seqgen.core.fast_cores import Run, run_core
from seqgen.core.guide import Guided
from seqgen.core.head import Bernoulli, Categorical, Head
from seqgen.core.lstm import LSTM
from seqgen.core.lstm_fold import FoldedLSTM
from seqgen.core.metre import Metre
from seqgen.core.sampling import Sampling
from seqgen.core.sequence import SequenceModule
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


def served_voice(core: SequenceModule) -> LSTM | WaveNet | None:
    """The LSTM or WaveNet that a kernel can run for this core, or None."""
    voice = core.voice if isinstance(core, Conductor | Metre | Guided) else core
    if type(core) not in (Conductor, Metre, Guided, LSTM, WaveNet) or type(voice) not in (LSTM, WaveNet):
        return None
    assert isinstance(voice, LSTM | WaveNet)
    fed = core.planner.segment_size if isinstance(core, Conductor) else 0
    fed = core.size if isinstance(core, Guided) else fed
    # What comes behind the token must be the local conditioning: a WaveNet may take part of the token for it.
    return None if isinstance(voice, WaveNet) and voice.local_size != fed else voice


def library_for(decoder: Decoder, how: Sampling) -> Native | Triton | str:
    """What serves this decoder and this way to draw where its weights are; else why torch does."""
    head, voice = decoder.head, served_voice(decoder.core)
    if voice is None or type(head) not in (Categorical, Bernoulli):
        return f"no kernel for {type(decoder.core).__name__} and {type(head).__name__}"
    if decoder.controls:
        return "no kernel reads controls"
    if how.top_k is not None or how.top_p < 1:
        return "no kernel for top_k and top_p"
    device = next(decoder.parameters()).device
    if torch.is_autocast_enabled("cuda" if device.type == "cuda" else "cpu"):
        return "under autocast"
    columns = 4 * voice.output_size if isinstance(voice, LSTM) else voice.width
    if (head.vocabulary_size + 3) * columns > LARGEST_TABLE:
        return "the kernels' table of tokens would be too large"
    for weight in decoder.parameters():
        if weight.dtype != torch.float32 or weight.device != device or device.type not in ("cpu", "cuda"):
            return f"the weights are {dtype_of(weight)} on {weight.device}"
    if device.type == "cuda":
        return _on_gpu(voice, head, device)
    library = choose(device, "")
    return "the native library is not built here" if isinstance(library, str) else library


def _on_gpu(voice: LSTM | WaveNet, head: Head, device: torch.device) -> Triton | str:
    if isinstance(voice, WaveNet) and (voice.width > WIDEST or voice.exit.weight.shape[1] > MOST_SKIP):
        return f"the kernel on a GPU is for WaveNets of width {WIDEST} and skip width {MOST_SKIP} at most"
    if isinstance(head, Categorical) and head.vocabulary_size > MOST_OUTPUTS:
        return f"the kernel on a GPU draws one of at most {MOST_OUTPUTS} tokens"
    return Triton(device) if choose(device, "") == "triton" else "triton is not installed"


def backend(decoder: Decoder, how: Sampling, precision: Precision | None) -> str:
    library = library_for(decoder, how)
    return "torch" if isinstance(library, str) else _name(library, precision or "float32")


def _name(library: Native | Triton, precision: Precision) -> str:
    return f"triton {precision}" if isinstance(library, Triton) else f"native {precision} {library.level}"


def precision_of(decoder: Decoder, how: Sampling, precision: Precision | None) -> str:
    if isinstance(library_for(decoder, how), str):
        return dtype_of(next(decoder.parameters()))
    return precision or "float32"


def folded(decoder: Decoder, precision: Precision, lanes: int | None) -> FoldedLSTM | FoldedWaveNet:
    """The decoder's weights as the kernel wants them, as they are now. lanes: of the native library."""
    weights = list(decoder.parameters())
    return decoder.packs.get((precision, lanes), weights, lambda: _fold(decoder, precision, lanes))


def _fold(decoder: Decoder, precision: Precision, lanes: int | None) -> FoldedLSTM | FoldedWaveNet:
    core, head = decoder.core, decoder.head
    first = core.first if isinstance(core, Conductor) else None
    beat = core.beat if isinstance(core, Conductor | Metre) else None
    voice, position = served_voice(core), None if beat is None else beat.weight
    assert voice is not None
    assert isinstance(head, Categorical | Bernoulli)
    if isinstance(voice, LSTM):
        return lstm_fold.fold(voice, head, first, position, precision, lanes)
    return wavenet_fold.fold(voice, head, first, position, precision, lanes)


def run(
    decoder: Decoder,
    previous: Shaped[Tensor, "B *N"],
    state: State,
    uniform: Float[Tensor, "B T K"],
    how: Sampling,
    precision: Precision | None,
    end: int | None,
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
    for x in (uniform, *leaves(state)):
        if x.is_floating_point() and (x.dtype != torch.float32 or x.device != device):
            return f"state or uniform numbers are {dtype_of(x)} on {x.device}"
    weights = folded(decoder, precision, None if isinstance(library, Triton) else library.lanes)
    first = decoder.head.vocabulary_size + 2  # the row of a conductor's first vector
    done = run_core(decoder.core, weights, Run(uniform, how, end, first), previous, state)
    return done if isinstance(done, str) else Ran(*done, _name(library, precision))


def dtype_of(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")
