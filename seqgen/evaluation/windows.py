"""The windows that a figure is about: a split of shards, or MIDI files, without those that are in train.

A window that also occurs in train, in this key or another, is dropped: a model that has learned it by heart
would look better than it is. Where train is not known, the result says so.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import one_hot

from seqgen.data.duplicates import fingerprint
from seqgen.data.shards import INDEX, FileRow, Shards
from seqgen.data.sources import MidiSources
from seqgen.data.work import chords_of_windows
from seqgen.io import MidiError, read_notes
from seqgen.models.music_vae import MusicVAEConfig
from seqgen.representation.converter import Converter, RepresentationConfig, make_converter
from seqgen.representation.extraction import describe_counts
from seqgen.representation.timeline import STEPS_PER_BAR
from seqgen.representation.told import classes_of_tokens


@dataclass(frozen=True, eq=False)
class WindowSet:
    """N windows of T steps, what became of the others, and the train windows if they are known."""

    tokens: np.ndarray
    """[N, T, *columns] of the representation's dtype"""
    name: str
    """of the data: folder and split"""
    found: int
    """windows before any was dropped"""
    train: np.ndarray | None = None
    """[M, T, *columns]"""
    train_name: str = ""
    repeated: int = 0
    """dropped: the same as an earlier one"""
    in_train: int | None = None
    """dropped: also in train, up to transposition; None where that is unknown or train itself is asked for"""
    unreadable: int = 0
    """files that could not be read"""
    chords: np.ndarray | None = None
    """[N, 16 * bars] the class of the chord on each sixteenth, where they are known"""
    corpus: np.ndarray | None = None
    """[N] which of `corpora` each window is of, where that is known"""
    corpora: tuple[str, ...] = ()
    files: tuple[FileRow, ...] | None = None
    """N: the file of each window, where that is known"""
    train_origins: np.ndarray | None = None
    """[M, 2] file and first bar of each train window"""

    def told(self, config: MusicVAEConfig) -> WindowSet:
        """Without the chords, for a model that is told none."""
        return self if config.controls else replace(self, chords=None)

    def controls(self, config: MusicVAEConfig) -> Float[Tensor, "N T C"] | None:
        """What a model of this config is told: the chords, or that there are none where they are unknown."""
        if not config.controls:
            return None
        number = np.zeros(self.tokens.shape, np.int64)
        if self.chords is not None:
            number = classes_of_tokens(self.tokens, self.chords)
        return one_hot(torch.from_numpy(number), config.controls).float()

    def select(self, rows: np.ndarray) -> WindowSet:
        """Some of the windows: a mask [N], or numbers."""
        chords = None if self.chords is None else self.chords[rows]
        corpus = None if self.corpus is None else self.corpus[rows]
        files = self.files
        if files is not None:
            files = tuple(files[row] for row in np.arange(len(files))[rows].tolist())
        return replace(self, tokens=self.tokens[rows], chords=chords, corpus=corpus, files=files)

    def train_once(self, bars: int) -> np.ndarray:
        """Train windows of so many bars that do not overlap, so that no bar is counted twice."""
        assert self.train is not None
        if self.train_origins is None:
            return self.train
        end: dict[int, int] = {}
        keep = []
        for row in np.lexsort(self.train_origins.T[::-1]).tolist():
            file, bar = self.train_origins[row].tolist()
            if bar >= end.get(file, 0):
                keep.append(row)
                end[file] = bar + bars
        return self.train[np.sort(keep)]

    @property
    def hash(self) -> str:
        """Of the tokens, in order; the same on every machine."""
        return array_hash(self.tokens)

    def describe_dropped(self) -> str:
        """What happened to the windows that are not counted, for a signature."""
        if self.train is None:
            overlap = "train overlap unknown"
        elif self.in_train is None:
            overlap = "train itself"
        else:
            overlap = f"{self.in_train} in train dropped"
        parts = [f"{len(self.tokens)} of {self.found}", overlap]
        if self.repeated:
            parts.append(f"{self.repeated} repeated dropped")
        if self.unreadable:
            parts.append(f"{self.unreadable} unreadable files")
        return ", ".join(parts)


