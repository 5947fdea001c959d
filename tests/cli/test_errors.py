"""Bad input: one sentence, exit code 2, and nothing left behind."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from seqgen.cli.main import main
from seqgen.tasks.shipped import shipped_models


def refused(capsys, line: list[str], message: str) -> None:
    assert main(line) == 2
    said = capsys.readouterr()
    assert said.out == ""
    errors = [text for text in said.err.splitlines() if text.startswith("seqgen: error: ")]
    assert len(errors) == 1
    assert said.err.splitlines()[-1] == errors[0]  # notices may come before it, nothing after
    assert message in errors[0]


CLIPS = {
    "no notes": ("empty.mid", "empty.mid: there are no notes in it"),
    "three four": ("waltz.mid", "waltz.mid: it is in 3/4, and this model reads melodies in 4/4 only"),
    "drums": ("drums.mid", "drums.mid: it holds drums only"),
    "no music": ("not.mid", "not a MIDI file"),
    "no file": ("nowhere.mid", "there is no such file"),
}


@pytest.mark.parametrize(("name", "message"), CLIPS.values(), ids=CLIPS)
def test_a_file_that_is_no_melody(model, music, tmp_path, capsys, name, message):
    out = tmp_path / "out"
    for verb, inputs in (("interpolate", ["a.mid", name]), ("reconstruct", [name])):
        refused(capsys, [verb, model, *(str(music / n) for n in inputs), str(out)], message)
        assert list(tmp_path.iterdir()) == []
    refused(capsys, ["encode", model, str(music / name), str(tmp_path / "new" / "z.npz")], message)
    assert list(tmp_path.iterdir()) == []


def test_a_melody_for_a_drum_model(drum_model, music, tmp_path, capsys):
    line = ["reconstruct", drum_model, str(music / "a.mid"), str(tmp_path / "out")]
    refused(capsys, line, "a.mid: it holds no drums (")
    assert list(tmp_path.iterdir()) == []


FLAGS = {
    "one step": (["--num-steps", "1"], "num_steps must be 2 to"),
    "negative": (["--temperature", "-0.5"], "temperature must be a finite number of at least 0, got -0.5"),
    "NaN": (["--temperature", ".nan"], "temperature must be a finite number of at least 0, got nan"),
    "nan": (["--temperature", "nan"], "nan"),
    "a word": (["--num-steps", "many"], '"num_steps": Expected a int. Got value: many'),
    "no value": (["--seed"], "seed"),
    "no such flag": (["--loudness", "3"], "loudness"),
    "seed": (["--seed", "-1"], "seed must be 0 to"),
    "track": (["--track", "9"], "track 9 has no notes"),
    "start bar": (["--start-bar", "99"], "start_bar 99: nothing to read"),
    "too many tracks": (["--track", "[0,0,0]"], "track: expected one number, or one for each of 2"),
    "config": (["--config", "nowhere.yaml"], "nowhere.yaml"),
}


@pytest.mark.parametrize(("flags", "message"), FLAGS.values(), ids=FLAGS)
def test_a_flag_that_makes_no_sense(model, music, tmp_path, capsys, flags, message):
    line = ["interpolate", model, str(music / "a.mid"), str(music / "b.mid"), str(tmp_path / "out"), *flags]
    refused(capsys, line, message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_another_number_of_files_than_two_or_four(model, music, tmp_path, capsys, count):
    line = ["interpolate", model, *[str(music / "a.mid")] * count, str(tmp_path / "out")]
    refused(capsys, line, f"inputs: expected two MIDI files, or four for a grid, got {count}")


def test_an_unknown_model_lists_the_known_ones(music, tmp_path, capsys):
    known = ", ".join(shipped_models()) or "none"
    line = ["interpolate", "mel-3bar", str(music / "a.mid"), str(music / "b.mid"), str(tmp_path / "out")]
    refused(capsys, line, f"there is no model 'mel-3bar': the shipped ones are {known}")
    refused(capsys, ["info", "mel-3bar"], "there is no model 'mel-3bar'")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_command_lists_the_known_ones(capsys):
    refused(capsys, ["blend"], "there is no command 'blend'; the commands are interpolate, sample")


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_folder_that_cannot_be_written(model, music, tmp_path, capsys, out):
    (tmp_path / "file").write_text("in the way")
    line = ["sample", model, str(tmp_path / out)]
    refused(capsys, line, "out: cannot write into")
    assert [path.name for path in tmp_path.rglob("*")] == ["file"]


CONFIGS = {
    "unknown key": ("num_stepz: 3\n", "num_stepz"),
    "python": ("seed: !!python/object/apply:pathlib.Path.touch [{bait}]\n", "constructor"),
    "no YAML": ("seed: [1\n", "config"),
    "a list": ("- 1\n", "config"),
}


@pytest.mark.parametrize(("text", "message"), CONFIGS.values(), ids=CONFIGS)
def test_a_yaml_file_with_something_else(model, music, tmp_path, capsys, text, message):
    (tmp_path / "c.yaml").write_text(text.replace("{bait}", str(tmp_path / "bait")))
    line = ["sample", model, str(tmp_path / "out"), "--config", str(tmp_path / "c.yaml")]
    refused(capsys, line, message)
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


class Bait:
    """What a pickle can do to whoever opens it."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def cut(folder: Path, bait: Path) -> str:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    return "not a complete safetensors file"


