"""From codes to music: tokens are drawn, and become pieces that say where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen import __version__
from seqgen.core import Sampling
from seqgen.kernels.packing import Precision
from seqgen.models.music_vae import MusicVAE
from seqgen.representation.converter import Converter
from seqgen.representation.track_grammar import TrackGrammar
from seqgen.tasks.chords import Row, decode, tells_chords
from seqgen.tasks.manner import Manner
from seqgen.tasks.reading import from_model
from seqgen.tasks.settings import Drawing, generator, provenance

if TYPE_CHECKING:
    from note_seq import NoteSequence

BATCH = 256


@dataclass(frozen=True, eq=False)
class Renderer:
    """The part of a `MusicModel` that makes music."""

    name: str
    vae: MusicVAE
    converter: Converter

    @property
    def draws(self) -> tuple[int, int]:
        """Random numbers that one piece takes."""
        return self.vae.config.steps, self.vae.decoder.head.draws

    def precision_of(self, precision: Precision, how: Sampling) -> str:
        """See `MusicModel.precision_of`."""
        return self.vae.decoder.precision_of(how, precision, self._grammar())

    def alike(
        self, z: Float[Tensor, "B Z"], wanted: Drawing, chords: Sequence[Row] | None = None
    ) -> np.ndarray:
        """Windows [B, T, *columns], all drawn with the same random numbers.

        chords: as in `tasks.chords.decode`.
        """
        uniform = torch.rand(self.draws, generator=generator(wanted.seed))
        return self.tokens(z, wanted, uniform.expand(len(z), *self.draws), chords=chords)

    def tokens(
        self,
        z: Float[Tensor, "B Z"],
        wanted: Drawing,
        uniform: Float[Tensor, "B T K"],
        programs: Int[Tensor, "B U"] | None = None,
        chords: Sequence[Row] | None = None,
    ) -> np.ndarray:
        """Windows [B, T, *columns]. programs: as in `TrackGrammar`; chords: as in `tasks.chords.decode`."""
        tokens = []
        each = programs.split(BATCH) if programs is not None else [None] * -(-len(z) // BATCH)
        device = next(self.vae.parameters()).device
        with torch.inference_mode():
            for k, (codes, u, some) in enumerate(
                zip(z.split(BATCH), uniform.split(BATCH), each, strict=True)
            ):
                told = None if chords is None else chords[k * BATCH : (k + 1) * BATCH]
                tokens.append(decode(self.vae, codes.to(device), wanted, u, self._grammar(some), told).cpu())
        return from_model(torch.cat(tokens), self.converter)

    def pieces(
        self,
        tokens: np.ndarray,
        manners: list[Manner],
        notes: list[str],
        wanted: Drawing,
        chords: Sequence[Row] | None = None,
    ) -> list[NoteSequence]:
        """Windows as music that says where it comes from, and the chords that the model was told."""
        precision = self.precision_of(wanted.precision, wanted.how)
        told = provenance(wanted.how.temperature, wanted.seed, precision)
        pieces = []
        rows = chords if chords is not None and tells_chords(self.vae) else [()] * len(tokens)
        for row, manner, note, harmony in zip(tokens, manners, notes, rows, strict=True):
            piece = self.converter.decode(row, manner.qpm, manner.velocity, manner.program)
            piece.text_annotations.add(text=f"seqgen {__version__}, model {self.name}, {note}, {told}")
            for quarter, symbol in harmony:
                kind = piece.TextAnnotation.CHORD_SYMBOL
                time = quarter * 60 / manner.qpm
                piece.text_annotations.add(time=time, text=symbol, annotation_type=kind)
            pieces.append(piece)
        return pieces

    def _grammar(self, programs: Int[Tensor, "B U"] | None = None) -> TrackGrammar | None:
        """What the tokens keep to."""
        return TrackGrammar(programs) if self.converter.name == "multitrack" else None
