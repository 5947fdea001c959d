"""Blocks of tokens by the native kernels: which decoders they serve, and with which weights.

A decoder is served on the CPU, in float32, where its core is an LSTM, or a Conductor over one, and its head
is `Categorical` or `Bernoulli`. Its weights are folded and packed at the first call, and again when they
change: when they are written in place (not behind torch's back, by `.data`) or replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.core.conductor import Conductor, ConductorState
from seqgen.core.head import Bernoulli, Categorical
from seqgen.core.lstm import LSTM
from seqgen.core.lstm_fold import FoldedLSTM, fold
from seqgen.core.sampling import Sampling
from seqgen.core.state import State, leaves
from seqgen.kernels.choose import choose
from seqgen.kernels.native.library import Native
from seqgen.kernels.packing import Precision, check_precision

if TYPE_CHECKING:
    from seqgen.core.decoder import Decoder

LARGEST_TABLE = 1 << 24
"""numbers that the folded embedding may have: 64 MB"""


class Kept(NamedTuple):
    """A folded decoder, and what its parameters were."""

    folded: FoldedLSTM
    versions: list[tuple[int, int]]
    weights: list[Tensor]
    """share the parameters' memory, so that no later parameter can stand at the same address"""


_kept: WeakKeyDictionary[Decoder, dict[tuple[str, int], Kept]] = WeakKeyDictionary()


def library_for(decoder: Decoder, how: Sampling) -> Native | None:
    """The native library, where it serves this decoder and this way to draw; None where torch does."""
    core, head = decoder.core, decoder.head
    voice = core.voice if type(core) is Conductor else core
    if type(voice) is not LSTM or type(head) not in (Categorical, Bernoulli):
        return None
    if how.top_k is not None or how.top_p < 1 or torch.is_autocast_enabled("cpu"):
        return None
    if (head.vocabulary_size + 3) * 4 * voice.output_size > LARGEST_TABLE:
        return None
    for weight in decoder.parameters():
        # A tensor made in inference mode does not say when it changes.
        if weight.dtype != torch.float32 or not weight.is_cpu or weight.is_inference():
            return None
    library = choose(torch.device("cpu"), "")
    return None if isinstance(library, str) else library


def backend(decoder: Decoder, how: Sampling, precision: Precision | None) -> str:
    library = library_for(decoder, how)
    return "torch" if library is None else f"native {precision or 'float32'} {library.level}"


def folded(decoder: Decoder, precision: Precision, lanes: int) -> FoldedLSTM:
    """The decoder's weights as the kernel wants them, as they are now."""
    weights = list(decoder.parameters())
    versions = [(w.data_ptr(), w._version) for w in weights]
    packs = _kept.setdefault(decoder, {})
    kept = packs.get((precision, lanes))
    if kept is None or kept.versions != versions:
        core, first, position = decoder.core, None, None
        if isinstance(core, Conductor):
            first, position = core.first, None if core.beat is None else core.beat.weight
            core = core.voice
        assert isinstance(core, LSTM)
        assert isinstance(decoder.head, Categorical | Bernoulli)
        packed = fold(core, decoder.head, first, position, precision, lanes)
        kept = packs[precision, lanes] = Kept(packed, versions, [w.detach() for w in weights])
    return kept.folded


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
    conducted = isinstance(decoder.core, Conductor)
    if library is None or not uniform.shape[1] or (conducted and end is not None):
        return None
    numbers = [x for x in (uniform, *leaves(state)) if x.is_floating_point()]
    if any(x.dtype != torch.float32 or not x.is_cpu for x in numbers):
        return None
    if not conducted:
        return folded(decoder, precision or "float32", library.lanes).run(
            state, previous, uniform, how, end=end
        )
    places = set(state.position.tolist())
    if len(places) != 1 or max(places) + uniform.shape[1] > decoder.core.bar * state.plan.bars.shape[1]:
        return None
    return _conducted(
        decoder, folded(decoder, precision or "float32", library.lanes), previous, state, uniform, how
    )


def _conducted(
    decoder: Decoder,
    weights: FoldedLSTM,
    previous: Int[Tensor, "B"],
    state: ConductorState,
    uniform: Float[Tensor, "B T K"],
    how: Sampling,
) -> tuple[Int[Tensor, "B T"], ConductorState]:
    """From bar line to bar line, all rows at one place: a bar starts from its plan and its first vector."""
    core = decoder.core
    assert isinstance(core, Conductor)
    (plan, position, voice), tokens, done = state, [], 0
    here = int(position[0])
    while done < uniform.shape[1]:
        bar, offset = divmod(here + done, core.bar)
        count = min(core.bar - offset, uniform.shape[1] - done)
        if offset == 0:
            voice = core.voice.init_state(len(previous), plan.bars[:, bar])
            previous = torch.full_like(previous, decoder.head.vocabulary_size + 2)
        hold = core.bar // max(plan.segments.shape[2], 1)
        u = uniform[:, done : done + count]
        token, voice = weights.run(voice, previous, u, how, plan.segments[:, bar], hold, offset)
        previous, done = token[:, -1], done + count
        tokens.append(token)
    return torch.cat(tokens, 1), ConductorState(plan, position + done, voice)
