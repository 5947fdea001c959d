"""One track of a bar made anew, while the others stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from seqgen.core import Sampling
from seqgen.models.music_vae.tracks import replace_track, track_part
from seqgen.representation.multitrack import TRACKS
from seqgen.representation.track_events import DRUMS, END, MOST_EVENTS, PROGRAM
from seqgen.tasks.clip import Clip
from seqgen.tasks.manner import Manner
from seqgen.tasks.music import MusicModel
from seqgen.tasks.settings import MAX_PIECES, Drawing, check_count, generator
from seqgen.tasks.sources import Source

if TYPE_CHECKING:
    from note_seq import NoteSequence


@dataclass(frozen=True)
class Variation:
    """What is wanted; see `vary`."""

    track: int
    num: int
    program: int | None
    other: Clip | None
    other_track: int | None


def vary(
    model: MusicModel,
    music: Source,
    track: int,
    *,
    num: int = 1,
    other: Source | None = None,
    other_track: int | None = None,
    program: int | None = None,
    temperature: float = 1.0,
    seed: int = 1,
    start_bar: int | None = None,
    other_bar: int | None = None,
) -> list[NoteSequence]:
    """`num` bars in which one track is new, and all others are those of `music`, token by token.

    Args:
        track: number of the track that is replaced, from 0, in the order of programs with drums last; the
            number after the last track adds one.
        other: music of which track `other_track` gives the new part as the model hears it; else it is drawn
            from the prior.
        program: General MIDI program of the new part, 128 for drums; None keeps that of the track.
        start_bar, other_bar: which bars of the sources, see `MusicModel.clip`.

    Raises:
        ValueError: for a model without a code a track, sources that it cannot read, or arguments that make no
            sense.
    """
    check_count("num", num, 1, MAX_PIECES)
    wanted = Drawing(Sampling(temperature), seed, "float32")
    check_varies(model)
    (clip,) = model.clips([music], None, start_bar)
    given = None if other is None else model.clips([other], None, other_bar)[0]
    tokens = varied(model, clip, Variation(track, num, program, given, other_track), wanted)
    notes = [f"vary track {track}, {k + 1} of {num}" for k in range(num)]
    return model.renderer.pieces(tokens, [Manner(clip.qpm)] * num, notes, wanted, [clip.chords] * num)


def varied(model: MusicModel, clip: Clip, what: Variation, wanted: Drawing) -> np.ndarray:
    """Rows of tokens [num, 512].

    The track is decoded from the code of the bar with a new part for it. What the tracks share stays, so a
    part from the prior is one that belongs to this bar, as far as the model has learned that.
    """
    config = model.vae.config
    programs = programs_of(clip)
    check(what, programs)
    own = track_part(what.track, config)
    rng = generator(wanted.seed)
    z = model.encode([clip]).mean.cpu().expand(what.num, -1)
    if what.other is None:
        part = torch.randn(what.num, own.stop - own.start, generator=rng)
    else:
        source = model.encode([what.other]).mean.cpu()
        part = source[:, track_part(what.other_track or 0, config)].expand(what.num, -1)
    asked = -torch.ones(what.num, TRACKS, dtype=torch.long)
    asked[:, what.track] = programs[what.track] if what.program is None else what.program
    uniform = torch.rand(what.num, config.steps, 1, generator=rng)
    drawn = model.renderer.tokens(
        replace_track(z, what.track, part, config), wanted, uniform, asked, [clip.chords] * what.num
    )
    rows = np.repeat(clip.tokens.reshape(1, TRACKS, -1), what.num, 0)
    rows[:, what.track] = drawn.reshape(what.num, TRACKS, MOST_EVENTS)[:, what.track]
    return rows.reshape(what.num, -1)


def check_varies(model: MusicModel) -> None:
    """Raises ValueError for a model whose code has no part for each track."""
    if model.vae.config.code != "tracks":
        raise ValueError(
            f"model: {model.name} is a model of {model.converter.name} whose code has no part for each "
            "track: take one that was trained with code: tracks"
        )


def programs_of(clip: Clip) -> list[int]:
    """The program of each of the eight tracks, 128 for drums, -1 for an empty one."""
    first = clip.tokens.reshape(TRACKS, MOST_EVENTS)[:, 0].tolist()
    return [-1 if token == END else token - PROGRAM for token in first]


def describe_tracks(clip: Clip) -> str:
    """A few words for each track.

    >>> describe_tracks(clip)  # doctest: +SKIP
    '0: program 33, 1: drums'
    """
    words = ("drums" if p == DRUMS else f"program {p}" for p in programs_of(clip) if p >= 0)
    return ", ".join(f"{number}: {word}" for number, word in enumerate(words))


def check(what: Variation, programs: list[int]) -> None:
    count = sum(program >= 0 for program in programs)
    if not 0 <= what.track <= min(count, TRACKS - 1):
        more = f", and {count} adds one" if count < TRACKS else ""
        raise ValueError(f"track: the bar has tracks 0 to {count - 1}{more}; got {what.track}")
    if what.program is not None and not 0 <= what.program <= DRUMS:
        raise ValueError(f"program must be 0 to 127, or 128 for drums, got {what.program}")
    if what.other_track is not None and what.other is None:
        raise ValueError("other_track: belongs to another piece of music, and none is given")
    if what.other is not None:
        there = sum(program >= 0 for program in programs_of(what.other))
        if not 0 <= (what.other_track or 0) < there:
            raise ValueError(
                f"other_track: that bar of {what.other.name} has tracks 0 to {there - 1}, "
                f"got {what.other_track}"
            )
