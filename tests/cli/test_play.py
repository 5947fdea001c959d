"""`seqgen play`: what is said when it cannot play. Playing itself is tested through JACK, in tests/serve."""

import sys

import pytest

pytest.importorskip("rtmidi", reason="the [serve] extra is not installed")
pytest.importorskip("pythonosc", reason="the [serve] extra is not installed")

from seqgen.cli.main import main
from seqgen.io.live_midi import Port
from seqgen.serve.composer import Composer, Sources


def said(capsys, *line) -> str:
    assert main(["play", *map(str, line)]) == 2
    (error,) = [text for text in capsys.readouterr().err.splitlines() if text.startswith("seqgen: error: ")]
    return error


@pytest.fixture
def silent(monkeypatch):
    """A port that nobody hears: these tests are about what comes before the first note."""

    class Nowhere:
        def send_message(self, message):
            pass

        def close_port(self):
            pass

        def delete(self):
            pass

    monkeypatch.setattr(
        "seqgen.serve.performance.open_output", lambda name, **_: Port(Nowhere(), name, "nowhere")
    )


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--steps", "1"], "steps: expected 2 to 4096"),
        (["--position", "1.5"], "position: expected a number from 0"),
        (["--temperature", "-1"], "temperature: expected 0 to 4"),
        (["--tempo", "5"], "tempo: expected 10 to 1000"),
        (["--cc", "128"], "cc: expected 0 to 127, got 128"),
        (["--channel", "0"], "channel: expected 1 to 16, got 0"),
        (["--osc", "70000"], "osc: expected 0 to 65535"),
        (["--seed", "-1"], "seed: expected 0 to"),
        (["--link", "--clock", "in"], "link: --clock in has a clock of its own"),
        (["--input", "keys"], "input: nothing would listen to it"),
        (["--clock", "sideways"], "clock"),
        (["--track", "[1]"], "track"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense(music, capsys, flags, expected):
    assert expected in said(capsys, music / "a.mid", music / "b.mid", *flags)


def test_without_a_midi_system_it_says_so(music, capsys, monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "seqgen-nobody")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    error = said(capsys, music / "a.mid", music / "b.mid", "--backend", "jack")
    assert "port: no MIDI system answers (" in error
    assert "start JACK" in error


def test_a_backend_that_this_system_has_not(music, capsys):
    other = "core" if sys.platform != "darwin" else "alsa"
    assert f"built without {other}" in said(capsys, music / "a.mid", music / "b.mid", "--backend", other)


@pytest.mark.parametrize("name", ["", "a:b", "x" * 33, "a\nb"])
def test_a_name_that_no_port_can_have(music, capsys, name):
    assert "port: expected a name" in said(capsys, music / "a.mid", music / "b.mid", "--port", name)


def test_without_rtmidi_it_says_what_to_install(music, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    assert "pip install 'seqgen[serve]'" in said(capsys, music / "a.mid", music / "b.mid")


def test_without_link_it_says_what_to_install(music, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "link", None)
    assert "pip install 'seqgen[link]'" in said(capsys, music / "a.mid", music / "b.mid", "--link")


@pytest.mark.parametrize("file", ["empty.mid", "not.mid", "nowhere.mid", "drums.mid"])
def test_music_that_cannot_be_used(music, model, capsys, silent, file):
    assert file in said(capsys, music / "a.mid", music / file, "--model", model)


def test_a_model_that_is_not_there(music, capsys, silent):
    line = [music / "a.mid", music / "b.mid", "--model", "no-such-model"]
    assert "there is no model 'no-such-model'" in said(capsys, *line)


def test_a_composer_that_was_killed_is_said(model, music):
    composer = Composer(Sources(model, music / "a.mid", music / "b.mid"))
    try:
        assert composer.score().bars == 2
        assert composer.bar(0, 0.5, 0.5, 1) == composer.bar(0, 0.5, 0.5, 1) != []
        composer._process.kill()
        with pytest.raises(OSError, match=r"draws the music has ended \(exit code -9\)"):
            composer.bar(0, 0.25, 0.5, 1)
    finally:
        composer.close()
