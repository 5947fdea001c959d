"""WaveNet against LSTM on symbolic music: train both in three places, measure them, write table and picture.

    python -m experiments.symbolic --data shards/ --runs runs/ --docs docs/experiments

`--data` is what data_tools/prepare_shipped.sh makes. What is there already is not made again, and a run that
was stopped goes on. `--only` names some of the places.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from experiments.running import run
from experiments.symbolic_measure import measure
from experiments.symbolic_report import write_report
from experiments.symbolic_systems import NAMES, PLACES, Place, Voice
from seqgen.config import from_dict
from seqgen.training.config import TrainConfig
from seqgen.training.language import LanguageConfig


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of shards")
    parser.add_argument("--runs", type=Path, required=True, help="folder for models and results")
    parser.add_argument("--docs", type=Path, help="folder for the table and the picture")
    parser.add_argument("--only", nargs="*", help="names of places; all when left out")
    parser.add_argument("--voice", nargs="*", choices=NAMES, default=list(NAMES), help="both when left out")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    names = [place.name for place in PLACES]
    for name in chosen.only if chosen.only is not None else names:
        if name not in names:
            parser.error(f"no place {name}: the places are {', '.join(names)}")
        place = PLACES[names.index(name)]
        for voice in chosen.voice:
            folder = train(place, voice, chosen.data, chosen.runs, chosen.seed)
            test(place, voice, folder, chosen.data, chosen.seed)
    if chosen.docs:
        write_report(PLACES, chosen.runs, chosen.docs, chosen.seed)


def train(place: Place, voice: Voice, data: Path, runs: Path, seed: int) -> Path:
    """The folder of a trained model, which is trained as far as it is not."""
    folder = runs / f"{place.name}-{voice}-seed{seed}"
    settings = {**place.config(voice), "data": str(data / place.shards), "out": str(folder), "seed": seed}
    config: Any = from_dict(LanguageConfig if place.language else TrainConfig, settings, folder.name)
    return run(config)


def test(place: Place, voice: Voice, folder: Path, data: Path, seed: int) -> dict[str, Any]:
    """The figures of a model, measured once and kept in its folder."""
    path = folder / "figures.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    row = measure(place, voice, folder, data / place.shards, seed)
    path.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    print(f"{folder.name}: {row['nll']:.4f} nats a step, {row['parameters']:,} parameters", flush=True)
    return row


if __name__ == "__main__":
    main()
