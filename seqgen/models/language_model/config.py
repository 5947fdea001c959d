"""The shape of a language model of music, as one frozen config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqgen.models.music_vae.limits import LARGEST, MOST_BARS, MOST_LAYERS, check_dilations, check_sizes


@dataclass(frozen=True)
class LanguageModelConfig:
    """An autoregressive model of tokens, of any length, without a latent code."""

    voice: Literal["lstm", "wavenet"] = "lstm"
    """what writes the tokens: a recurrence, or dilated causal convolutions"""
    head: Literal["categorical", "bernoulli"] = "categorical"
    """categorical: one of vocabulary_size tokens; bernoulli: log2(vocabulary_size) independent bits"""
    vocabulary_size: int = 90
    first_onset: int = 2
    """tokens from here on begin a note or a hit; those below it hold, end or are silent"""
    steps_per_bar: int = 16
    """the model is told which step of the bar it is at"""
    embedding: int = 64
    width: int = 384
    """LSTM units; residual channels of a WaveNet"""
    layers: int = 1
    """of an LSTM; a WaveNet has one for each dilation"""
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 1, 2, 4, 8, 16, 32, 64)
    """WaveNet: how far apart the two taps of each layer are, in steps"""
    skip_width: int = 128
    """WaveNet: channels of the path from each layer to the output"""

    def __post_init__(self) -> None:
        check_sizes(self, vocabulary_size=LARGEST, steps_per_bar=MOST_BARS, embedding=LARGEST, width=LARGEST)
        check_sizes(self, layers=MOST_LAYERS, skip_width=LARGEST)
        check_dilations(self.dilations)
        if not 0 <= self.first_onset < self.vocabulary_size:
            raise ValueError(
                f"first_onset must be a token below {self.vocabulary_size}, got {self.first_onset}"
            )
        if self.head == "bernoulli" and self.vocabulary_size & (self.vocabulary_size - 1):
            raise ValueError(
                f"vocabulary_size of a bernoulli head must be a power of 2, got {self.vocabulary_size}"
            )
