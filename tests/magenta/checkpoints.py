"""Checkpoints of Magenta's configurations with random weights, for tests."""

from pathlib import Path

import numpy as np

from tests.io.tf_bundle import write_checkpoint

FOLDER = Path(__file__).parents[1] / "fixtures" / "magenta"
CONFIGS = sorted(path.stem for path in FOLDER.glob("*.tsv"))


def variables(config: str) -> dict[str, tuple[int, ...]]:
    """The variables of a checkpoint that Magenta wrote, with small layers: names and shapes."""
    lines = (FOLDER / f"{config}.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {name: () if size == "scalar" else tuple(map(int, size.split("x"))) for name, size, _ in rows}


def write_random(prefix: Path, shapes: dict[str, tuple[int, ...]], seed: int = 1) -> dict[str, np.ndarray]:
    """A checkpoint with such variables; what was written."""
    rng = np.random.default_rng(seed)
    tensors = {
        name: np.array(7, np.int64) if name == "global_step" else rng.normal(0, 0.1, shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    prefix.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(prefix, tensors.items())
    return tensors
