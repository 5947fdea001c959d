"""`seqgen train`: from shards to a model that the other commands take."""

import pytest
import yaml

from seqgen.cli.main import main
from seqgen.config import to_dict
from tests.training.runs import MODEL, make_shards


@pytest.fixture
def line(tmp_path):
    settings = {"model": to_dict(MODEL), "steps": 4, "batch_size": 8, "threads": 1, "diagnose_every": 100}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(settings))
    data = make_shards(tmp_path / "shards")
    run = str(tmp_path / "run")
    return [
        "train",
        "--config",
        str(tmp_path / "c.yaml"),
        "--data",
        str(data),
        "--out",
        run,
        "--accelerator",
        "cpu",
    ]


def test_a_run_ends_in_a_model(line, tmp_path, capsys):
    assert main([*line, "--objective.beta", "0.3", "--learning-rate", "0.001"]) == 0
    assert "after 4 of 4 steps" in capsys.readouterr().out
    training = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["training"]
    assert (training["objective"]["beta"], training["learning_rate"], training["step"]) == (0.3, 0.001, 4)
    assert (
        main(["sample", str(tmp_path / "run"), str(tmp_path / "out"), "--wav", "false", "--png", "false"])
        == 0
    )


def test_a_run_out_of_time_says_how_to_go_on(line, capsys):
    assert main([*line, "--steps", "100000", "--max-minutes", "0.001"]) == 0
    assert "the same command goes on with it" in capsys.readouterr().err


WRONG = {
    "unknown key": (["--modell.bars", "2"], "modell"),
    "a value": (["--learning-rate", "-1"], "learning_rate must be positive, got -1"),
    "a word": (["--precision", "8-bit"], "precision"),
    "no data": (["--data", "nowhere"], "nowhere"),
    "time": (["--max-minutes", "0"], "max_minutes must be above 0"),
}


@pytest.mark.parametrize(("flags", "message"), WRONG.values(), ids=WRONG)
def test_settings_that_make_no_sense(line, tmp_path, capsys, flags, message):
    assert main([*line, *flags]) == 2
    said = capsys.readouterr().err
    assert said.startswith("seqgen: error: ")
    assert message in said
    assert not (tmp_path / "run").exists()
