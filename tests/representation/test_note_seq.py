"""note_seq as an independent oracle: its melodies and drum tracks are our segments, for any notes in 4/4."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqgen.io.notes import NoteTable
from seqgen.representation.drums import DrumConverter
from seqgen.representation.melody import PITCH_OFFSET, MelodyConverter

MakeTable = Callable[..., NoteTable]
Found = list[tuple[int, list[int]]]

ticks = st.integers(0, 1500)
note_lists = st.lists(st.tuples(ticks, st.integers(1, 200), st.integers(21, 87)), min_size=1, max_size=40)
TICKS_PER_QUARTER = 24  # not a power of two: triplets, and onsets halfway between steps


def quantised(notes: list[tuple[int, int, int]], is_drum: bool) -> object:
    """A quantised NoteSequence at 60 quarters a minute, so that a second is a quarter."""
    from note_seq import NoteSequence, quantize_note_sequence

    sequence = NoteSequence(ticks_per_quarter=TICKS_PER_QUARTER)
    sequence.tempos.add(qpm=60)
    sequence.time_signatures.add(numerator=4, denominator=4)
    for start, length, pitch in notes:
        times = {"start_time": start / TICKS_PER_QUARTER, "end_time": (start + length) / TICKS_PER_QUARTER}
        sequence.notes.add(**times, pitch=pitch, velocity=80, is_drum=is_drum)
    sequence.total_time = max(note.end_time for note in sequence.notes)
    return quantize_note_sequence(sequence, steps_per_quarter=4)


def note_seqs_melodies(sequence: object, gap_bars: int) -> Found:
    """(first bar, tokens) of each, the next one searched from the end of the last."""
    from note_seq.melodies_lib import Melody

    found: Found = []
    search = 0
    while True:
        melody = Melody()
        melody.from_quantized_sequence(
            sequence, search_start_step=search, gap_bars=gap_bars, ignore_polyphonic_notes=True, pad_end=True
        )
        if not len(melody):
            return found
        events = [event + 2 if event < 0 else event - PITCH_OFFSET for event in melody]
        found.append((melody.start_step // 16, events))
        search = melody.end_step


def note_seqs_beats(sequence: object, gap_bars: int) -> Found:
    from note_seq.drums_encoder_decoder import MultiDrumOneHotEncoding
    from note_seq.drums_lib import DrumTrack

    encoding = MultiDrumOneHotEncoding()
    found: Found = []
    search = 0
    while True:
        track = DrumTrack()
        track.from_quantized_sequence(sequence, search_start_step=search, gap_bars=gap_bars, pad_end=True)
        if not len(track):
            return found
        found.append((track.start_step // 16, [encoding.encode_event(event) for event in track]))
        search = track.end_step


def table_of(table: MakeTable, notes: list[tuple[int, int, int]], drums: bool = False) -> NoteTable:
    rows = [
        (start / TICKS_PER_QUARTER, (start + length) / TICKS_PER_QUARTER, pitch)
        for start, length, pitch in notes
    ]
    return table(rows, drums=drums)


@given(note_lists, st.integers(1, 3))
def test_melodies_are_note_seqs(table: MakeTable, notes: list[tuple[int, int, int]], gap_bars: int) -> None:
    segments = MelodyConverter(gap_bars=float(gap_bars)).extract(table_of(table, notes)).segments
    ours = [(segment.start_bar, segment.tokens.tolist()) for segment in segments]
    assert ours == note_seqs_melodies(quantised(notes, is_drum=False), gap_bars)


@given(note_lists, st.integers(1, 3))
def test_beats_are_note_seqs(table: MakeTable, notes: list[tuple[int, int, int]], gap_bars: int) -> None:
    # Pitches 23 to 25 have no class: note_seq's track keeps them as empty steps, Magenta drops them as we do.
    notes = [(start, length, pitch if pitch > 25 else 36) for start, length, pitch in notes]
    segments = DrumConverter(gap_bars=float(gap_bars)).extract(table_of(table, notes, drums=True)).segments
    ours = [(segment.start_bar, np.asarray(segment.tokens).tolist()) for segment in segments]
    assert ours == note_seqs_beats(quantised(notes, is_drum=True), gap_bars)
