"""Do bars come back where they come back in music? Order over bars, which no distance of distributions sees.

The similarity of bars i and j of a window is the share of the onsets that they have in common,

    S(i, j) = |A_i & A_j| / |A_i | A_j|,

where A_i holds the step and the pitch (or the drum) of every onset of bar i, and the denominator counts the
steps on which either begins something; a pair of bars without onsets has none. The lag profile is the mean
of S(i, i + L) over all i and all windows: bars in a random order have a flat one, tunes of four-bar phrases
have peaks at 4 and 8.

A window's score asks for these peaks against their neighbours, in standard deviations of S over its pairs,

    score = sum over L in 2, 4, 8, .. of (S_L - (S_{L-1} + S_{L+1}) / 2) / std(S),   L + 1 < bars,

so that neither much repetition everywhere nor bars that drift slowly away from each other score: a profile
that falls ever more slowly is below 0. Its AUROC against the same windows with their bars shuffled is 0.5 for
what has no order over bars.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from seqgen.evaluation.auroc import auroc, auroc_of_pairs
from seqgen.evaluation.bars import events_of, shuffle_bars, why_no_bars
from seqgen.evaluation.bootstrap import bootstrap_groups, bootstrap_ratio, one_by_one, side_by_side
from seqgen.evaluation.figure import Curve, Figure, Interval, Plot, Section
from seqgen.models.music_vae import MusicVAEConfig

FEWEST = 20
"""windows, for a figure"""
TITLE = "Structure"


def measure_structure(
    real: np.ndarray,
    samples: np.ndarray,
    config: MusicVAEConfig,
    seed: int,
    corpus: Sequence[str] | None = None,
    pieces: np.ndarray | None = None,
) -> Section:
    """The lag profiles of real windows and of samples, and whether the score tells them from shuffled bars.

    Args:
        real: test windows [N, T] of tokens.
        samples: windows [M, T] that a model made.
        config: of the model: it says what a token means.
        seed: of the order of the shuffled bars, and of the intervals.
        corpus: of each real window, for its AUROC corpus by corpus: music differs in this.
        pieces: a number [N] for each real window; those of one piece are drawn together for the intervals,
            which are too narrow without, since neighbouring windows share bars.
    """
    reason = why_no_bars(config)
    if reason is None and config.bars < 2:
        reason = "windows of one bar have no second bar to compare it with"
    signature = f"windows:{len(real)}|samples:{len(samples)}|peaks:{_commas(peaks(config.bars))}|"
    signature += f"drawn by:{'window' if pieces is None else 'piece'}|seed:{seed}"
    section = Section(TITLE, [], signature)
    for name, rows in (("real", real), ("samples", samples)):
        if reason is None and len(rows) < FEWEST:
            reason = f"expected at least {FEWEST} windows, got {len(rows)} of {name}"
    piece = one_by_one(len(real), pieces)
    if reason is None and len(np.unique(piece)) < 2:
        reason = "expected windows of at least 2 pieces, got 1"
    if reason is not None:
        section.missing.append(f"structure: {reason}")
        return section
    rng = np.random.default_rng(seed)
    sets = {"real": real, "samples": samples}
    alike = {name: bar_similarity(rows, config) for name, rows in sets.items()}
    mixed = {
        name: bar_similarity(shuffle_bars(rows, config.bars, rng), config) for name, rows in sets.items()
    }
    _profiles(section, alike, strangers(real, config) if config.bars == 2 else mixed["real"], seed, piece)
    if not peaks(config.bars):
        section.missing.append(
            f"structure score: expected windows of at least 4 bars, got {config.bars}: no lag has a "
            "neighbour on either side"
        )
        return section
    _scores(section, alike, mixed, seed, corpus, piece)
    return section


def peaks(bars: int) -> tuple[int, ...]:
    """The lags whose peaks are scored: powers of 2 from 2 on that have a neighbour on either side."""
    return tuple(1 << power for power in range(1, bars.bit_length()) if (1 << power) + 1 < bars)


def bar_similarity(tokens: np.ndarray, config: MusicVAEConfig) -> Float[np.ndarray, "N U U"]:
    """S(i, j) of all bars of windows [N, T], symmetric; NaN where neither bar has an onset."""
    return similarity(events_of(tokens, config))


def similarity(events: Int[np.ndarray, "N U T P"]) -> Float[np.ndarray, "N U U"]:
    """S(i, j) of bars whose steps hold what begins on them, 0 for nothing."""
    bars = events.shape[1]
    flat = events.reshape(len(events), bars, -1)
    result = np.full((len(flat), bars, bars), np.nan)
    for lag in range(bars):
        a, b = flat[:, : bars - lag], flat[:, lag:]
        common = ((a == b) & (a > 0)).sum(-1)
        either = ((a > 0) | (b > 0)).sum(-1)
        value = np.divide(common, either, out=np.full(common.shape, np.nan), where=either > 0)
        first = np.arange(bars - lag)
        result[:, first, first + lag] = result[:, first + lag, first] = value
    return result


def strangers(tokens: np.ndarray, config: MusicVAEConfig) -> Float[np.ndarray, "N U U"]:
    """S(i, j) of windows whose second bar is another window's: two bars have no order to shuffle.

    It is taken from half the windows away, as neighbours often are of one piece and share a bar.
    """
    events = events_of(tokens, config)
    events[:, 1] = np.roll(events[:, 1], len(events) // 2, axis=0)
    return similarity(events)


def lag_sums(alike: Float[np.ndarray, "N U U"]) -> tuple[np.ndarray, np.ndarray]:
    """Of each window and lag 1 .. U - 1: the sum of S(i, i + L) and how many pairs have one, [N, U - 1]."""
    lines = [np.diagonal(alike, lag, 1, 2) for lag in range(1, alike.shape[1])]
    return (
        np.stack([np.nansum(line, axis=1) for line in lines], axis=1),
        np.stack([np.isfinite(line).sum(axis=1) for line in lines], axis=1).astype(np.float64),
    )


def structure_score(alike: Float[np.ndarray, "N U U"]) -> Float[np.ndarray, " N"]:
    """The score of each window; 0 where all bars are equally alike. A pair without a value counts as 0."""
    whole = np.nan_to_num(alike)
    rows, columns = np.triu_indices(whole.shape[1], 1)
    spread = whole[:, rows, columns].std(axis=1)
    sums, _ = lag_sums(whole)
    mean = sums / np.arange(whole.shape[1] - 1, 0, -1)  # lag L is column L - 1
    total = sum(
        (mean[:, lag - 1] - (mean[:, lag - 2] + mean[:, lag]) / 2 for lag in peaks(whole.shape[1])),
        start=np.zeros(len(whole)),
    )
    return np.divide(total, spread, out=np.zeros(len(whole)), where=spread > 1e-9)


def _profiles(
    section: Section, alike: dict[str, np.ndarray], shuffled: np.ndarray, seed: int, piece: np.ndarray
) -> None:
    bars = shuffled.shape[1]
    chance = "real, bars shuffled" if bars > 2 else "bars of other windows"
    sums = {name: lag_sums(rows) for name, rows in {**alike, chance: shuffled}.items()}
    means = {name: _means(above, below) for name, (above, below) in sums.items()}
    lags = np.arange(1, bars)
    curves = tuple(Curve(name, lags, mean) for name, mean in means.items())
    section.plots.append(Plot("lag-profile", "lag in bars", "bar similarity", curves))
    beside = {"real": chance, "samples": "real"}
    for lag in [1 << power for power in range(bars.bit_length()) if 1 << power < bars]:
        for name, against in beside.items():
            above, below = (part[:, lag - 1] for part in sums[name])
            if not below.sum():
                section.missing.append(f"lag {lag} of {name}: no pair of bars has an onset")
                continue
            if name == "real":
                above, below = _by_piece(piece, above), _by_piece(piece, below)
            interval = bootstrap_ratio(above, below, seed)
            baseline = float(means[against][lag - 1])
            section.figures.append(
                Figure.of(f"lag {lag} similarity, {name}", interval, baseline, against)
                if np.isfinite(baseline)
                else Figure.of(f"lag {lag} similarity, {name}", interval)
            )
    lag = 1 << (bars - 1).bit_length() - 1
    over, under = (tuple(part[:, lag - 1] for part in sums[name]) for name in ("samples", "real"))
    ratio = _ratio(over, under, seed, piece)
    if ratio is not None:
        section.figures.append(
            Figure.of(f"lag {lag} similarity, samples over real", ratio, 1.0, "as alike as real bars")
        )


def _scores(
    section: Section,
    alike: dict[str, np.ndarray],
    mixed: dict[str, np.ndarray],
    seed: int,
    corpus: Sequence[str] | None,
    piece: np.ndarray,
) -> None:
    score = {name: structure_score(rows) for name, rows in alike.items()}
    chance = {name: structure_score(rows) for name, rows in mixed.items()}
    of = {"real": piece, "samples": None}
    own = {name: auroc_of_pairs(score[name], chance[name], seed, of[name]) for name in score}
    blind = "no order over bars"
    section.figures.extend(
        [
            Figure.of("AUROC, real against its bars shuffled", own["real"], 0.5, blind),
            Figure.of("AUROC, samples against their bars shuffled", own["samples"], own["real"], "real"),
            Figure.of(
                "AUROC, real against samples",
                auroc(score["real"], score["samples"], seed, piece),
                0.5,
                "alike",
            ),
        ]
    )
    if corpus is None:
        return
    names = np.asarray(corpus)
    for name in sorted(set(corpus)):
        mine = names == name
        title = f"AUROC, real against its bars shuffled, {name}"
        if mine.sum() < FEWEST or len(np.unique(piece[mine])) < 2:
            section.missing.append(
                f"{title}: expected at least {FEWEST} windows of 2 pieces, got {mine.sum()} of "
                f"{len(np.unique(piece[mine]))}"
            )
            continue
        found = auroc_of_pairs(score["real"][mine], chance["real"][mine], seed, piece[mine])
        section.figures.append(Figure.of(title, found, 0.5, blind))


def _means(above: Float[np.ndarray, "N L"], below: Float[np.ndarray, "N L"]) -> Float[np.ndarray, " L"]:
    total = below.sum(axis=0)
    return np.divide(above.sum(axis=0), total, out=np.full(len(total), np.nan), where=total > 0)


def _ratio(
    over: tuple[np.ndarray, ...], under: tuple[np.ndarray, ...], seed: int, piece: np.ndarray
) -> Interval | None:
    """(sum a / sum b of one set) / (the same of another); None where that has no value."""
    if not (over[1].sum() and under[0].sum()):
        return None
    size = len(over[0])

    def statistic(weights: Float[np.ndarray, "K R"]) -> Float[np.ndarray, " K"]:
        one, two = weights[:, :size], weights[:, size:]
        with np.errstate(divide="ignore", invalid="ignore"):
            return (one @ over[0] / (one @ over[1])) / (two @ under[0] / (two @ under[1]))

    return bootstrap_groups(statistic, side_by_side(np.arange(size), piece), seed)


def _by_piece(piece: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Sums [G] over the windows of each piece."""
    return np.bincount(np.unique(piece, return_inverse=True)[1], column)


def _commas(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
