"""Drums with a feel: a beat humanised, and a beat that goes with a tapped rhythm.

A model reads windows of a few bars; longer music is read in windows that overlap, and what they say is faded
into one another (see `overlap`). The random numbers belong to the places of the piece and not to the windows,
so two windows that meet play alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Generator

from seqgen import __version__
from seqgen.core import Sampling
from seqgen.models.music_vae import MusicVAE
from seqgen.models.music_vae.groove import answer, controls_of, perform, reading
from seqgen.representation.groove import (
    CLASSES,
    TEMPO,
    TEMPO_UNITS,
    GrooveConverter,
    from_vectors,
    qpm_of,
    to_vectors,
)
from seqgen.representation.timeline import STEPS_PER_BAR
from seqgen.tasks.beat_grid import BeatGrid, Taps, about_grids, read_taps
from seqgen.tasks.notices import say
from seqgen.tasks.overlap import crossfade, cut, nearest_middle, window_starts
from seqgen.tasks.rewrite import Feel, play, rewrite
from seqgen.tasks.settings import check_count, generator, provenance
from seqgen.tasks.shipped import read_model
from seqgen.tasks.sources import Source, to_sequence

if TYPE_CHECKING:
    from note_seq import NoteSequence

MOST_BEATS = 256
"""results of one call"""
BATCH = 64
"""windows that are played together"""


def load_groove(model: str | Path, device: str = "cpu") -> GrooveModel:
    """A groove model, shipped or in a folder.

    Raises:
        ValueError: for an unknown name, or a folder that holds no complete model of this kind.
    """
    name, vae, converter, sections, card = read_model(model)
    if not isinstance(converter, GrooveConverter):
        raise ValueError(f"model: {name} is a model of {converter.name}, expected one that plays grooves")
    return GrooveModel(name, vae.to(device), converter, sections, card)


class Humanized(NamedTuple):
    """A piece with a new feel, and what to say about it."""

    piece: NoteSequence
    notices: list[str]


@dataclass(frozen=True, eq=False)
class GrooveModel:
    """A model of how drums are played, with its name and what its folder says about it."""

    name: str
    vae: MusicVAE
    converter: GrooveConverter
    sections: dict[str, Any]
    card: str

    @property
    def humanizes(self) -> bool:
        """Whether it was made to give a beat its feel; else it makes beats of taps."""
        return self.vae.config.reads in ("tokens", "hits")

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.vae.parameters())

    def humanize(
        self,
        music: Source,
        *,
        amount: float = 1.0,
        velocity: float = 1.0,
        timing: float = 1.0,
        onsets: Literal["locked", "free"] = "locked",
        temperature: float = 0.5,
        seed: int = 1,
    ) -> NoteSequence:
        """`music` with its drums played as a drummer would; all else in it is kept.

        The model reads which drums are hit on which sixteenth, and writes velocities and offsets. A velocity
        or an offset moves by the share `amount` * `velocity` or `amount` * `timing` from what it was to what
        the model says: 0 leaves it alone, 1 forgets what it was, more exaggerates.

        Args:
            onsets: locked keeps every hit and adds none; free lets a model that writes hits choose them.
            temperature: 0 plays what is likeliest, 1 draws as the model was trained.
            seed: another seed, another performance.

        Raises:
            ValueError: for music without drums, or arguments that make no sense.
        """
        done = self.humanized(
            music,
            Feel(amount, velocity, timing),
            onsets=onsets,
            temperature=temperature,
            seed=seed,
        )
        say(done.notices)
        return done.piece

    def humanized(
        self,
        music: Source,
        feel: Feel,
        *,
        onsets: Literal["locked", "free"] = "locked",
        temperature: float = 0.5,
        seed: int = 1,
        qpm: float | None = None,
    ) -> Humanized:
        """What `humanize` does, with notices that are not said yet.

        qpm: the tempo that it is played at, where that is not the music's own.
        """
        if not self.humanizes:
            raise ValueError(f"{self.name} makes beats of taps (drumify); for humanize take groove-humanize")
        if onsets == "free" and not self._writes_hits:
            raise ValueError(f"onsets: {self.name} does not write hits, so they are locked")
        sequence = to_sequence(music)
        how, rng = Sampling(temperature), generator(seed)

        def predict(grid: BeatGrid) -> np.ndarray:
            return self._play(at_tempo(grid.rows, qpm), how, rng, free=onsets == "free")

        result, table, grids = rewrite(sequence, predict, feel, free=onsets == "free")
        said = f"humanize, {feel}, onsets {onsets}"
        self._sign(result, said, temperature, seed)
        return Humanized(result, about_grids(grids, table))

    def drumify(
        self,
        music: Source,
        num: int = 1,
        *,
        bars: int | None = None,
        start_bar: int | None = None,
        track: int | None = None,
        temperature: float = 1.0,
        seed: int = 1,
    ) -> list[NoteSequence]:
        """`num` beats that go with the rhythm of `music`, drums or not: any clip will do.

        On each sixteenth the loudest note is a tap, with its velocity and its time. The beats have the
        tempos, the time signatures and the resolution of `music`, and nothing else of it.

        Args:
            bars: how many; None for all from `start_bar` to the last note. Where the music is shorter, its
                rhythm is repeated.
            start_bar: bar of four quarters to begin with, from 0; None for that of the first note. The beat
                stands where its taps stand.
            track: number of the only track to listen to.
            temperature: 0 plays what is likeliest, 1 draws as the model was trained.
            seed: another seed, other beats.

        Raises:
            ValueError: for music without notes, or arguments that make no sense.
        """
        taps = self.taps(music, bars, start_bar, track)
        say(taps.notices)
        return self.beats(taps, num, temperature, seed)

    def taps(
        self,
        music: Source,
        bars: int | None = None,
        start_bar: int | None = None,
        track: int | None = None,
        qpm: float | None = None,
    ) -> Taps:
        """The rhythm of `music`, with notices that are not said yet; arguments as in `drumify`.

        qpm: the tempo that it is played at, where that is not the music's own.
        """
        taps = read_taps(to_sequence(music), bars, start_bar, track)
        return taps._replace(rows=at_tempo(taps.rows, qpm))

    def beats(self, taps: Taps, num: int = 1, temperature: float = 1.0, seed: int = 1) -> list[NoteSequence]:
        """`num` beats that go with taps; arguments as in `drumify`."""
        if self.humanizes:
            raise ValueError(f"{self.name} reads whole beats (humanize); for drumify take groove-drumify")
        check_count("num", num, 1, MOST_BEATS)
        how, rng = Sampling(temperature), generator(seed)
        beats = []
        for number in range(num):
            written = from_vectors(self._play(taps.rows, how, rng, free=True), qpm_of(taps.rows))
            beat = play(written, taps.source, taps.first)
            self._sign(beat, f"drumify, {number + 1} of {num}", temperature, seed)
            beats.append(beat)
        return beats

    def play(self, rows: np.ndarray, temperature: float = 0.0, seed: int = 1) -> np.ndarray:
        """Windows [N, T, 19] as the model plays what it reads of them, each by itself: [N, T, 19] int16.

        A model that humanises keeps their hits.
        """
        how, rng = Sampling(temperature), generator(seed)
        noise = torch.rand(*rows.shape[:2], self.vae.decoder.head.draws, generator=rng).numpy()
        parts = zip(*(np.array_split(x, -(-len(rows) // BATCH)) for x in (rows, noise)), strict=True)
        played = [self._windows(some, uniform, how, free=not self.humanizes) for some, uniform in parts]
        return from_vectors(np.concatenate(played), qpm_of(rows))

    @property
    def _writes_hits(self) -> bool:
        head = self.vae.config
        return not (head.head == "groove_mixture" and head.reads == "hits")

    def _play(self, rows: np.ndarray, how: Sampling, rng: Generator, free: bool) -> np.ndarray:
        """What the model plays on rows [T, 19] of hits or taps: vectors [T, 27].

        free: it says what is hit; else that is as in `rows`.
        """
        size, steps = self.converter.steps, len(rows)
        noise = torch.rand(steps + size, self.vae.decoder.head.draws, generator=rng)
        starts = window_starts(steps, size, max(1, self.converter.bars // 2) * STEPS_PER_BAR)
        padded = np.zeros((int(starts[-1]) + size, rows.shape[1]), rows.dtype)
        padded[:steps], padded[steps:, TEMPO] = rows, rows[-1, TEMPO]
        some = np.array([padded[start : start + size, :CLASSES].any() for start in starts.tolist()])
        starts = starts[some]
        windows = [
            self._windows(cut(padded, part, size), cut(noise.numpy(), part, size), how, free)
            for part in np.array_split(starts, -(-len(starts) // BATCH))
        ]
        played = np.concatenate(windows)
        hit = nearest_middle(played[..., :CLASSES], starts, steps) if free else rows[:, :CLASSES] > 0
        # Where hits are free, a window that does not hit says little of how it would.
        weight = played[..., :CLASSES, None] if free else 1.0
        feel = played[..., CLASSES:].reshape(*played.shape[:2], 2, CLASSES).swapaxes(-1, -2) * weight
        faded = crossfade(feel, starts, steps)
        if free:
            share = crossfade(played[..., :CLASSES], starts, steps)[..., None]
            faded = np.divide(faded, share, out=np.zeros_like(faded), where=share > 0)
        return np.concatenate([hit, faded[..., 0], faded[..., 1]], -1).astype(np.float32)

    def _windows(self, rows: np.ndarray, noise: np.ndarray, how: Sampling, free: bool) -> np.ndarray:
        """A batch of windows [W, T, 19], each played by itself: [W, T, 27]."""
        config = self.vae.config
        device = next(self.vae.parameters()).device
        token = torch.from_numpy(to_vectors(rows)).to(device)
        uniform = torch.from_numpy(noise).to(device)
        with torch.inference_mode():
            read = reading(config, token)
            controls = controls_of(config, read, torch.from_numpy(qpm_of(rows)).float().to(device))
            z = self.vae.encode(read, controls=controls).mean
            if not z.isfinite().all():
                raise ValueError(f"{self.name}: its weights are damaged (a code is not finite)")
            if free and self.humanizes:
                played = self.vae.decode(z, how, uniform=uniform, controls=controls)
            elif free:
                tapped = read[..., :CLASSES].amax(-1) > 0.5
                played = answer(self.vae, z, tapped, how, uniform, controls)
            else:
                played = perform(self.vae, z, token[..., :CLASSES] > 0.5, how, uniform, controls)
        return played.cpu().numpy()

    def _sign(self, piece: NoteSequence, said: str, temperature: float, seed: int) -> None:
        told = provenance(temperature, seed, "float32")
        piece.text_annotations.add(text=f"seqgen {__version__}, model {self.name}, {said}, {told}")


def at_tempo(rows: np.ndarray, qpm: float | None) -> np.ndarray:
    """Rows [T, 19] at another tempo; None: at their own."""
    if qpm is None:
        return rows
    result = rows.copy()
    result[:, TEMPO] = round(qpm * TEMPO_UNITS)
    return result
