"""How like music is what a language model writes? The table of temperatures in docs/continue.md.

    python -m experiments.continuing melody-lm shards/mel-16bar

The second half of test windows, and what the model draws after their first half, judged by a 6-gram model of
the train split.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import Generator

from seqgen.core import Sampling
from seqgen.data.shards import Shards
from seqgen.evaluation.judge import ORDER, SHIFTS
from seqgen.evaluation.ngram import fit_ngram
from seqgen.tasks.language import load_language_model

WAYS = {
    "temperature 1": Sampling(1.0),
    "temperature 1, top-p 0.95": Sampling(1.0, top_p=0.95),
    "temperature 0.9": Sampling(0.9),
    "temperature 0.5": Sampling(0.5),
    "temperature 0": Sampling(0.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("shards")
    parser.add_argument("--windows", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    model, shards = load_language_model(chosen.model).lm, Shards(chosen.shards)
    test = np.array(shards.tokens("test"))
    pick = np.random.default_rng(chosen.seed).permutation(len(test))[: chosen.windows]
    test = test[np.sort(pick)].astype(np.int64)
    half = test.shape[1] // 2
    melody = shards.representation.name == "melody"
    train = np.array(shards.tokens("train"))
    judge = fit_ngram(train, shards.vocabulary_size, ORDER, SHIFTS if melody else (0,))
    prompt = torch.from_numpy(test[:, :half])
    print("| | nats a step | onsets a step | silent |\n|---|---|---|---|")
    windows = {"the real second half": test}
    for name, how in WAYS.items():
        rng = Generator().manual_seed(chosen.seed)
        uniform = torch.rand(len(test), half, model.decoder.head.draws, generator=rng)
        windows[name] = np.concatenate([test[:, :half], model.extend(prompt, half, how, uniform).numpy()], 1)
    for name, tokens in windows.items():
        onset = tokens[:, half:] >= model.config.first_onset
        nats, silent = judge.nll(tokens)[:, half:].mean(), 1 - onset.any(1).mean()
        print(f"| {name} | {nats:.3f} | {onset.mean():.3f} | {silent:.1%} |")


if __name__ == "__main__":
    main()
