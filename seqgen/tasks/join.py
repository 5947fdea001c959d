"""Pieces played one after the other, as one piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from note_seq import NoteSequence


def join(pieces: Sequence[NoteSequence], titles: Sequence[str]) -> NoteSequence:
    """The pieces in a row, each at its own tempo, with a marker that has its title where each begins.

    Every piece brings its notes, tempos and texts; its length is its `total_time`. The time signature is that
    of the first piece.
    """
    if not pieces or len(pieces) != len(titles):
        raise ValueError(f"join: expected pieces and as many titles, got {len(pieces)} and {len(titles)}")
    whole = type(pieces[0])(ticks_per_quarter=pieces[0].ticks_per_quarter)
    whole.time_signatures.extend(pieces[0].time_signatures)
    for piece, title in zip(pieces, titles, strict=True):
        begin = whole.total_time
        for tempo in piece.tempos:
            if not whole.tempos or whole.tempos[-1].qpm != tempo.qpm:
                whole.tempos.add(time=begin + tempo.time, qpm=tempo.qpm)
        whole.text_annotations.add(time=begin, text=title)
        for text in piece.text_annotations:
            whole.text_annotations.add(
                time=begin + text.time, text=text.text, annotation_type=text.annotation_type
            )
        for note in piece.notes:
            moved = whole.notes.add()
            moved.CopyFrom(note)
            moved.start_time += begin
            moved.end_time += begin
        whole.total_time = begin + piece.total_time
    return whole
