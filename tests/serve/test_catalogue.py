"""What the service offers: models of what one clip holds, shipped ones and others."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqgen.serve.catalogue import Catalogue
from tests.tasks.small import small_model, small_tracks


def test_models_of_one_clip_are_offered_and_those_of_several_tracks_are_not(tmp_path: Path) -> None:
    folders = [small_model(tmp_path / f"my-{name}", name, bars=4) for name in ("melody", "drums", "trio")]
    models = Catalogue([*folders, small_tracks(tmp_path / "my-tracks")]).models
    assert {name: models[name].music for name in ("my-melody", "my-drums")} == {
        "my-melody": "melody",
        "my-drums": "drums",
    }
    assert not {"my-trio", "my-tracks"} & set(models)


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    folders = [small_model(tmp_path / side / "my-melody") for side in ("left", "right")]
    with pytest.raises(ValueError, match="my-melody is there twice"):
        Catalogue(folders)
