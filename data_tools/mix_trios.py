"""Trio shards with strangers among their train windows: a tune, another one two octaves down, and a beat.

    python data_tools/mix_trios.py TRIOS MELODIES DRUMS OUT [SEED]

Trios are few, melodies and beats are many. What reads and writes each part well is learned from these too,
before how parts go together is learned from trios alone. As many strangers as trios are drawn; valid and test
stay as they are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from seqgen.data.new_folder import new_folder
from seqgen.data.shards import NAMES, FileRow, Shards, SplitWindows, write_shards
from seqgen.representation.melody import FIRST_ONSET
from seqgen.representation.trio import join_parts

DOWN = 24
"""semitones from a tune to its bass"""


def strangers(melodies: np.ndarray, drums: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Windows [count, T] int32 of parts that have nothing to do with each other."""
    tune, low = (melodies[rng.integers(0, len(melodies), count)] for _ in range(2))
    onset = low >= FIRST_ONSET
    lowest = np.where(onset, low, low.max()).min(axis=1)
    down = np.minimum(DOWN, lowest - FIRST_ONSET)[:, None]
    return join_parts([tune, np.where(onset, low - down, low), drums[rng.integers(0, len(drums), count)]])


def mix(trios: Path, melodies: Path, drums: Path, out: Path, seed: int = 1) -> None:
    """Write the shards `out`; all have windows of the same length."""
    shards, tunes, beats = Shards(trios), Shards(melodies), Shards(drums)
    own = np.asarray(shards.tokens("train"))
    new = strangers(tunes.tokens("train"), beats.tokens("train"), len(own), np.random.default_rng(seed))
    files = [*shards.files, FileRow("strangers", f"{melodies.name} and {drums.name}", "train", len(new))]
    origin = np.tile(np.array([[len(shards.files), 0]], np.int32), (len(new), 1))
    windows = {
        split: SplitWindows(shards.tokens(split), shards.origins(split)) for split in ("valid", "test")
    }
    windows["train"] = SplitWindows(
        np.concatenate([own, new]), np.concatenate([shards.origins("train"), origin])
    )
    with new_folder(out, NAMES, overwrite=True) as folder:
        write_shards(folder, shards.representation, windows, files, seed=seed)
    print(f"{len(own):,} trios and {len(new):,} strangers are in {out}")


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    mix(*map(Path, sys.argv[1:5]), *map(int, sys.argv[5:]))
