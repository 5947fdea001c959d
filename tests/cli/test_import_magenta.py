"""`seqgen import-magenta`: checkpoints that Magenta could have written, and those that it could not."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from seqgen.cli.main import main
from seqgen.data.shards import Shards
from seqgen.io.midi import read_notes
from seqgen.representation.drum_map import SINGLE_PITCHES
from seqgen.tasks.music import load
from tests.cli.test_commands import QUIET, files
from tests.cli.test_errors import refused
from tests.io.tf_bundle import write_checkpoint
from tests.magenta.checkpoints import random, variables, write_random

FILES = ["card.md", "config.yaml", "model.safetensors"]
FULL_DRUMS = {
    "decoder__nade__w_enc": (61, 1, 12),
    "decoder__nade__w_dec_t": (61, 12, 1),
    "decoder__output_projection__kernel": (20, 73),
    "decoder__output_projection__bias": (73,),
    "decoder__multi_rnn_cell__cell_0__lstm_cell__kernel": (97, 80),
    "encoder__cell_0__bidirectional_rnn__fw__multi_rnn_cell__cell_0__lstm_cell__kernel": (86, 96),
    "encoder__cell_0__bidirectional_rnn__bw__multi_rnn_cell__cell_0__lstm_cell__kernel": (86, 96),
}
"""what nade-drums_2bar_full has in place of variables of nade-drums_2bar_reduced"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Makes a checkpoint of a configuration with small layers; its prefix."""

    def make(config, **changes):
        shapes = variables(config) | {name.replace("__", "/"): shape for name, shape in changes.items()}
        return write_random(tmp_path_factory.mktemp("run") / "model.ckpt-7", shapes)

    return make


