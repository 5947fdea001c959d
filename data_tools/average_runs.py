"""Models of one line of training, averaged weight by weight (Wortsman et al. 2022, arXiv:2203.05482).

python data_tools/average_runs.py OUT SHARE RUN [SHARE RUN ..]    the settings are those of the last run
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from seqgen.models.checkpoint import load_model, save_model


def average(out: Path, shares: list[float], runs: list[Path]) -> None:
    """Write the average, of which each run has its share."""
    if len(shares) != len(runs) or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"shares: expected one for each run, 1 in all, got {shares}")
    weights: dict[str, torch.Tensor] = {}
    for share, run in zip(shares, runs, strict=True):
        model, sections = load_model(run)
        for name, tensor in model.state_dict().items():
            weights[name] = weights.get(name, torch.zeros_like(tensor)) + share * tensor
    parts = ", ".join(f"{share:g} {run.name}" for share, run in zip(shares, runs, strict=True))
    papers = {name: section for name, section in sections.items() if name != "model"}
    papers["training"] = {**papers["training"], "averaged": parts}
    save_model(out, model, weights, papers)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("parts", nargs="+", help="shares and runs in turn")
    chosen = parser.parse_args()
    average(chosen.out, [float(share) for share in chosen.parts[::2]], [*map(Path, chosen.parts[1::2])])


if __name__ == "__main__":
    main()
