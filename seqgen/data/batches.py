"""Batches of windows: an order that depends on nothing but (seed, epoch), and transposition drawn afresh."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seqgen.representation.told import semitones_between, transposed
from seqgen.representation.trio import join_parts, split_parts

Move = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
"""Windows [B, T], most semitones, and what draws them, to windows"""
LOWEST, HIGHEST = 2, 89  # melody tokens of MIDI pitch 21 and 108


class Batches:
    """Batch `step` of an endless run over the rows of `tokens` [N, T], for process `rank` of `world`.

    Every epoch is a new permutation, cut into batches of batch_size * world rows; the rest of an epoch that
    fills no batch is left out. Any step can be asked for at any time, so a resumed run sees what an unbroken
    one would have seen. `move` transposes; without it, windows are melodies.
    """

    def __init__(
        self,
        tokens: np.ndarray,
        batch_size: int,
        seed: int,
        transpose: int = 0,
        rank: int = 0,
        world: int = 1,
        move: Move | None = None,
        chords: np.ndarray | None = None,
    ):
        """move: how windows are transposed; None: as melodies. chords: [N, S] of the windows, see `told`."""
        self.tokens, self.batch_size, self.seed, self.transpose = tokens, batch_size, seed, transpose
        self.rank, self.world, self.move, self.chords = rank, world, move, chords
        self.steps_per_epoch = len(tokens) // (batch_size * world)
        if not self.steps_per_epoch:
            raise ValueError(
                f"expected at least {batch_size * world} windows, a batch for each process, "
                f"got {len(tokens)}: lower batch_size or prepare more music"
            )
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def __getitem__(self, step: int) -> np.ndarray:
        """int64 [batch_size, T], or [batch_size, T + S]: the chords, transposed alike, behind the tokens."""
        epoch, index = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._order = np.random.default_rng([self.seed, epoch]).permutation(len(self.tokens))
            self._epoch = epoch
        size = self.batch_size * self.world
        rows = self._order[index * size : (index + 1) * size][self.rank :: self.world]
        window = moved = np.asarray(self.tokens[np.sort(rows)], dtype=np.int64)
        if self.transpose:
            rng = np.random.default_rng([self.seed, epoch, index, self.rank])
            moved = (self.move or transpose)(window, self.transpose, rng)
        if self.chords is None:
            return moved
        chords = np.asarray(self.chords[np.sort(rows)], dtype=np.int64)
        return np.concatenate([moved, transposed(chords, semitones_between(window, moved))], 1)


def transpose(window: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Each melody window [B, T] moved by its own number of semitones in -most..most, within the 88 keys."""
    onset = window >= LOWEST
    up = HIGHEST - np.where(onset, window, 0).max(1)
    down = LOWEST - np.where(onset, window, HIGHEST).min(1)
    amount = rng.integers(-most, most + 1, len(window)).clip(down, up)
    return np.where(onset, window + amount[:, None], window)


def transpose_trio(window: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Trio windows [B, T] whose melody and bass move together, as `transpose` moves one; drums stay."""
    melody, bass, drums = split_parts(window)
    moved = transpose(np.concatenate([melody, bass], axis=1), most, rng)
    return join_parts([*np.split(moved, 2, axis=1), drums]).astype(np.int64)
