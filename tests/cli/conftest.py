from pathlib import Path

import pytest

from tests.tasks.small import (
    small_model,
    write_drums,
    write_empty,
    write_melody,
    write_two_tracks,
    write_waltz,
)


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> str:
    return str(small_model(tmp_path_factory.mktemp("models") / "small-mel"))


@pytest.fixture(scope="session")
def drum_model(tmp_path_factory) -> str:
    return str(small_model(tmp_path_factory.mktemp("models") / "small-drums", "drums"))


@pytest.fixture(scope="session")
def music(tmp_path_factory) -> Path:
    """A folder of MIDI files for all sorts of trouble."""
    folder = tmp_path_factory.mktemp("music")
    write_melody(folder / "a.mid", seed=1, qpm=80.0)
    write_melody(folder / "b.mid", seed=2, qpm=125.0)
    write_melody(folder / "c.mid", seed=3)
    write_melody(folder / "d.mid", seed=4)
    write_melody(folder / "short.mid", bars=1)
    write_melody(folder / "long.mid", bars=5)
    write_two_tracks(folder / "two.mid")
    write_drums(folder / "drums.mid")
    write_waltz(folder / "waltz.mid")
    write_empty(folder / "empty.mid")
    (folder / "not.mid").write_bytes(b"no music at all")
    return folder
