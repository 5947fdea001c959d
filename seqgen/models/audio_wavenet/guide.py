"""What guides a WaveNet along a take: vectors every `hop` samples, from a timing or from given features."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

HARMONICS = 8
SHORT, LONG = 5.0, 50.0  # frames: how far an edge reaches, and a typical take


class Timing(nn.Module):
    """A vector for every frame of a take, from what is said and by whom, its duration and the place in it.

    A WaveNet sees a tenth of a second; this tells it what a word has come to. Nothing of it is heard: the
    duration is drawn (or given) before the first sample.
    """

    def __init__(self, cond_size: int, width: int, size: int, hop: int):
        super().__init__()
        self.hop = hop
        self.layers = nn.Sequential(
            nn.Linear(cond_size + 2 * HARMONICS + 5, width),
            nn.GELU(),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Linear(width, size),
            nn.Tanh(),
        )

    def forward(self, cond: Float[Tensor, "B Z"], duration: Int[Tensor, "B"]) -> Float[Tensor, "B S Q"]:
        """duration: of each take, in samples."""
        frames = int(duration.max()) // self.hop + 2
        place = self._place(duration, frames).to(cond.dtype)
        return self.layers(torch.cat([cond[:, None].expand(-1, frames, -1), place], -1))

    def _place(self, duration: Int[Tensor, "B"], frames: int) -> Float[Tensor, "B S P"]:
        """Where each frame stands: as a share of the take in sines, and in frames from both of its ends."""
        long = (duration / self.hop)[:, None]
        gone = torch.arange(frames, device=duration.device).expand(len(duration), -1)
        gone = torch.minimum(gone, long)  # beyond the end all is the end
        left = long - gone
        turns = math.pi * (gone / long)[..., None] * torch.arange(1, HARMONICS + 1, device=duration.device)
        plain = [gone / LONG, left / LONG, (-gone / SHORT).exp(), (-left / SHORT).exp()]
        plain.append((long / LONG).log().expand(-1, frames))
        return torch.cat([turns.sin(), turns.cos(), torch.stack(plain, -1)], -1)


class Reader(nn.Module):
    """Given features, each read with its two neighbours: for a vocoder.

    The features of a recording are known before its first sample, so looking one frame ahead, beside what
    their own window and the interpolation to samples look ahead, breaks nothing; a stream would lag by it.
    """

    def __init__(self, features: int, size: int):
        super().__init__()
        self.read = nn.Conv1d(features, size, 3, padding=1)

    def forward(self, features: Float[Tensor, "B S M"]) -> Float[Tensor, "B S Q"]:
        return self.read(features.transpose(1, 2)).transpose(1, 2).tanh()
