"""Bars against no bars: train a decoder with a conductor and its flat twins, measure them, write a page.

    python -m experiments.hierarchy --data shards/ --runs runs/ --docs docs/experiments

`--data` is what data_tools/prepare_shipped.sh makes; mel-16bar is read. What is there already is
not made again, and a run that was stopped goes on: seed after seed, so that the page has whole rows early.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from experiments.hierarchy_measure import measure
from experiments.hierarchy_report import write_report
from experiments.hierarchy_systems import TWINS, System, Twins
from experiments.running import run
from seqgen.config import from_dict
from seqgen.tasks.shipped import find_folder
from seqgen.training.config import TrainConfig


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of shards")
    parser.add_argument("--runs", type=Path, required=True, help="folder for models and results")
    parser.add_argument("--docs", type=Path, help="folder for the table and the picture")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    chosen = parser.parse_args()
    for seed in chosen.seeds:
        for system in TWINS.systems:
            folder = train(TWINS, system, chosen.data, chosen.runs, seed)
            test(TWINS, system, folder, chosen.data, seed)
    if chosen.docs:
        write_report(TWINS, chosen.runs, chosen.docs)


def train(twins: Twins, system: System, data: Path, runs: Path, seed: int) -> Path:
    """The folder of a trained system, which is trained as far as it is not."""
    settings = twins.config(system) | {"seed": seed, "warm_start": str(find_folder(twins.start))}
    settings |= {"data": str(data / twins.shards), "out": str(runs / f"{system.name}-seed{seed}")}
    return run(from_dict(TrainConfig, settings, system.name))


def test(twins: Twins, system: System, folder: Path, data: Path, seed: int) -> dict[str, Any]:
    """The figures of a system, measured once and kept in its folder."""
    path = folder / "figures.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    row = measure(twins, system, folder, data, seed)
    path.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    print(
        f"{folder.name}: onset accuracy {row['free run']['onset accuracy']:.3f} free run, "
        f"{row['teacher forced']['onset accuracy']:.3f} teacher-forced; {row['parameters']:,} parameters",
        flush=True,
    )
    return row


if __name__ == "__main__":
    main()
