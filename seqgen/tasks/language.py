"""A trained language model of music as a musician uses it: it goes on where a piece ends.

A seed, a precision, a model and the source give the same music again,
and stand in the result's `text_annotations`, which a MIDI file keeps as markers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from seqgen import __version__
from seqgen.config import from_dict
from seqgen.core import GREEDY, Sampling
from seqgen.kernels.packing import Precision
from seqgen.models.checkpoint import load_model
from seqgen.models.language_model import LanguageModel
from seqgen.representation.converter import Converter, RepresentationConfig
from seqgen.representation.melody import forget_sounding_note
from seqgen.tasks.clip import Clip
from seqgen.tasks.notices import say
from seqgen.tasks.passage import choose_passage
from seqgen.tasks.settings import check_count, generator, provenance
from seqgen.tasks.shipped import find_folder, read_card, user_converter
from seqgen.tasks.sources import Source, to_table

if TYPE_CHECKING:
    from note_seq import NoteSequence

MAX_BARS = 1000
"""of one call: more is a slip of the finger"""
MAX_VARIATIONS = 256
LEAST_BEFORE = 4
"""bars that a model is reminded of, however many it is to write"""


class Continued(NamedTuple):
    """A piece and how it goes on: apart, and as one, in which a note may last over the seam."""

    piece: NoteSequence
    continuation: NoteSequence
    whole: NoteSequence


def load_language_model(model: str | Path, device: str = "cpu") -> ContinuationModel:
    """A shipped language model by its name, or any by its folder.

    Raises:
        ValueError: for an unknown name, a folder without a complete model, or one that contradicts itself.
    """
    folder = find_folder(model)
    lm, sections = load_model(folder, "language_model")
    where = f"{folder / 'config.yaml'}: representation"
    converter = user_converter(from_dict(RepresentationConfig, sections.get("representation"), where))
    if converter.vocabulary_size != lm.config.vocabulary_size:
        raise ValueError(
            f"{where}: {converter.name} has {converter.vocabulary_size} tokens, but the model takes "
            f"{lm.config.vocabulary_size}"
        )
    if not all(parameter.isfinite().all() for parameter in lm.parameters()):
        raise ValueError(f"{folder / 'model.safetensors'}: the weights are damaged: not all are finite")
    return ContinuationModel(folder.resolve().name, lm.to(device), converter, sections, read_card(folder))


@dataclass(frozen=True, eq=False)
class ContinuationModel:
    """A model with its name, its representation, and what its folder says about it."""

    name: str
    lm: LanguageModel
    converter: Converter
    sections: dict[str, Any]
    """of its config.yaml"""
    card: str
    """its model card, in Markdown; empty if there is none"""

    def continue_(
        self,
        music: Source,
        *,
        bars: int = 8,
        temperature: float = 0.9,
        seed: int = 1,
        top_k: int | None = None,
        top_p: float = 1.0,
        track: int | None = None,
        start_bar: int | None = None,
        precision: Precision = "bfloat16",
    ) -> NoteSequence:
        """`music`, a melody or a beat, with `bars` new bars after it.

        Tempo, velocity and program stay those of the piece. The model has the last bars before its eyes, as
        many as fill the window it was trained on.

        Args:
            temperature: 0 takes the most likely token at each step, 1 draws as the model was trained.
            seed: another seed, another continuation.
            top_k: draw from the k most likely tokens only.
            top_p: draw from the most likely tokens that have this probability together.
            track, start_bar: which part of the source, see `passage`.
            precision: of the weights where the native kernels compute; see `precision_of`.

        Raises:
            ValueError: for a source that the model cannot read, or arguments that make no sense.
        """
        passage = self.passage(music, track, start_bar)
        if not isinstance(music, Clip):
            say(passage.notices)
        how = Sampling(temperature, top_k, top_p)
        return self.parts(passage, bars, how, seed, precision).whole

    def variations(
        self,
        music: Source,
        *,
        num: int = 4,
        bars: int = 8,
        temperature: float = 0.9,
        seed: int = 1,
        track: int | None = None,
        start_bar: int | None = None,
        precision: Precision = "bfloat16",
    ) -> list[NoteSequence]:
        """`num` ways in which `music` may go on; the one of number k (from 0) is `continue_` with seed + k.

        Raises:
            ValueError: as `continue_` does.
        """
        check_count("num", num, 1, MAX_VARIATIONS)
        passage = self.passage(music, track, start_bar)
        if not isinstance(music, Clip):
            say(passage.notices)
        how = Sampling(temperature)
        return [self.parts(passage, bars, how, seed + k, precision).whole for k in range(num)]

    def passage(
        self, source: Source, track: int | None = None, start_bar: int | None = None, name: str = ""
    ) -> Clip:
        """The melody or beat of a source that is continued, with notices that are not said yet.

        Args:
            track: number of the track to read; None takes the longest melody or beat of all.
            start_bar: first bar to read, counted from 0; None takes the beginning of the longest.
        """
        if isinstance(source, Clip):
            return source
        name = Path(source).name if isinstance(source, (str, Path)) else name or "the music"
        return choose_passage(to_table(source), self.converter, name, track, start_bar)

    def parts(
        self, passage: Clip, bars: int, how: Sampling, seed: int, precision: Precision = "bfloat16"
    ) -> Continued:
        """A passage, what follows it, and both as one piece."""
        check_count("bars", bars, 1, MAX_BARS)
        new = self._extend(passage.tokens, bars, how, seed, precision)
        made = f"seqgen {__version__}, model {self.name}, continue, {bars} bars"
        text = (
            f"{made}, {provenance(how.temperature, seed, self.precision_of(precision, how))}{_filters(how)}"
        )
        pieces = []
        for tokens in (passage.tokens, new, np.concatenate([passage.tokens, new])):
            piece = self.converter.decode(tokens, passage.qpm, passage.velocity, passage.program)
            piece.text_annotations.add(text=text)
            pieces.append(piece)
        pieces[2].text_annotations.add(time=pieces[0].total_time, text="continuation")
        return Continued(*pieces)

    def precision_of(self, precision: Precision, how: Sampling = GREEDY) -> str:
        """The precision that music is decoded with when `precision` is asked for; it stands in the results.

        The native kernels draw with weights of that precision, on a CPU and without top_k and top_p;
        everywhere else, and in reading the piece, torch computes in the dtype of the model.
        """
        return self.lm.decoder.precision_of(how, precision)

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.lm.parameters())

    def _extend(
        self, tokens: np.ndarray, bars: int, how: Sampling, seed: int, precision: Precision = "bfloat16"
    ) -> np.ndarray:
        """[T] int16: the tokens of `bars` bars after those of a passage."""
        step = self.lm.config.steps_per_bar
        before = max(self.converter.bars - bars, LEAST_BEFORE) * step
        recent = tokens[-before:].astype(np.int64)[None]
        if self.converter.name == "melody":
            forget_sounding_note(recent)  # a window of training knows of none, either
        uniform = torch.rand(1, bars * step, self.lm.decoder.head.draws, generator=generator(seed))
        device = next(self.lm.parameters()).device
        with torch.inference_mode():
            prompt = torch.from_numpy(recent).to(device)
            new = self.lm.extend(prompt, bars * step, how, uniform, precision)
        return new[0].cpu().numpy().astype(np.int16)


def _filters(how: Sampling) -> str:
    """What else shaped the draws; empty where nothing did."""
    parts = [f"top_k {how.top_k}"] if how.top_k is not None else []
    parts += [f"top_p {how.top_p:g}"] if how.top_p < 1 else []
    return "".join(f", {part}" for part in parts)
