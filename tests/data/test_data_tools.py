"""The scripts of data_tools: what they say and what they would run."""

import csv
import hashlib
import importlib
import inspect
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from seqgen.cli.main import main
from seqgen.cli.prepare import prepare
from seqgen.models.checkpoint import load_model, save_model
from seqgen.models.music_vae import MusicVAE
from seqgen.models.music_vae.config import DecoderConfig, EncoderConfig, MusicVAEConfig

TOOLS = Path(__file__).parents[2] / "data_tools"
CORPORA = TOOLS / "corpora.tsv"

pytestmark = pytest.mark.skipif(not TOOLS.exists(), reason="not a checkout: the tools are not in the package")


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)


def test_the_commands_use_arguments_that_exist(tmp_path):
    done = subprocess.run(
        ["sh", str(TOOLS / "prepare_shipped.sh"), "DATA", "OUT", "--workers", "3"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"SEQGEN": "echo RUN", "MIX": "echo MIX", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("MIX ")] == [
        "MIX OUT/trio-2bar-start OUT/mel-2bar-start OUT/drums-2bar OUT/trio-2bar-mixed",
        "MIX OUT/trio-16bar OUT/mel-16bar OUT/drums-16bar OUT/trio-16bar-mixed",
    ]
    lines = [shlex.split(line) for line in done.stdout.splitlines() if line.startswith("RUN prepare ")]
    assert [line[line.index("--out") + 1] for line in lines] == [
        "OUT/mel-2bar",
        "OUT/mel-2bar-start",
        "OUT/mel-16bar",
        "OUT/drums-2bar",
        "OUT/drums-16bar",
        "OUT/groove-2bar",
        "OUT/trio-2bar-start",
        "OUT/trio-16bar",
    ]
    arguments = inspect.signature(prepare).parameters
    with open(CORPORA, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    shipped = {"DATA/" + row["archive"] for row in rows if row["in_shipped_models"] == "yes"}
    used = {word for line in lines for word in line if word.endswith(".tar.xz")}
    assert used == shipped
    for line in lines:
        assert line[-2:] == ["--workers", "3"]
        for word in line:
            if word.startswith("--"):
                assert word[2:].replace("-", "_") in arguments


def test_without_folders_it_says_how():
    done = run("sh", TOOLS / "prepare_shipped.sh", "DATA")
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_a_local_copy_is_checked(tmp_path):
    listed = run(sys.executable, TOOLS / "get_melodies.py")
    assert listed.returncode == 0
    with open(CORPORA, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    for row in rows:
        assert f"https://github.com/{row['repository']} at {row['commit']}" in listed.stdout
        assert len(row["sha256"]) == 2 * hashlib.sha256().digest_size
    (tmp_path / "melodies").mkdir()
    (tmp_path / "melodies" / "cre.tar.xz").write_bytes(b"other")
    checked = run(sys.executable, TOOLS / "get_melodies.py", tmp_path)
    assert checked.returncode == 1
    assert "melodies/cre.tar.xz: different" in checked.stdout
    assert "melodies/lieder.tar.xz: missing" in checked.stdout
    assert run(sys.executable, TOOLS / "get_melodies.py", tmp_path / "none").returncode == 2


def test_the_training_commands_use_settings_that_exist(capsys):
    """Each command of train_shipped.sh is parsed with its config; nothing is trained."""
    done = subprocess.run(
        ["sh", str(TOOLS / "train_shipped.sh"), "SHARDS", "RUNS"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"SEQGEN": "echo RUN", "AVERAGE": "echo AVERAGE", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    lines = [shlex.split(line)[1:] for line in done.stdout.splitlines() if line.startswith("RUN train ")]
    made = [line[line.index("--out") + 1] for line in lines]
    averages = [shlex.split(line)[1:] for line in done.stdout.splitlines() if line.startswith("AVERAGE ")]
    assert all(sum(map(float, line[1::2])) == 1 and set(line[2::2]) <= set(made) for line in averages)
    names = ("mel-2bar", "drums-2bar", "mel-16bar", "drums-16bar", "trio-16bar", "groove-humanize")
    assert {f"RUNS/{name}" for name in names} <= {*made, *(line[0] for line in averages)}
    for number, line in enumerate(lines):
        if "--warm-start" in line:
            assert line[line.index("--warm-start") + 1] in made[:number]
        with pytest.raises(SystemExit) as stopped:
            main([*line, "--print_config"])
        assert stopped.value.code == 0
        assert "learning_rate" in capsys.readouterr().out


def test_an_average_of_runs_is_one_of_their_weights(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    average = importlib.import_module("average_runs").average
    for name in "ab":
        model = MusicVAE(
            MusicVAEConfig(latent=4, encoder=EncoderConfig(width=4), decoder=DecoderConfig(width=4))
        )
        save_model(tmp_path / name, model, model.state_dict(), {"training": {"step": 7, "name": name}})
    average(tmp_path / "c", [0.25, 0.75], [tmp_path / "a", tmp_path / "b"])
    (a, _), (b, _), (c, sections) = (load_model(tmp_path / name) for name in "abc")
    for name, tensor in c.state_dict().items():
        torch.testing.assert_close(tensor, 0.25 * a.state_dict()[name] + 0.75 * b.state_dict()[name])
    assert sections["training"] == {"step": 7, "name": "b", "averaged": "0.25 a, 0.75 b"}
    with pytest.raises(ValueError, match="1 in all"):
        average(tmp_path / "d", [0.5, 0.4], [tmp_path / "a", tmp_path / "b"])


@pytest.mark.parametrize(
    ("tool", "page"), [("readme_table", "README.md"), ("shipped_tables", "docs/evaluation/shipped.md")]
)
def test_the_tables_are_those_of_the_shipped_models(tool, page, monkeypatch):
    """Whoever ships a model renews them: a command each."""
    monkeypatch.syspath_prepend(str(TOOLS))
    module = importlib.import_module(tool)
    text = (TOOLS.parent / page).read_text(encoding="utf-8")
    assert text == (module.renew(text) if tool == "readme_table" else module.page())
