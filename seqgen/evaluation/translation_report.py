"""The figures of translations with their signatures: one row of a table, as text and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Literal

from seqgen import __version__
from seqgen.evaluation.latency import METRICS, Instance, corpus_latency
from seqgen.evaluation.table import table
from seqgen.evaluation.translation_scores import DRAWS, count, interval

QUALITY: tuple[Literal["BLEU", "chrF"], ...] = ("BLEU", "chrF")


def figures(
    instances: Sequence[Instance], seed: int = 1, draws: int = DRAWS, tokenize: str = "13a"
) -> dict[str, Any]:
    """Quality and latency of a system on a corpus.

    Args:
        instances: each with a reference. Where all have times elapsed, computation-aware latency is measured.
        seed, draws: of the bootstrap; no draws, no intervals.
        tokenize: BLEU's tokenizer.

    Returns:
        `BLEU` and `chrF`, each with its 95% `interval`; each metric of latency in source words; `at end`, the
        share of words written only when all was read; `sentences`, and `empty` ones, which have no latency;
        `computation aware`; and `signatures` by name. Only numbers, text, lists and dicts.

    Raises:
        ValueError: no instances, or one without a reference.
        ModuleNotFoundError: without sacrebleu.
    """
    references = [instance.reference for instance in instances]
    if None in references:
        raise ValueError(
            f"instances: expected a reference for each, got none for {references.index(None) + 1}"
        )
    hypotheses = [instance.prediction for instance in instances]
    result: dict[str, Any] = {"sentences": len(instances)}
    signatures: dict[str, str] = {}
    for metric in QUALITY:
        counts = count(metric, hypotheses, [reference or "" for reference in references], tokenize)
        result[metric] = {"score": counts.score}
        signatures[metric] = counts.signature
        if draws:
            result[metric]["interval"] = list(interval(counts, seed, draws))
            signatures[metric] += f"|bs:{draws}|seed:{seed}"
    latency = corpus_latency(instances)
    result |= {name: _finite(value) for name, value in latency.mean.items()}
    result |= {"at end": _finite(latency.at_end), "empty": latency.empty}
    signatures["latency"] = f"unit:word|length:reference|empty:left out|version:seqgen {__version__}"
    if all(instance.elapsed is not None for instance in instances):
        aware = corpus_latency(instances, computation_aware=True).mean
        result["computation aware"] = {name: _finite(value) for name, value in aware.items()}
        signatures["latency"] += f"|computation aware:{instances[0].unit_ms:g} ms a word"
    return result | {"signatures": signatures}


def as_json(result: dict[str, Any]) -> str:
    """What `figures` returned, with whatever was added to it."""
    return json.dumps(result, indent=1, allow_nan=False, ensure_ascii=False)


def as_text(result: dict[str, Any]) -> str:
    """Tables, then the signatures; the last line is that of the whole."""
    quality = [[name, f"{result[name]['score']:.2f}", _range(result[name])] for name in QUALITY]
    lags = [["without computing", *(_number(result[name]) for name in METRICS)]]
    if "computation aware" in result:
        aware = result["computation aware"]
        lags.append(["with computing", *(_number(aware[name]) for name in METRICS)])
    parts = [table(["quality", "score", "95% interval"], quality), table(["latency, words", *METRICS], lags)]
    if "cross-entropy" in result:
        entropy = result["cross-entropy"]
        parts.append(
            table(["cross-entropy", *entropy], [["nats a subword", *map(_number, entropy.values())]])
        )
    left_out = f"; {result['empty']} of nothing, which have no latency" if result["empty"] else ""
    parts.append(
        f"{result['sentences']} sentences{left_out}; "
        f"share of the words written after the whole source: {_number(result['at end'])}"
    )
    parts.append("\n".join(f"{name}: {text}" for name, text in result["signatures"].items()))
    return "\n\n".join(parts) + (f"\n{result['signature']}" if "signature" in result else "")


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _range(score: dict[str, Any]) -> str:
    return "{:.2f} to {:.2f}".format(*score["interval"]) if "interval" in score else "-"
