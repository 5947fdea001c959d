"""`seqgen evaluate`: what a model is worth, beside the baselines, with a signature."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def evaluate(
    model: str,
    data: Path,
    split: Literal["train", "valid", "test"] = "test",
    json: bool = False,
    seed: int = 1,
    pairs: int = 1000,
    train: Path | None = None,
    limit: int | None = None,
) -> None:
    """Measure a model on prepared shards or on MIDI files.

    Reconstruction teacher-forced and free-run, use of the code, and how likely midpoints and samples are.
    Test windows that also occur in train are dropped. The last line is the signature of the figures.

    Args:
        model: a shipped model's name or a model's folder.
        data: shards, or MIDI: a folder, an archive or a file.
        split: of the shards.
        json: print JSON.
        seed: of everything that is drawn.
        pairs: pairs of windows whose midpoints are judged.
        train: shards the model was trained on, where data is MIDI.
        limit: take at most so many windows.
    """
    from seqgen.evaluation.evaluate import evaluate as measure
    from seqgen.evaluation.report import as_json, as_text

    result = measure(model, data, split, seed, pairs, train, limit)
    print(as_json(result) if json else as_text(result))
