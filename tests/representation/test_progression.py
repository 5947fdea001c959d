"""The chords of a window: given, cut out of a piece, and at each step."""

from __future__ import annotations

import pytest
from note_seq import NoteSequence

from seqgen.representation.chords import Chord, chord_class
from seqgen.representation.progression import (
    each_beat,
    excerpt,
    grid_controls,
    marked_chords,
    names_chord,
    spread,
)


def test_what_is_given_begins_on_beats() -> None:
    assert spread(["C", "G", "Am", "F"], 8) == (Chord(0, "C"), Chord(2, "G"), Chord(4, "Am"), Chord(6, "F"))
    assert [chord.quarter for chord in spread(["C", "F", "G"], 4)] == [0, 1, 2]
    assert spread(["C", "C", "G", "G"], 4) == (Chord(0, "C"), Chord(2, "G"))
    for bad in (["H"], ["C", "Csus4"], ["Cfoo"], [""], ["c"]):
        with pytest.raises(ValueError, match=r"chords: known are C, F#m, .* N\.C\.; got"):
            spread(bad, 8)
    for wrong in ([], ["C"] * 9):
        with pytest.raises(ValueError, match="chords: expected 1 to 8, at most one a beat"):
            spread(wrong, 8)
    with pytest.raises(ValueError, match="expected a list of symbols"):
        spread("C G", 8)


@pytest.mark.parametrize("symbol", ["C", "Am7", "F#m7b5", "Bb/D", "Ebaug", "C7(b9)", "Go", "CmM7", "N.C."])
def test_symbols_that_are_known(symbol: str) -> None:
    assert names_chord(symbol)


@pytest.mark.parametrize("text", ["Chorus", "Bridge", "A5", "Absus2", "Db pedal", "0", "1/7", "D.C.", "Coda"])
def test_texts_that_are_no_chords(text: str) -> None:
    assert not names_chord(text)


def test_an_excerpt_has_the_chord_in_force_where_it_begins() -> None:
    piece = [Chord(0, "C"), Chord(7.98, "G"), Chord(9, "Am"), Chord(10.1, "F"), Chord(12, "C")]
    assert excerpt(piece, 8.0, 4.0) == (Chord(0, "G"), Chord(1, "Am"), Chord(2, "F"))
    assert excerpt(piece, 4.0, 4.0) == (Chord(0, "C"),)
    assert excerpt(piece, 20.0, 4.0) == (Chord(0, "C"),)
    assert excerpt([Chord(2, "F")], 0.0, 4.0) == (Chord(0, "N.C."), Chord(2, "F"))
    crowd = excerpt([Chord(k / 1000, "CG"[k % 2]) for k in range(4000)], 0.0, 4.0)
    assert len(crowd) <= 16  # so that a file cannot ask for endless work
    assert each_beat((Chord(0, "G"), Chord(1, "Am")), 4) == ["G", "Am", "Am", "Am"]


def test_each_sixteenth_is_told_the_chord_in_force() -> None:
    told = grid_controls((Chord(0, "C"), Chord(1.5, "Am")), 16)
    assert told.shape == (16, 49)
    assert told.argmax(1).tolist() == [chord_class("C")] * 6 + [chord_class("Am")] * 10
    assert grid_controls((), 16).argmax(1).tolist() == [0] * 16


def piece(*texts: tuple[float, str], kind: int = 0) -> NoteSequence:
    music = NoteSequence(ticks_per_quarter=480)
    music.tempos.add(qpm=60)
    for time, text in texts:
        music.text_annotations.add(time=time, text=text, annotation_type=kind)
    return music


def test_markers_of_a_midi_file_count_where_they_are_plainly_chords() -> None:
    assert marked_chords(piece((4, "Am"), (0, "C"), (2, "Verse"))) == [Chord(0, "C"), Chord(4, "Am")]
    assert marked_chords(piece((0, "A"), (8, "B"), (2, "Verse"))) == []
    typed = NoteSequence.TextAnnotation.CHORD_SYMBOL
    assert marked_chords(piece((0, "A"), (8, "B"), kind=typed)) == [Chord(0, "A"), Chord(8, "B")]
