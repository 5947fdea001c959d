"""The shape of a recogniser as one frozen config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqgen.models.music_vae.limits import LARGEST, MOST_LAYERS, check_sizes
from seqgen.models.turns import check_energy


@dataclass(frozen=True)
class RecognizerConfig:
    """A causal encoder of sound, an attention, and a decoder around it."""

    attention: Literal["soft", "hard", "mocha"] = "mocha"
    """soft hears all of it first; hard and mocha learn when to write"""
    features: int = 160
    """numbers in a frame of sound"""
    vocabulary_size: int = 11
    """symbols and, last, the end mark"""
    width: int = 192
    """LSTM units"""
    encoder_layers: int = 2
    embedding: int = 32
    energy_width: int = 64
    """units of the energy that decides when to stop"""
    chunk: int = 4
    """mocha: frames that are read at a stop"""
    scale: float = 0.6
    """g of the energy before training"""
    offset: float = -2.0
    """r of the energy before training: a frame is a stop with probability sigmoid(r)"""
    noise: float = 2.0
    """standard deviation of the noise on the energy in training"""
    dropout: float = 0.2

    def __post_init__(self) -> None:
        check_sizes(self, features=LARGEST, width=LARGEST, encoder_layers=MOST_LAYERS, embedding=LARGEST)
        check_sizes(self, vocabulary_size=1 << 20, energy_width=LARGEST, chunk=LARGEST)
        check_energy(self.dropout, self.noise, self.scale, self.offset)

    @property
    def end(self) -> int:
        """The token that ends a transcript."""
        return self.vocabulary_size - 1

    @property
    def streams(self) -> bool:
        """Whether it can write before the recording has ended."""
        return self.attention != "soft"
