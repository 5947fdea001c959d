"""Chord classes, inference, and the chord of each token."""

from collections.abc import Callable

import numpy as np
import pytest
from note_seq import NoteSequence, chord_symbols_lib

from seqgen.io.notes import NoteTable
from seqgen.representation.chords import (
    CLASSES,
    Chord,
    chord_class,
    chord_controls,
    chord_symbol,
    chords_from,
    chords_of,
    infer_chords,
    nearest_triads,
)
from seqgen.representation.track_events import END

MakeTable = Callable[..., NoteTable]
SYMBOLS = (  # noqa: SIM905
    "C Cm C+ Caug Cdim Co Cmaj7 Csus4 C7 Bb C#m F#m7b5 Cadd9 A5 Gbm Cm/Eb C7#5 CmM7 Cmaj7#5 C6 Cm6 C9 Cdim7 "
    "C+7 Cmin7 C-7 Bbb Cm(b5) C7(b9) Cm11 C13 Cped Cmadd9 C7b5 Cm9 Ebmaj9 Absus2"
).split()
CADENCE = [(60, 64, 67), (57, 60, 64), (65, 69, 72), (67, 71, 74)]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbols_mean_what_note_seq_says(symbol: str) -> None:
    quality = chord_symbols_lib.chord_symbol_quality(symbol)
    root = chord_symbols_lib.chord_symbol_root(symbol)
    assert chord_class(symbol) == (0 if quality == 4 else 1 + root + 12 * quality)


def test_all_classes_return() -> None:
    assert [chord_class(chord_symbol(number)) for number in range(CLASSES)] == list(range(CLASSES))
    assert [chord_symbol(number) for number in (0, 12, 13, 36, 37)] == ["N.C.", "B", "Cm", "Baug", "Cdim"]
    for bad in ("H", "xyz", "c"):
        with pytest.raises(ValueError, match="expected a symbol"):
            chord_class(bad)
    with pytest.raises(ValueError, match="0 to 48"):
        chord_symbol(49)


def cadence(table: MakeTable) -> NoteTable:
    return table([(4 * bar, 4 * bar + 4, pitch) for bar, chord in enumerate(CADENCE) for pitch in chord])


def test_a_cadence_is_heard(table: MakeTable) -> None:
    assert [chord.symbol for chord in nearest_triads(cadence(table), 5, 1)] == ["C", "Am", "F", "G", "N.C."]
    heard = infer_chords(cadence(table))
    assert [(chord.quarter, chord.symbol) for chord in heard] == [(0, "C"), (4, "Am"), (8, "F"), (12, "G")]
    with pytest.raises(ValueError, match="no chords can be inferred"):
        infer_chords(cadence(table).select(np.zeros(12, bool)))


@pytest.mark.parametrize("quality", range(4))
def test_every_triad_is_heard(table: MakeTable, quality: int) -> None:
    for root in range(12):
        number = 1 + root + 12 * quality
        steps = ((0, 4, 7), (0, 3, 7), (0, 4, 8), (0, 3, 6))[quality]
        notes = table([(0, 4, 48 + root + step) for step in steps])
        assert chord_class(nearest_triads(notes, 1, 1)[0].symbol) == number


def test_annotations_are_read_by_the_beat() -> None:
    music = NoteSequence(ticks_per_quarter=480)
    music.tempos.add(qpm=60)
    music.tempos.add(time=4, qpm=120)
    kind = NoteSequence.TextAnnotation.CHORD_SYMBOL
    for time, text in ((5.0, "Am"), (0.0, "C")):
        music.text_annotations.add(time=time, text=text, annotation_type=kind)
    music.text_annotations.add(time=1.0, text="a marker")
    assert chords_of(music) == [Chord(0, "C"), Chord(6, "Am")]


def test_each_token_has_the_chord_of_its_time() -> None:
    """The rule of Magenta's converter: none for a program, else the one in force where the event begins."""
    tokens = np.full(512, END, np.int16)
    tokens[:9] = [360, 356, 60, 303, 188, 62, 303, 190, END]
    told = chord_controls(tokens, [Chord(8, "C"), Chord(10, "Bdim")], start_bar=2)
    assert told.shape == (512, 49)
    assert (told.sum(1) == 1).all()
    assert told.argmax(1)[:9].tolist() == [0, 1, 1, 1, 48, 48, 48, 48, 48]
    assert (told.argmax(1)[64:] == 0).all()
    assert chords_from(told, tokens) == [Chord(0, "C"), Chord(2, "Bdim")]
