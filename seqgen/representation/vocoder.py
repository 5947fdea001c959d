"""What a vocoder is given: log-mel columns every `hop` samples, at their own level.

A recogniser's features lose the level to a running mean (`log_mel.py`); a vocoder has to give it back.
Column k is made from the samples k hop .. k hop + fft, of which a window of 25 ms stands in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from seqgen.representation.log_mel import FLOOR, LogMelConfig, mel_transform

MIDDLE, SPREAD = -6.0, 3.0  # nats: of the columns of speech


@dataclass(frozen=True)
class FeatureConfig:
    """The numbers of the features."""

    sample_rate: int = 8000
    mels: int = 40
    hop: int = 80

    @property
    def log_mel(self) -> LogMelConfig:
        window = max(self.hop, round(self.sample_rate / 40))  # 25 ms
        fft = 1 << (window - 1).bit_length()
        return LogMelConfig(self.sample_rate, window, self.hop, fft, self.mels, stack=1)


def features_of(samples: Float[Tensor, "B N"], config: FeatureConfig) -> Float[Tensor, "B S M"]:
    """S = ceil(N / hop) columns, with silence after the end."""
    how = config.log_mel
    columns = -(-samples.shape[1] // how.hop)
    missing = (columns - 1) * how.hop + how.fft - samples.shape[1]
    sound = torch.nn.functional.pad(samples, (0, max(0, missing)))
    power = mel_transform(how)(sound)[..., :columns].clamp(min=0)
    return (power.add(FLOOR).log().transpose(1, 2) - MIDDLE) / SPREAD
