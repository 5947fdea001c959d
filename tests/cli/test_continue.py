"""`seqgen continue`: files, sentences and refusals."""

from __future__ import annotations

import pytest

from seqgen.cli.main import main
from seqgen.io.midi import read_midi
from tests.cli.test_commands import QUIET, files
from tests.cli.test_errors import refused
from tests.tasks.small_language import small_language_model

NAMES = ["continuation.mid", "continued.mid", "continued.png", "continued.wav", "piece.mid"]


@pytest.fixture(scope="module")
def language(tmp_path_factory) -> str:
    return str(small_language_model(tmp_path_factory.mktemp("models") / "small-lm"))


def test_continue_writes_midi_sound_and_a_picture(language, music, tmp_path, capsys):
    line = ["continue", str(music / "long.mid"), str(tmp_path / "out"), "--bars", "3", "--model", language]
    assert main([*line, "--seed", "4321"]) == 0
    said = capsys.readouterr()
    assert said.out.split() == [str(tmp_path / "out" / name) for name in NAMES]
    assert said.err == ""
    found = files(tmp_path / "out")
    assert all(b"seed 4321" in data for data in found.values())
    whole = read_midi(tmp_path / "out" / "continued.mid")
    assert 5 * 2.4 < whole.total_time <= 8 * 2.4 + 1e-6
    assert main([*line[:2], str(tmp_path / "again"), *line[3:], "--seed=4321"]) == 0
    assert files(tmp_path / "again") == found
    assert main([*line[:2], str(tmp_path / "other"), *line[3:], "--seed=1", *QUIET]) == 0
    assert files(tmp_path / "other")["continuation.mid"] != found["continuation.mid"]


def test_several_variations_each_with_a_seed_of_its_own(language, music, tmp_path, capsys):
    line = ["continue", str(music / "long.mid"), "--bars", "2", "--model", language]
    assert main([*line[:2], str(tmp_path / "three"), *line[2:], "--num", "3", "--seed", "7"]) == 0
    several = files(tmp_path / "three")
    stems = [f"{stem}_{k}.mid" for stem in ("continuation", "continued") for k in range(3)]
    assert sorted(several) == sorted([*stems, "continued.mid", "continued.png", "continued.wav", "piece.mid"])
    assert len({several[f"continuation_{k}.mid"] for k in range(3)}) == 3
    for k in range(3):
        out = str(tmp_path / f"one{k}")
        assert main([*line[:2], out, *line[2:], "--seed", str(7 + k), *QUIET]) == 0
        one = files(tmp_path / f"one{k}")
        assert several[f"continuation_{k}.mid"] == one["continuation.mid"]
        assert several[f"continued_{k}.mid"] == one["continued.mid"]
    joined = read_midi(tmp_path / "three" / "continued.mid")
    assert joined.total_time == pytest.approx(3 * read_midi(tmp_path / "one0" / "continued.mid").total_time)


def test_drums_and_what_was_decided(music, tmp_path, capsys):
    drums = str(small_language_model(tmp_path / "small-drums", "drums"))
    assert main(["continue", str(music / "drums.mid"), str(tmp_path / "d"), "--model", drums, *QUIET]) == 0
    melodies = str(small_language_model(tmp_path / "small-mel"))
    capsys.readouterr()
    assert main(["continue", str(music / "two.mid"), str(tmp_path / "m"), "--model", melodies, *QUIET]) == 0
    assert "two.mid: of 3 melodies the one with 4 bars" in capsys.readouterr().err


REFUSED = {
    "no variations": ("a.mid", ["--num", "0"], "num must be 1 to 256, got 0"),
    "no bars": ("a.mid", ["--bars", "0"], "bars must be 1 to 1000, got 0"),
    "too many bars": ("a.mid", ["--bars", "10000"], "bars must be 1 to 1000, got 10000"),
    "no notes": ("empty.mid", [], "empty.mid: there are no notes in it"),
    "three four": ("waltz.mid", [], "waltz.mid: it is in 3/4, and this model reads melodies in 4/4 only"),
    "drums": ("drums.mid", [], "drums.mid: it holds drums only"),
    "no music": ("not.mid", [], "not a MIDI file"),
    "no file": ("nowhere.mid", [], "there is no such file"),
    "temperature": ("a.mid", ["--temperature", "-1"], "temperature must be a finite number of at least 0"),
    "top k": ("a.mid", ["--top-k", "0"], "top_k must be at least 1"),
    "top p": ("a.mid", ["--top-p", "0"], "top_p must lie in (0, 1]"),
    "seed": ("a.mid", ["--seed", "-1"], "seed must be 0 to"),
    "track": ("a.mid", ["--track", "9"], "track 9 has no notes"),
    "start bar": ("a.mid", ["--start-bar", "99"], "start_bar 99: nothing to read"),
}


@pytest.mark.parametrize(("name", "flags", "message"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_one_sentence(language, music, tmp_path, capsys, name, flags, message):
    line = ["continue", str(music / name), str(tmp_path / "out"), "--model", language, *flags]
    refused(capsys, line, message)
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_another_kind(language, model, music, tmp_path, capsys):
    line = ["continue", str(music / "a.mid"), str(tmp_path / "out"), "--model"]
    refused(capsys, [*line, model], "is a music_vae: a language_model is needed here")
    again = ["reconstruct", language, str(music / "a.mid"), str(tmp_path / "out")]
    refused(capsys, again, "is a language_model: a music_vae is needed here")


def test_info_says_what_it_is(language, capsys):
    assert main(["info", language]) == 0
    assert "small-lm: language model (LSTM) of melody" in capsys.readouterr().out
