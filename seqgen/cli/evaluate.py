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

    folder = model_folder(model)
    result = measure(folder, data, split, seed, pairs, train, limit, name=folder.name)
    print(as_json(result) if json else as_text(result))


def model_folder(model: str) -> Path:
    """A model's folder as given, or the shipped model of that name."""
    given = Path(model)
    if given.is_dir():
        return given.resolve()
    shipped = Path(__file__).parent.parent / "shipped"
    if (shipped / model).is_dir() and given.name == model:
        return shipped / model
    names = sorted(path.name for path in shipped.iterdir() if path.is_dir()) if shipped.is_dir() else []
    known = ", ".join(names) or "(none is shipped)"
    raise ValueError(f"model: expected a model's folder or one of {known}, got {model!r}")
