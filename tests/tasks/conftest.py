from pathlib import Path

import pytest

from seqgen.tasks.music import load
from tests.tasks.small import small_model
from tests.tasks.small_translator import KINDS, small_translator


@pytest.fixture(scope="session")
def vae(tmp_path_factory):
    return load(small_model(tmp_path_factory.mktemp("models") / "small-mel"))


@pytest.fixture(scope="session")
def drum_vae(tmp_path_factory):
    return load(small_model(tmp_path_factory.mktemp("models") / "small-drums", "drums"))


@pytest.fixture(scope="session")
def trio_vae(tmp_path_factory):
    return load(small_model(tmp_path_factory.mktemp("models") / "small-trio", "trio", bars=4))


@pytest.fixture(scope="session")
def translators(tmp_path_factory) -> dict[str, Path]:
    """A small translator of each kind, by its attention."""
    folder = tmp_path_factory.mktemp("translators")
    return {kind: small_translator(folder / kind, kind) for kind in KINDS}
