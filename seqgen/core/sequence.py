"""The one verb of the core: `y, state = module(x, state, lengths)`."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.state import State


class SequenceModule(nn.Module):
    """A causal map over time that carries its state.

    One code path serves every use: the whole sequence at once is teacher forcing, a prompt is prefill, one
    frame is a step, a block is streaming. Subclasses set `input_size` and `output_size` and obey the laws of
    `tests/laws`: how a sequence is cut changes nothing, padding changes nothing, inputs are not mutated,
    rows commute with `select`, and no output depends on a later input.
    """

    input_size: int
    output_size: int

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"]) -> State:
        """The state before the first frame. All conditioning enters here, once."""
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "B T I"], state: State, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], State]:
        """Advance row b by `lengths[b]` frames (all T when None).

        Output at and beyond `lengths[b]` is unspecified; the returned state of a row is the one after its
        last valid frame. `state` is never changed.
        """
        raise NotImplementedError

    def split(self, state: State, steps: int) -> State | None:
        """The next `steps` frames as independent lanes that may run side by side, or None if they may not.

        With U lanes a row, the result has B * U rows, row-major, each good for `steps // U` frames that begin
        from a start token; `join` puts them back. A plain recurrence has none.
        """
        return None

    def join(self, state: State, lanes: State, steps: int) -> State:
        """The state after `steps` frames, from the lanes that `split` gave and that have run to their end."""
        raise NotImplementedError
