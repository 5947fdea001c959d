"""What a translator is worth on two files: quality, latency, and what its hard decisions cost."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqgen import __version__
from seqgen.data.text import Words, collate, in_order, read_lines
from seqgen.evaluation.evaluate import weights_hash
from seqgen.evaluation.latency import Instance, elapsed_times
from seqgen.evaluation.translation_report import figures
from seqgen.evaluation.translation_scores import DRAWS
from seqgen.models.translator.batch import Batch
from seqgen.tasks.shipped import find_folder
from seqgen.tasks.translation import TranslationModel, load

TOKENS = 2048
"""padded subwords of a batch whose cross-entropy is measured"""


def evaluate_translator(
    model: TranslationModel | str | Path,
    source: Path,
    target: Path,
    *,
    beam: int = 1,
    threshold: float = 0.5,
    limit: int | None = None,
    computation_aware: bool = False,
    seed: int = 1,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Translate `source` and compare with `target`, line by line.

    Args:
        model: a shipped model's name, a model's folder, or a model.
        source, target: text, line n of one translates line n of the other.
        beam, threshold: see `TranslationModel.translate`.
        limit: take the first so many lines.
        computation_aware: stream one sentence after another and take the time of each word: slower, and
            latency that counts the computing is measured as well.
        seed, draws: of the bootstrap.

    Returns:
        What `figures` returns; `cross-entropy` of the references in nats a subword, `expected` over all the
        ways to stop and, where the model learns to stop, with its `hard` stops, and their `gap`; `sharpness`,
        the mean of the largest expected probability of a word's stop, 1 if no doubt is left; and `signature`.

    Raises:
        ValueError: for a bad model, text that is not UTF-8, none, or files of different lengths.
        OSError: for a file that cannot be read.
        ModuleNotFoundError: without sacrebleu or sentencepiece.
    """
    pairs = _read(source, target, limit)
    known = model if isinstance(model, TranslationModel) else load(model)
    lines = [line for line, _ in pairs]
    if computation_aware:
        if beam != 1:
            raise ValueError(f"computation_aware: words are timed one by one, so beam must be 1, got {beam}")
        instances = [timed(known, line, reference, threshold) for line, reference in pairs]
    else:
        instances = [
            Instance(
                delays=found.delays,
                source_length=len(line.split()),
                prediction=found.text,
                reference=reference,
            )
            for found, (line, reference) in zip(
                known.translations(lines, beam, threshold), pairs, strict=True
            )
        ]
    result = figures(instances, seed, draws) | cross_entropy(known, pairs)
    weights = "" if isinstance(model, TranslationModel) else f"@{weights_hash(find_folder(model))}"
    parts = {
        "model": f"{known.name}{weights}",
        "data": f"{source.name}+{target.name}@{_hash(pairs)}",
        "decoding": f"beam {beam}" if beam > 1 else "greedy",
    }
    if threshold != 0.5:
        parts["threshold"] = f"{threshold:g}"
    parts |= {"seqgen": __version__, "torch": torch.__version__}
    return result | {"signature": "|".join(f"{key}:{value}" for key, value in parts.items())}


def timed(model: TranslationModel, line: str, reference: str | None, threshold: float = 0.5) -> Instance:
    """Stream a line and take the time: a word's is all the computing until it was out."""
    session = model.session(threshold)
    source = line.split()
    words: list[str] = []
    delays: list[int] = []
    computed: list[float] = []
    total = 0.0
    for read, word in enumerate([*source, None], 1):
        start = time.perf_counter()
        # The end of the source is no word: what it decides has the last word's delay, and its own time.
        new = session.finish() if word is None else session.push(word)
        total += 1000 * (time.perf_counter() - start)
        words += new
        delays += [min(read, len(source))] * len(new)
        computed += [total] * len(new)
    return Instance(
        delays=delays,
        source_length=len(source),
        prediction=" ".join(words),
        reference=reference,
        elapsed=elapsed_times(delays, computed),
    )


@torch.no_grad()
def cross_entropy(model: TranslationModel, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """`cross-entropy` and `sharpness` as `evaluate_translator` returns them; nothing if there is no pair.

    Each target subword counts once, and so does each end mark.
    """
    learns = model.translator.config.attention in ("hard", "mocha", "milk")
    total = {"expected": 0.0, "hard": 0.0}
    sharp, tokens = 0.0, 0
    for batch in _batches(model, [pair for pair in pairs if pair[0].split() and pair[1].split()]):
        inside = torch.arange(batch.target.shape[1], device=model.device) < batch.target_lengths[:, None]
        for name in total:
            if name == "expected" or learns:
                log_prob, alpha = model.translator.log_prob(batch, hard=name == "hard")
                total[name] -= log_prob[inside].double().sum().item()
                if name == "expected":
                    sharp += alpha.amax(-1)[inside].double().sum().item()
        tokens += int(inside.sum())
    if not tokens:
        return {}
    means = {name: value / tokens for name, value in total.items()}
    if not learns:
        return {"cross-entropy": {"expected": means["expected"]}}
    gap = means["hard"] - means["expected"]
    return {"cross-entropy": {**means, "gap": gap}, "sharpness": sharp / tokens}


def _batches(model: TranslationModel, pairs: list[tuple[str, str]]) -> Iterator[Batch]:
    source, target = (Words([pair[side] for pair in pairs], model.subwords) for side in (0, 1))
    for groups in in_order(source, target, TOKENS) if pairs else ():
        arrays = collate(source, target, groups)
        yield Batch(*(torch.from_numpy(part.astype(np.int64)) for part in arrays)).to(model.device)


def _read(source: Path, target: Path, limit: int | None) -> list[tuple[str, str]]:
    if limit is not None and limit < 1:
        raise ValueError(f"limit: expected at least 1 line, got {limit}")
    left, right = read_lines(source), read_lines(target)
    if len(left) != len(right):
        raise ValueError(
            f"{source} has {len(left)} lines and {target} {len(right)}: line n of one must translate line n "
            "of the other"
        )
    if not left:
        raise ValueError(f"{source}: expected at least one line, got none")
    return list(zip(left, right, strict=True))[:limit]


def _hash(pairs: Sequence[tuple[str, str]]) -> str:
    """Of what was measured, with 12 hexadecimal digits."""
    text = "".join(f"{line}\n{reference}\n" for line, reference in pairs)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
