"""What stands around a voice (a conductor, a metre, a guide), on the way through a decoding kernel."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from seqgen.core.conductor import Conductor, ConductorState
from seqgen.core.fast_parts import Part
from seqgen.core.guide import Guided, GuidedState
from seqgen.core.metre import Metre, MetreState
from seqgen.core.sampling import Sampling
from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State

BLOCK = 256
"""frames of a guide that are made ready at a time"""


@runtime_checkable
class Folded(Protocol):
    """A voice and a head as a kernel runs them."""

    def run(
        self,
        state: State,
        previous: Int[Tensor, "B"],
        uniform: Float[Tensor, "B T K"],
        how: Sampling,
        segments: Float[Tensor, "B S Q"] | None = None,
        hold: int = 1,
        place: int = 0,
        end: int | None = None,
    ) -> tuple[Int[Tensor, "B T"], State]: ...


class Run(NamedTuple):
    """What is wanted of a kernel."""

    uniform: Tensor
    """[B, T, K]"""
    how: Sampling
    end: int | None
    controls: Tensor | None
    """[B, T, C]"""

    @property
    def steps(self) -> int:
        return self.uniform.shape[1]


Outcome = tuple[Tensor, State]
"""tokens [B, T], and the core's state after them"""


APART = "the rows stand at different places"


def run_core(
    core: SequenceModule,
    part: Part,
    weights: Folded,
    wanted: Run,
    previous: Int[Tensor, "B"],
    state: State,
) -> Outcome | str:
    """Where the rows stand such that torch has to serve: the reason. A conductor's state is of one voice."""
    if isinstance(core, Conductor):
        return _conducted(core, part, weights, wanted, previous, state)
    if isinstance(core, Metre):
        return _metred(core, weights, wanted, previous, state)
    if isinstance(core, Guided):
        return _guided(core, weights, wanted, previous, state)
    return weights.run(state, previous, wanted.uniform, wanted.how, wanted.controls, end=wanted.end)


def _conducted(
    core: Conductor,
    part: Part,
    weights: Folded,
    wanted: Run,
    previous: Int[Tensor, "B"],
    state: ConductorState,
) -> Outcome | str:
    """From bar line to bar line, all rows at one place. A bar starts from its plan, and reads its own vector
    first or, with carry, the token before."""
    (plan, position, voice), tokens, done = state, [], 0
    here = _common(position)
    # A row that ends stops counting its frames, and stands elsewhere than the others at the next bar line.
    if here is None or wanted.end is not None:
        return APART if here is None else "rows may end in different bars"
    if here + wanted.steps > core.bar * plan.bars.shape[1]:
        return "the plan has fewer steps"
    hold = core.bar // max(plan.segments.shape[2], 1)
    while done < wanted.steps:
        bar, offset = divmod(here + done, core.bar)
        count = min(core.bar - offset, wanted.steps - done)
        if offset == 0:
            voice = part.voice.init_state(len(previous), plan.bars[:, bar])
            # The row of the table behind those of all tokens, start and blank.
            previous = previous if core.carry else torch.full_like(previous, part.head.vocabulary_size + 2)
        u, fed, each = wanted.uniform[:, done : done + count], plan.segments[:, bar], hold
        if wanted.controls is not None:  # then every frame is fed something else
            segment = torch.arange(offset + count, device=fed.device) // hold
            told = _placed(wanted.controls[:, done : done + count], offset)
            fed, each = (torch.cat([told, fed[:, segment]], -1) if fed.shape[2] else told), 1
        token, voice = weights.run(voice, previous, u, wanted.how, fed, each, offset)
        previous, done = token[:, -1], done + count
        tokens.append(token)
    return torch.cat(tokens, 1), ConductorState(plan, position + done, voice)


def _metred(
    core: Metre, weights: Folded, wanted: Run, previous: Int[Tensor, "B"], state: MetreState
) -> Outcome | str:
    here = _common(state.place)
    if here is None:
        return APART
    told = None if wanted.controls is None else _placed(wanted.controls, here)
    token, voice = weights.run(
        state.voice, previous, wanted.uniform, wanted.how, told, place=here, end=wanted.end
    )
    place = (state.place + _counted(previous, token, wanted.end)) % core.period
    return token, MetreState(place, voice)


def _guided(
    core: Guided, weights: Folded, wanted: Run, previous: Int[Tensor, "B"], state: GuidedState
) -> Outcome:
    """Block by block, each with its frames' guide."""
    (guide, position, voice), tokens = state, []
    told = wanted.uniform[:, :, :0] if wanted.controls is None else wanted.controls
    for u, control in zip(wanted.uniform.split(BLOCK, 1), told.split(BLOCK, 1), strict=True):
        at = position[:, None] + torch.arange(u.shape[1], device=position.device)
        fed = torch.cat([control, core._between(guide, at)], -1)
        token, voice = weights.run(voice, previous, u, wanted.how, fed, end=wanted.end)
        position = position + _counted(previous, token, wanted.end)
        previous = token[:, -1]
        tokens.append(token)
    return torch.cat(tokens, 1), GuidedState(guide, position, voice)


def _placed(controls: Float[Tensor, "B T C"], place: int) -> Float[Tensor, "B S C"]:
    """Controls whose first frame is frame `place`."""
    return F.pad(controls, (0, 0, place, 0))


def _common(place: Int[Tensor, "B"]) -> int | None:
    """Where all rows stand, or None if they stand at different places."""
    places = set(place.tolist())
    return places.pop() if len(places) == 1 else None


def _counted(previous: Int[Tensor, "B"], token: Int[Tensor, "B T"], end: int | None) -> Tensor:
    """Frames by which each row moved on: those that did not begin with it at its end."""
    before = torch.cat([previous[:, None], token[:, :-1]], 1)
    return (before != (-1 if end is None else end)).sum(1)
