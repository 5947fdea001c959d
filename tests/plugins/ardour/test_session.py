"""Sessions in Ardour itself, without a window: what it reads of them, and what sounds."""

import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

import seqgen
from seqgen.io.ardour import file_name, lua_string, write_ardour
from seqgen.io.arrangement import Arrangement, Track, arrange
from tests.io.test_arrangement import song
from tests.plugins.ardour.running import lua, needs_ardour, notes, regions

pytestmark = needs_ardour


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> tuple[Path, Arrangement]:
    """A session with three tracks, as models make them."""
    melodies = seqgen.load("mel-2bar").sample(num=2, seed=1)
    beats = seqgen.load("drums-2bar").sample(num=1, seed=1)
    arrangement, _ = arrange([*melodies, *beats], ["lead", "second", "drums"])
    folder = tmp_path_factory.mktemp("ardour") / "song"
    write_ardour(arrangement, folder)
    return folder, arrangement


def test_three_generated_tracks_are_read_note_by_note(generated, tmp_path):
    folder, arrangement = generated
    found = notes(lua("list.lua", folder, tmp_path))
    assert list(found) == ["lead", "second", "drums"]
    for track in arrangement.tracks:
        wanted = sorted(zip(np.rint(track.start * 1920), track.pitch, track.velocity, strict=True))
        assert [(n.start, n.pitch, n.velocity) for n in sorted(found[track.name])] == wanted
        lasts = np.rint(track.end * 1920) - np.rint(track.start * 1920)
        assert sum(n.duration for n in found[track.name]) == lasts.sum()
        assert {n.channel for n in found[track.name]} == {9 if track.is_drum else 0}


def test_it_sounds(generated, tmp_path):
    folder, _ = generated
    said = lua("sound.lua", folder, tmp_path, OUT=str(tmp_path), SAMPLES="192000")
    (file,) = tmp_path.glob("*.wav")
    with wave.open(str(file)) as sound:
        assert sound.getnframes() == 4 * sound.getframerate(), said
        width = sound.getsampwidth()
        data = np.frombuffer(sound.readframes(sound.getnframes()), np.uint8).reshape(-1, width)
    # The two highest bytes of each sample are enough to hear something.
    samples = data[:, -2:].copy().view("<i2").astype(np.float64) / 2**15
    assert np.sqrt((samples**2).mean()) > 0.01


def test_tempo_metre_and_places_are_kept(tmp_path):
    wanted = song()
    write_ardour(wanted, tmp_path / "song")
    said = lua("list.lua", tmp_path / "song", tmp_path)
    for row in regions(said):
        assert (row["position"], row["length"]) == (0, 24 * 1920)
        assert row["tempo"] == pytest.approx(60e6 / 500_001, rel=1e-6)
        assert row["metre"] == (3, 4)
    text = (tmp_path / "song" / "song.ardour").read_text()
    assert 'quarters="6:0"' in text
    found = notes(said)
    for track in wanted.tracks:
        assert [n.start for n in found[track.name]] == np.rint(track.start * 1920).tolist()
        assert [n.velocity for n in found[track.name]] == track.velocity.tolist()


def test_names_are_only_names(tmp_path):
    """Neither Lua, the shell, XML nor the file system takes a name for more."""
    one = song(1, notes=4).tracks[0]
    odd = ['"]] os.exit() --', "a/../../x", "<a&b>", "é \u266b", "a\nb", "-"]
    tracks = [Track(name, 0, False, one.start, one.end, one.pitch, one.velocity) for name in odd]
    plain = Arrangement(tracks, np.array([[0.0, 120.0]]), np.array([[0.0, 4.0, 4.0]]))
    write_ardour(plain, tmp_path / "it's $(odd)")
    folder = tmp_path / "it's $(odd)"
    assert [path.name for path in folder.glob("*.ardour")] == ["it_s __odd_.ardour"]
    assert len(regions(lua("list.lua", folder, tmp_path, NAME="it_s __odd_"))) == len(odd)
    assert {path.name for path in tmp_path.iterdir()} <= {"it's $(odd)", "home"}


def test_a_failing_ardour_is_reported_and_leaves_nothing(tmp_path, monkeypatch):
    fake = tmp_path / "bin" / "ardour7-lua"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'no such luck' >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    with pytest.raises(ValueError, match="made no session: no such luck"):
        write_ardour(song(1), tmp_path / "song")
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]
    shutil.rmtree(fake.parent)


def test_words_for_lua_and_for_files():
    assert lua_string('a"\n') == '"a\\034\\010"'
    assert file_name("x/../a:b") == "x_.._a_b"
    assert file_name("...") == "seqgen"
