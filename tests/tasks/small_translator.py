"""Small translators with random weights, which read and write in turns."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import torch

from seqgen.models.checkpoint import save_model
from seqgen.models.translator import Translator, TranslatorConfig
from seqgen.representation.subword import END, Subwords
from tests.text import train_subwords

END_BIAS = {"soft": 5.0, "wait_k": 5.0, "hard": 6.5, "mocha": 6.5, "milk": 5.5}
"""so that some translations end by themselves, and some do not"""
KINDS = ("soft", "wait_k", "hard", "mocha", "milk")


def small_translator(folder: Path, attention: str, seed: int = 3) -> Path:
    """A model on disk whose translations are no language, but depend on all of the source."""
    subwords = small_subwords()
    config = TranslatorConfig(
        attention=attention,
        vocabulary_size=subwords.vocabulary_size,
        width=24,
        energy_width=16,
        chunk=3,
        wait_k=2,
        dropout=0.0,
    )
    model = wild(config, subwords, seed)
    save_model(folder, model, model.state_dict(), {"training": {"steps": 0}})
    (folder / "subwords.model").write_bytes(subwords.model)
    (folder / "card.md").write_text(f"# Small {attention}\n\nRandom weights, for tests.\n", encoding="utf-8")
    return folder


@cache
def small_subwords() -> Subwords:
    with tempfile.TemporaryDirectory() as folder:
        return train_subwords(Path(folder))


def wild(config: TranslatorConfig, subwords: Subwords, seed: int) -> Translator:
    """Weights that make decisions of all sorts: stops and reads, words of several pieces, and ends."""
    torch.manual_seed(seed)
    model = Translator(config).eval()
    ends = torch.from_numpy(subwords.ends)
    model.head.set_ends(ends)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.mul_(2 if "table" in name else 6)
        model.head.bias[ends] += 3
        model.head.bias[END] += END_BIAS[config.attention]
        if config.attention in ("hard", "mocha", "milk"):
            model.core.attention.stopping.g.fill_(3.0)
            model.core.attention.stopping.r.fill_(-0.5)
    return model
