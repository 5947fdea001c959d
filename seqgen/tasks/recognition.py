"""A trained recogniser as one uses it: recordings or a stream of samples in, symbols with their times out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from seqgen.config import from_dict
from seqgen.io.speech import SILENT, read_speech
from seqgen.models.recognizer import Recognizer
from seqgen.representation.log_mel import LogMel
from seqgen.representation.speech import SpeechConfig
from seqgen.tasks.notices import say
from seqgen.tasks.shipped import find_folder, read_card


class Word(NamedTuple):
    """A symbol, and when it was decided."""

    text: str
    seconds: float
    """how much of the recording had been heard"""


def load_recognizer(model: str | Path, device: str = "cpu") -> RecognitionModel:
    """A shipped recogniser by its name, or any by its folder.

    Raises:
        ValueError: for an unknown name, a folder without a complete recogniser, or one that contradicts
            itself.
    """
    from seqgen.models.checkpoint import load_model

    folder = find_folder(model)
    recognizer, sections = load_model(folder, "recognizer")
    where = f"{folder / 'config.yaml'}: representation"
    speech = from_dict(SpeechConfig, sections.get("representation"), where)
    gives = (speech.sound.size, len(speech.symbols) + 1)
    takes = (recognizer.config.features, recognizer.config.vocabulary_size)
    if gives != takes:
        raise ValueError(
            f"{where}: {gives[0]} numbers a frame and {gives[1]} tokens, but the model has {takes[0]} and "
            f"{takes[1]}"
        )
    return RecognitionModel(folder.resolve().name, recognizer.to(device), speech, sections, read_card(folder))


@dataclass(frozen=True, eq=False)
class RecognitionModel:
    """A recogniser with its name, how sound becomes its frames, and what its folder says about it."""

    name: str
    recognizer: Recognizer
    speech: SpeechConfig
    sections: dict[str, Any]
    """of its config.yaml"""
    card: str
    """its model card, in Markdown; empty if there is none"""

    @property
    def sample_rate(self) -> int:
        return self.speech.sound.sample_rate

    @property
    def streams(self) -> bool:
        """Whether it can write before a recording has ended."""
        return self.recognizer.config.streams

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.recognizer.parameters())

    def transcribe(self, path: str | Path) -> str:
        """What is said in a recording (WAV, FLAC, ...), as symbols with spaces between.

        Whatever had to be done to the recording is logged as a warning.

        Raises:
            ValueError: for a file that cannot be read.
        """
        samples, notices = read_speech(path, self.sample_rate)
        say(notices)
        return " ".join(word.text for word in self.stream([samples]))

    def stream(self, blocks: Iterable[np.ndarray]) -> Iterator[Word]:
        """Words as soon as they are decided, from blocks of samples (float32 in [-1, 1], `sample_rate`)."""
        session = self.session()
        for block in blocks:
            yield from session.push(block)
        yield from session.finish()

    def session(self) -> Session:
        """For a caller who has samples one block at a time."""
        return Session(self)


class Session:
    """One stream of sound. However it is cut into blocks, the words and their times are the same."""

    def __init__(self, model: RecognitionModel):
        self.model = model
        self._log_mel = LogMel(model.speech.sound)
        self._sound = self._log_mel.init_state()
        self._state = model.recognizer.init_state(1)
        self._samples = 0
        self._silent = True
        self._finished = False

    @property
    def seconds(self) -> float:
        """Sound pushed so far."""
        return self._samples / self.model.sample_rate

    @torch.inference_mode()
    def push(self, samples: np.ndarray) -> list[Word]:
        """The words that float32 samples [N] decide.

        Raises:
            ValueError: for samples of another shape, that are not finite, or after `finish`.
        """
        if self._finished:
            raise ValueError("the session is finished: begin another one with model.session()")
        block = np.asarray(samples, dtype=np.float32)
        if block.ndim != 1 or not np.isfinite(block).all():
            raise ValueError(
                f"samples must be one row of finite numbers, got the shape {list(block.shape)}"
                + ("" if block.ndim != 1 else " with numbers that are not finite")
            )
        self._samples += len(block)
        self._silent = self._silent and not (np.abs(block) >= SILENT).any()
        frames, self._sound = self._log_mel.feed(torch.from_numpy(block)[None], self._sound)
        return self._read(frames, False) if frames.shape[1] else []

    @torch.inference_mode()
    def finish(self) -> list[Word]:
        """The words that only the end of the sound decides."""
        if self._finished:
            return []
        self._finished = True
        return self._read(self._log_mel.finish(self._sound), True)

    def _read(self, frames: torch.Tensor, closed: bool) -> list[Word]:
        model, speech = self.model.recognizer, self.model.speech
        frames = frames.to(model.end.device)
        shut = torch.tensor([closed], device=frames.device)
        self._state = model.read(self._state, frames, closed=shut)
        words = []
        while True:
            written, self._state = model.write(self._state)
            token = int(written[0])
            if token < 0 or token == model.config.end:
                break
            heard = self._log_mel.seconds(int(model.frame(self._state)[0]))
            words.append(Word(speech.symbols[token], min(heard, self.seconds)))
        return [] if self._silent else words  # where nothing was recorded, nothing was said
