"""Are samples, as a set, like real windows? Three distances between sets of feature rows.

Frechet distance, classifier two-sample test and overlapping areas, each beside the same figure of two halves
of the real windows. All three are of `features`, in standard deviations of the real windows, and see no order
over bars: that is what `structure` is for.
"""

from __future__ import annotations

import numpy as np

from seqgen.evaluation.bootstrap import one_by_one
from seqgen.evaluation.features import Features, drum_features, melody_features
from seqgen.evaluation.figure import Figure, Section
from seqgen.evaluation.frechet import frechet_distance, frechet_interval
from seqgen.evaluation.overlap import overlap_area
from seqgen.evaluation.two_sample import two_sample_test
from seqgen.models.music_vae import MusicVAEConfig
from seqgen.representation.drums import DrumConverter
from seqgen.representation.melody import FIRST_ONSET, MelodyConverter

FEWEST = 30
FEWEST_PIECES = 4
"""two for each half of the real windows"""
"""windows of a set, for a figure"""
HALVINGS = 5
"""of the real windows, for the baseline of the Frechet distance"""
HALVES = "two halves of real"
TITLE = "Distribution"
MELODY_AREAS = ("onsets a bar", "pitch range", "mean interval", "pitch class", "groove")
DRUM_AREAS = ("hits a bar", "hits together", "sound", "between eighths", "groove")
"""the features, or histograms, whose overlapping areas are told"""


def measure_distribution(
    real: np.ndarray,
    samples: np.ndarray,
    config: MusicVAEConfig,
    seed: int,
    pieces: np.ndarray | None = None,
) -> Section:
    """How far samples [M, T] are from test windows [N, T] of a model of this config.

    Args:
        pieces: a number [N] for each real window: halves, folds and draws take whole pieces. Without it,
            windows of one piece stand on both sides, and the baselines are too good.
    """
    section = Section(
        TITLE,
        [],
        f"windows:{len(real)}|samples:{len(samples)}|"
        f"drawn by:{'window' if pieces is None else 'piece'}|seed:{seed}",
    )
    kind = feature_kind(config)
    if kind is None:
        section.missing.append(
            "distribution: features are known of one voice and of nine drum sounds; this model writes neither"
        )
        return section
    for name, rows in (("real", real), ("samples", samples)):
        if len(rows) < FEWEST:
            section.missing.append(
                f"distribution: expected at least {FEWEST} windows, got {len(rows)} of {name}"
            )
    piece = one_by_one(len(real), pieces)
    if len(np.unique(piece)) < FEWEST_PIECES:
        section.missing.append(
            f"distribution: expected windows of at least {FEWEST_PIECES} pieces, got {len(np.unique(piece))}"
        )
    if section.missing:
        return section
    read = drum_features if kind == "drums" else melody_features
    own, other = standardised(read(real), read(samples))
    one, two = halves(piece, seed)
    floor = np.mean([frechet_distance(*(own.values[h] for h in halves(piece, s))) for s in range(HALVINGS)])
    section.figures.extend(
        [
            Figure.of(
                f"Frechet distance of {len(own.names)} features",
                frechet_interval(own.values, other.values, seed, piece),
                float(floor),
                HALVES,
            ),
            Figure.of(
                "accuracy of a classifier",
                two_sample_test(own.values, other.values, seed, piece),
                two_sample_test(own.values[one], own.values[two], seed, piece[one], piece[two]),
                HALVES,
            ),
        ]
    )
    for name in MELODY_AREAS if kind == "melody" else DRUM_AREAS:
        mine, theirs = own.columns(name), other.columns(name)
        if not mine.shape[1]:
            section.missing.append(f"overlapping area of {name}: windows of one bar have none")
            continue
        area = overlap_area(mine, theirs, seed, piece)
        level = overlap_area(mine[one], mine[two], seed, piece[one], draws=2).value
        section.figures.append(Figure.of(f"overlapping area, {name}", area, level, HALVES))
    return section


def feature_kind(config: MusicVAEConfig) -> str | None:
    """Whose features a model's windows have: of a melody, of drums, or None."""
    if config.events is not None or config.steps_per_bar != 16:
        return None
    if (config.head, config.vocabulary_size) == ("categorical", MelodyConverter.vocabulary_size):
        return "melody" if config.first_onset == FIRST_ONSET else None
    sounds = config.head in ("bernoulli", "nade", "categorical")
    return "drums" if sounds and config.vocabulary_size == DrumConverter().vocabulary_size else None


def standardised(own: Features, other: Features) -> tuple[Features, Features]:
    """Both in standard deviations of the first from its mean; a feature that never varies there is left out
    if it never varies in the other either, and else stays as it is."""
    spread = own.values.std(axis=0)
    keep = (spread > 0) | (other.values != own.values[:1]).any(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    names = tuple(name for name, kept in zip(own.names, keep, strict=True) if kept)
    first, second = ((part.values - own.values.mean(axis=0)) / scale for part in (own, other))
    return Features(names, first[:, keep]), Features(names, second[:, keep])


def halves(pieces: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of one random half of the pieces [N], and those of the other."""
    names = np.unique(pieces)
    first = np.isin(pieces, np.random.default_rng(seed).permutation(names)[: len(names) // 2])
    return np.flatnonzero(first), np.flatnonzero(~first)
