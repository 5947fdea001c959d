"""Another sample rate for a stream: blocks in, blocks out, equal to resampling the whole at once."""

from __future__ import annotations

from math import ceil, gcd

import numpy as np

WIDTH = 6  # zero crossings of torchaudio's sinc filter on each side
GRAIN = 25  # Hz: a filter from 44101 to 8000 Hz would fill 1.4 GB, one from 44100 to 8000 Hz 150 kB


class Resampler:
    """Wraps torchaudio's windowed-sinc `resample`. Rates count as their nearest multiple of 25 Hz.

    Each block is resampled with `margin` samples of its neighbours on both sides, and the samples that the
    margins gave are cut away. Blocks begin at multiples of rate / gcd, where both rates have a sample.
    """

    def __init__(self, rate: int, target: int):
        rate, target = (GRAIN * round(value / GRAIN) for value in (rate, target))
        common = gcd(rate, target)
        self.rate, self.target = rate // common, target // common
        reach = ceil(WIDTH * self.rate / min(self.rate, self.target) / 0.99) + 1  # .99: torchaudio's rolloff
        self.margin = ceil(reach / self.rate) * self.rate
        self._past = np.zeros(0, np.float32)  # the last samples that are done with, a multiple of rate
        self._pending = np.zeros(0, np.float32)

    def feed(self, samples: np.ndarray) -> np.ndarray:
        """float32 [N] at the old rate to float32 [M] at the new one: what is certain by now."""
        if self.rate == self.target:
            return samples
        self._pending = np.concatenate([self._pending, samples])
        certain = max(0, len(self._pending) - self.margin) // self.rate * self.rate
        if not certain:
            return np.zeros(0, np.float32)
        new = self._resample(self._pending[: certain + self.margin], certain)
        self._past = np.concatenate([self._past, self._pending[:certain]])[-self.margin :]
        self._pending = self._pending[certain:]
        return new

    def finish(self) -> np.ndarray:
        """The rest."""
        rest, self._pending = self._pending, np.zeros(0, np.float32)
        return self._resample(rest, len(rest)) if len(rest) else rest

    def _resample(self, samples: np.ndarray, certain: int) -> np.ndarray:
        """The first `certain` of `samples` at the new rate; all else is their context."""
        import torch
        from torchaudio.functional import resample

        sound = torch.from_numpy(np.concatenate([self._past, samples]))
        new = resample(sound, self.rate, self.target, lowpass_filter_width=WIDTH).numpy()
        begin = len(self._past) // self.rate * self.target
        return new[begin : begin + ceil(certain * self.target / self.rate)]
