"""Sound to log-mel features, block by block: feeding a recording in pieces gives what the whole gives.

A column of 10 ms is the logarithm of mel-band power (torchaudio), minus a running mean of itself, so that
gain and microphone matter little. The mean knows the past only, as a stream does. `stack` columns side by
side are one frame for a recogniser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

FLOOR = 1e-5  # power under which all is silence: about -65 dB of full scale
SILENCE = -11.5  # its logarithm, where the running mean begins
SPREAD = 3.0  # nats: a typical deviation from the mean


@dataclass(frozen=True)
class LogMelConfig:
    """The numbers of the features."""

    sample_rate: int = 8000
    window: int = 200
    """samples under the Hann window: 25 ms"""
    hop: int = 80
    """samples between columns: 10 ms"""
    fft: int = 256
    mels: int = 40
    stack: int = 4
    """columns in a frame"""
    memory: int = 300
    """columns over which the running mean forgets"""

    def __post_init__(self) -> None:
        if not 1000 <= self.sample_rate <= 192_000:
            raise ValueError(f"sample_rate must be 1000 to 192000 Hz, got {self.sample_rate}")
        if not 1 <= self.hop <= self.window <= self.fft <= 1 << 14:
            raise ValueError(
                f"expected 1 <= hop <= window <= fft <= 16384 samples, got {self.hop}, {self.window} and "
                f"{self.fft}"
            )
        if not (1 <= self.mels <= self.fft // 2 and 1 <= self.stack <= 64 and 1 <= self.memory <= 100_000):
            raise ValueError(
                "expected mels of 1 to fft / 2, stack of 1 to 64 and memory of 1 to 100000, got "
                f"{self.mels}, {self.stack} and {self.memory}"
            )

    @property
    def size(self) -> int:
        """Numbers in a frame."""
        return self.mels * self.stack

    @property
    def step(self) -> int:
        """Samples from one frame to the next."""
        return self.hop * self.stack

    @property
    def reach(self) -> int:
        """Samples that a frame sees, from its first."""
        return self.hop * (self.stack - 1) + self.fft


class LogMelState(NamedTuple):
    """Between two blocks."""

    pending: Tensor
    """[B, N] samples that have not been part of a whole frame's step"""
    mean: Tensor
    """[B, M] running mean of the columns"""
    columns: int
    """columns so far"""


class LogMel:
    """Features of recordings, as one block or as many."""

    def __init__(self, config: LogMelConfig):
        self.config = config
        self._transform = mel_transform(config)

    def init_state(self, batch_size: int = 1) -> LogMelState:
        mean = torch.full((batch_size, self.config.mels), SILENCE)
        return LogMelState(torch.zeros(batch_size, 0), mean, 0)

    def feed(
        self, samples: Float[Tensor, "B N"], state: LogMelState
    ) -> tuple[Float[Tensor, "B S F"], LogMelState]:
        """The frames that `samples` in [-1, 1] complete; none is possible."""
        sound = torch.cat([state.pending, samples], 1)
        frames = max(0, (sound.shape[1] - self.config.reach) // self.config.step + 1)
        return self._frames(sound, frames, state)

    def finish(self, state: LogMelState) -> Float[Tensor, "B S F"]:
        """The frames that begin in what is left, with silence after it."""
        left = state.pending.shape[1]
        frames = -(-left // self.config.step)
        missing = max(0, (frames - 1) * self.config.step + self.config.reach - left)
        sound = torch.nn.functional.pad(state.pending, (0, missing))
        return self._frames(sound, frames, state)[0]

    def whole(self, samples: Float[Tensor, "B N"]) -> Float[Tensor, "B S F"]:
        """All frames of recordings; S = ceil(N / step). A shorter recording is padded with zeros, and its
        own frames are the first ceil(length / step)."""
        frames, state = self.feed(samples, self.init_state(len(samples)))
        return torch.cat([frames, self.finish(state)], 1)

    def frames(self, samples: int) -> int:
        """Frames of a recording of so many samples."""
        return -(-samples // self.config.step)

    def seconds(self, frame: int) -> float:
        """How much of the recording must have been heard before frame `frame` can be made."""
        return (frame * self.config.step + self.config.reach) / self.config.sample_rate

    def _frames(
        self, sound: Float[Tensor, "B N"], frames: int, state: LogMelState
    ) -> tuple[Float[Tensor, "B S F"], LogMelState]:
        batch, config = len(sound), self.config
        if not frames:
            return sound.new_zeros(batch, 0, config.size), state._replace(pending=sound)
        used = sound[:, : (frames - 1) * config.step + config.reach]
        column = self._transform(used).clamp(min=0).add(FLOOR).log().transpose(1, 2)
        mean, means = state.mean, []
        for number, x in enumerate(column.unbind(1), state.columns):
            mean = mean.lerp(x, 1 / min(number + 10, config.memory))  # quick at first, then slow
            means.append(mean)
        normal = (column - torch.stack(means, 1)) / SPREAD
        new = LogMelState(sound[:, frames * config.step :], mean, state.columns + column.shape[1])
        return normal.reshape(batch, frames, config.size), new


def mel_transform(config: LogMelConfig) -> torch.nn.Module:
    """torchaudio's mel spectrogram, without padding: column t needs the samples [t hop, t hop + fft)."""
    try:
        from torchaudio.transforms import MelSpectrogram
    except ImportError as error:
        raise ValueError(f"sound needs more packages: pip install 'seqgen[audio]' ({error})") from None
    return MelSpectrogram(
        config.sample_rate, config.fft, config.window, config.hop, n_mels=config.mels, center=False
    )
