"""Recordings as frames with their transcripts: sets on disk, a pool to train on, and batches."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from seqgen.data.digits import JoinConfig, Takes, Utterance, join
from seqgen.io.speech import read_speech
from seqgen.representation.log_mel import LogMel
from seqgen.representation.speech import SpeechConfig

TABLE = "utterances.tsv"
TOGETHER = 16  # recordings whose features are computed at once


class Example(NamedTuple):
    """A recording that is understood."""

    frames: np.ndarray
    """float32 [S, F]; float16 where many are kept to train on"""
    tokens: list[int]
    ends: list[float]
    """seconds at which each symbol is over"""
    seconds: float


class SpeechBatch(NamedTuple):
    """Arrays as in `seqgen.models.recognizer.Batch`; padding is 0."""

    frames: np.ndarray
    lengths: np.ndarray
    target: np.ndarray
    target_lengths: np.ndarray


def read_table(folder: Path, speech: SpeechConfig) -> list[tuple[Path, list[int], list[float]]]:
    """The rows of a folder's utterances.tsv: recording, tokens, ends. Raises ValueError for a bad table."""
    path = folder / TABLE
    if not path.is_file():
        raise ValueError(
            f"{folder}: expected {TABLE} and its recordings in it: see data_tools/make_digits.py"
        )
    rows = []
    with open(path, newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file, delimiter="\t"), 2):
            try:
                tokens = speech.encode(row["digits"])
                ends = [float(end) for end in row["ends"].split()]
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                raise ValueError(f"{path}: line {line}: {error}") from None
            if len(ends) != len(tokens):
                raise ValueError(f"{path}: line {line}: {len(tokens)} digits but {len(ends)} ends")
            rows.append((folder / row["file"], tokens, ends))
    return rows


def read_examples(folder: Path, speech: SpeechConfig, limit: int | None = None) -> list[Example]:
    """The recordings of a folder with utterances.tsv, or the first `limit` of them."""
    rows = read_table(folder, speech)[:limit]
    rate = speech.sound.sample_rate
    heard = (
        Utterance(read_speech(path, rate)[0], np.array(tokens), np.array(ends)) for path, tokens, ends in rows
    )
    return examples(heard, speech)


def examples(utterances: Iterable[Utterance], speech: SpeechConfig, half: bool = False) -> list[Example]:
    """The features of utterances, computed a few at a time; in float16 if `half`."""
    log_mel, result = LogMel(speech.sound), []
    waiting: list[Utterance] = []
    for utterance in utterances:
        waiting.append(utterance)
        if len(waiting) == TOGETHER:
            result += _features(waiting, log_mel, half)
            waiting = []
    return result + (_features(waiting, log_mel, half) if waiting else [])


def _features(utterances: list[Utterance], log_mel: LogMel, half: bool) -> list[Example]:
    samples = np.zeros((len(utterances), max(len(u.samples) for u in utterances)), np.float32)
    for row, utterance in enumerate(utterances):
        samples[row, : len(utterance.samples)] = utterance.samples
    frames = log_mel.whole(torch.from_numpy(samples)).numpy().astype(np.float16 if half else np.float32)
    rate = log_mel.config.sample_rate
    return [
        Example(
            frames[row, : log_mel.frames(len(u.samples))].copy(),
            u.digits.tolist(),
            u.ends.tolist(),
            len(u.samples) / rate,
        )
        for row, u in enumerate(utterances)
    ]


def make_pool(
    takes: Takes, count: int, how: JoinConfig, free: JoinConfig, odd: float, speech: SpeechConfig, seed: int
) -> list[Example]:
    """`count` utterances to train on, a share `odd` of them joined as `free` says: silence, long numbers."""
    generators = (np.random.default_rng([seed, number]) for number in range(count))
    said = (join(takes, free if rng.random() < odd else how, rng) for rng in generators)
    return examples(said, speech, half=True)


def collate(examples: Sequence[Example], end: int) -> SpeechBatch:
    """Examples side by side. end: the end mark, which closes every target."""
    lengths = np.array([len(example.frames) for example in examples])
    counts = np.array([len(example.tokens) + 1 for example in examples])
    frames = np.zeros((len(examples), lengths.max(), examples[0].frames.shape[1]), np.float32)
    target = np.zeros((len(examples), counts.max()), np.int64)
    for row, example in enumerate(examples):
        frames[row, : len(example.frames)] = example.frames
        target[row, : counts[row]] = [*example.tokens, end]
    return SpeechBatch(frames, lengths, target, counts)


class SpeechBatches:
    """Batch `step` of an endless run, for process `rank` of `world`.

    An epoch is a new order of all examples, cut into batches of similar lengths. Nothing depends on anything
    but (seed, step), so a resumed run sees what an unbroken one would have seen.
    """

    def __init__(self, examples: list[Example], batch_size: int, seed: int, rank: int = 0, world: int = 1):
        self.examples, self.batch_size, self.seed = examples, batch_size, seed
        self.rank, self.world = rank, world
        self.steps_per_epoch = len(examples) // (batch_size * world)
        if not self.steps_per_epoch:
            raise ValueError(
                f"expected at least {batch_size * world} utterances, a batch for each process, got "
                f"{len(examples)}: lower batch_size or raise utterances"
            )
        self._epoch, self._order = -1, np.empty((0, 0), np.int64)

    def __getitem__(self, step: int) -> list[Example]:
        epoch, index = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._order, self._epoch = self._compose(epoch), epoch
        return [self.examples[row] for row in self._order[index][self.rank :: self.world]]

    def _compose(self, epoch: int) -> np.ndarray:
        """[steps, batch_size * world] rows, of similar length in a batch: groups of 16 batches are sorted."""
        rng = np.random.default_rng([self.seed, epoch])
        size = self.batch_size * self.world
        order = rng.permutation(len(self.examples))[: self.steps_per_epoch * size]
        lengths = np.array([len(example.frames) for example in self.examples])
        parts = [order[at : at + 16 * size] for at in range(0, len(order), 16 * size)]
        order = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in parts])
        return rng.permutation(order.reshape(-1, size))
