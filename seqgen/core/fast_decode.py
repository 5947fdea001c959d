"""Blocks of tokens by the native kernels, or Triton's: the weights they run on, folded and packed once.

They are packed at the first call, and again when they change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from seqgen.core import lstm_fold, wavenet_fold
from seqgen.core.conductor import Conductor
from seqgen.core.fast_cores import Run, run_core, run_voices
from seqgen.core.guide import Guided
from seqgen.core.head import Bernoulli, Categorical, Head
from seqgen.core.lstm import LSTM
from seqgen.core.lstm_fold import FoldedLSTM
from seqgen.core.metre import Metre
from seqgen.core.product import Product
from seqgen.core.sampling import Sampling
from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State, leaves
from seqgen.core.voices import Voices
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


class Strand(NamedTuple):
    """A voice with its head, and what it reads beside its tokens: one program of a kernel."""

    voice: LSTM | WaveNet
    head: Categorical | Bernoulli
    first: Tensor | None
    """[E] what a bar begins with"""
    position: Tensor | None
    """[P, E] what is added at each place of a metre"""


def strands(decoder: Decoder) -> list[Strand] | None:
    """What kernels can run of this decoder, one after another: a voice, or the voices of a conductor that
    have a head each; None for others."""
    core, head = decoder.core, decoder.head
    if type(core) is Conductor and isinstance(core.voice, Voices) and isinstance(head, Product):
        found = _of_voices(core, core.voice, head)
    else:
        found = [_of_one(core, head)]
    return None if None in found else cast(list[Strand], found)


def _of_voices(core: Conductor, voices: Voices, head: Product) -> list[Strand | None]:
    if head.widths != voices.outputs or head.join != "concat":
        return [None]
    sizes, count = voices.inputs, len(voices.inputs)
    firsts = [None] * count if core.first is None else core.first.split(sizes)
    beats = [None] * count if core.beat is None else core.beat.weight.split(sizes, 1)
    each = zip(voices.each(), head.each(), firsts, beats, strict=True)
    return [_strand(*row, core.planner.segment_size) for row in each]


def _of_one(core: SequenceModule, head: Head) -> Strand | None:
    if type(core) not in (Conductor, Metre, Guided, LSTM, WaveNet):
        return None
    voice = core.voice if isinstance(core, Conductor | Metre | Guided) else core
    fed = core.planner.segment_size if isinstance(core, Conductor) else 0
    fed = core.size if isinstance(core, Guided) else fed
    first = core.first if isinstance(core, Conductor) else None
    beat = core.beat if isinstance(core, Conductor | Metre) else None
    return _strand(voice, head, first, None if beat is None else beat.weight, fed)


def _strand(
    voice: SequenceModule, head: Head, first: Tensor | None, position: Tensor | None, fed: int
) -> Strand | None:
    """fed: numbers of local conditioning behind the token."""
    if type(voice) not in (LSTM, WaveNet) or type(head) not in (Categorical, Bernoulli):
        return None
    assert isinstance(voice, LSTM | WaveNet)
    assert isinstance(head, Categorical | Bernoulli)
    # What comes behind the token must be the local conditioning: a WaveNet may take part of the token for it.
    if isinstance(voice, WaveNet) and voice.local_size != fed:
        return None
    return Strand(voice, head, first, position)


def library_for(decoder: Decoder, how: Sampling) -> Native | Triton | str:
    """What serves this decoder and this way to draw where its weights are; else why torch does."""
    served = strands(decoder)
    if served is None:
        return f"no kernel for {type(decoder.core).__name__} and {type(decoder.head).__name__}"
    if decoder.controls:
        return "no kernel reads controls"
    if how.top_k is not None or how.top_p < 1:
        return "no kernel for top_k and top_p"
    device = next(decoder.parameters()).device
    if torch.is_autocast_enabled("cuda" if device.type == "cuda" else "cpu"):
        return "under autocast"
    for voice, head, *_ in served:
        columns = 4 * voice.output_size if isinstance(voice, LSTM) else voice.width
        if (head.vocabulary_size + 3) * columns > LARGEST_TABLE:
            return "the kernels' table of tokens would be too large"
    for weight in decoder.parameters():
        if weight.dtype != torch.float32 or weight.device != device or device.type not in ("cpu", "cuda"):
            return f"the weights are {dtype_of(weight)} on {weight.device}"
    if device.type == "cuda":
        return _on_gpu(served, device)
    library = choose(device, "")
    return "the native library is not built here" if isinstance(library, str) else library


def _on_gpu(served: list[Strand], device: torch.device) -> Triton | str:
    for voice, head, *_ in served:
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


def folded(decoder: Decoder, precision: Precision, lanes: int | None) -> list[FoldedLSTM | FoldedWaveNet]:
    """The decoder's weights as the kernel wants them, as they are now: of each of its `strands`.

    lanes: of the native library.
    """
    weights = list(decoder.parameters())
    return decoder.packs.get((precision, lanes), weights, lambda: _fold(decoder, precision, lanes))


def _fold(decoder: Decoder, precision: Precision, lanes: int | None) -> list[FoldedLSTM | FoldedWaveNet]:
    served = strands(decoder)
    assert served is not None
    result: list[FoldedLSTM | FoldedWaveNet] = []
    for voice, head, first, position in served:
        if isinstance(voice, LSTM):
            result.append(lstm_fold.fold(voice, head, first, position, precision, lanes))
        else:
            result.append(wavenet_fold.fold(voice, head, first, position, precision, lanes))
    return result


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
    name = _name(library, precision)
    if len(weights) == 1:
        first = decoder.head.vocabulary_size + 2  # the row of a conductor's first vector
        done = run_core(decoder.core, weights[0], Run(uniform, how, end, first), previous, state)
        return done if isinstance(done, str) else Ran(*done, name)
    assert isinstance(decoder.core, Conductor)
    assert isinstance(decoder.head, Product)
    several = run_voices(decoder.core, decoder.head, weights, Run(uniform, how, end, 0), previous, state)
    return several if isinstance(several, str) else Ran(*several, name)


def dtype_of(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")
