"""Model folders: what is saved comes back, and a hostile or broken folder gives one sentence."""

from __future__ import annotations

import os
import pickle

import pytest
import torch
import yaml

from seqgen.models.checkpoint import load_model, save_model
from seqgen.models.music_vae import MusicVAE
from tests.models.test_music_vae import small, windows

SECTIONS = {"representation": {"name": "melody", "bars": 3}, "training": {"seed": 1}}


@pytest.fixture
def folder(tmp_path):
    model = MusicVAE(small())
    save_model(tmp_path / "m", model, model.state_dict(), SECTIONS)
    return tmp_path / "m"


def test_what_is_saved_comes_back(tmp_path):
    model = MusicVAE(small()).eval()
    save_model(tmp_path, model, model.state_dict(), SECTIONS)
    loaded, sections = load_model(tmp_path)
    assert loaded.config == model.config
    assert sections["representation"] == SECTIONS["representation"]
    token = windows(model.config)
    assert torch.equal(loaded.encode(token).mean, model.encode(token).mean)
    assert sorted(os.listdir(tmp_path)) == ["config.yaml", "model.safetensors"]


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path):
    model = MusicVAE(small())
    for name, half in (("full", False), ("half", True)):
        save_model(tmp_path / name, model, model.state_dict(), SECTIONS, half)
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("full", "half")]
    weights = sum(p.numel() for p in model.parameters())
    assert sizes[0] - sizes[1] == pytest.approx(2 * weights, rel=0.02)
    loaded, _ = load_model(tmp_path / "half")
    for (name, p), q in zip(model.named_parameters(), loaded.parameters(), strict=True):
        assert q.dtype == torch.float32, name
        torch.testing.assert_close(q, p.detach(), rtol=1e-3, atol=1e-6)


def edit(folder, change):
    data = yaml.safe_load((folder / "config.yaml").read_text())
    change(data)
    (folder / "config.yaml").write_text(yaml.safe_dump(data))


def test_a_config_with_an_unknown_key_names_it(folder):
    edit(folder, lambda data: data["model"].update(colour="red"))
    with pytest.raises(ValueError, match="unknown key 'colour'"):
        load_model(folder)


def test_a_setting_of_the_wrong_type_names_itself(folder):
    edit(folder, lambda data: data["model"]["encoder"].update(width="wide"))
    with pytest.raises(ValueError, match=r"model\.encoder\.width: expected int, got 'wide'"):
        load_model(folder)


def test_weights_of_another_shape_name_the_tensor(folder):
    edit(folder, lambda data: data["model"].update(latent=7))
    with pytest.raises(ValueError, match=r"should have the shape"):
        load_model(folder)


def test_a_cut_file_is_not_complete(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="not a complete safetensors file"):
        load_model(folder)


def test_nothing_in_a_folder_is_executed(folder, tmp_path):
    mark = tmp_path / "executed"

    class Trap:
        def __reduce__(self):
            return (open, (str(mark), "w"))

    (folder / "model.safetensors").write_bytes(pickle.dumps({"w": Trap()}))
    with pytest.raises(ValueError, match="not a complete safetensors file"):
        load_model(folder)
    (folder / "config.yaml").write_text(f"model: !!python/object/apply:builtins.open ['{mark}', 'w']")
    with pytest.raises(ValueError, match="not a YAML file"):
        load_model(folder)
    assert not mark.exists()


@pytest.mark.parametrize("text", ["[1, 2]", "format: 2", "format: 1\nmodel: 3", "a: &a [1]\nb: *a", "\x00"])
def test_a_config_that_is_none_is_a_value_error(folder, text):
    (folder / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"config\.yaml"):
        load_model(folder)


def test_a_folder_without_a_model_says_what_was_expected(tmp_path):
    with pytest.raises(ValueError, match=r"is no model: expected config\.yaml"):
        load_model(tmp_path)


def test_a_failed_write_leaves_the_old_model_whole(folder, monkeypatch):
    before = (folder / "model.safetensors").read_bytes()

    def full(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    model = MusicVAE(small())
    with pytest.raises(OSError, match="disk full"):
        save_model(folder, model, model.state_dict(), SECTIONS)
    assert (folder / "model.safetensors").read_bytes() == before
    assert sorted(os.listdir(folder)) == ["config.yaml", "model.safetensors"]
