"""What the service offers: models of what one clip holds, shipped ones and others."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqgen.serve.catalogue import Catalogue
from tests.tasks.small import small_model


def test_models_of_one_clip_are_offered_and_trios_are_not(tmp_path: Path) -> None:
    folders = [small_model(tmp_path / f"my-{name}", name, bars=4) for name in ("melody", "drums", "trio")]
    models = Catalogue(folders).models
    assert {name: models[name].music for name in ("my-melody", "my-drums")} == {
        "my-melody": "melody",
        "my-drums": "drums",
    }
    assert not [name for name in models if "trio" in name]


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    folders = [small_model(tmp_path / side / "my-melody") for side in ("left", "right")]
    with pytest.raises(ValueError, match="my-melody is there twice"):
        Catalogue(folders)
