"""Conductor: a voice that restarts from each bar's plan (Roberts et al. 2018, section 3.3).

Nothing crosses a bar line but the plan: at the first frame of a bar the voice starts afresh from it and reads
a learned vector in the place of the previous token. So bars are independent given the plan, and whole bars
fold into the batch, in training and in generation. One bar as long as the piece is the flat decoder.

In Magenta's MusicVAE the previous token crosses the bar lines as well (`carry`). In training bars still fold
into the batch, for their tokens are known; in generation one bar comes after another.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqgen.core.plan import Plan, Planner
from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State, select, where
from seqgen.core.track_plan import TrackPlanner
from seqgen.kernels.packing import Precision


class ConductorState(NamedTuple):
    plan: Plan
    position: Tensor
    """[B] frames since the start"""
    voice: State
    """of the bar in progress"""


class Conductor(SequenceModule):
    """Plans from the code at `init_state`, and conducts one voice, bar after bar.

    voice: reads `input_size` + planner.segment_size numbers a frame and starts from planner.bar_size.
    bar: frames in a bar.
    metre: period of the learned position embedding (steps in a notated bar), 0 for none.
    controls: how many of the last numbers of a frame are no part of the token: they are read as they are,
        also where the learned vector stands in for the token.
    carry: the first frame of a bar reads the token before it, as any other frame does.
    """

    def __init__(
        self,
        voice: SequenceModule,
        planner: Planner | TrackPlanner,
        bar: int,
        metre: int = 0,
        controls: int = 0,
        carry: bool = False,
    ):
        super().__init__()
        if bar % max(planner.segments, 1) or (metre and bar % metre):
            raise ValueError(
                f"a bar of {bar} frames must hold whole segments ({planner.segments}) and metres ({metre})"
            )
        self.voice, self.planner, self.bar, self.metre = voice, planner, bar, metre
        self.input_size = voice.input_size - planner.segment_size
        self.output_size, self.controls = voice.output_size, controls
        token, self.carry = self.input_size - controls, carry
        self.first = None if carry else nn.Parameter(nn.init.normal_(torch.empty(token), std=0.1))
        self.beat = nn.Embedding(metre, token) if metre else None

    def init_state(
        self, batch_size: int, cond: Float[Tensor, "B Z"], precision: Precision | None = None
    ) -> ConductorState:
        """precision: of the recurrence over bars, as in `PackedLSTM.read`."""
        plan = self.planner(cond, precision)
        position = torch.zeros(batch_size, dtype=torch.long, device=cond.device)
        return ConductorState(plan, position, self.voice.init_state(batch_size, plan.bars[:, 0]))

    def forward(
        self, x: Float[Tensor, "B T I"], state: ConductorState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], ConductorState]:
        steps, end = x.shape[1], self.bar * state.plan.bars.shape[1]
        at = state.position.tolist()
        past = max(
            p + n for p, n in zip(at, [steps] * len(at) if lengths is None else lengths.tolist(), strict=True)
        )
        if past > end:
            raise ValueError(
                f"expected at most {end} frames, the {end // self.bar} bars of the plan, got {past}: "
                "use a model of more bars, or fewer frames"
            )
        if len(set(at)) > 1:  # rows stand at different places
            return self._pieces(x, state, lengths, [1] * steps)
        if steps == 1 and lengths is None:
            return self._frame(x, state, at[0])
        y, new = self._pieces(x, state, lengths, self._cuts(at[0], min(steps, end - at[0])))
        short = steps - y.shape[1]  # padding may reach past the plan
        return F.pad(y, (0, 0, 0, short)) if short else y, new

    def _cuts(self, position: int, steps: int) -> list[int]:
        """Lengths of: the rest of the bar in progress, the whole bars together, the beginning of one more."""
        head = min(steps, -position % self.bar)
        whole = (steps - head) // self.bar * self.bar
        return [cut for cut in (head, whole, steps - head - whole) if cut]

    def _pieces(
        self,
        x: Float[Tensor, "B T I"],
        state: ConductorState,
        lengths: Int[Tensor, "B"] | None,
        cuts: list[int],
    ) -> tuple[Float[Tensor, "B S D"], ConductorState]:
        ys, done = [], 0
        for cut in cuts:
            left = None if lengths is None else (lengths - done).clamp(0, cut)
            run = self._bars if cut >= self.bar else self._within
            y, state = run(x[:, done : done + cut], state, left)
            ys.append(y)
            done += cut
        if not ys:
            return x.new_zeros(len(x), 0, self.output_size), state
        return (ys[0] if len(ys) == 1 else torch.cat(ys, 1)), state

    def _frame(
        self, x: Float[Tensor, "B 1 D"], state: ConductorState, here: int
    ) -> tuple[Float[Tensor, "B 1 E"], ConductorState]:
        """One frame with all rows at frame `here`: what `_within` does, but no row is asked where it is."""
        bar, offset = divmod(here, self.bar)
        voice, plan = state.voice, state.plan
        token, controls = self._parts(x)
        if offset == 0:
            voice = self.voice.init_state(len(x), plan.bars[:, bar])
            token = token if self.first is None else self.first.to(x.dtype).expand_as(token)
        if self.beat is not None:
            token = token + self.beat.weight[offset % self.metre]
        read = [token, *controls]
        if plan.segments.shape[-1]:
            segment = offset // (self.bar // plan.segments.shape[2])
            read.append(plan.segments[:, bar, segment, None].to(x.dtype))
        y, voice = self.voice(beside(read), voice)
        return y, ConductorState(plan, state.position + 1, voice)

    def _within(
        self, x: Float[Tensor, "B T I"], state: ConductorState, lengths: Int[Tensor, "B"] | None
    ) -> tuple[Float[Tensor, "B T D"], ConductorState]:
        """Frames that do not cross a bar line; each row may stand in a bar of its own."""
        row = torch.arange(len(x), device=x.device)
        bar = (state.position // self.bar).clamp(max=state.plan.bars.shape[1] - 1)
        begins = state.position % self.bar == 0
        voice = state.voice
        if bool(begins.any()):
            voice = where(begins, self.voice.init_state(len(x), state.plan.bars[row, bar]), voice)
        offset = state.position[:, None] % self.bar + torch.arange(x.shape[1], device=x.device)
        read = self._read(x, offset.clamp(max=self.bar - 1), state.plan.segments[row, bar])
        y, voice = self.voice(read, voice, lengths)
        if lengths is None:
            return y, ConductorState(state.plan, state.position + x.shape[1], voice)
        return y, ConductorState(state.plan, state.position + lengths, where(lengths > 0, voice, state.voice))

    def _bars(
        self, x: Float[Tensor, "B T I"], state: ConductorState, lengths: Int[Tensor, "B"] | None
    ) -> tuple[Float[Tensor, "B T D"], ConductorState]:
        """Whole bars from a bar line, side by side: B * U rows. Rows that advance all stand at one place."""
        batch, steps, _ = x.shape
        bars = steps // self.bar
        lanes = self._lanes(state, int(state.position.max()) // self.bar, bars)
        folded = None
        if lengths is not None:
            starts = self.bar * torch.arange(bars, device=x.device)
            folded = (lengths[:, None] - starts).clamp(0, self.bar).flatten()
        offset = torch.arange(self.bar, device=x.device).expand(batch * bars, -1)
        read = self._read(x.reshape(batch * bars, self.bar, -1), offset, lanes.plan.segments[:, 0])
        y, voice = self.voice(read, lanes.voice, folded)
        y = y.reshape(batch, steps, -1)
        if lengths is None:
            return y, self.join(state, lanes._replace(voice=voice), steps)
        last = torch.arange(batch, device=x.device) * bars + ((lengths - 1) // self.bar).clamp(min=0)
        ended = where(lengths > 0, select(voice, last), state.voice)
        return y, ConductorState(state.plan, state.position + lengths, ended)

    def _read(
        self, x: Float[Tensor, "R T I"], offset: Int[Tensor, "R T"], segments: Float[Tensor, "R K Q"]
    ) -> Float[Tensor, "R T J"]:
        """What the voice reads: the token (or the bar's first vector) and its place in the bar; controls; the
        plan of the segment."""
        token, controls = self._parts(x)
        if self.first is not None:
            token = torch.where((offset == 0)[..., None], self.first.to(x.dtype), token)
        if self.beat is not None:
            token = token + self.beat(offset % self.metre)
        read = [token, *controls]
        if segments.shape[-1]:
            segment = offset // (self.bar // segments.shape[1])
            index = segment[..., None].expand(-1, -1, segments.shape[-1])
            read.append(segments.gather(1, index).to(x.dtype))
        return beside(read)

    def _parts(self, x: Float[Tensor, "R T I"]) -> tuple[Float[Tensor, "R T E"], list[Tensor]]:
        """The token of each frame, and its controls where there are some."""
        if not self.controls:
            return x, []
        return x[..., : -self.controls], [x[..., -self.controls :]]

    def split(self, state: ConductorState, steps: int) -> ConductorState | None:
        """Whole bars from a bar line on which all rows stand: B * U rows of one bar each."""
        if self.carry:
            return None
        at = set(state.position.tolist())
        here = min(at)
        if len(at) > 1 or not steps or here % self.bar or steps % self.bar:
            return None
        if here + steps > self.bar * state.plan.bars.shape[1]:
            return None  # the sequential run says what is wrong
        return self._lanes(state, here // self.bar, steps // self.bar)

    def _lanes(self, state: ConductorState, first: int, count: int) -> ConductorState:
        # Rows that no longer advance may make `first` too late for them: their lanes are junk, and held.
        plan = Plan(*(part[:, first : first + count].flatten(0, 1)[:, None] for part in state.plan))
        position = torch.zeros(len(plan.bars), dtype=torch.long, device=plan.bars.device)
        return ConductorState(plan, position, self.voice.init_state(len(plan.bars), plan.bars[:, 0]))

    def join(self, state: ConductorState, lanes: ConductorState, steps: int) -> ConductorState:
        count = steps // self.bar
        last = torch.arange(count - 1, len(lanes.position), count, device=lanes.position.device)
        return ConductorState(state.plan, state.position + steps, select(lanes.voice, last))


def beside(parts: list[Tensor]) -> Tensor:
    """The numbers of a frame, one part after another."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, -1)
