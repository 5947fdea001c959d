"""Commands that succeed, run in this process."""

import struct
import wave

import numpy as np
import pytest
import yaml

from seqgen.cli.main import main
from seqgen.io.midi import read_midi
from seqgen.tasks.music import load

QUIET = ["--wav", "false", "--png", "false"]


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def notes(path):
    return [(n.pitch, round(n.start_time, 3)) for n in read_midi(path).notes]


def test_interpolate_writes_midi_sound_and_a_picture(model, music, tmp_path, capsys):
    out = tmp_path / "deep" / "out"
    line = [model, str(music / "a.mid"), str(music / "b.mid"), str(out), "--num-steps", "3", "--seed", "7"]
    assert main(["interpolate", *line]) == 0
    names = ["path.mid", "path.png", "path.wav", "step_0.mid", "step_1.mid", "step_2.mid"]
    assert sorted(files(out)) == names
    said = capsys.readouterr()
    assert said.out.split() == [str(out / name) for name in names]
    assert said.err == ""
    vae = load(model)
    expected = vae.reconstruct(music / "b.mid", temperature=0.5, seed=7)
    assert notes(out / "step_2.mid") == [(n.pitch, round(n.start_time, 3)) for n in expected.notes]
    assert main(["interpolate", *line[:3], str(tmp_path / "again"), *line[4:]]) == 0
    assert files(tmp_path / "again") == files(out)


def test_the_seed_is_in_every_file(model, music, tmp_path):
    line = [
        model,
        str(music / "a.mid"),
        str(music / "b.mid"),
        str(tmp_path),
        "--num-steps",
        "2",
        "--seed",
        "4321",
    ]
    assert main(["interpolate", *line]) == 0
    for name, data in files(tmp_path).items():
        assert b"seed 4321" in data, name


def test_samples_have_the_bars_asked_for(model, tmp_path, capsys):
    assert main(["sample", model, str(tmp_path), "--num", "2", "--bars", "5", "--qpm", "60", *QUIET]) == 0
    assert sorted(files(tmp_path)) == ["sample_0.mid", "sample_1.mid", "samples.mid"]
    assert read_midi(tmp_path / "sample_1.mid").total_time == pytest.approx(20.0, abs=0.5)
    assert main(["sample", model, str(tmp_path / "no"), "--bars", "5", "--top-k", "3"]) == 2
    assert "bars: top_k and top_p draw pieces" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_stamped_files_are_still_whole(model, tmp_path):
    assert main(["sample", model, str(tmp_path), "--num", "2"]) == 0
    data = (tmp_path / "samples.wav").read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    with wave.open(str(tmp_path / "samples.wav")) as sound:
        assert len(sound.readframes(sound.getnframes())) == 4 * sound.getnframes() > 44100
    from matplotlib.image import imread

    assert imread(tmp_path / "samples.png").std() > 0


def test_four_files_make_a_grid(model, music, tmp_path):
    names = [str(music / f"{name}.mid") for name in "abcd"]
    assert main(["interpolate", model, *names, str(tmp_path), "--num-steps", "3", "--wav=false"]) == 0
    cells = [f"cell_{row}_{column}.mid" for row in range(3) for column in range(3)]
    pictures = [f"grid_row_{row}.png" for row in range(3)]
    assert sorted(files(tmp_path)) == sorted([*cells, *pictures, "grid.mid"])
    vae = load(model)
    for name, cell in zip("abcd", ("0_0", "0_2", "2_0", "2_2"), strict=True):
        expected = vae.reconstruct(music / f"{name}.mid", temperature=0.5)
        assert len(notes(tmp_path / f"cell_{cell}.mid")) == len(expected.notes)


NOTICES = {
    "short": (["short.mid", "a.mid"], [], "short.mid: shorter than the 2 bars that the model reads"),
    "long": (["long.mid", "a.mid"], [], "long.mid: bars 0 to 1 (counted from 0) are read"),
    "several": (["two.mid", "a.mid"], ["--track", "[1,0]"], "two.mid: of 2 melodies the one with 4 bars"),
    "start bar": (["long.mid", "long.mid"], ["--start-bar", "2"], "long.mid: bars 2 to 3"),
}


