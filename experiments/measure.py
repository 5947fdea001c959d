"""One point of the curve: a trained system decoded at one setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.systems import System
from seqgen import __version__
from seqgen.data.text import Words, read_pairs
from seqgen.evaluation.latency import Instance, corpus_latency
from seqgen.evaluation.translation_scores import count, interval
from seqgen.tasks.translation import Translation, TranslationModel, load
from seqgen.training.translation import cross_entropy

LONG = 10
"""words from which on a sentence is long: policies hardly differ on short ones"""


def measure(
    system: System, point: float, folder: Path, source: Path, target: Path, seed: int
) -> dict[str, Any]:
    """Scores and latencies of streaming decoding, and the hypotheses with their delays."""
    model = load(folder)
    if system.attention == "wait_k":
        model.translator.core.attention.lag = int(point)
    pairs = read_pairs(source, target)
    threshold = point if system.attention in ("hard", "mocha", "milk") else 0.5
    done = model.translations([line for line, _ in pairs], threshold=threshold)
    rows = [instance(translation, pair) for translation, pair in zip(done, pairs, strict=True)]
    long = [row for row in rows if row.source_length >= LONG]
    return {
        "name": system.name,
        "family": system.family,
        "label": system.label(point),
        "point": point,
        "seed": seed,
        **figures(rows, seed),
        "long": {"sentences": len(long), **figures(long, seed)} if len(long) >= 50 else None,
        **entropies(model, pairs),
        "signature": f"seqgen {__version__}|greedy|threshold:{threshold:g}|seed:{seed}|test:{source.name}",
        "hypotheses": [translation.text for translation in done],
        "delays": [translation.delays for translation in done],
    }


def instance(translation: Translation, pair: tuple[str, str]) -> Instance:
    return Instance(
        delays=translation.delays,
        source_length=len(pair[0].split()),
        prediction=translation.text,
        reference=" ".join(pair[1].split()),
    )


def figures(rows: list[Instance], seed: int) -> dict[str, Any]:
    """BLEU with its interval, chrF, and the latencies."""
    said, meant = [row.prediction for row in rows], [str(row.reference) for row in rows]
    bleu, chrf = count("BLEU", said, meant), count("chrF", said, meant)
    latency = corpus_latency(rows)
    return {
        "BLEU": bleu.score,
        "interval": list(interval(bleu, seed)),
        "chrF": chrf.score,
        **latency.mean,
        "at_end": latency.at_end,
        "sacrebleu": [bleu.signature, chrf.signature],
    }


def entropies(model: TranslationModel, pairs: list[tuple[str, str]]) -> dict[str, float]:
    """Cross-entropy of the references, in nats a subword: expected and with the stops of streaming."""
    left, right = (Words(list(side), model.subwords) for side in zip(*pairs, strict=True))
    return cross_entropy(model.translator, (left, right))