def load_windows(
    data: Path,
    representation: RepresentationConfig,
    split: str = "test",
    train: Path | None = None,
    limit: int | None = None,
    seed: int = 1,
) -> WindowSet:
    """The windows of `data` for a model of this representation.

    Args:
        data: shards, of which `split` is taken and compared with their own train split; or MIDI: a folder, an
            archive or a file, which are read as the model's representation says.
        train: shards whose train split counts as train instead.
        limit: at most this many windows, drawn with `seed`.

    Raises:
        ValueError: if there is nothing to evaluate, or what there is does not fit the model.
    """
    if limit is not None and limit < 2:
        raise ValueError(f"limit: expected at least 2 windows, got {limit}")
    converter = make_converter(representation)
    known = None if train is None else open_shards(train, converter)
    if (data / INDEX).is_file():
        shards = open_shards(data, converter)
        tokens = np.array(shards.tokens(split))
        chords = shards.chords(split)
        if representation.chords and chords is None:
            raise ValueError(f"{data}: the model is told chords, these shards hold none: prepare --chords")
        files = _files(shards, split)
        corpus, corpora = _corpora(files)
        windows = WindowSet(
            tokens,
            f"{_name(data)}/{split}",
            len(tokens),
            chords=None if chords is None else np.array(chords),
            corpus=corpus,
            corpora=corpora,
            files=files,
        )
        known = known or shards
    elif data.exists():
        windows = _read_midi(data, converter, representation.chords)
    else:
        raise ValueError(
            f"data: there is nothing at {data}; give shards (`seqgen prepare`) or a folder of MIDI files"
        )
    if known is not None:
        windows = replace(
            windows,
            train=np.array(known.tokens("train")),
            train_name=f"{_name(known.folder)}/train",
            train_origins=np.array(known.origins("train")),
        )
        if split != "train" or known.folder.resolve() != data.resolve():
            windows = drop_train(windows, converter)
    if limit is not None and limit < len(windows.tokens):
        rows = np.random.default_rng(seed).permutation(len(windows.tokens))[:limit]
        windows = windows.select(np.sort(rows))
    if len(windows.tokens) < 2:
        raise ValueError(
            f"data: expected at least 2 windows in {windows.name}, got {windows.describe_dropped()}"
        )
    return windows


def drop_train(windows: WindowSet, converter: Converter) -> WindowSet:
    """Without the windows whose transposition key occurs in train."""
    assert windows.train is not None
    seen = fingerprint(converter.transposition_key(windows.train))
    new = ~np.isin(fingerprint(converter.transposition_key(windows.tokens)), seen)
    return replace(windows.select(new), in_train=int((~new).sum()))


def open_shards(folder: Path, converter: Converter) -> Shards:
    """Shards that hold what the converter makes."""
    shards = Shards(folder)
    own = shards.representation
    if (own.name, own.bars) != (converter.name, converter.bars):
        raise ValueError(
            f"{folder}: the model reads {converter.name} windows of {converter.bars} bars, these shards hold "
            f"{own.name} windows of {own.bars} bars: prepare others, or name another model"
        )
    return shards


def array_hash(tokens: np.ndarray) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of an array of tokens and its shape."""
    wide = "<i8" if tokens.size and tokens.max() > np.iinfo(np.int16).max else "<i2"
    rows = np.ascontiguousarray(tokens, "<i4" if tokens.dtype == np.int32 else wide)
    return hashlib.sha256(str(rows.shape).encode() + rows.tobytes()).hexdigest()[:12]


def _read_midi(data: Path, converter: Converter, with_chords: bool) -> WindowSet:
    """The different windows of all MIDI files, in the order of their paths."""
    counts: Counter[str] = Counter()
    rows = [np.zeros((0, converter.steps, *converter.columns), converter.dtype)]
    told = [np.zeros((0, STEPS_PER_BAR * converter.bars), np.int8)]
    unreadable = 0
    for file in MidiSources([data]):
        try:
            if file.problem:
                raise MidiError(file.problem)
            notes = read_notes(file.data)
            extraction = converter.extract(notes)
        except MidiError:
            unreadable += 1
            continue
        counts.update(extraction.counts)
        rows.append(extraction.tokens)
        if with_chords:
            bars = [window.start_bar for window in extraction.windows]
            told.append(chords_of_windows(file.data, notes, bars, converter.bars))
    tokens = np.concatenate(rows)
    if len(tokens) < 2:
        why = describe_counts(counts) or "nothing was rejected"
        raise ValueError(
            f"data: expected at least 2 {converter.name} windows of {converter.bars} bars in {data}, got "
            f"{len(tokens)}: {unreadable} files could not be read, {why}"
        )
    first = np.sort(np.unique(fingerprint(tokens), return_index=True)[1])
    repeated, chords = len(tokens) - len(first), np.concatenate(told)[first] if with_chords else None
    return WindowSet(
        tokens[first], _name(data), len(tokens), repeated=repeated, unreadable=unreadable, chords=chords
    )


def _files(shards: Shards, split: str) -> tuple[FileRow, ...] | None:
    """The file of each window; None where files.tsv does not list it."""
    file = shards.origins(split)[:, 0]
    if not len(file) or file.min() < 0 or file.max() >= len(shards.files):
        return None
    return tuple(shards.files[row] for row in file.tolist())


def _corpora(files: tuple[FileRow, ...] | None) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The source of each window's file, as a number, and the names of the numbers."""
    if files is None:
        return None, ()
    sources = [row.source.split(".")[0] for row in files]
    names = tuple(sorted(set(sources)))
    return np.array([names.index(source) for source in sources]), names


def _name(folder: Path) -> str:
    return folder.name or folder.resolve().name
