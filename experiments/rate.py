"""Rate against accuracy: train a two-bar model on at several prices of information, and write a page.

    python -m experiments.rate --data shards/ --runs runs/ --docs docs/experiments

`--data` is what data_tools/prepare_shipped.sh makes; mel-2bar-start and mel-16bar are read. `--models` are
further points, of two or of sixteen bars, as they are. What is there already is not made again, and a run
that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from experiments.rate_measure import measure
from experiments.rate_points import CURVE, LONG_SHARDS, Curve, Price
from experiments.rate_report import write_report
from experiments.running import run, seconds
from seqgen.config import from_dict
from seqgen.evaluation.evaluate import weights_hash
from seqgen.models.checkpoint import read_config
from seqgen.tasks.shipped import find_folder
from seqgen.training.config import TrainConfig


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of shards")
    parser.add_argument("--runs", type=Path, required=True, help="folder for models and results")
    parser.add_argument("--docs", type=Path, help="folder for the table and the picture")
    parser.add_argument("--models", nargs="*", default=["mel-2bar", "mel-16bar"], help="names or folders")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rows = []
    for price in CURVE.prices:
        folder = train(CURVE, price, chosen.data, chosen.runs, chosen.seed)
        row = test(folder, chosen.data / CURVE.shards, chosen.runs, chosen.seed)
        papers = {"family": price.family, "label": price.label, "core seconds": seconds(folder)}
        rows.append({**papers, "trained": training(folder), **row})
    rows += [as_it_is(model, chosen.data, chosen.runs, chosen.seed) for model in chosen.models]
    if chosen.docs:
        write_report(CURVE, rows, chosen.docs)


def train(curve: Curve, price: Price, data: Path, runs: Path, seed: int) -> Path:
    """The folder of the model that went on at a price; it is trained as far as it is not."""
    start = find_folder(curve.start)
    settings = {**curve.config(price), "model": read_config(start)["model"], "seed": seed}
    folders = {"data": str(data / curve.shards), "out": str(runs / f"{price.name}-seed{seed}")}
    return run(from_dict(TrainConfig, settings | folders | {"warm_start": str(start)}, price.name))


def as_it_is(model: str, data: Path, runs: Path, seed: int) -> dict[str, Any]:
    """The row of a model that somebody else trained."""
    bars = read_config(find_folder(model))["model"]["bars"]
    row = test(model, data / (CURVE.shards if bars == 2 else LONG_SHARDS), runs, seed)
    name = find_folder(model).resolve().name
    return {"family": f"{bars} bars, other models", "label": name, "trained": training(model), **row}


def training(model: str | Path) -> str:
    """The price that a model's config says it has paid, and what else it had."""
    config = read_config(find_folder(model))
    objective = (config.get("training") or {}).get("objective") or {}
    beta = objective.get("beta")
    if beta is None:
        return "unknown"
    said = [f"beta {beta:g}"]
    for name, words in (("free_bits", "free bits"), ("noiseless", "without noise")):
        said += [f"{objective[name]:g} {words}"] if objective.get(name) else []
    said += ["attention over bars"] if config["model"]["decoder"].get("bar_attention") else []
    return ", ".join(said)


def test(model: str | Path, data: Path, runs: Path, seed: int) -> dict[str, Any]:
    """The figures of a model, measured once for each state of its weights and kept among the runs."""
    path = runs / "figures" / f"{find_folder(model).resolve().name}-{weights_hash(find_folder(model))}.json"
    if not path.is_file():
        row = measure(model, data, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
        accuracy, nats = row["onset accuracy"][0], row["kl"][0]
        print(f"{path.stem}: onset accuracy {accuracy:.3f} at {nats:.1f} nats", flush=True)
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
