"""A trained WaveNet of sound as one uses it: a digit and a speaker in, samples out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from seqgen.config import from_dict
from seqgen.core import DecoderState, Sampling
from seqgen.io.speech import SpeechFile
from seqgen.kernels.packing import Precision
from seqgen.models.audio_wavenet import AudioWaveNet
from seqgen.representation.mulaw import CODES, MuLawConfig, decode
from seqgen.representation.vocoder import FeatureConfig, features_of
from seqgen.tasks.notices import say
from seqgen.tasks.settings import generator
from seqgen.tasks.shipped import find_folder, read_card

LONGEST = 30.0
"""seconds of one call: more is a slip of the finger"""
BLOCK = 400
"""samples between two words of progress"""
Progress = Callable[[int, int], None]


def load_audio(model: str | Path, device: str = "cpu") -> AudioModel:
    """A shipped model of sound by its name, or any by its folder.

    Raises:
        ValueError: for an unknown name, a folder without a complete model, or one that contradicts itself.
    """
    from seqgen.models.checkpoint import load_model

    folder = find_folder(model)
    wavenet, sections = load_model(folder, "audio_wavenet")
    where = f"{folder / 'config.yaml'}: representation"
    sound = from_dict(MuLawConfig, sections.get("representation"), where)
    if wavenet.config.vocabulary_size != CODES:
        raise ValueError(f"{where}: {CODES} codes, but the model has {wavenet.config.vocabulary_size}")
    for name in ("digits", "speakers"):
        size, known = getattr(wavenet.config, name), len(getattr(sound, name))
        if size not in (0, known):
            raise ValueError(f"{where}: {known} {name}, but the model has {size}")
    return AudioModel(folder.resolve().name, wavenet.to(device), sound, sections, read_card(folder))


@dataclass(frozen=True, eq=False)
class AudioModel:
    """A WaveNet with its name, how its codes become sound, and what its folder says about it."""

    name: str
    wavenet: AudioWaveNet
    sound: MuLawConfig
    sections: dict[str, Any]
    """of its config.yaml"""
    card: str
    """its model card, in Markdown; empty if there is none"""

    @property
    def sample_rate(self) -> int:
        return self.sound.sample_rate

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.wavenet.parameters())

    def sample(
        self,
        digit: str | None = None,
        speaker: str | None = None,
        seed: int = 1,
        temperature: float = 1.0,
        top_p: float = 1.0,
        seconds: float | None = None,
        progress: Progress | None = None,
        precision: Precision = "bfloat16",
    ) -> np.ndarray:
        """A new take: float32 [N] in [-1, 1] at `sample_rate`. The same seed gives the same samples.

        A digit or a speaker that is not given is the model's choice. seconds: how long it lasts; drawn, if
        not given. progress: told samples done and samples in all, now and then. precision: of the weights
        where the native kernels compute; see `precision_of`.

        Raises:
            ValueError: for a digit or speaker that the model does not know, or numbers out of range.
        """
        told = [digit], [speaker], [seed]
        return self.sample_many(*told, temperature, top_p, seconds, progress, precision)[0]

    def sample_many(
        self,
        digits: Sequence[str | None],
        speakers: Sequence[str | None],
        seeds: Sequence[int],
        temperature: float = 1.0,
        top_p: float = 1.0,
        seconds: float | None = None,
        progress: Progress | None = None,
        precision: Precision = "bfloat16",
    ) -> list[np.ndarray]:
        """Takes side by side, each with a digit, a speaker and a seed of its own: see `sample`."""
        how = Sampling(temperature=temperature, top_p=top_p)
        if self.wavenet.config.features:
            raise ValueError(f"{self.name} is a vocoder: it needs a recording to follow (vocode)")
        device = next(self.wavenet.parameters()).device
        digit = torch.tensor([self.sound.digit(name) for name in digits], device=device)
        speaker = torch.tensor([self.sound.speaker(name) for name in speakers], device=device)
        cond = self.wavenet.told(digit, speaker)
        dice = [generator(seed) for seed in seeds]
        normal = torch.cat([torch.randn(1, generator=rng) for rng in dice]).to(device)
        with torch.inference_mode():
            duration = self.wavenet.draw_duration(cond, normal.clamp(-2, 2))
            if seconds is not None:
                duration = torch.full_like(duration, self._samples(seconds))
            duration = duration.clamp(max=round(LONGEST * self.sample_rate))
            state = self.wavenet.init_state(cond, duration)
        codes = self._run(state, int(duration.max()), how, dice, progress, precision)
        return [decode(row[:length]) for row, length in zip(codes, duration.tolist(), strict=True)]

    def vocode(
        self,
        path: str | Path,
        seed: int = 1,
        temperature: float = 1.0,
        progress: Progress | None = None,
        precision: Precision = "bfloat16",
    ) -> np.ndarray:
        """A recording said again from its log-mel features alone: float32 [N] at `sample_rate`.

        Raises:
            ValueError: for a file that cannot be read, or a model that is no vocoder.
        """
        samples, notices = self.read(path)
        say(notices)
        return self.vocode_samples(samples, seed, temperature, progress, precision)

    def read(self, path: str | Path) -> tuple[np.ndarray, list[str]]:
        """A recording for `vocode_samples`, and sentences about what was done to it.

        Raises:
            ValueError: for a file that cannot be read, or a model that is no vocoder.
        """
        self._check_vocoder()
        file = SpeechFile(path, self.sample_rate)
        if file.seconds > LONGEST:
            file.close()
            raise ValueError(f"{path}: {file.seconds:.2f} s: expected up to {LONGEST:g}: cut it first")
        samples = np.concatenate([*file.blocks(LONGEST), np.zeros(0, np.float32)])
        if not len(samples):
            raise ValueError(f"{path}: there is no sound in it")
        if file.rate > self.sample_rate:
            heard = f"nothing above {self.sample_rate // 2} Hz is heard"
            file.notices.append(f"{path}: resampled from {file.rate} to {self.sample_rate} Hz: {heard}")
        return samples, file.notices

    def vocode_samples(
        self,
        samples: np.ndarray,
        seed: int = 1,
        temperature: float = 1.0,
        progress: Progress | None = None,
        precision: Precision = "bfloat16",
    ) -> np.ndarray:
        """The same for samples at hand: float32 [N] in [-1, 1] at `sample_rate`, N at least 1."""
        self._check_vocoder()
        config, how = self.wavenet.config, Sampling(temperature)
        dice = [generator(seed)]
        columns = FeatureConfig(self.sample_rate, config.features, config.hop)
        device = next(self.wavenet.parameters()).device
        unknown = torch.tensor([-1], device=device)
        with torch.inference_mode():
            features = features_of(torch.from_numpy(samples)[None], columns).to(device)
            state = self.wavenet.init_state(self.wavenet.told(unknown, unknown), features=features)
        return decode(self._run(state, len(samples), how, dice, progress, precision)[0])

    def precision_of(self, precision: Precision, how: Sampling) -> str:
        """The precision that samples are drawn with when `precision` is asked for.

        The native kernels compute with weights of that precision. They run on a CPU and do not know top_p;
        everywhere else torch computes in the dtype of the model.
        """
        return self.wavenet.decoder.precision_of(how, precision)

    def _check_vocoder(self) -> None:
        if not self.wavenet.config.features:
            raise ValueError(f"{self.name} is no vocoder: it is told a digit and a speaker (sample)")

    @torch.inference_mode()
    def _run(
        self,
        state: DecoderState,
        steps: int,
        how: Sampling,
        dice: Sequence[Generator],
        progress: Progress | None,
        precision: Precision,
    ) -> np.ndarray:
        """Codes [B, steps]. Each row has dice of its own, so its neighbours do not change it."""
        draws = self.wavenet.decoder.head.draws
        parts: list[Tensor] = []
        for begin in range(0, steps, BLOCK):
            count = min(BLOCK, steps - begin)
            uniform = torch.stack([torch.rand((count, draws), generator=rng) for rng in dice])
            codes, state = self.wavenet.decoder.generate(
                state, count, how, uniform=uniform, precision=precision
            )
            parts.append(codes.cpu())
            if progress is not None:
                progress(begin + count, steps)
        return torch.cat(parts, 1).numpy()

    def _samples(self, seconds: float) -> int:
        """A number of seconds in samples."""
        if not (math.isfinite(seconds) and 1 / self.sample_rate <= seconds <= LONGEST):
            raise ValueError(
                f"seconds must be above 0 and at most {LONGEST:g}, got {seconds}: leave it out to draw it"
            )
        return round(seconds * self.sample_rate)
