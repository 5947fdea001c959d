import pytest

from seqgen.tasks.music import load
from tests.tasks.small import small_model


@pytest.fixture(scope="session")
def vae(tmp_path_factory):
    return load(small_model(tmp_path_factory.mktemp("models") / "small-mel"))


@pytest.fixture(scope="session")
def drum_vae(tmp_path_factory):
    return load(small_model(tmp_path_factory.mktemp("models") / "small-drums", "drums"))
