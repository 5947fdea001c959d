"""New music of any length from a model whose windows have one: window after window, from codes that wander.

Each code is drawn near the one before it, so that every window is one that the prior gives, and the next is a
variation of it rather than something else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from seqgen import __version__
from seqgen.core import Sampling
from seqgen.kernels.packing import Precision
from seqgen.representation.progression import each_beat, excerpt
from seqgen.tasks.chords import given
from seqgen.tasks.join import join
from seqgen.tasks.music import MusicModel
from seqgen.tasks.settings import MAX_PIECES, check_count, generator, provenance

if TYPE_CHECKING:
    from note_seq import NoteSequence

MAX_BARS = 1000
NEARNESS = 0.9
"""correlation of a code with the next: 1 repeats it, 0 forgets it"""
QUARTERS_PER_BAR = 4.0


def sample_bars(
    model: MusicModel,
    bars: int,
    num: int = 4,
    *,
    temperature: float = 0.5,
    seed: int = 1,
    qpm: float = 120.0,
    chords: Sequence[str] | None = None,
    precision: Precision = "bfloat16",
) -> list[NoteSequence]:
    """`num` new pieces of `bars` bars, other ones than `MusicModel.sample` gives.

    chords: symbols, spread over all bars as `spread` has it.

    Raises:
        ValueError: for arguments that make no sense.
    """
    check_count("bars", bars, 1, MAX_BARS)
    check_count("num", num, 1, MAX_PIECES)
    rng, size = generator(seed), model.vae.config.latent
    code, windows = torch.randn(num, size, generator=rng), []
    count, window = math.ceil(bars / model.converter.bars), 4 * model.converter.bars
    row = given(model.vae, model.name, chords, bars)
    for k in range(count):
        symbols = None if row is None else each_beat(excerpt(row, float(k * window), float(window)), window)
        windows.append(
            model.decode(
                code, temperature=temperature, seed=seed + k, qpm=qpm, chords=symbols, precision=precision
            )
        )
        code = NEARNESS * code + math.sqrt(1 - NEARNESS**2) * torch.randn(num, size, generator=rng)
    titles = [f"bar {k * model.converter.bars + 1}" for k in range(count)]
    told = provenance(temperature, seed, model.precision_of(precision, Sampling(temperature)))
    pieces = []
    for number, parts in enumerate(zip(*windows, strict=True)):
        for part in parts:
            # How to decode a window is not how to make this piece again.
            kept = [text for text in part.text_annotations if text.annotation_type]
            del part.text_annotations[:]
            part.text_annotations.extend(kept)
        piece = cut(join(parts, titles), bars * QUARTERS_PER_BAR * 60 / qpm)
        what = f"sample, {number + 1} of {num}, {bars} bars"
        piece.text_annotations.add(text=f"seqgen {__version__}, model {model.name}, {what}, {told}")
        pieces.append(piece)
    return pieces


def cut(piece: NoteSequence, seconds: float) -> NoteSequence:
    """A copy of the first seconds of a piece."""
    short = type(piece)()
    short.CopyFrom(piece)
    del short.notes[:]
    short.notes.extend(note for note in piece.notes if note.start_time < seconds - 1e-6)
    for note in short.notes:
        note.end_time = min(note.end_time, seconds)
    short.total_time = min(piece.total_time, seconds)
    return short
