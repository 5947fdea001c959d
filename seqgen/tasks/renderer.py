"""From codes to music: tokens are drawn, and become pieces that say where they come from."""

from __future__ import annotations

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
from seqgen.tasks.chords import decode
from seqgen.tasks.manner import Manner
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

    def alike(self, z: Float[Tensor, "B Z"], wanted: Drawing) -> np.ndarray:
        """Tokens [B, T] with the same random numbers for every row."""
        uniform = torch.rand(self.draws, generator=generator(wanted.seed))
        return self.tokens(z, wanted, uniform.expand(len(z), *self.draws))

    def tokens(
        self,
        z: Float[Tensor, "B Z"],
        wanted: Drawing,
        uniform: Float[Tensor, "B T K"],
        programs: Int[Tensor, "B U"] | None = None,
    ) -> np.ndarray:
        """Tokens [B, T]. programs: as in `TrackGrammar`."""
        tokens = []
        each = programs.split(BATCH) if programs is not None else [None] * -(-len(z) // BATCH)
        device = next(self.vae.parameters()).device
        with torch.inference_mode():
            for codes, u, some in zip(z.split(BATCH), uniform.split(BATCH), each, strict=True):
                tokens.append(decode(self.vae, codes.to(device), wanted, u, self._grammar(some)).cpu())
        return torch.cat(tokens).numpy().astype(self.converter.dtype)

    def pieces(
        self, tokens: np.ndarray, manners: list[Manner], notes: list[str], wanted: Drawing
    ) -> list[NoteSequence]:
        """Rows of tokens as music that says where it comes from."""
        precision = self.precision_of(wanted.precision, wanted.how)
        told = provenance(wanted.how.temperature, wanted.seed, precision)
        pieces = []
        for row, manner, note in zip(tokens, manners, notes, strict=True):
            piece = self.converter.decode(row, manner.qpm, manner.velocity, manner.program)
            piece.text_annotations.add(text=f"seqgen {__version__}, model {self.name}, {note}, {told}")
            pieces.append(piece)
        return pieces

    def _grammar(self, programs: Int[Tensor, "B U"] | None = None) -> TrackGrammar | None:
        """What the tokens keep to."""
        return TrackGrammar(programs) if self.converter.name == "multitrack" else None
