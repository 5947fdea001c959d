"""What each metric of sets of windows can catch: real windows against real ones that were spoilt.

    python -m experiments.corruptions SHARDS [--split train] [--limit 500] [--seed 1]

There is one window of each piece. Every other one stays, the rest are spoilt. It prints a table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from seqgen.data.shards import Shards
from seqgen.evaluation.corruptions import corruptions
from seqgen.evaluation.distribution import measure_distribution
from seqgen.evaluation.figure import Figure
from seqgen.evaluation.structure import measure_structure
from seqgen.models.music_vae import MusicVAEConfig

SHORT = {
    "Frechet distance": "Frechet distance",
    "accuracy of a classifier": "classifier",
    "overlapping area": "overlap: ",
    "AUROC, samples against their bars shuffled": "AUROC of bar order",
    "similarity, samples over real": "similarity over real",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("shards", type=Path)
    parser.add_argument("--split", default="train")
    parser.add_argument("--limit", type=int, default=500, help="windows of each half")
    parser.add_argument("--seed", type=int, default=1)
    print(table(**vars(parser.parse_args())))


def table(shards: Path, split: str = "train", limit: int = 500, seed: int = 1) -> str:
    """Markdown: a row for each corruption, a column for each figure."""
    opened = Shards(shards)
    kind, bars = opened.representation.name, opened.representation.bars
    if kind not in ("melody", "drums"):
        raise ValueError(f"shards: expected melodies or drums, got {kind}")
    drums = kind == "drums"
    config = MusicVAEConfig(
        bars=bars,
        head="bernoulli" if drums else "categorical",
        vocabulary_size=opened.vocabulary_size,
        first_onset=1 if drums else 2,
    )
    real, other = halves_by_piece(opened, split, limit, seed)
    sets = {"other half of real": other, **corruptions(drums, other, seed)}
    rows = {name: row_of(real, spoilt, config, seed) for name, spoilt in sets.items()}
    columns = list(next(iter(rows.values())))
    lines = [f"| {len(other)} windows against {len(real)} real | {' | '.join(columns)} |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    lines += [
        f"| {name} | {' | '.join(row.get(column, '') for column in columns)} |" for name, row in rows.items()
    ]
    return "\n".join(lines)


def row_of(real: np.ndarray, spoilt: np.ndarray, config: MusicVAEConfig, seed: int) -> dict[str, str]:
    """The figures of a spoilt set, as they stand in the table."""
    figures = [
        *measure_distribution(real, spoilt, config, seed).figures,
        *measure_structure(real, spoilt, config, seed).figures,
    ]
    return {name: f"{figure.value:.3g}" for figure in figures if (name := short(figure))}


def short(figure: Figure) -> str:
    """A column's name; nothing for a figure that the table leaves out."""
    for part, name in SHORT.items():
        if part in figure.name:
            if name.endswith(": "):
                return name + figure.name.split(", ")[1]
            return figure.name.split(" similarity")[0] + " " + name if name.startswith("similarity") else name
    return ""


def halves_by_piece(opened: Shards, split: str, limit: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One window a piece, at most `limit` each."""
    piece, rng = opened.origins(split)[:, 0], np.random.default_rng(seed)
    order = rng.permutation(len(piece))
    rows = order[rng.permutation(np.unique(piece[order], return_index=True)[1])]
    tokens = np.array(opened.tokens(split)[np.sort(rows[: 2 * limit])])
    return tokens[::2], tokens[1::2]


if __name__ == "__main__":
    main()
