"""`seqgen sample` and `evaluate` with a model of sound, from the shell."""

import json
import wave

import pytest

from seqgen.cli.main import main
from tests.tasks.small_audio import DIGITS, save_wavenet
from tests.tasks.small_recognizer import save_recognizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(save_wavenet(tmp_path_factory.mktemp("models") / "mine"))


def sample(folder, out, *more):
    return main(["sample", folder, str(out), "--seconds", "0.01", *more])


def test_a_digit_is_a_wav_file_with_its_seed(folder, tmp_path, capsys):
    out = tmp_path / "seven.wav"
    assert sample(folder, out, "--digit", "7", "--speaker", "jackson", "--seed", "5") == 0
    assert "digit 7, speaker jackson, 0.01 s, seed 5" in capsys.readouterr().out
    with wave.open(str(out), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() == 80
    assert b"seed 5, temperature 1, " in out.read_bytes()


def test_the_same_seed_is_the_same_bytes(folder, tmp_path):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert sample(folder, tmp_path / f"{name}.wav", "--seed", seed) == 0
    a, b, c = ((tmp_path / f"{name}.wav").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--digit", "ten"], "digit: 'ten' is not known: expected one of 0, 1"),
        (["--speaker", "eve"], "expected one of jackson, nobody"),
        (["--seconds", "-1"], "seconds must be above 0"),
        (["--temperature", "-1"], "temperature must be"),
        (["--num", "3"], "num"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(folder, tmp_path, capsys, more, message):
    assert sample(folder, tmp_path / "a.wav", *more) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_is_said_first(folder, tmp_path, capsys):
    assert sample(folder, tmp_path) == 2
    assert "is a folder: expected a file" in capsys.readouterr().err
    assert sample(folder, tmp_path / "none" / "a.wav") == 2
    assert "in a folder that is not there" in capsys.readouterr().err


def test_a_music_model_keeps_its_command(tmp_path, capsys):
    assert main(["sample", "mel-2bar", str(tmp_path), "--digit", "7"]) == 2
    assert "digit" in capsys.readouterr().err


def test_info_describes_it(folder, capsys):
    assert main(["info", folder]) == 0
    assert "WaveNet of sound, 10 digits, 2 speakers" in capsys.readouterr().out


def test_evaluate_prints_json_with_a_signature(folder, tmp_path, capsys, monkeypatch):
    import seqgen.evaluation.audio as module

    listener = save_recognizer(tmp_path / "ear")
    monkeypatch.setattr(module, "load_recognizer", lambda _, load=module.load_recognizer: load(listener))
    monkeypatch.setattr(module, "SPOKEN", 2)
    monkeypatch.setattr(module, "TIMED", 0.01)
    monkeypatch.setattr(module.AudioModel, "sample_many", short_takes(module.AudioModel.sample_many))
    assert main(["evaluate", folder, str(DIGITS), "--json", "--limit", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["takes"] == 1
    assert found["signature"].startswith("model:mine@")
    assert set(found["baseline"]) == {"unigram", "trigram"}
    assert set(found["heard"]) == {"sampled", "real"}


def short_takes(sample_many):
    def short(self, digits, speakers, seeds, *_, **__):
        return sample_many(self, digits, speakers, seeds, seconds=0.01)

    return short


def test_evaluate_says_what_folder_it_expects(folder, tmp_path, capsys):
    assert main(["evaluate", folder, str(tmp_path)]) == 2
    assert "expected recordings and splits.tsv" in capsys.readouterr().err
    assert main(["evaluate", folder]) == 2
    assert "expected a folder of recordings" in capsys.readouterr().err
