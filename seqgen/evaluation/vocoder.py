"""How well a vocoder says takes again: whether they are understood, and how far their columns are off.

Beside it stands Griffin-Lim (1984): phases that fit the same mel bands, found in rounds, nothing learned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from seqgen.representation.log_mel import LogMelConfig
from seqgen.representation.vocoder import SPREAD, FeatureConfig, features_of
from seqgen.tasks.audio import AudioModel

ROUNDS = 32
DECIBELS = 10 / math.log(10)  # in a neper of power


def said_again(model: AudioModel, sounds: Sequence[np.ndarray], seed: int) -> dict[str, list[np.ndarray]]:
    """The takes from their features alone: `vocoded`, each with a seed of its own, and by `griffin-lim`."""
    columns = feature_config(model).log_mel
    return {
        "vocoded": [
            model.vocode_samples(sound, seed * 10_000 + number, precision="float32")
            for number, sound in enumerate(sounds)
        ],
        "griffin-lim": [griffin_lim(sound, columns) for sound in sounds],
    }


def feature_config(model: AudioModel) -> FeatureConfig:
    """Of the columns that a vocoder is given."""
    return FeatureConfig(model.sample_rate, model.wavenet.config.features, model.wavenet.config.hop)


def distance(made: Sequence[np.ndarray], real: Sequence[np.ndarray], config: FeatureConfig) -> float:
    """dB: root mean square difference of log-mel columns, over all bands and columns of all takes."""
    squares, count = 0.0, 0
    for one, other in zip(made, real, strict=True):
        apart = features_of(sound(one), config) - features_of(sound(other), config)
        squares += float(apart.mul(SPREAD * DECIBELS).double().square().sum())
        count += apart.numel()
    return math.sqrt(squares / count)


def griffin_lim(samples: np.ndarray, config: LogMelConfig) -> np.ndarray:
    """float32 [N] from the mel bands of float32 [N]; the columns are the vocoder's, but centred."""
    from torchaudio.transforms import GriffinLim, InverseMelScale, MelSpectrogram

    shape = {"n_fft": config.fft, "win_length": config.window, "hop_length": config.hop}
    mel = MelSpectrogram(config.sample_rate, n_mels=config.mels, pad_mode="constant", **shape)
    unfold = InverseMelScale(config.fft // 2 + 1, config.mels, config.sample_rate)
    phases = GriffinLim(n_iter=ROUNDS, length=len(samples), rand_init=False, **shape)
    return phases(unfold(mel(sound(samples))))[0].numpy()


def sound(samples: np.ndarray) -> torch.Tensor:
    """[1, N]"""
    return torch.from_numpy(samples)[None]
