"""Pieces at any place between two clips, moved along attribute vectors: where knobs are turned to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from seqgen.core import Sampling
from seqgen.kernels.packing import Precision
from seqgen.tasks.latent import slerp
from seqgen.tasks.manner import mixtures, nearest
from seqgen.tasks.moving import Amounts, listed, moved
from seqgen.tasks.settings import MAX_PIECES, Drawing, check_count
from seqgen.tasks.sources import Source

if TYPE_CHECKING:
    from note_seq import NoteSequence

    from seqgen.tasks.music import MusicModel

AT_ONCE = 8
"""pieces that are drawn before the first of them is given"""


def blend(
    model: MusicModel,
    a: Source,
    b: Source,
    positions: Sequence[float],
    *,
    temperature: float = 0.5,
    seed: int = 1,
    amounts: Amounts | None = None,
    precision: Precision = "bfloat16",
) -> Iterator[NoteSequence]:
    """See `MusicModel.blend`."""
    wanted, amounts = Drawing(Sampling(temperature), seed, precision), amounts or {}
    check_count("positions", len(positions), 1, MAX_PIECES)
    if not all(0 <= position <= 1 for position in positions):
        raise ValueError(f"positions: expected numbers from 0 (all A) to 1 (all B), got {list(positions)}")
    clips = model.clips([a, b])
    means = model.encode(clips, precision=precision).mean.cpu()
    for some in torch.tensor(positions, dtype=torch.float64).split(AT_ONCE):
        weights = torch.stack([1 - some, some], 1).numpy()
        notes = [f"interpolate, {position:g} of the way{listed(amounts)}" for position in some.tolist()]
        rows = nearest(clips, weights)
        z = moved(slerp(means[0], means[1], some), model, amounts)
        tokens = model.renderer.alike(z, wanted, rows)
        yield from model.renderer.pieces(tokens, mixtures(clips, weights), notes, wanted, rows)
