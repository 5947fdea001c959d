"""Connected digits, joined from takes of single ones: what a digit recogniser learns from and is measured on.

An utterance is 3 to 7 takes of one speaker, in random order, with a random pause before, between and after
them, a random gain each, and a noise floor under all of it. One speaker, because a recording of connected
digits has one: a change of voice would mark the boundaries that a recogniser has to find. Joined takes are
easier than running speech all the same: a digit never melts into the next one.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

SAMPLE_RATE = 8000
FRAME = 80  # samples: 10 ms, the grain of a digit's end
VOICED_DB = 30.0  # a frame this far below a take's loudest is silence


@dataclass(frozen=True)
class JoinConfig:
    """How takes become an utterance."""

    fewest: int = 3
    """digits in an utterance, at least"""
    most: int = 7
    pause: tuple[float, float] = (0.03, 0.5)
    """seconds between two takes; before the first and after the last too, with 0.1 more"""
    gain_db: tuple[float, float] = (-12.0, 3.0)
    """of the utterance, after its loudest take was brought to a peak of .5"""
    take_gain_db: float = 3.0
    """each take is louder or softer by up to this much"""
    noise_db: tuple[float, float] = (-65.0, -40.0)
    """level of the white noise under the utterance, relative to full scale"""
    speed: float = 0.0
    """each take is faster or slower by up to this share: for training"""

    def __post_init__(self) -> None:
        if not 0 <= self.fewest <= self.most <= 1000:
            raise ValueError(f"fewest and most must be 0 to 1000 digits, got {self.fewest} and {self.most}")
        if not 0 <= self.pause[0] <= self.pause[1] <= 60:
            raise ValueError(f"pause must be a range of seconds, 0 to 60, got {self.pause}")
        if not 0 <= self.speed < 0.5:
            raise ValueError(f"speed must lie in [0, .5), got {self.speed}")


class Takes(NamedTuple):
    """Single digits, one after another in one array."""

    samples: np.ndarray
    """int16 [N], 8 kHz"""
    begin: np.ndarray
    """int64 [K] first sample of each take"""
    end: np.ndarray
    """int64 [K] the sample after its last one"""
    digit: np.ndarray
    """int64 [K]"""
    speaker: np.ndarray
    """[K] names"""


class Utterance(NamedTuple):
    """Connected digits, and when each of them was over."""

    samples: np.ndarray
    """float32 [N] in [-1, 1], 8 kHz"""
    digits: np.ndarray
    """int64 [U]"""
    ends: np.ndarray
    """float64 [U] seconds from the beginning"""


def write_takes(folder: Path, takes: Takes) -> None:
    """`takes.npy` and `takes.tsv`."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "takes.npy", takes.samples)
    with open(folder / "takes.tsv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(("begin", "end", "digit", "speaker"))
        table.writerows(zip(*(column.tolist() for column in takes[1:]), strict=True))


def read_takes(folder: Path) -> Takes:
    """What `write_takes` wrote. Raises ValueError for a folder without it."""
    if not (folder / "takes.npy").is_file() or not (folder / "takes.tsv").is_file():
        raise ValueError(f"{folder}: expected takes.npy and takes.tsv in it: see data_tools/make_digits.py")
    with open(folder / "takes.tsv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    try:
        samples = np.load(folder / "takes.npy", allow_pickle=False)
        begin, end, digit = (np.array([int(row[key]) for row in rows]) for key in ("begin", "end", "digit"))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ValueError(f"{folder}: not the takes of data_tools/make_digits.py ({error})") from None
    return Takes(samples, begin, end, digit, np.array([row["speaker"] for row in rows]))


def voiced_end(samples: np.ndarray) -> int:
    """Where the voice ends. Takes are cut roughly; delay counts from the digit, not from the cut."""
    frames = samples[: len(samples) // FRAME * FRAME].astype(np.float64).reshape(-1, FRAME)
    if not len(frames):
        return len(samples)
    power = (frames**2).mean(1)
    return FRAME * (int(np.nonzero(power >= power.max() * 10 ** (-VOICED_DB / 10))[0][-1]) + 1)


def join(takes: Takes, config: JoinConfig, rng: np.random.Generator) -> Utterance:
    """An utterance of one speaker, drawn with `rng`."""
    names = np.unique(takes.speaker)
    mine = np.nonzero(takes.speaker == names[rng.integers(len(names))])[0]
    chosen = rng.choice(mine, rng.integers(config.fewest, config.most + 1))
    parts, digits, ends, now = [], [], [], 0
    for number, take in enumerate(chosen):
        pause = round(SAMPLE_RATE * (rng.uniform(*config.pause) + 0.1 * (number == 0)))
        sound = _shape(takes.samples[takes.begin[take] : takes.end[take]], config, rng)
        parts += [np.zeros(pause, np.float32), sound]
        digits.append(takes.digit[take])
        ends.append((now + pause + voiced_end(sound)) / SAMPLE_RATE)
        now += pause + len(sound)
    parts.append(np.zeros(round(SAMPLE_RATE * (rng.uniform(*config.pause) + 0.1)), np.float32))
    clean = np.concatenate(parts) * 10 ** (rng.uniform(*config.gain_db) / 20)
    floor = 10 ** (rng.uniform(*config.noise_db) / 20)
    noisy = clean + floor * rng.standard_normal(len(clean), np.float32)
    return Utterance(
        noisy.clip(-1, 1).astype(np.float32), np.array(digits, np.int64), np.array(ends, np.float64)
    )


def _shape(samples: np.ndarray, config: JoinConfig, rng: np.random.Generator) -> np.ndarray:
    """A take at its own level and speed, with edges that do not click."""
    sound = samples.astype(np.float32)
    if config.speed:
        rate = rng.uniform(1 - config.speed, 1 + config.speed)
        sound = np.interp(np.arange(0, len(sound) - 1, rate), np.arange(len(sound)), sound).astype(np.float32)
    gain = rng.uniform(-config.take_gain_db, config.take_gain_db)
    sound *= 0.5 * 10 ** ((gain - config.take_gain_db) / 20) / max(1.0, float(np.abs(sound).max()))
    edge = min(FRAME // 2, len(sound) // 2)
    ramp = np.linspace(0, 1, edge, dtype=np.float32)
    sound[:edge] *= ramp
    sound[len(sound) - edge :] *= ramp[::-1]
    return sound
