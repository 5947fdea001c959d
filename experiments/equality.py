"""Is streaming the batch path? Every sentence of a file, word by word, against the same sentences in batches.

python -m experiments.equality MODEL FILE
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from seqgen.data.text import read_lines
from seqgen.tasks.translation import TranslationModel, load


def equal(model: TranslationModel, lines: list[str]) -> tuple[int, list[int]]:
    """Sentences with the same words and the same delays, and the numbers of the others."""
    odd = []
    for number, (line, whole) in enumerate(zip(lines, model.translations(lines), strict=True)):
        writes = [event for event in model.trace(line.split()) if event.action == "WRITE"]
        if [e.word for e in writes] != whole.words or [e.read for e in writes] != whole.delays:
            odd.append(number)
    return len(lines) - len(odd), odd


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a shipped model's name or a model's folder")
    parser.add_argument("file", type=Path, help="sentences, one a line")
    parser.add_argument("--first", type=int, default=1000)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    lines = [line for line in read_lines(chosen.file) if line.split()][: chosen.first]
    same, odd = equal(load(chosen.model), lines)
    print(f"{same} of {len(lines)} sentences have the words and delays of the batch path", *odd[:10])


if __name__ == "__main__":
    main()
