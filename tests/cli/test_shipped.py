"""The models that come with the package: each is there with its papers, and works."""

import pytest

import seqgen
from seqgen.cli.main import main
from seqgen.tasks.shipped import SHIPPED, shipped_models
from tests.tasks.small import write_drums, write_melody

PROMISED = {"drums-2bar", "mel-16bar", "mel-2bar"}


def test_what_is_shipped_is_what_the_documentation_promises():
    assert set(shipped_models()) == PROMISED


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_interpolates_from_the_shell(name, tmp_path):
    write = write_drums if name.startswith("drums") else write_melody
    ends = [str(write(tmp_path / f"{seed}.mid", bars=4, seed=seed)) for seed in (1, 2)]
    for out in ("one", "two"):
        line = ["interpolate", name, *ends, str(tmp_path / out), "--num-steps", "3", "--wav", "false"]
        assert main(line) == 0
    names = ["path.mid", "path.png", "step_0.mid", "step_1.mid", "step_2.mid"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == names
    for file in names:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_has_a_card_and_its_name_says_its_bars(name):
    model = seqgen.load(name)
    assert model.name == name
    assert len(model.card) > 200
    assert name.endswith(f"-{model.converter.bars}bar")
    assert (SHIPPED / name / "model.safetensors").stat().st_size <= 12_000_000
