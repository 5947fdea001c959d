"""Takes of single words with their speakers, as mu-law codes: read from a corpus, and cut into crops.

A corpus is a folder of recordings and `splits.tsv`, a tab-separated table with the columns file, digit,
speaker and split (train, valid, test).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen.io.speech import read_speech
from seqgen.representation.mulaw import SILENCE, MuLawConfig, encode

TABLE = "splits.tsv"
SPLITS = ("train", "valid", "test")
COLUMNS = ("file", "digit", "speaker", "split")


class Take(NamedTuple):
    """A recording of one word."""

    codes: np.ndarray
    """uint8 [N]"""
    digit: int
    """class; -1 where it is not known"""
    speaker: int
    file: str


class Crop(NamedTuple):
    """A stretch of a take, and as much of what was before as a model looks back at."""

    take: Take
    context: int
    """first sample of the context"""
    begin: int
    """first sample of the stretch, context <= begin"""
    end: int


class CropBatch(NamedTuple):
    """Arrays as in `seqgen.models.audio_wavenet.Batch`; padding is silence."""

    previous: np.ndarray
    position: np.ndarray
    past: np.ndarray
    past_lengths: np.ndarray
    codes: np.ndarray
    lengths: np.ndarray
    digit: np.ndarray
    speaker: np.ndarray
    duration: np.ndarray


def read_corpus(folder: Path, split: str, sound: MuLawConfig, limit: int | None = None) -> list[Take]:
    """The takes of a split, or the first `limit` of them, in the order of the table.

    Raises:
        ValueError: for a folder without a table, a bad table, an unknown digit or speaker, a broken file.
    """
    rows = read_table(folder, split)[:limit]
    if not rows:
        raise ValueError(f"{folder / TABLE}: expected takes of the split {split!r}, got none")
    takes = []
    for line, row in rows:
        try:
            digit, speaker = sound.digit(row["digit"]), sound.speaker(row["speaker"])
        except ValueError as error:
            raise ValueError(f"{folder / TABLE}: line {line}: {error}") from None
        samples, _ = read_speech(folder / row["file"], sound.sample_rate)
        if not len(samples):
            raise ValueError(f"{folder / row['file']}: there is no sound in it")
        takes.append(Take(encode(samples), digit, speaker, row["file"]))
    return takes


def read_table(folder: Path, split: str) -> list[tuple[int, dict[str, str]]]:
    """The rows of a split with their lines in the file."""
    path = folder / TABLE
    if not path.is_file():
        raise ValueError(
            f"{folder}: expected recordings and {TABLE} in it, a table with the columns {', '.join(COLUMNS)}"
        )
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, delimiter="\t")
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{path}: there is no column {missing[0]!r}: expected {', '.join(COLUMNS)}")
        rows = list(enumerate(reader, 2))
    for line, row in rows:
        if row["split"] not in SPLITS or any(row[name] is None for name in COLUMNS):
            raise ValueError(
                f"{path}: line {line}: expected all columns, and a split of {', '.join(SPLITS)}, got "
                f"{row['split']!r}"
            )
    return [(line, row) for line, row in rows if row["split"] == split]


def whole(take: Take) -> Crop:
    """All of a take."""
    return Crop(take, 0, 0, len(take.codes))


def collate(crops: Sequence[Crop]) -> CropBatch:
    """Crops side by side. `previous` is the sample before the context, -1 where a take begins."""
    past = [crop.take.codes[crop.context : crop.begin] for crop in crops]
    codes = [crop.take.codes[crop.begin : crop.end] for crop in crops]
    previous = [int(crop.take.codes[crop.context - 1]) if crop.context else -1 for crop in crops]
    return CropBatch(
        np.array(previous, np.int64),
        np.array([crop.context for crop in crops], np.int64),
        *side_by_side(past),
        *side_by_side(codes),
        np.array([crop.take.digit for crop in crops], np.int64),
        np.array([crop.take.speaker for crop in crops], np.int64),
        np.array([len(crop.take.codes) for crop in crops], np.int64),
    )


def side_by_side(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """int64 [B, T] with silence behind the shorter rows, and their lengths."""
    lengths = np.array([len(row) for row in rows], np.int64)
    result = np.full((len(rows), lengths.max()), SILENCE, np.int64)
    for row, codes in zip(result, rows, strict=True):
        row[: len(codes)] = codes
    return result, lengths


class CropBatches:
    """Batch `step` of an endless run, for process `rank` of `world`.

    An epoch is a new order of all takes, each cut at a new place to at most `crop` samples, behind `context`
    samples of what was before. Nothing depends on anything but (seed, step).
    """

    def __init__(
        self, takes: list[Take], batch_size: int, crop: int, context: int, seed: int, rank: int, world: int
    ):
        self.takes, self.batch_size, self.crop, self.context = takes, batch_size, crop, context
        self.seed, self.rank, self.world = seed, rank, world
        self.steps_per_epoch = len(takes) // (batch_size * world)
        if not self.steps_per_epoch:
            raise ValueError(
                f"expected at least {batch_size * world} takes, a batch for each process, got {len(takes)}: "
                "lower batch_size"
            )

    def __getitem__(self, step: int) -> list[Crop]:
        epoch, index = divmod(step, self.steps_per_epoch)
        rng = np.random.default_rng([self.seed, epoch])
        size = self.batch_size * self.world
        order = rng.permutation(len(self.takes))[index * size : (index + 1) * size]
        places = np.random.default_rng([self.seed, step]).random(size)
        return [
            self.cut(self.takes[take], place)
            for take, place in zip(
                order[self.rank :: self.world], places[self.rank :: self.world], strict=True
            )
        ]

    def cut(self, take: Take, place: float) -> Crop:
        """The crop at `place` in [0, 1) of a take.

        Places run over both ends by half a crop and are put back: otherwise the first and last samples of a
        take would hardly ever be learned from.
        """
        spare = len(take.codes) - self.crop
        if spare <= 0:
            return whole(take)
        begin = round(min(max(place * (spare + self.crop) - self.crop / 2, 0), spare))
        return Crop(take, max(0, begin - self.context), begin, begin + self.crop)
