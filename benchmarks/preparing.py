"""`seqgen prepare` on one core, against reading the same files the way Magenta did."""

from __future__ import annotations

import tempfile
import time
import warnings
from itertools import islice
from pathlib import Path

from benchmarks.harness import Row
from seqgen.data.prepare import prepare
from seqgen.data.sources import MidiSources
from seqgen.representation.converter import RepresentationConfig

PEER_FILES = 40


def rows(inputs: list[Path]) -> list[Row]:
    """Files a second to 16-bar melody windows, with everything written, by one worker."""
    config = RepresentationConfig(
        "melody", bars=16, gap_bars=2.0, min_notes=16, min_unique_pitches=3, two_four=True
    )
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        report = prepare(inputs, Path(folder) / "shards", config, workers=1)
        rate = report.files / (time.perf_counter() - start)
    peer = peer_rate(inputs)
    where = ", ".join(path.name for path in inputs)
    ratio = f"{rate / peer:.0f} times note_seq reading and quantising the same files ({peer:.1f} a second)"
    return [Row(f"seqgen prepare, one worker, {where}", rate, "files/s", 300, higher=True, ratio=ratio)]


def peer_rate(inputs: list[Path]) -> float:
    """Files a second that note_seq parses and quantises, without making any windows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its sound library, about ffmpeg
        import note_seq

    files = [file.data for file in islice(MidiSources(inputs), PEER_FILES) if file.data]
    start = time.perf_counter()
    for data in files:
        try:
            sequence = note_seq.midi_to_note_sequence(data)
            for part in note_seq.sequences_lib.split_note_sequence_on_time_changes(sequence):
                note_seq.quantize_note_sequence(part, steps_per_quarter=4)
        except (note_seq.MIDIConversionError, note_seq.BadTimeSignatureError):
            continue
    return len(files) / (time.perf_counter() - start)
