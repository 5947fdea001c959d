"""A small language model for the tests of tasks, of the command line and of evaluation."""

from __future__ import annotations

from pathlib import Path

import torch

from seqgen.config import to_dict
from seqgen.models.checkpoint import save_model
from seqgen.models.language_model import LanguageModel, LanguageModelConfig
from seqgen.representation.converter import RepresentationConfig

SIZES = {"embedding": 8, "width": 12, "dilations": (1, 2, 4), "skip_width": 12}
DRUMS = {"head": "bernoulli", "vocabulary_size": 512, "first_onset": 1}


def small_language_model(folder: Path, name: str = "melody", voice: str = "lstm", bars: int = 2) -> Path:
    """A random model on disk whose output depends strongly on what came before."""
    config = LanguageModelConfig(voice=voice, **SIZES, **(DRUMS if name == "drums" else {}))
    torch.manual_seed(5)
    model = LanguageModel(config)
    weights = {key: 3 * value for key, value in model.state_dict().items()}
    sections = {"representation": to_dict(RepresentationConfig(name, bars)), "training": {"steps": 0}}
    save_model(folder, model, weights, sections)
    (folder / "card.md").write_text("# A small model\n\nRandom weights, for tests.\n", encoding="utf-8")
    return folder
