"""`seqgen transcribe` from the shell."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqgen.cli.main import main
from seqgen.tasks.recognition import load_recognizer
from tests.tasks.small_recognizer import save_recognizer, three_digits

DIGITS = Path(__file__).parents[1] / "fixtures" / "digits"
THREE, EIGHT = (str(DIGITS / f"{digit}_jackson_0.wav") for digit in (3, 8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_recognizer(tmp_path_factory.mktemp("models") / "mine")


def test_a_recording_is_a_line_and_several_have_names(folder, capsys):
    assert main(["transcribe", THREE, "--model", str(folder)]) == 0
    one = capsys.readouterr().out
    assert one.strip() == load_recognizer(folder).transcribe(THREE) != ""
    assert main(["transcribe", THREE, EIGHT, "--model", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{THREE}\t{one.strip()}"
    assert lines[1].startswith(f"{EIGHT}\t")


def test_a_stream_is_a_line_a_word_with_its_time(folder, tmp_path, capsys):
    path = tmp_path / "three.wav"
    soundfile.write(path, three_digits(), 8000, subtype="FLOAT")
    assert main(["transcribe", str(path), "--stream", "--model", str(folder)]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [word for _, word in lines] == load_recognizer(folder).transcribe(path).split()
    times = [float(time) for time, _ in lines]
    assert times == sorted(times)
    assert 0 < times[0] < times[-1] <= soundfile.info(path).duration + 0.01


def test_raw_samples_from_stdin(folder, capsys, monkeypatch):
    samples, _ = soundfile.read(THREE, dtype="int16")

    class Stdin:
        buffer = io.BytesIO(samples.tobytes())

    monkeypatch.setattr("sys.stdin", Stdin)
    assert main(["transcribe", "-", "--model", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == load_recognizer(folder).transcribe(THREE)


def test_what_was_done_to_a_recording_is_said_on_stderr(folder, tmp_path, capsys):
    path = tmp_path / "silent.wav"
    soundfile.write(path, np.zeros((8000, 2)), 16000)
    assert main(["transcribe", str(path), "--model", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out == "\n"
    assert "2 channels were mixed into one" in err
    assert "silent" in err


def test_a_model_that_hears_all_first_says_so(tmp_path, capsys):
    folder = save_recognizer(tmp_path / "offline", "soft")
    assert main(["transcribe", THREE, "--stream", "--model", str(folder)]) == 0
    assert "offline has to hear the end of a recording before it writes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["nothing.wav"], "nothing.wav: there is no such file"),
        ([__file__], "not a recording that can be read"),
        ([], "files"),
        ([THREE, "--model", "mel-2bar"], "a recognizer is needed here"),
    ],
)
def test_bad_input_is_one_sentence(folder, capsys, line, message):
    model = [] if "--model" in line else ["--model", str(folder)]
    assert main(["transcribe", *line, *model]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err
    assert err.count("\n") == 1
