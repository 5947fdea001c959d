"""torch.nn.LSTM, and the same from packed weights: for inference on a CPU."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.packs import Packs
from seqgen.kernels.choose import choose
from seqgen.kernels.lstm_sequence import Direction, Packed, lstm_sequence, pack
from seqgen.kernels.native.library import Native
from seqgen.kernels.packing import Precision


class PackedLSTM(nn.LSTM):
    """Layers over [B, T, I], one way or both. It trains as torch.nn.LSTM does."""

    def __init__(self, input_size: int, width: int, layers: int = 1, bidirectional: bool = True):
        super().__init__(input_size, width, layers, batch_first=True, bidirectional=bidirectional)
        self.packs = Packs()

    def read(
        self,
        x: Float[Tensor, "B T I"],
        precision: Precision | None = None,
        start: tuple[Float[Tensor, "B NG D"], Float[Tensor, "B NG D"]] | None = None,
        lengths: Int[Tensor, "B"] | None = None,
    ) -> tuple[Float[Tensor, "B T GD"], Float[Tensor, "B G D"]]:
        """Outputs, directions side by side, and the last layer's state of each of G directions at its end.

        precision: of packed weights, where the native library can serve; None, or elsewhere, torch does.
        start: h and c of each of N layers' directions before the first frame; zero by default.
        lengths: frames of each row; the way back begins at the last of them, and all is zero past them. Rows
            of different lengths are read by torch.
        """
        uneven = lengths is not None and bool((lengths != x.shape[1]).any())
        library = None if precision is None or uneven else self._library(x)
        if library is None or precision is None:
            first = start and tuple(s.transpose(0, 1).contiguous() for s in start)
            if lengths is not None and uneven:
                return self._padded(x, first, lengths)
            y, (h, _) = self(x, first)
            return y, h.unflatten(0, (self.num_layers, -1))[-1].transpose(0, 1)
        y, ways = x.float(), 2 if self.bidirectional else 1
        for n, packed in enumerate(self._packed(library, precision)):
            own = slice(n * ways, (n + 1) * ways)
            h, c = (None, None) if start is None else (s[:, own].float() for s in start)
            y, last, _ = lstm_sequence(packed, y, h, c)
        return y.to(x.dtype), last.to(x.dtype)

    def _padded(
        self, x: Float[Tensor, "B T I"], start: tuple[Tensor, ...] | None, lengths: Int[Tensor, "B"]
    ) -> tuple[Float[Tensor, "B T GD"], Float[Tensor, "B G D"]]:
        some = lengths.clamp(min=1).cpu()  # a packed sequence may not be empty: an empty row is erased below
        packed = nn.utils.rnn.pack_padded_sequence(x, some, batch_first=True, enforce_sorted=False)
        packed, (h, _) = self(packed, start)
        y = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])[0]
        last = h.unflatten(0, (self.num_layers, -1))[-1].transpose(0, 1)
        there = (lengths > 0)[:, None, None]
        return y * there, last * there

    def _library(self, x: Tensor) -> Native | None:
        grad = torch.is_grad_enabled() and (
            x.requires_grad or any(w.requires_grad for w in self.parameters())
        )
        if grad or not x.is_cpu or torch.is_autocast_enabled("cpu"):
            return None
        library = choose(x.device, "")
        return None if isinstance(library, str) else library

    def _packed(self, library: Native, precision: Precision) -> list[Packed]:
        weights = list(self.parameters())
        return self.packs.get(
            (precision, library.lanes), weights, lambda: self._pack(precision, library.lanes)
        )

    @torch.no_grad()
    def _pack(self, precision: Precision, lanes: int) -> list[Packed]:
        ways = 2 if self.bidirectional else 1
        directions = [Direction(read, own, a + b) for read, own, a, b in self.all_weights]
        return [pack(directions[n : n + ways], precision, lanes) for n in range(0, len(directions), ways)]
