"""Between a converter's windows and what a model reads and writes: the tokens, or the vectors of a groove."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

from seqgen.models.music_vae import MusicVAEConfig
from seqgen.models.music_vae.groove import reading
from seqgen.representation.converter import Converter
from seqgen.representation.groove import from_vectors, to_vectors


def to_model(config: MusicVAEConfig, windows: np.ndarray) -> Shaped[Tensor, "B T *N"]:
    """What the encoder reads of windows [B, T, *columns]: of grooves maybe a part, say a tapped rhythm."""
    if config.head not in ("groove", "groove_mixture"):
        return torch.from_numpy(windows.astype(np.int64))
    return reading(config, torch.from_numpy(to_vectors(windows)))


def from_model(drawn: Shaped[Tensor, "B T *N"], converter: Converter) -> np.ndarray:
    """Windows [B, T, *columns] of what the decoder wrote, on a CPU. Grooves have no tempo of their own."""
    if converter.name == "groove":
        return from_vectors(drawn.numpy())
    return drawn.numpy().astype(converter.dtype)
