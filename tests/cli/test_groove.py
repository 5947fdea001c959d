"""`seqgen humanize` and `seqgen drumify`: files, sentences and refusals."""

from __future__ import annotations

import pytest

from seqgen.cli.main import main
from seqgen.io.midi import read_midi, read_notes
from tests.cli.test_commands import QUIET, files
from tests.cli.test_errors import refused
from tests.tasks.small_groove import ROCK, small_groove


@pytest.fixture(scope="module")
def grooves(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("grooves")
    return {kind: str(small_groove(folder / kind, kind)) for kind in ("hits", "tap")}


def test_humanize_writes_the_piece_its_sound_and_a_picture(grooves, tmp_path, capsys):
    line = ["humanize", str(ROCK), str(tmp_path / "out"), "--model", grooves["hits"], "--amount", "0.8"]
    assert main([*line, "--seed", "4321"]) == 0
    said = capsys.readouterr()
    names = [f"humanized.{kind}" for kind in ("mid", "png", "wav")]
    assert said.out.split() == [str(tmp_path / "out" / name) for name in names]
    found = files(tmp_path / "out")
    for data in found.values():
        assert b"seed 4321" in data
        assert b"amount 0.8" in data
    assert len(read_notes(tmp_path / "out" / "humanized.mid")) == len(read_notes(ROCK))
    assert main([*line[:2], str(tmp_path / "again"), *line[3:], "--seed=4321"]) == 0
    assert files(tmp_path / "again") == found
    assert main([*line[:2], str(tmp_path / "other"), *line[3:], *QUIET]) == 0
    assert files(tmp_path / "other")["humanized.mid"] != found["humanized.mid"]


def test_amount_0_gives_the_same_notes(grooves, tmp_path):
    line = ["humanize", str(ROCK), str(tmp_path), "--model", grooves["hits"], "--amount", "0", *QUIET]
    assert main(line) == 0
    before, after = read_notes(ROCK), read_notes(tmp_path / "humanized.mid")
    for name in ("start", "end", "pitch", "velocity"):
        assert (getattr(before, name) == getattr(after, name)).all()


def test_drumify_writes_beats(grooves, music, tmp_path, capsys):
    line = ["drumify", str(music / "a.mid"), str(tmp_path / "out"), "--model", grooves["tap"], "--num", "2"]
    assert main([*line, "--bars", "3", "--seed", "99"]) == 0
    said = capsys.readouterr()
    assert "a.mid: the rhythm of 2 bars is repeated up to 3" in said.err
    found = files(tmp_path / "out")
    assert sorted(found) == ["beat_0.mid", "beat_1.mid", "beats.mid", "beats.png", "beats.wav"]
    assert all(b"seed 99" in data for data in found.values())
    beat = read_midi(tmp_path / "out" / "beat_0.mid")
    assert beat.tempos[0].qpm == pytest.approx(80.0)
    assert all(note.is_drum for note in beat.notes)


REFUSED = {
    "amount": ("humanize", "drums.mid", ["--amount", "3"], "amount: expected 0 (as it is) to 2"),
    "no amount": ("humanize", "drums.mid", ["--timing", "nan"], "timing"),
    "melody": ("humanize", "a.mid", [], "there are no drums in it"),
    "empty": ("humanize", "empty.mid", [], "there are no notes in it"),
    "no music": ("humanize", "not.mid", [], "not a MIDI file"),
    "no file": ("humanize", "nowhere.mid", [], "there is no such file"),
    "temperature": ("humanize", "drums.mid", ["--temperature", "-1"], "temperature must be a finite number"),
    "seed": ("humanize", "drums.mid", ["--seed", "-1"], "seed must be 0 to"),
    "onsets": ("humanize", "drums.mid", ["--onsets", "free"], "does not write hits, so they are locked"),
    "num": ("drumify", "a.mid", ["--num", "0"], "num must be 1 to 256, got 0"),
    "bars": ("drumify", "a.mid", ["--bars", "0"], "bars: expected 1 to"),
    "start bar": ("drumify", "a.mid", ["--start-bar", "7"], "start_bar: expected 0 to 1"),
    "track": ("drumify", "a.mid", ["--track", "5"], "there are no notes on track 5"),
}


@pytest.mark.parametrize(("verb", "name", "flags", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_said(grooves, music, tmp_path, capsys, verb, name, flags, message):
    model = grooves["hits" if verb == "humanize" else "tap"]
    line = [verb, str(music / name), str(tmp_path / "out"), "--model", model, *flags]
    refused(capsys, line, message)
    assert not (tmp_path / "out").exists()


def test_the_other_kind_of_model_is_refused(grooves, model, music, tmp_path, capsys):
    line = ["humanize", str(ROCK), str(tmp_path / "out"), "--model"]
    refused(capsys, [*line, grooves["tap"]], "makes beats of taps")
    refused(capsys, [*line, model], "expected one that plays grooves")
    line = ["drumify", str(ROCK), str(tmp_path / "out"), "--model"]
    refused(capsys, [*line, grooves["hits"]], "reads whole beats")
    refused(capsys, ["sample", grooves["hits"], str(tmp_path / "out")], "use humanize or drumify")
