"""The shape of a translator as one frozen config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqgen.models.music_vae.limits import LARGEST, MOST_LAYERS, check_sizes
from seqgen.models.turns import check_energy


@dataclass(frozen=True)
class TranslatorConfig:
    """A causal encoder, an attention, and a decoder around it."""

    attention: Literal["soft", "wait_k", "hard", "mocha", "milk"] = "milk"
    """soft reads the whole source first; wait_k stays behind by words; the others learn when to read"""
    vocabulary_size: int = 5000
    """subwords of both languages"""
    width: int = 256
    """LSTM units, and the size of an embedding"""
    encoder_layers: int = 2
    energy_width: int = 128
    """units of the energy that decides when to stop"""
    chunk: int = 4
    """mocha: frames that are read at a stop"""
    wait_k: int = 5
    """wait_k: words the target stays behind; the k of decoding, when training draws its own"""
    look_back: int = 1024
    """milk: frames that streaming reads at most"""
    scale: float = 0.6
    """g of the energy before training"""
    offset: float = -1.0
    """r of the energy before training: a frame is a stop with probability sigmoid(r)"""
    noise: float = 2.0
    """standard deviation of the noise on the energy in training"""
    dropout: float = 0.3

    def __post_init__(self) -> None:
        check_sizes(self, vocabulary_size=1 << 20, width=LARGEST, encoder_layers=MOST_LAYERS)
        check_sizes(self, energy_width=LARGEST, chunk=LARGEST, wait_k=LARGEST, look_back=1 << 20)
        check_energy(self.dropout, self.noise, self.scale, self.offset)

    @property
    def streams(self) -> bool:
        """Whether it can write before the source has ended."""
        return self.attention != "soft"
