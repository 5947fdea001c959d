"""A small untrained model, and shards made of the tiny fixtures."""

from pathlib import Path

import numpy as np
import pytest
import torch

from seqgen.config import to_dict
from seqgen.data.shards import SplitWindows, write_shards
from seqgen.io import read_notes
from seqgen.models.checkpoint import load_model, save_model
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.representation.converter import RepresentationConfig, make_converter

TINY = Path(__file__).parents[1] / "fixtures" / "tiny"
KINDS = {"melody": TINY / "melodies", "drums": TINY / "drums"}


def windows_of(name):
    """Different windows of 2 bars [N, 32] of the tiny files."""
    converter = make_converter(RepresentationConfig(name))
    files = sorted(KINDS[name].glob("*.mid"))
    return np.unique(np.concatenate([converter.encode(read_notes(file)) for file in files]), axis=0)


def write(folder, name, **splits):
    """Shards with these windows."""
    folder.mkdir()
    parts = {s: SplitWindows(x, np.zeros((len(x), 2), np.int32)) for s, x in splits.items()}
    write_shards(folder, RepresentationConfig(name), parts, [])
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder with an untrained model of each kind, by the kind's name."""
    folder = tmp_path_factory.mktemp("models")
    shape = {"latent": 6, "embedding": 8, "encoder": EncoderConfig(width=8)}
    shape["decoder"] = DecoderConfig(width=12, plan_size=4)
    configs = {
        "melody": MusicVAEConfig(**shape),
        "drums": MusicVAEConfig(head="bernoulli", vocabulary_size=512, first_onset=1, **shape),
    }
    for name, config in configs.items():
        torch.manual_seed(4)
        model = MusicVAE(config)
        sections = {"representation": to_dict(RepresentationConfig(name)), "training": {}}
        save_model(folder / name, model, model.state_dict(), sections)
    return folder


@pytest.fixture(scope="session")
def varied(models, tmp_path_factory):
    """The same models with a decoder to which codes matter, so that windows come back as different ones."""
    folder = tmp_path_factory.mktemp("varied")
    for name in KINDS:
        model, sections = load_model(models / name)
        state = {k: v * 8 if k.startswith("decoder") else v for k, v in model.state_dict().items()}
        save_model(
            folder / name, model, state, {key: sections[key] for key in ("representation", "training")}
        )
    return folder


@pytest.fixture(scope="session")
def shards(tmp_path_factory):
    """A folder with shards of each kind: test has the first 30 windows, train the next 60."""
    folder = tmp_path_factory.mktemp("shards")
    for name in KINDS:
        rows = np.random.default_rng(0).permutation(windows_of(name))
        converter = make_converter(RepresentationConfig(name))
        keys = converter.transposition_key(rows)
        rows = rows[np.sort(np.unique(keys, axis=0, return_index=True)[1])]
        write(folder / name, name, test=rows[:30], train=rows[30:90])
    return folder
