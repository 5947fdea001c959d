"""An untrained recogniser that writes something, shared by tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from seqgen.config import to_dict
from seqgen.io.speech import read_speech
from seqgen.models.checkpoint import save_model
from seqgen.models.recognizer import Recognizer, RecognizerConfig
from seqgen.representation.speech import SpeechConfig
from seqgen.tasks.recognition import RecognitionModel

DIGITS = Path(__file__).parents[1] / "fixtures" / "digits"


def small_recognizer(kind: str = "mocha") -> RecognitionModel:
    torch.manual_seed(4)
    config = RecognizerConfig(attention=kind, width=16, energy_width=8, offset=-0.5, scale=6.0)
    model = Recognizer(config).eval().requires_grad_(False)
    model.decoder.head.logits.weight.mul_(20)
    model.decoder.head.logits.bias[config.end] = -3
    model.input.weight.mul_(5)
    return RecognitionModel("small", model, SpeechConfig(), {}, "")


def three_digits() -> np.ndarray:
    """Recordings one after another: 3, 1, 8."""
    return np.concatenate([read_speech(DIGITS / f"{digit}_jackson_0.wav")[0] for digit in (3, 1, 8)])


def save_recognizer(folder: Path, kind: str = "mocha") -> Path:
    model = small_recognizer(kind)
    papers = {"representation": to_dict(model.speech), "training": {}}
    save_model(folder, model.recognizer, model.recognizer.state_dict(), papers)
    return folder
