"""Models that were trained with chords: told those of the music, those that are given, or that there is none.

On a grid every step is told the chord in force. Events take time as they come, so at which of them a chord
begins is known only when those before it are drawn: a bar of several chords is drawn once for each, with one
chord more every time. What was drawn before the new one begins stays the same, so the last is as if it had
been drawn step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from seqgen.core import Grammar
from seqgen.io.notes import NoteTable
from seqgen.kernels.packing import Precision
from seqgen.models.music_vae import MusicVAE, Posterior
from seqgen.representation.chords import CLASSES, Chord, chord_controls
from seqgen.representation.converter import Converter
from seqgen.representation.harmony import Harmony
from seqgen.representation.progression import grid_controls, marked_chords, spread
from seqgen.representation.timeline import QUARTERS_PER_BAR
from seqgen.representation.track_events import PROGRAM
from seqgen.tasks.clip import Clip
from seqgen.tasks.settings import Drawing
from seqgen.tasks.sources import Source, to_sequence

NO_CHORD = 0
"""its class; there is a control for each"""
Row = Sequence[Chord]
"""of a window, see `representation.progression`"""
LISTED = 8


def encode(
    vae: MusicVAE,
    token: Shaped[Tensor, "B T *N"],
    precision: Precision | None,
    lengths: Int[Tensor, "B *U"] | None = None,
    chords: Sequence[Row] | None = None,
) -> Posterior:
    """See `MusicVAE.encode`. chords: of each row; None: there are none."""
    controls = no_chords(vae, len(token)) if chords is None else told(vae, token, chords)
    return vae.encode(token, precision, lengths, controls)


def decode(
    vae: MusicVAE,
    z: Float[Tensor, "B Z"],
    wanted: Drawing,
    uniform: Float[Tensor, "B T K"],
    grammar: Grammar | None = None,
    chords: Sequence[Row] | None = None,
) -> Shaped[Tensor, "B T *N"]:
    """See `MusicVAE.decode`. chords: as of `encode`."""
    how, precision = wanted.how, wanted.precision

    def draw(controls: Tensor | None) -> Tensor:
        return vae.decode(z, how, uniform=uniform, precision=precision, controls=controls, grammar=grammar)

    if chords is None or not tells_chords(vae):
        return draw(no_chords(vae, len(z)))
    token = torch.zeros(len(z), vae.config.steps, dtype=torch.long)
    if vae.config.events is None:
        return draw(told(vae, token, chords))
    token[:, :: vae.config.steps_per_bar] = PROGRAM  # every track has its first event at the bar line
    for count in range(1, 1 + max(1, *map(len, chords))):
        token = draw(told(vae, token, [row[:count] for row in chords]))
    return token


def tells_chords(vae: MusicVAE) -> bool:
    return vae.config.controls == CLASSES


def told(
    vae: MusicVAE, token: Shaped[Tensor, "B T *N"], chords: Sequence[Row]
) -> Float[Tensor, "B T C"] | None:
    """Controls that say the chords of each row; None for a model without controls."""
    if not tells_chords(vae):
        return no_chords(vae, len(token))
    if vae.config.events is None:
        rows = [grid_controls(row, vae.config.steps) for row in chords]
    else:
        tokens = token.cpu().numpy()
        rows = [chord_controls(own, row) for own, row in zip(tokens, chords, strict=True)]
    return torch.from_numpy(np.stack(rows)).to(next(vae.parameters()).device)


def no_chords(vae: MusicVAE, rows: int) -> Float[Tensor, "B T C"] | None:
    """Controls that say "no chord" at every step; None for a model without controls."""
    if not vae.config.controls:
        return None
    controls = torch.zeros(rows, vae.config.steps, vae.config.controls)
    controls[..., NO_CHORD] = 1.0
    return controls.to(next(vae.parameters()).device)


def given(vae: MusicVAE, name: str, chords: Sequence[str] | None, bars: int) -> tuple[Chord, ...] | None:
    """Symbols that a user gives for a window of so many bars; None if none are given.

    Raises:
        ValueError: for symbols that are not known (see `spread`), or a model that is told no chords.
    """
    if chords is None:
        return None
    if not tells_chords(vae):
        raise ValueError(f"chords: {name} was trained without chords and cannot be told any: leave them out")
    return spread(chords, bars * QUARTERS_PER_BAR)


def with_chords(clip: Clip, source: Source, music: NoteTable, converter: Converter) -> Clip:
    """A clip with the chords of its source: those that stand in it, else inferred; which, says a notice."""
    marked = [] if isinstance(source, NoteTable) else marked_chords(to_sequence(source))
    harmony = Harmony(music, marked)
    row, how = harmony.window(clip.start_bar, converter.bars)
    said = [f"{clip.name}: is read with {how}: {describe(row)}"]
    if strange := harmony.strange:
        said.append(f"{clip.name}: no chord is told for {', '.join(map(repr, strange[:LISTED]))}")
    return replace(clip, chords=row, notices=(*clip.notices, *said))


def describe(row: Row) -> str:
    """The symbols of a window, the first few if there are many."""
    more = f" and {len(row) - LISTED} more" if len(row) > LISTED else ""
    return " ".join(chord.symbol for chord in row[:LISTED]) + more