@pytest.mark.parametrize(
    "config",
    ["cat-mel_2bar_small", "cat-mel_2bar_med_chords", "hierdec-mel_16bar", "nade-drums_2bar_reduced"],
)
def test_an_imported_model_samples_and_interpolates(config, checkpoint, music, tmp_path, capsys):
    out = tmp_path / "model"
    assert main(["import-magenta", str(checkpoint(config).parent), str(out), "--config", config]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out == f"{config}: {load(out).converter.name}. The model is in {out}.\n"
    assert sorted(files(out)) == FILES
    assert main(["info", str(out)]) == 0
    assert f"trained with Magenta as its configuration `{config}`" in capsys.readouterr().out
    assert main(["sample", str(out), str(tmp_path / "new"), "--num", "2", *QUIET]) == 0
    sources = [str(music / ("drums.mid" if "drums" in config else name)) for name in ("a.mid", "b.mid")]
    assert main(["interpolate", str(out), *sources, str(tmp_path / "path"), "--num-steps", "3", *QUIET]) == 0
    assert len(files(tmp_path / "path")) == 4


@pytest.mark.parametrize("config", ["cat-mel_2bar_med_chords", "hier-multiperf_vel_1bar_med_chords"])
def test_an_imported_model_is_told_chords(config, checkpoint, tmp_path):
    out = tmp_path / "model"
    assert main(["import-magenta", str(checkpoint(config).parent), str(out), "--config", config]) == 0
    line = ["sample", str(out)]
    for name, chords in {"one": "C Am", "same": "C Am", "other": "Eb Fm"}.items():
        assert main([*line, str(tmp_path / name), "--num", "3", "--chords", chords, *QUIET]) == 0
    assert files(tmp_path / "one") == files(tmp_path / "same")
    played = [read_notes(tmp_path / name / "samples.mid").pitch.tolist() for name in ("one", "other")]
    assert played[0] != played[1]


def test_a_model_of_61_drums_reads_and_writes_each_pitch(checkpoint, music, tmp_path, capsys):
    out, shards, beat = tmp_path / "m", str(tmp_path / "shards"), str(music / "drums.mid")
    prefix = checkpoint("nade-drums_2bar_reduced", **FULL_DRUMS)
    assert main(["import-magenta", str(prefix), str(out)]) == 0
    assert capsys.readouterr().out == f"nade-drums_2bar_full: drums_full. The model is in {out}.\n"
    assert main(["info", str(out)]) == 0
    assert "each of 61 percussion keys" in capsys.readouterr().out
    assert main(["sample", str(out), str(tmp_path / "new"), "--num", "1", *QUIET]) == 0
    made = tmp_path / "new" / "sample_0.mid"
    pitches = set(read_notes(made).pitch.tolist())
    assert pitches <= set(SINGLE_PITCHES)
    assert len(pitches) > 50
    assert main(["interpolate", str(out), beat, str(made), str(tmp_path / "path"), *QUIET]) == 0
    assert main(["reconstruct", str(out), str(made), str(tmp_path / "again"), *QUIET]) == 0
    table = tmp_path / "splits.tsv"
    table.write_text("path\tsplit\n" + "".join(f"step_{n}.mid\ttrain\n" for n in range(8)))
    line = ["prepare", str(tmp_path / "path"), "--representation", "drums_full", "--out", shards]
    assert main([*line, "--splits", str(table), "--workers", "1"]) == 0
    assert Shards(Path(shards)).tokens("train").dtype == np.int64
    capsys.readouterr()
    assert main(["evaluate", str(out), shards, "--split", "train"]) == 0
    said = capsys.readouterr().out
    assert "hit F1" in said
    assert "common bar:" in said
    assert {part for part in said.replace("\n", "|").split("|") if part.startswith("lm:")} == {"lm:none"}


def test_what_is_written_says_where_it_comes_from(checkpoint, tmp_path):
    prefix = checkpoint("cat-mel_2bar_small")
    assert main(["import-magenta", str(prefix), str(tmp_path / "m")]) == 0
    sections = yaml.safe_load((tmp_path / "m" / "config.yaml").read_text())
    origin = {"imported_from": "model.ckpt-7", "magenta_config": "cat-mel_2bar_small", "step": 7}
    assert sections["training"] == origin
    assert sections["representation"]["programs"] == [0, 32]
    assert "written after 7 steps" in (tmp_path / "m" / "card.md").read_text()
    weights = dict(random(variables("cat-mel_2bar_small")))
    mean = load(tmp_path / "m").vae.encoder.mean
    np.testing.assert_array_equal(mean.weight.numpy(), weights["encoder/mu/kernel"].T)


def test_a_tar_whose_name_tells_the_configuration(checkpoint, tmp_path, capsys):
    prefix = checkpoint("cat-mel_2bar_small")
    archive = tmp_path / "cat-mel_2bar_big.tar"
    with tarfile.open(archive, "w") as tar:
        for path in sorted(prefix.parent.iterdir()):
            tar.add(path, f"weights/{path.name}")
    assert main(["import-magenta", str(archive), str(tmp_path / "m")]) == 0
    said = capsys.readouterr()
    assert (said.err, said.out.split(":")[0]) == ("", "cat-mel_2bar_big")
    assert main(["import-magenta", str(archive), str(tmp_path / "again")]) == 0
    assert files(tmp_path / "again") | {"card.md": b""} == files(tmp_path / "m") | {"card.md": b""}


def test_a_step_that_is_no_whole_number_is_left_out(tmp_path):
    weights = dict(random(variables("cat-mel_2bar_small"))) | {"global_step": np.array(np.inf, np.float32)}
    write_checkpoint(tmp_path / "model", weights.items())
    assert main(["import-magenta", str(tmp_path), str(tmp_path / "m")]) == 0
    assert yaml.safe_load((tmp_path / "m" / "config.yaml").read_text())["training"]["step"] is None
    assert "written after" not in (tmp_path / "m" / "card.md").read_text()


def test_what_was_decided_is_said(checkpoint, tmp_path, capsys):
    prefix = checkpoint("flat-mel_16bar")
    write_random(prefix.with_name("model.ckpt-3"), variables("flat-mel_16bar"))
    assert main(["import-magenta", str(prefix.parent), str(tmp_path / "m")]) == 0
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "of 2 checkpoints model.ckpt-7 is read, that of the highest step" in said[0]
    assert "taken for flat-mel_16bar, by its layers" in said[1]


def test_an_import_replaces_a_model_only_if_told(checkpoint, tmp_path, capsys):
    line = ["import-magenta", str(checkpoint("cat-mel_2bar_small")), str(tmp_path / "m")]
    assert main(line) == 0
    capsys.readouterr()
    refused(capsys, line, "holds what an earlier run wrote")
    assert main([*line, "--overwrite"]) == 0
    (tmp_path / "m" / "mine.txt").write_text("mine")
    capsys.readouterr()
    refused(capsys, [*line, "--overwrite"], "is a folder with other files in it (mine.txt)")


# What is wrong, what the message says of it, the configuration and the variables that are others, the flags.
WRONG = {
    "another configuration": (
        "no checkpoint of cat-drums_2bar_big: decoder/multi_rnn_cell/cell_0/lstm_cell/kernel should have the "
        "shape 548x80, it has 126x80",
        ("cat-mel_2bar_small", {}), ["--config", "cat-drums_2bar_big"],
    ),
    "no such configuration": (
        "Magenta has no MusicVAE configuration 'mel_16'", ("cat-mel_2bar_small", {}), ["--config", "mel_16"]
    ),
    "groove": ("say it with config (groovae_4bar, ", ("groovae_2bar_humanize", {}), []),
    "one more": ("encoder/x 3 is none of its variables", ("cat-mel_2bar_small", {"encoder__x": (3,)}), []),
}  # fmt: skip


@pytest.mark.parametrize(("says", "made", "flags"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_imported_is_one_sentence(says, made, flags, checkpoint, tmp_path, capsys):
    prefix = checkpoint(made[0], **made[1])
    refused(capsys, ["import-magenta", str(prefix), str(tmp_path / "m"), *flags], says)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_no_checkpoint_are_one_sentence(checkpoint, tmp_path, capsys):
    out = tmp_path / "m"
    refused(capsys, ["import-magenta", str(tmp_path / "no"), str(out)], "there is no such checkpoint")
    refused(capsys, ["import-magenta", str(tmp_path), str(out)], "there is no checkpoint in it")
    prefix = checkpoint("cat-mel_2bar_small")
    data = prefix.with_name(prefix.name + ".data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:-1000])
    refused(capsys, ["import-magenta", str(prefix), str(out)], "is cut short: encoder/sigma/kernel ends at")
    write_checkpoint(tmp_path / "other", [("dense/kernel", np.zeros((2, 2), np.float32))])
    refused(capsys, ["import-magenta", str(tmp_path), str(out)], "it is of no MusicVAE of Magenta")
    nan = [(name, tensor * np.float32("nan")) for name, tensor in random(variables("cat-mel_2bar_small"))]
    write_checkpoint(tmp_path / "nan", nan)
    refused(capsys, ["import-magenta", str(tmp_path / "nan"), str(out)], "not all are finite")
    assert not out.exists()


def test_what_an_imported_model_cannot_do_is_one_sentence(checkpoint, music, tmp_path, capsys):
    beat, out = str(music / "drums.mid"), tmp_path / "out"
    groove, tracks, voice = (str(tmp_path / name) for name in ("groove", "tracks", "voice"))
    for config, model in (
        ("groovae_2bar_humanize", groove),
        ("hier-multiperf_vel_1bar_med", tracks),
        ("cat-mel_2bar_small", voice),
    ):
        assert main(["import-magenta", str(checkpoint(config)), model, "--config", config]) == 0
    assert main(["humanize", beat, str(tmp_path / "played"), "--model", groove, *QUIET]) == 0
    assert main(["sample", groove, str(tmp_path / "beats"), "--num", "1", *QUIET]) == 0
    assert main(["interpolate", groove, beat, beat, str(tmp_path / "path"), "--num-steps", "3", *QUIET]) == 0
    assert main(["sample", tracks, str(tmp_path / "new"), "--num", "1", *QUIET]) == 0
    bar = str(tmp_path / "new" / "sample_0.mid")
    assert main(["reconstruct", tracks, bar, str(tmp_path / "again"), *QUIET]) == 0
    capsys.readouterr()
    refused(capsys, ["drumify", beat, str(out), "--model", groove], "groove reads whole beats (humanize)")
    refused(capsys, ["humanize", beat, str(out), "--model", tracks], "expected one that plays grooves")
    refused(capsys, ["vary", tracks, bar, str(out), "--track", "0"], "has no part for each track")
    line = ["vary", voice, str(music / "a.mid"), str(out), "--track", "0"]
    refused(capsys, line, "voice is a model of melody whose code has no part for each track")
    assert not out.exists()
