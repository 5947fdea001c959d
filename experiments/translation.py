"""Quality against latency: train the systems of a corpus, decode its test set, write table and picture.

    python -m experiments.translation multi30k-en-de --data multi30k/ --runs runs/ --docs docs/experiments

What is there already is not made again, and a run that was stopped goes on. `--only` names some of the
systems; those they start from are trained too.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from experiments.corpora import CORPORA, Corpus
from experiments.measure import measure
from experiments.report import write_report
from experiments.systems import System, systems
from seqgen.config import from_dict
from seqgen.training.loop import Trainer
from seqgen.training.translation import TranslationConfig


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", choices=CORPORA)
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--runs", type=Path, required=True, help="folder for models and results")
    parser.add_argument("--docs", type=Path, help="folder for the table and the picture")
    parser.add_argument("--only", nargs="*", help="names of systems; all when left out")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    corpus = CORPORA[chosen.corpus]
    every = {system.name: system for system in systems(corpus.first)}
    for name in chosen.only if chosen.only is not None else every:
        if name not in every:
            parser.error(f"no system {name}: the systems are {', '.join(every)}")
        folder = train(every[name], every, chosen.corpus, chosen.data, chosen.runs, chosen.seed)
        test(every[name], corpus, folder, chosen.data, chosen.seed)
    if chosen.docs:
        references = chosen.data / f"{corpus.test}.{corpus.target}"
        write_report(chosen.corpus, corpus, list(every.values()), chosen.runs, chosen.docs, references)


def train(system: System, every: dict[str, System], name: str, data: Path, runs: Path, seed: int) -> Path:
    """The folder of a trained system; it and what it starts from are trained as far as they are not."""
    corpus = CORPORA[name]
    folder = runs / name / f"{system.name}-seed{seed}"
    if (folder / "done").is_file():
        return folder
    start = None
    if system.start:
        start = train(every[system.start], every, name, data, runs, seed)
    elif corpus.start:
        other = {one.name: one for one in systems(CORPORA[corpus.start].first)}
        start = train(other[system.name], other, corpus.start, data, runs, seed)
    files = {
        "source": f"{corpus.train}.{corpus.source}",
        "target": f"{corpus.train}.{corpus.target}",
        "valid_source": f"{corpus.valid}.{corpus.source}",
        "valid_target": f"{corpus.valid}.{corpus.target}",
    }
    settings = system.config(corpus.settings()) | {key: str(data / name) for key, name in files.items()}
    settings |= {"out": str(folder), "seed": seed, "warm_start": str(start) if start else None}
    config = from_dict(TranslationConfig, settings, system.name)
    fabric = Fabric(accelerator="auto", devices=1, precision=config.precision)
    fabric.launch()
    if not Trainer(config, fabric).fit():
        raise SystemExit(f"{system.name}: stopped; the same command goes on")
    (folder / "done").write_text("")
    return folder


def test(system: System, corpus: Corpus, folder: Path, data: Path, seed: int) -> list[dict[str, Any]]:
    """The points of a system, measured once and kept in its folder."""
    path = folder / "points.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    files = [data / f"{corpus.test}.{side}" for side in (corpus.source, corpus.target)]
    rows = [measure(system, point, folder, *files, seed) for point in system.points]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        print(
            f"{row['label']}: BLEU {row['BLEU']:.2f}, LAAL {row['LAAL']:.2f}, DAL {row['DAL']:.2f}",
            flush=True,
        )
    return rows


if __name__ == "__main__":
    main()
