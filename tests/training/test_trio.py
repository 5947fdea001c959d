"""Training on trios: what a model must be for them, and that transposition moves melody and bass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seqgen.data.shards import FileRow, SplitWindows, write_shards
from seqgen.models.checkpoint import load_model
from seqgen.representation.converter import RepresentationConfig
from seqgen.representation.trio import PARTS, join_parts, split_parts
from tests.training.runs import MODEL, config, trainer

TRIO = replace(
    MODEL,
    head="product",
    vocabulary_size=90 * 90 * 512,
    parts=PARTS,
    part_heads=("categorical", "categorical", "bernoulli"),
    decoder=replace(MODEL.decoder, voices="part"),
)


@pytest.fixture(scope="module")
def shards(tmp_path_factory) -> Path:
    """A melody up and down, a bass on its first note, a kick on every beat."""
    folder = tmp_path_factory.mktemp("shards") / "trio"
    count = 40
    melody = np.zeros((count, 16), np.int32)
    melody[:, ::4] = np.arange(count)[:, None] % 12 + 40 + np.arange(4)
    bass = np.zeros_like(melody)
    bass[:, 0] = melody[:, 0] - 24
    drums = np.zeros_like(melody)
    drums[:, ::4] = 1
    tokens = join_parts([melody, bass, drums])
    splits = {"train": tokens, "valid": tokens[:6], "test": tokens[6:9]}
    windows = {name: SplitWindows(x, np.zeros((len(x), 2), np.int32)) for name, x in splits.items()}
    folder.mkdir()
    write_shards(
        folder, RepresentationConfig("trio", bars=1), windows, [FileRow("made", "a", "train", count)]
    )
    return folder


def test_a_trio_trains_and_leaves_a_model(shards: Path, tmp_path: Path) -> None:
    run = trainer(config(shards, tmp_path / "run", model=TRIO))
    assert run.fit()
    model, sections = load_model(tmp_path / "run")
    assert model.config == TRIO
    assert sections["representation"]["name"] == "trio"


def test_melody_and_bass_are_transposed_and_drums_are_not(shards: Path, tmp_path: Path) -> None:
    run = trainer(config(shards, tmp_path / "run", model=TRIO, transpose=6))
    batch = np.concatenate([run.job.batches[step] for step in range(10)])
    melody, bass, drums = split_parts(batch)
    assert (melody[:, 0] - bass[:, 0] == 24).all()
    assert len(np.unique(melody[:, 0])) > 12
    assert (drums[:, ::4] == 1).all()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MODEL, "vocabulary_size and model.first_onset must be 4147200 and 2 for trio, got 90 and 2"),
        (
            replace(TRIO, parts=(512, 90, 90), part_heads=("bernoulli", "categorical", "categorical")),
            r"model.parts must be \[90, 90, 512\] for trio",
        ),
    ],
    ids=["a melody's model", "drums first"],
)
def test_a_model_of_something_else_says_so(shards: Path, tmp_path: Path, model, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trainer(config(shards, tmp_path / "run", model=model))