def cut_in_header(folder: Path, bait: Path) -> str:
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:20])
    return "not a complete safetensors file"


def pickled(folder: Path, bait: Path) -> str:
    (folder / "model.safetensors").write_bytes(pickle.dumps(Bait(bait)))
    return "not a complete safetensors file"


def huge_header(folder: Path, bait: Path) -> str:
    (folder / "model.safetensors").write_bytes(b"\xff" * 8 + b"{}")
    return "not a complete safetensors file"


def no_weights(folder: Path, bait: Path) -> str:
    (folder / "model.safetensors").unlink()
    return "is missing"


def no_config(folder: Path, bait: Path) -> str:
    (folder / "config.yaml").unlink()
    return "is no model"


def executing_config(folder: Path, bait: Path) -> str:
    (folder / "config.yaml").write_text(f"format: !!python/object/apply:pathlib.Path.touch [{bait}]\n")
    return "not a YAML file"


def swap(old: str, new: str, message: str):
    def change(folder: Path, bait: Path) -> str:
        text = (folder / "config.yaml").read_text()
        assert old in text
        (folder / "config.yaml").write_text(text.replace(old, new, 1))
        return message

    return change


CHECKPOINTS = {
    "cut": cut,
    "cut in the header": cut_in_header,
    "a pickle": pickled,
    "a huge header": huge_header,
    "no weights": no_weights,
    "no config": no_config,
    "a config that executes": executing_config,
    "unknown section": swap("format: 1", "format: 1\nhooks: os.system", "unknown key 'hooks'"),
    "unknown key": swap("  latent: 8", "  latent: 8\n  class_path: os.system", "unknown key 'class_path'"),
    "huge": swap("latent: 8", "latent: 1000000000000", "latent must be 1 to"),
    "many layers": swap("layers: 1", "layers: 100000000", "layers must be 1 to"),
    "negative": swap("width: 8", "width: -8", "width must be 1 to"),
    "other sizes": swap("width: 16", "width: 17", "the weights are not those of config.yaml"),
    "other format": swap("format: 1", "format: 9", "expected format 1, got 9"),
    "no representation": swap("representation:", "training:", "representation"),
}


@pytest.mark.parametrize("spoil", CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_a_model_that_is_broken_or_hostile(model, tmp_path, capsys, spoil):
    folder, bait = tmp_path / "model", tmp_path / "bait"
    shutil.copytree(model, folder)
    message = spoil(folder, bait)
    refused(capsys, ["sample", str(folder), str(tmp_path / "out")], message)
    assert not bait.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_codes_that_are_none(model, tmp_path, capsys):
    bait = tmp_path / "bait"
    (tmp_path / "text.npz").write_text("no codes")
    np.save(tmp_path / "pickle.npy", np.array([Bait(bait)], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    np.save(tmp_path / "shape.npy", np.zeros((2, 3), np.float32))
    np.save(tmp_path / "words.npy", np.array([["a"] * 8]))
    for name, message in (
        ("text.npz", "not a file of codes"),
        ("pickle.npy", "not a file of codes"),
        ("other.npz", "expected an array called mean"),
        ("shape.npy", "z: expected numbers [B, 8]"),
        ("words.npy", "z: expected numbers [B, 8]"),
        ("none.npy", "there is no such file"),
    ):
        refused(capsys, ["decode", model, str(tmp_path / name), str(tmp_path / "out")], message)
    assert not bait.exists()
    assert not (tmp_path / "out").exists()


def test_an_error_in_the_middle_of_writing_leaves_nothing(model, tmp_path, capsys, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seqgen.io.audio.write_bytes", full)
    refused(capsys, ["sample", model, str(tmp_path / "out")], "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_has_its_own_exit_code_and_leaves_nothing(model, tmp_path, capsys, monkeypatch):
    def stop(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("seqgen.tasks.shipped.read_card", stop)
    assert main(["sample", model, str(tmp_path / "out")]) == 130
    assert list(tmp_path.iterdir()) == []


def test_a_bug_of_ours_is_loud(model, tmp_path, monkeypatch):
    def broken(*_args):
        raise AssertionError("a bug")

    monkeypatch.setattr("seqgen.tasks.shipped.read_card", broken)
    with pytest.raises(AssertionError, match="a bug"):
        main(["sample", model, str(tmp_path / "out")])
    assert list(tmp_path.iterdir()) == []
