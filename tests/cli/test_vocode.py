"""`seqgen vocode` from the shell."""

import wave

import numpy as np
import pytest
import soundfile

from seqgen.cli.main import main
from tests.tasks.small_audio import DIGITS, VOCODER, save_wavenet


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(save_wavenet(tmp_path_factory.mktemp("models") / "mine", VOCODER))


@pytest.fixture
def short(tmp_path_factory):
    """The beginning of a real take."""
    path = tmp_path_factory.mktemp("takes") / "three.wav"
    samples, rate = soundfile.read(DIGITS / "3_jackson_0.wav")
    soundfile.write(path, samples[:200], rate)
    return path


def test_a_recording_is_said_again_with_its_seed_in_the_file(folder, short, tmp_path, capsys):
    out = tmp_path / "again.wav"
    assert main(["vocode", folder, str(short), str(out), "--seed", "5", "--temperature", "0.8"]) == 0
    assert f"{out}: three.wav again, 0.03 s at 8000 Hz, seed 5" in capsys.readouterr().out
    with wave.open(str(out), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() == 200
    assert b"seqgen vocode: model mine" in out.read_bytes()
    assert b"seed 5, temperature 0.8, " in out.read_bytes()


def test_the_same_seed_is_the_same_bytes(folder, short, tmp_path):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main(["vocode", folder, str(short), str(tmp_path / f"{name}.wav"), "--seed", seed]) == 0
    a, b, c = ((tmp_path / f"{name}.wav").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2)])
def test_another_rate_is_resampled_and_channels_are_mixed(folder, tmp_path, capsys, rate, channels):
    source, out = tmp_path / "in.flac", tmp_path / "out.wav"
    tone = 0.3 * np.sin(2 * np.pi * 440 / rate * np.arange(rate // 50))
    soundfile.write(source, np.repeat(tone[:, None], channels, 1), rate)
    assert main(["vocode", folder, str(source), str(out)]) == 0
    with wave.open(str(out), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8000, 1, 160)
    said = capsys.readouterr()
    assert f"in.flac: resampled from {rate} to 8000 Hz: nothing above 4000 Hz is heard" in said.err
    assert ("2 channels were mixed into one" in said.err) == (channels == 2)


BAD_FLAGS = {
    "temperature": (["--temperature", "-1"], "temperature must be"),
    "seed": (["--seed", "-1"], "seed must be 0 to"),
    "large seed": (["--seed", "9" * 30], "seed must be 0 to"),
    "digit": (["--digit", "7"], "digit"),
}


@pytest.mark.parametrize(("more", "message"), BAD_FLAGS.values(), ids=BAD_FLAGS)
def test_a_bad_flag_is_one_sentence_and_writes_nothing(folder, short, tmp_path, capsys, more, message):
    assert main(["vocode", folder, str(short), str(tmp_path / "a.wav"), *more]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_recording_is_said(folder, tmp_path, capsys):
    sources = tmp_path / "sources"
    sources.mkdir()
    soundfile.write(sources / "long.wav", np.zeros(8000 * 31), 8000)
    soundfile.write(sources / "empty.wav", np.zeros(0), 8000)
    (sources / "text.wav").write_text("no sound")
    wanted = {
        "long.wav": "long.wav: 31.00 s: expected up to 30: cut it first",
        "empty.wav": "empty.wav: there is no sound in it",
        "text.wav": "not a recording that can be read",
        "none.wav": "there is no such file",
    }
    for name, message in wanted.items():
        assert main(["vocode", folder, str(sources / name), str(tmp_path / "a.wav")]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "a.wav").exists()


def test_where_nothing_can_be_written_is_said_first(folder, tmp_path, capsys):
    line = ["vocode", folder, str(tmp_path / "none.wav")]
    assert main([*line, str(tmp_path)]) == 2
    assert "is a folder: expected a file to write, for example again.wav" in capsys.readouterr().err
    assert main([*line, str(tmp_path / "none" / "a.wav")]) == 2
    assert "in a folder that is not there" in capsys.readouterr().err


def test_models_that_are_no_vocoder_say_so(short, tmp_path, capsys):
    out = str(tmp_path / "a.wav")
    assert main(["vocode", str(save_wavenet(tmp_path / "digits")), str(short), out]) == 2
    assert "digits is no vocoder: it is told a digit and a speaker (sample)" in capsys.readouterr().err
    assert main(["vocode", "mel-2bar", str(short), out]) == 2
    assert "mel-2bar" in capsys.readouterr().err


def test_a_vocoder_does_not_sample(folder, tmp_path, capsys):
    assert main(["sample", folder, str(tmp_path / "a.wav")]) == 2
    assert "is a vocoder: it needs a recording to follow (vocode)" in capsys.readouterr().err
