"""NoteSequence to sound: a General MIDI soundfont, rendered without any program of the system."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgen.io.atomic import write_bytes
from seqgen.io.errors import MidiError
from seqgen.io.midi_write import notes_of
from seqgen.io.soundfont import SoundFont
from seqgen.io.synth import render

if TYPE_CHECKING:
    from note_seq import NoteSequence

MAX_MINUTES = 30
SILENCE_SECONDS = 0.5
PEAK = 0.891  # -1 dB below full scale: room for what a player or a lossy codec adds


def write_wav(sequence: NoteSequence, path: str | Path, sample_rate: int = 44100) -> None:
    """Plays a sequence into a WAV file: stereo, 16 bit, the same bytes for the same sequence.

    The loudest sample is at -1 dB, so nothing clips. It lasts until the last note has died away, at most a
    second after its end; without notes it is half a second of silence. The soundfont is TimGM6mb, which
    pretty_midi carries.
    Raises MidiError if the sequence cannot be MIDI, is over half an hour long, or the file cannot be written.
    """
    if not 8000 <= sample_rate <= 192_000:
        raise ValueError(f"sample_rate is {sample_rate}, expected 8000 to 192000 (Hz), for example 44100")
    notes_of(sequence)  # for its checks
    if sequence.total_time > MAX_MINUTES * 60:
        minutes = sequence.total_time / 60
        raise MidiError(f"{minutes:,.0f} minutes of music: at most {MAX_MINUTES} are written as WAV")
    silence = np.zeros((round(SILENCE_SECONDS * sample_rate), 2), dtype=np.float32)
    samples = render(sequence, SoundFont(soundfont_path()), sample_rate) if sequence.notes else silence
    loudest = max((float(np.abs(block).max()) for block in _blocks(samples)), default=0.0)
    scale = 32767 * PEAK / loudest if loudest > 0 else 0.0
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        for block in _blocks(samples):
            file.writeframes(np.rint(block * scale).astype("<i2").tobytes())
    try:
        write_bytes(path, data.getbuffer())
    except OSError as error:
        raise MidiError(f"{path}: cannot be written ({error.strerror or error})") from error


def _blocks(samples: np.ndarray) -> Iterator[np.ndarray]:
    """Half an hour is 600 MB; copies of all of it at once would be too many."""
    for begin in range(0, len(samples), 2**20):
        yield samples[begin : begin + 2**20]


def soundfont_path() -> Path:
    """TimGM6mb.sf2 in the folder of pretty_midi, found without importing it (that takes a second)."""
    spec = find_spec("pretty_midi")
    if spec is None or spec.origin is None:
        raise MidiError("no soundfont: it comes with pretty_midi (pip install pretty_midi)")
    path = Path(spec.origin).with_name("TimGM6mb.sf2")
    if not path.is_file():
        raise MidiError(f"no soundfont at {path}: pip install --force-reinstall pretty_midi")
    return path
