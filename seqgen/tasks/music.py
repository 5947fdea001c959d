"""A trained music VAE as a musician uses it: music in, music out, with a seed.

All steps of a path are drawn with the same random numbers, so what changes from step to step is the code and
not the dice. A seed, a precision, a model and the sources give the same music again, and stand in every
result's `text_annotations`, which a MIDI file keeps as markers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from seqgen.core import GREEDY, Sampling
from seqgen.kernels.packing import Precision
from seqgen.models.attribute_vectors import AttributeVectors
from seqgen.models.checkpoint import load_prior
from seqgen.models.music_vae import MusicVAE, Posterior
from seqgen.representation.chords import Chord
from seqgen.representation.converter import Converter
from seqgen.tasks.attributes import vector_of, vectors_of
from seqgen.tasks.blending import blend
from seqgen.tasks.chords import given
from seqgen.tasks.clip import Clip
from seqgen.tasks.codes import Prior, between, choose, choose_all, draw_codes, read
from seqgen.tasks.latent import Way, check_codes
from seqgen.tasks.manner import Manner, mixtures, nearest
from seqgen.tasks.moving import Amounts, listed, moved
from seqgen.tasks.renderer import Renderer
from seqgen.tasks.settings import MAX_PIECES, Drawing, check_count, generator
from seqgen.tasks.shipped import find_folder, read_model
from seqgen.tasks.sources import Choice, Source

if TYPE_CHECKING:
    from note_seq import NoteSequence

    from seqgen.models.music_vae.prior import CodePrior


def load(model: str | Path, device: str = "cpu") -> MusicModel:
    """A shipped model by its name, or any model by its folder.

    >>> vae = seqgen.load("mel-2bar")  # doctest: +SKIP

    Raises:
        ValueError: for an unknown name, or a folder that holds no complete model.
    """
    name, vae, converter, sections, card = read_model(model)
    if converter.name == "groove" and vae.config.controls:
        raise ValueError(
            f"model: {name} is told what is hit, so it plays beats that it is given: use humanize or drumify"
        )
    folder = find_folder(model)
    prior = load_prior(folder, sections, vae.config)
    sliders = vectors_of(folder, name, vae, converter.name)
    return MusicModel(name, vae.to(device), converter, sections, card, prior, sliders)


@dataclass(frozen=True, eq=False)
class MusicModel:
    """A model with its name, its representation, and what its folder says about it."""

    name: str
    vae: MusicVAE
    converter: Converter
    sections: dict[str, Any]
    """of its config.yaml"""
    card: str
    """its model card, in Markdown; empty if there is none"""
    prior: CodePrior | None = None
    """a fitted density of its codes, on the CPU; None if its folder has none"""
    sliders: AttributeVectors | str = "a model that was not loaded from a folder has no attribute vectors"
    """its attribute vectors, or why it has none"""

    def interpolate(
        self,
        a: Source,
        b: Source,
        c: Source | None = None,
        d: Source | None = None,
        *,
        num_steps: int = 8,
        way: Way = "slerp",
        temperature: float = 0.5,
        seed: int = 1,
        track: Choice = None,
        start_bar: Choice = None,
        chords: Sequence[str] | None = None,
        precision: Precision = "bfloat16",
    ) -> list[NoteSequence]:
        """`num_steps` pieces from `a` to `b`; the first and the last are `a` and `b` as the model hears them.

        With `c` and `d` too: a grid of `num_steps` rows of as many pieces, row after row, `a` and `b` at the
        ends of the first and `c` and `d` of the last row.

        The codes go from one posterior mean to the other; tempo (in proportion) and velocity go along, and
        each piece has the program of the source it is nearest to.

        Args:
            way: slerp, around the origin, keeps as much going on as at the ends; lerp, straight, is likelier.
            temperature: 0 takes the most likely token at each step, 1 draws as the model was trained.
            seed: another seed, other draws.
            track, start_bar: which part of the sources, see `clip`.
            chords: symbols for every piece, for a model that is told chords, see `spread`; None takes those
                of the nearest source.
            precision: of the weights where the native kernels compute; see `precision_of`.

        Raises:
            ValueError: for sources that the model cannot read, or arguments that make no sense.
        """
        if (c is None) != (d is None):
            raise ValueError("interpolate: expected two sources, or four for a grid, got three")
        check_count("num_steps", num_steps, 2, MAX_PIECES if c is None else math.isqrt(MAX_PIECES))
        wanted, told = Drawing(Sampling(temperature), seed, precision), self._given(chords)
        clips = self.clips([a, b] if c is None else [a, b, c, d], track, start_bar)
        means = list(self.encode(clips, precision=precision).mean.cpu())
        z, weights = between(means, num_steps, way)
        verb = "interpolate" if way == "slerp" else f"interpolate by {way}"
        notes = [f"{verb}, {k + 1} of {len(z)}" for k in range(len(z))]
        rows = nearest(clips, weights.numpy()) if told is None else [told] * len(z)
        tokens = self.renderer.alike(z, wanted, rows)
        return self.renderer.pieces(tokens, mixtures(clips, weights.numpy()), notes, wanted, rows)

    def blend(
        self,
        a: Source,
        b: Source,
        positions: Sequence[float],
        *,
        temperature: float = 0.5,
        seed: int = 1,
        amounts: Amounts | None = None,
        precision: Precision = "bfloat16",
    ) -> Iterator[NoteSequence]:
        """Pieces between `a` (position 0) and `b` (1), as they are drawn: on the path of `interpolate`.

        amounts: of attributes, along whose vectors (see `attribute`) each code is moved.

        Raises:
            ValueError: for sources that the model cannot read, or arguments that make no sense.
        """
        return blend(
            self, a, b, positions, temperature=temperature, seed=seed, amounts=amounts, precision=precision
        )

    def reconstruct(
        self,
        music: Source,
        *,
        temperature: float = 0.0,
        seed: int = 1,
        track: Choice = None,
        start_bar: Choice = None,
        chords: Sequence[str] | None = None,
        precision: Precision = "bfloat16",
    ) -> NoteSequence:
        """`music` as the model hears it: decoded from its posterior mean, by default the most likely way.

        chords: symbols to decode it with, see `spread`; None takes its own. A model without chords is told
        none.
        """
        wanted, told = Drawing(Sampling(temperature), seed, precision), self._given(chords)
        clips = self.clips([music], track, start_bar)
        rows = [clips[0].chords if told is None else told]
        tokens = self.renderer.alike(self.encode(clips, precision=precision).mean, wanted, rows)
        manners = mixtures(clips, np.ones((1, 1)))
        return self.renderer.pieces(tokens, manners, ["reconstruct"], wanted, rows)[0]

    def sample(
        self,
        num: int = 4,
        *,
        temperature: float = 0.5,
        seed: int = 1,
        top_k: int | None = None,
        top_p: float = 1.0,
        qpm: float = 120.0,
        chords: Sequence[str] | None = None,
        prior: Prior | None = None,
        amounts: Amounts | None = None,
        precision: Precision = "bfloat16",
    ) -> list[NoteSequence]:
        """`num` new pieces from codes drawn from the prior.

        prior: standard is N(0, 1); learned is a density fitted to the codes of real music, which models have
        whose folder holds one; None takes the learned one where there is one.
        chords: symbols for every piece, see `spread`; None: a model that is told chords is told that there
        are none.
        amounts: as of `blend`.
        """
        check_count("num", num, 1, MAX_PIECES)
        told = self._given(chords)
        rows = None if told is None else [told] * num
        wanted = Drawing(Sampling(temperature, top_k, top_p), seed, precision)
        rng = generator(seed)
        z, said = draw_codes(self, num, rng, prior)
        z, said = moved(z, self, amounts or {}), said + listed(amounts or {})
        uniform = torch.rand(num, *self.renderer.draws, generator=rng)
        notes = [f"sample, {k + 1} of {num}{said}" for k in range(num)]
        tokens = self.renderer.tokens(z, wanted, uniform, chords=rows)
        return self.renderer.pieces(tokens, [Manner(qpm)] * num, notes, wanted, rows)

    def encode(
        self,
        music: Sequence[Source],
        track: Choice = None,
        start_bar: Choice = None,
        precision: Precision | None = None,
    ) -> Posterior:
        """The posterior (mean [B, Z], std [B, Z]) of B pieces. precision: as in `MusicVAE.encode`."""
        return read(self, self.clips(music, track, start_bar), precision)

    def decode(
        self,
        z: Tensor | np.ndarray,
        *,
        temperature: float = 0.5,
        seed: int = 1,
        qpm: float = 120.0,
        chords: Sequence[str] | None = None,
        precision: Precision = "bfloat16",
    ) -> list[NoteSequence]:
        """A piece for each code [B, Z]. All are drawn with the same random numbers.

        chords: as of `sample`.
        """
        wanted, told = Drawing(Sampling(temperature), seed, precision), self._given(chords)
        codes = check_codes(z, self.vae.config.latent, self.name)
        check_count("z", len(codes), 1, MAX_PIECES)
        notes = [f"decode, {k + 1} of {len(codes)}" for k in range(len(codes))]
        rows = None if told is None else [told] * len(codes)
        tokens = self.renderer.alike(codes, wanted, rows)
        return self.renderer.pieces(tokens, [Manner(qpm)] * len(codes), notes, wanted, rows)

    def attribute(self, name: str) -> Float[Tensor, "Z"]:
        """What to add to a code [.., Z] to raise an attribute by about one standard deviation.

        >>> more = vae.decode(z + 1.5 * vae.attribute("note_density"))  # doctest: +SKIP

        Raises:
            ValueError: for an attribute that the model does not have; the known ones are listed.
        """
        return vector_of(self.sliders, name, self.name).to(self.device)

    def precision_of(self, precision: Precision, how: Sampling = GREEDY) -> str:
        """The precision that music is decoded with when `precision` is asked for; it stands in the results.

        The native kernels (CPU, no top_k, top_p or grammar) compute with it; torch in the model's dtype.
        """
        return self.renderer.precision_of(precision, how)

    def clips(self, music: Sequence[Source], track: Choice = None, start_bar: Choice = None) -> list[Clip]:
        """The part of each source that the model reads; what was decided for the user is logged as a warning.

        Args:
            track: number of the track to read, or that a trio must have; None takes the longest melody, beat
                or trio of all.
            start_bar: first bar to read, counted from 0; None takes the beginning of the longest.
        """
        return choose_all(self, music, track, start_bar)

    def clip(
        self, source: Source, track: int | None = None, start_bar: int | None = None, name: str = ""
    ) -> Clip:
        """The part of a source that the model reads, with notices that are not said yet. See `clips`."""
        return choose(self, source, track, start_bar, name)

    def _given(self, chords: Sequence[str] | None) -> tuple[Chord, ...] | None:
        """The chords that a user gives; refused, if the model is told none."""
        return given(self.vae, self.name, chords, self.converter.bars)

    @property
    def renderer(self) -> Renderer:
        return Renderer(self.name, self.vae, self.converter)

    @property
    def device(self) -> torch.device:
        return next(self.vae.parameters()).device

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.vae.parameters())