@pytest.mark.parametrize(("inputs", "flags", "notice"), NOTICES.values(), ids=NOTICES)
def test_what_was_decided_is_said(model, music, tmp_path, capsys, inputs, flags, notice):
    paths = [str(music / name) for name in inputs]
    assert main(["interpolate", model, *paths, str(tmp_path), "--num-steps", "2", *flags, *QUIET]) == 0
    assert notice in capsys.readouterr().err


def test_files_from_before_stay_and_are_mentioned(model, music, tmp_path, capsys):
    line = [
        "interpolate",
        model,
        str(music / "a.mid"),
        str(music / "b.mid"),
        str(tmp_path),
        *QUIET,
        "--num-steps",
    ]
    assert main([*line, "4"]) == 0
    old = files(tmp_path)["step_3.mid"]
    assert main([*line, "3"]) == 0
    assert files(tmp_path)["step_3.mid"] == old
    assert "files from before, left as they were: step_3.mid" in capsys.readouterr().err


def test_encode_and_decode_undo_each_other_as_far_as_the_model_can(model, music, tmp_path):
    codes, out = tmp_path / "z.npz", tmp_path / "out"
    assert main(["encode", model, str(music / "a.mid"), str(music / "b.mid"), str(codes)]) == 0
    found = np.load(codes, allow_pickle=False)
    assert found["mean"].shape == found["std"].shape == (2, 8)
    assert str(found["model"]) == "small-mel"
    assert main(["decode", model, str(codes), str(out), "--temperature", "0", *QUIET]) == 0
    assert sorted(files(out)) == ["code_0.mid", "code_1.mid", "codes.mid"]
    assert main(["reconstruct", model, str(music / "a.mid"), str(out), *QUIET]) == 0
    assert [p for p, _ in notes(out / "code_0.mid")] == [p for p, _ in notes(out / "reconstruction.mid")]
    np.save(tmp_path / "z.npy", found["mean"])
    assert (
        main(["decode", model, str(tmp_path / "z.npy"), str(tmp_path / "other"), "--temperature=0", *QUIET])
        == 0
    )
    assert notes(tmp_path / "other" / "code_1.mid") == notes(out / "code_1.mid")


def test_drums(drum_model, music, tmp_path):
    drums = str(music / "drums.mid")
    assert (
        main(["interpolate", drum_model, drums, drums, str(tmp_path), "--num-steps", "2", "--wav", "no"]) == 0
    )
    assert sorted(files(tmp_path)) == ["path.mid", "path.png", "step_0.mid", "step_1.mid"]


def test_a_yaml_file_gives_flags_and_the_line_overrules_it(model, music, tmp_path, capsys):
    (tmp_path / "c.yaml").write_text("num_steps: 5\nseed: 3\nwav: false\npng: false\n")
    line = [model, str(music / "a.mid"), str(music / "b.mid"), str(tmp_path / "out"), "--config"]
    assert main(["interpolate", *line, str(tmp_path / "c.yaml"), "--num_steps", "2"]) == 0
    assert sorted(files(tmp_path / "out")) == ["path.mid", "step_0.mid", "step_1.mid"]
    assert b"seed 3" in files(tmp_path / "out")["step_0.mid"]
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit:
        main(["interpolate", *line, str(tmp_path / "c.yaml"), "--print_config"])
    assert exit.value.code in (0, None)
    printed = yaml.safe_load(capsys.readouterr().out)
    assert (printed["num_steps"], printed["seed"], printed["inputs"]) == (5, 3, line[1:3])


def test_info_about_a_model_and_a_file(model, music, capsys):
    assert main(["info", model, str(music / "two.mid")]) == 0
    said = capsys.readouterr().out
    assert "small-mel: melody, 2 bars" in said
    assert "Random weights" in said
    assert "bar 0 of track 1" in said
    assert "no beats" in said


def test_info_alone_lists_what_is_shipped(capsys):
    assert main(["info"]) == 0
    assert capsys.readouterr().out.strip()


def test_help_names_every_command_and_every_command_has_help(capsys):
    from seqgen.cli.main import VERBS

    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    for verb in VERBS:
        assert f"  {verb} " in listed
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        assert f"seqgen {verb}" in capsys.readouterr().out
