"""What does the code know, and how is it laid out? A linear probe of labels, and the factors of factorial
melodies."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from seqgen.evaluation.bootstrap import SHARE
from seqgen.evaluation.disentanglement import Scores, scores, tabulate
from seqgen.evaluation.distribution import feature_kind
from seqgen.evaluation.factorial import FACTORS, factorial_melodies
from seqgen.evaluation.figure import Figure, Section
from seqgen.evaluation.probe import PENALTY, linear_probe
from seqgen.evaluation.two_sample import FOLDS
from seqgen.evaluation.window_labels import Labels
from seqgen.models.music_vae import MusicVAE

MELODIES = 1024
"""factorial melodies that are encoded"""
DRAWS = 50
"""of them, for the intervals"""
FEWEST = 20
"""windows, and FOLDS pieces, of a class that is probed for; smaller ones are left out"""
TITLE = "Representation"
NAMES = ("MIG", "SAP", "modularity")


@torch.no_grad()
def measure_representation(
    model: MusicVAE, means: Float[Tensor, "N Z"], labels: Labels, seed: int
) -> Section:
    """Probe posterior means of test windows for labels, and measure how the factors of melodies are told.

    Args:
        means: of the windows that `labels` is of.
        seed: of folds, factorial melodies and intervals.
    """
    signature = f"probe:logistic, L2 {PENALTY:g}, {FOLDS} folds by piece|factorial:{MELODIES} melodies of "
    section = Section(TITLE, [], f"{signature}{len(FACTORS)} factors|windows:{len(means)}|seed:{seed}")
    codes = means.numpy().astype(np.float64)
    for name, classes in labels.classes.items():
        _probe(section, name, codes, np.array(classes), labels.pieces, seed)
    section.missing.extend(labels.missing)
    _factors(section, model, seed)
    return section


def _probe(
    section: Section, name: str, codes: np.ndarray, label: np.ndarray, pieces: np.ndarray, seed: int
) -> None:
    kept = [
        each
        for each, count in Counter(label.tolist()).items()
        if each and count >= FEWEST and len(np.unique(pieces[label == each])) >= FOLDS
    ]
    if len(kept) < 2:
        section.missing.append(
            f"{name}: expected at least 2 classes of {FEWEST} windows of {FOLDS} pieces, got {len(kept)}"
        )
        return
    rows = np.isin(label, kept)
    probe = linear_probe(codes[rows], label[rows], pieces[rows], seed)
    title = f"linear probe, {name} ({len(kept)} classes, {rows.sum()} windows)"
    section.figures.append(Figure.of(title, probe.accuracy, probe.majority, "the most frequent class"))


def _factors(section: Section, model: MusicVAE, seed: int) -> None:
    config = model.config
    if feature_kind(config) != "melody" or config.controls or config.bars < 2:
        section.missing.append(
            "MIG, SAP, modularity: factorial melodies are for models of melodies of at least 2 bars that are "
            "told no chords"
        )
        return
    tokens, factors = factorial_melodies(MELODIES, config.bars, seed)
    batches = torch.from_numpy(tokens.astype(np.int64)).split(128)
    codes = torch.cat([model.encode(batch).mean for batch in batches]).numpy().astype(np.float64)
    rng = np.random.default_rng(seed)
    tables = tabulate(codes, factors)
    found = scores(tables)
    strange = scores(tabulate(rng.permutation(codes), factors))
    even = np.full(MELODIES, 1 / MELODIES)
    drawn = np.array(
        [scores(tables, rng.multinomial(MELODIES, even).astype(np.float64)) for _ in range(DRAWS)]
    )
    section.figures.extend(_with_intervals(found, strange, drawn))


def _with_intervals(found: Scores, strange: Scores, drawn: np.ndarray) -> list[Figure]:
    """Draws find more information than the examples themselves, as they hold fewer; that is shifted away."""
    tail = (1 - SHARE) / 2
    moved = np.array(found) + drawn - drawn.mean(axis=0)
    low, high = np.clip(np.quantile(moved, [tail, 1 - tail], axis=0), 0, 1)
    return [
        Figure(name, value, float(a), float(b), chance, "codes of other melodies")
        for name, value, a, b, chance in zip(NAMES, found, low, high, strange, strict=True)
    ]
