"""Blocks of tokens by the native kernels: the weights they run on, folded and packed once.

They are packed at the first call, and again when they change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.core import lstm_fold, wavenet_fold
from seqgen.core.conductor import Conductor
from seqgen.core.fast_cores import Run, run_core
from seqgen.core.guide import Guided
from seqgen.core.head import Bernoulli, Categorical
from seqgen.core.lstm import LSTM
from seqgen.core.lstm_fold import FoldedLSTM
from seqgen.core.metre import Metre
from seqgen.core.sampling import Sampling
from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State, leaves
from seqgen.core.wavenet import WaveNet
from seqgen.core.wavenet_fold import FoldedWaveNet
from seqgen.kernels.choose import choose
from seqgen.kernels.native.library import Native
from seqgen.kernels.packing import Precision, check_precision

if TYPE_CHECKING:
    from seqgen.core.decoder import Decoder

LARGEST_TABLE = 1 << 24
"""numbers that the folded embedding may have: 64 MB"""


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


def library_for(decoder: Decoder, how: Sampling) -> Native | None:
    """The native library, where it serves this decoder and this way to draw; None where torch does."""
    head, voice = decoder.head, served_voice(decoder.core)
    if voice is None or type(head) not in (Categorical, Bernoulli):
        return None
    if how.top_k is not None or how.top_p < 1 or torch.is_autocast_enabled("cpu"):
        return None
    columns = 4 * voice.output_size if isinstance(voice, LSTM) else voice.width
    if (head.vocabulary_size + 3) * columns > LARGEST_TABLE:
        return None
    if any(weight.dtype != torch.float32 or not weight.is_cpu for weight in decoder.parameters()):
        return None
    library = choose(torch.device("cpu"), "")
    return None if isinstance(library, str) else library


def backend(decoder: Decoder, how: Sampling, precision: Precision | None) -> str:
    library = library_for(decoder, how)
    return "torch" if library is None else f"native {precision or 'float32'} {library.level}"


def folded(decoder: Decoder, precision: Precision, lanes: int) -> FoldedLSTM | FoldedWaveNet:
    """The decoder's weights as the kernel wants them, as they are now."""
    weights = list(decoder.parameters())
    return decoder.packs.get((precision, lanes), weights, lambda: _fold(decoder, precision, lanes))


def _fold(decoder: Decoder, precision: Precision, lanes: int) -> FoldedLSTM | FoldedWaveNet:
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
    previous: Int[Tensor, "B"],
    state: State,
    uniform: Float[Tensor, "B T K"],
    how: Sampling,
    precision: Precision | None,
    end: int | None,
) -> tuple[Int[Tensor, "B T"], State] | None:
    """Tokens and the core's state after them; None where torch has to serve."""
    check_precision(precision or "float32")
    library = library_for(decoder, how)
    if library is None or not uniform.shape[1]:
        return None
    numbers = (x for x in (uniform, *leaves(state)) if x.is_floating_point())
    if any(x.dtype != torch.float32 or not x.is_cpu for x in numbers):
        return None
    weights = folded(decoder, precision or "float32", library.lanes)
    first = decoder.head.vocabulary_size + 2  # the row of a conductor's first vector
    return run_core(decoder.core, weights, Run(uniform, how, end, first), previous, state)
