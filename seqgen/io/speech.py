"""Recordings to samples: WAV, FLAC and whatever else libsndfile reads, in blocks, as one channel at one rate.

A long recording never lies in memory as a whole unless it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import IOBase
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from seqgen.io.resample import Resampler

MAX_MINUTES = 240
RATES = (2000, 384_000)
SILENT = 1e-4  # peak under which nothing was recorded: a few steps of 16 bits
SHORT = re.compile(r"^data\s*: \d+ \(should be \d+\)", re.MULTILINE)  # how libsndfile logs a WAV that is cut
INSTALL = "sound needs more packages: pip install 'seqgen[audio]'"


class SpeechFile:
    """An open recording. `notices` says in sentences what had to be done to it.

    Raises:
        ValueError: for a file that is missing, broken, too long, or of a rate out of range.
    """

    def __init__(self, path: str | Path, sample_rate: int = 8000):
        try:
            import soundfile
        except (ImportError, OSError) as error:
            raise ValueError(f"{INSTALL} ({error})") from None
        self.path, self.sample_rate = Path(path), sample_rate
        if not self.path.is_file():
            raise ValueError(f"{self.path}: there is no such file")
        try:
            self._file: Any = soundfile.SoundFile(str(self.path))
        except RuntimeError as error:  # libsndfile's own, and whatever it wraps
            raise ValueError(f"{self.path}: not a recording that can be read ({reason(error)})") from None
        self.rate, self.channels = int(self._file.samplerate), int(self._file.channels)
        self.seconds: float = self._file.frames / max(1, self.rate)
        self.peak = 0.0
        """of what `blocks` has given so far"""
        self.notices: list[str] = []
        try:
            self._check()
        except ValueError:
            self.close()
            raise

    def _check(self) -> None:
        if not RATES[0] <= self.rate <= RATES[1]:
            raise ValueError(
                f"{self.path}: {self.rate} samples a second: expected {RATES[0]} to {RATES[1]}, for example "
                f"{self.sample_rate}"
            )
        if not 0 <= self.seconds <= 60 * MAX_MINUTES:
            raise ValueError(
                f"{self.path}: {self.seconds / 60:,.0f} minutes: at most {MAX_MINUTES} are read: cut it first"
            )
        if self.channels > 1:
            self.notices.append(f"{self.path}: {self.channels} channels were mixed into one")
        if SHORT.search(self._file.extra_info):
            self.notices.append(f"{self.path}: cut short, its header promises more sound than there is")
        if self.rate < self.sample_rate:
            self.notices.append(
                f"{self.path}: {self.rate} samples a second, less than the {self.sample_rate} the model "
                "learned from: expect errors"
            )

    def blocks(self, seconds: float = 0.1) -> Iterator[np.ndarray]:
        """float32 samples at `sample_rate`, about `seconds` of the file at a time, once. Closes the file."""
        resampler = Resampler(self.rate, self.sample_rate)
        size = max(1, round(seconds * self.rate))
        try:
            read = 0
            while True:
                block = self._read(size)
                mixed = block.mean(1)
                if not np.isfinite(mixed).all():
                    at = read + int(np.nonzero(~np.isfinite(mixed))[0][0])
                    raise ValueError(f"{self.path}: sample {at} is not a finite number: the file is broken")
                read += len(block)
                if len(block):
                    self.peak = max(self.peak, float(np.abs(mixed).max()))
                    yield resampler.feed(mixed)
                if len(block) < size:
                    break
            yield resampler.finish()
            if read < self._file.frames:
                missing = self.seconds - read / self.rate
                self.notices.append(f"{self.path}: cut short, the last {missing:.2f} s are missing")
            if self.peak < SILENT:
                self.notices.append(f"{self.path}: silent, there is nothing to hear in it")
        finally:
            self.close()

    def _read(self, size: int) -> np.ndarray:
        """float32 [N, channels], N < size only at the end."""
        try:
            return self._file.read(size, dtype="float32", always_2d=True)
        except RuntimeError as error:
            raise ValueError(f"{self.path}: broken: {reason(error)}") from None

    def close(self) -> None:
        self._file.close()


def read_speech(path: str | Path, sample_rate: int = 8000) -> tuple[np.ndarray, list[str]]:
    """A whole recording: float32 [N] at `sample_rate`, and sentences about what was done to it.

    Raises ValueError as `SpeechFile` does.
    """
    file = SpeechFile(path, sample_rate)
    samples = np.concatenate([*file.blocks(10.0), np.zeros(0, np.float32)])
    return samples, file.notices


def raw_blocks(stream: BinaryIO | IOBase, size: int, notices: list[str]) -> Iterator[np.ndarray]:
    """Raw 16-bit samples (little-endian, one channel) as float32 blocks of at most `size`, as they come.

    notices: gets a sentence if there was nothing to hear, or half a sample at the end.
    """
    rest, peak = b"", 0.0
    source: Any = stream
    read = getattr(source, "read1", source.read)  # what is there by now: a microphone is not waited for
    while data := read(2 * size):
        data = rest + data
        whole = len(data) // 2 * 2
        rest = data[whole:]
        samples = np.frombuffer(data[:whole], "<i2").astype(np.float32) / 32768
        peak = max(peak, float(np.abs(samples).max(initial=0)))
        yield samples
    if rest:
        notices.append("-: half a sample at the end: expected 16-bit samples")
    if peak < SILENT:
        notices.append("-: silent, there is nothing to hear in it")


def reason(error: Exception) -> str:
    """libsndfile's sentence without the path, which ours begins with."""
    return str(error).rpartition(": ")[2].strip().rstrip(".")
