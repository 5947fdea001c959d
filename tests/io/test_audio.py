"""WAV files: in tune, as long as the music, drums as drums."""

import wave
from pathlib import Path

import numpy as np
import pytest
from note_seq import NoteSequence

from seqgen.io import MidiError, read_midi, write_wav
from tests.io.midi_bytes import TINY


def sound(path: Path) -> tuple[np.ndarray, int]:
    """[samples, 2] in -1 to 1, and the sample rate."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return samples.reshape(-1, 2) / 32768, file.getframerate()


def note(
    pitch: int, program: int = 0, is_drum: bool = False, velocity: int = 100, seconds: float = 1.0
) -> NoteSequence:
    sequence = NoteSequence(total_time=seconds)
    sequence.notes.add(pitch=pitch, program=program, is_drum=is_drum, velocity=velocity, end_time=seconds)
    return sequence


def spectrum(samples: np.ndarray, rate: int) -> np.ndarray:
    """Of the first second: magnitude at each Hz."""
    mono = samples[:rate].mean(axis=1)
    return np.abs(np.fft.rfft(mono * np.hanning(len(mono)), rate))


@pytest.mark.parametrize("program", [0, 24, 40, 73])
@pytest.mark.parametrize("pitch", [57, 69, 76])
def test_programs_are_in_tune(program: int, pitch: int, tmp_path: Path) -> None:
    write_wav(note(pitch, program), tmp_path / "a.wav")
    magnitudes = spectrum(*sound(tmp_path / "a.wav"))
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    # All that is loud is at a multiple of the pitch, and the pitch itself is there (else it is an octave up).
    loud = np.flatnonzero(magnitudes > magnitudes.max() / 5)
    multiples = loud / hertz
    assert np.abs(multiples / np.maximum(np.rint(multiples), 1) - 1).max() < 0.015  # a quarter of a semitone
    assert magnitudes[round(hertz) - 3 : round(hertz) + 4].max() > magnitudes.max() / 50


def test_a_drum_is_noise_and_a_note_is_not(tmp_path: Path) -> None:
    flatness = {}
    for is_drum in (False, True):
        write_wav(note(38, is_drum=is_drum), tmp_path / "a.wav")
        power = spectrum(*sound(tmp_path / "a.wav"))[100:10_000] ** 2 + 1e-12
        flatness[is_drum] = np.exp(np.log(power).mean()) / power.mean()
    assert flatness[True] > 10 * flatness[False]


@pytest.mark.parametrize("path", [TINY[0], TINY[28]], ids=lambda path: path.name)
def test_real_music_is_whole_loud_and_does_not_clip(path: Path, tmp_path: Path) -> None:
    sequence = read_midi(path)
    write_wav(sequence, tmp_path / "a.wav", sample_rate=22050)
    write_wav(sequence, tmp_path / "b.wav", sample_rate=22050)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    samples, rate = sound(tmp_path / "a.wav")
    assert rate == 22050
    assert sequence.total_time <= len(samples) / rate + 1e-3 <= sequence.total_time + 1.1
    assert np.abs(samples).max() == pytest.approx(10 ** (-1 / 20), abs=0.001)
    assert np.sqrt((samples**2).mean()) > 0.02
    # Sound where there is a note, from its beginning.
    first = min(n.start_time for n in sequence.notes)
    assert np.abs(samples[: int(first * rate)]).max(initial=0) == 0
    assert np.abs(samples[int(first * rate) : int((first + 0.2) * rate)]).max() > 0.01


def test_velocity_and_pedal_are_heard(tmp_path: Path) -> None:
    both = note(60, velocity=127, seconds=0.5)
    both.notes.add(pitch=60, velocity=40, start_time=2, end_time=2.5)
    both.total_time = 2.5
    write_wav(both, tmp_path / "a.wav")
    samples, rate = sound(tmp_path / "a.wav")
    loud, soft = (np.abs(samples[int(t * rate) : int((t + 0.4) * rate)]).max() for t in (0, 2))
    assert loud > 4 * soft
    assert np.abs(samples[int(1.6 * rate) : int(1.9 * rate)]).max() < 1e-3
    both.control_changes.add(time=0.1, control_number=64, control_value=127)
    both.control_changes.add(time=1.9, control_number=64, control_value=0)
    write_wav(both, tmp_path / "a.wav")
    assert np.abs(sound(tmp_path / "a.wav")[0][int(1.6 * rate) : int(1.9 * rate)]).max() > 0.01


def test_an_empty_sequence_is_a_short_silence(tmp_path: Path) -> None:
    write_wav(NoteSequence(), tmp_path / "a.wav")
    samples, rate = sound(tmp_path / "a.wav")
    assert len(samples) == rate / 2
    assert not samples.any()


def test_what_cannot_be_played_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sample_rate is 0"):
        write_wav(note(60), tmp_path / "a.wav", sample_rate=0)
    with pytest.raises(MidiError, match="at most 30"):
        write_wav(note(60, seconds=3600.0), tmp_path / "a.wav")
    with pytest.raises(MidiError, match="pitch 200"):
        write_wav(note(200), tmp_path / "a.wav")
    with pytest.raises(MidiError, match="cannot be written"):
        write_wav(note(60), tmp_path / "missing" / "a.wav")
    assert list(tmp_path.iterdir()) == []
