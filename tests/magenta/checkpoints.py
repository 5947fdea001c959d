"""Checkpoints of Magenta's configurations with random weights: small ones for tests, and one of full size.

python -m tests.magenta.checkpoints PREFIX    # hierdec-mel_16bar, 704 MB
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from seqgen.tasks.magenta.recognise import named
from seqgen.tasks.magenta.variables import expected
from tests.io.tf_bundle import write_checkpoint

FOLDER = Path(__file__).parents[1] / "fixtures" / "magenta"
CONFIGS = sorted(path.stem for path in FOLDER.glob("*.tsv"))
FULL = "hierdec-mel_16bar"
FULL_SIZES = {"encoder/mu": 512, "encoder/cell": 4 * 2048, "core_decoder": 4 * 1024, "decoder": 4 * 1024}


def variables(config: str) -> dict[str, tuple[int, ...]]:
    """The variables of a checkpoint that Magenta wrote, with small layers: names and shapes."""
    lines = (FOLDER / f"{config}.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {name: () if size == "scalar" else tuple(map(int, size.split("x"))) for name, size, _ in rows}


def random(shapes: dict[str, tuple[int, ...]], std: float = 0.1) -> Iterator[tuple[str, np.ndarray]]:
    """Weights, one after the other, and the step 7."""
    rng = np.random.default_rng(1)
    for name, shape in shapes.items():
        if name == "global_step":
            yield name, np.array(7, np.int64)
        else:
            yield name, rng.standard_normal(shape, np.float32) * np.float32(std)


def write_random(prefix: Path, shapes: dict[str, tuple[int, ...]]) -> Path:
    """A checkpoint with such variables; its prefix."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(prefix, random(shapes))
    return prefix


def full_size() -> dict[str, tuple[int, ...]]:
    """The variables of hierdec-mel_16bar as Magenta's configuration has it: 176 million numbers."""
    sizes = {}
    for name in variables(FULL):
        if name.endswith(("lstm_cell/bias", "encoder/mu/bias")):
            sizes[name] = (next(size for start, size in FULL_SIZES.items() if name.startswith(start)),)
    return expected(named(FULL), sizes) | {"global_step": ()}


if __name__ == "__main__":
    write_checkpoint(Path(sys.argv[1]), random(full_size(), 0.02))
