"""Frames of a decoder on a GPU: buffers that stay where they are, and the launches of one frame on them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from threading import Lock
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.kernels.cuda import cuda_graph

MOST = 8
"""sets of buffers that are kept beside weights"""
MOST_OUTPUTS = 4096
"""logits of a row that one program draws from"""


class Buffers(NamedTuple):
    """What the launches of every decoder read; `draw_kernel` advances it."""

    previous: Tensor
    """[B]"""
    frame: Tensor
    """[B] frames that this call has drawn, the same for all rows"""
    numbers: Tensor
    """[8] place, hold, end, T, S, and the addresses of uniform, plan and token"""
    temperature: Tensor
    """[1]"""

    @classmethod
    def of(cls, rows: int, device: torch.device) -> Buffers:
        """Of a call of no frames, which reads and writes no more than these."""
        numbers = torch.tensor([0, 1, -1, 0, 0, 0, 0, 0], device=device)
        previous, frame = torch.zeros(2, rows, dtype=torch.int64, device=device)
        return cls(previous, frame, numbers, torch.ones(1, device=device))

    def start(
        self,
        previous: Tensor,
        uniform: Tensor,
        plan: Tensor | None,
        token: Tensor,
        how: tuple[float, int, int, int],
    ) -> None:
        """how: temperature, hold, place, end. The tensors must live until the last frame is drawn."""
        temperature, hold, place, end = how
        segments, address = (0, 0) if plan is None else (plan.shape[1], plan.data_ptr())
        sizes = place, hold, end, uniform.shape[1], segments
        self.numbers.copy_(torch.tensor([*sizes, uniform.data_ptr(), address, token.data_ptr()]))
        self.temperature.fill_(temperature)
        self.previous.copy_(previous)
        self.frame.zero_()


class Frame(NamedTuple):
    at: Buffers
    state: tuple[Tensor, ...]
    """the decoder's own buffers"""
    advance: Callable[[], object]
    """draws one frame"""


class Frames:
    """Kept with weights on a device, by number of rows and what else a capture fixes.

    A lock keeps the calls of threads apart; they must come on one stream.
    """

    def __init__(self) -> None:
        self._lock, self._kept = Lock(), dict[Hashable, Frame]()

    def run(
        self,
        key: Hashable,
        make: Callable[[], tuple[Buffers, tuple[Tensor, ...], Callable[[], object]]],
        start: Callable[[tuple[Tensor, ...]], None],
        inputs: tuple[Int[Tensor, "B"], Float[Tensor, "B T K"], Float[Tensor, "B S G"] | None],
        how: tuple[float, int, int, int],
    ) -> tuple[Int[Tensor, "B T"], tuple[Tensor, ...]]:
        """Tokens, and the decoder's buffers copied.

        make: buffers, state, and what launches one frame. start: fills the state. inputs: previous, uniform,
        plan. how: temperature, hold, place, end.
        """
        previous, uniform, plan = inputs
        uniform, plan = uniform.contiguous(), None if plan is None else plan.contiguous()
        token = previous.new_empty(uniform.shape[:2], dtype=torch.int64)
        on_gpu = torch.cuda.device(uniform.device) if uniform.is_cuda else contextlib.nullcontext()
        with self._lock, on_gpu:
            ready = self._ready(key, make, uniform.device)
            start(ready.state)
            ready.at.start(previous, uniform, plan, token, how)
            for _ in range(uniform.shape[1]):
                ready.advance()
            return token, tuple(x.clone() for x in ready.state)

    def _ready(
        self,
        key: Hashable,
        make: Callable[[], tuple[Buffers, tuple[Tensor, ...], Callable[[], object]]],
        device: torch.device,
    ) -> Frame:
        found = self._kept.pop(key, None)
        if found is None:
            # Made in inference mode, the buffers could not be written outside it.
            with torch.inference_mode(False), torch.no_grad():
                at, state, work = make()
                found = Frame(at, state, cuda_graph(work, device))
            if len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
        self._kept[key] = found  # the latest stands last
        return found
