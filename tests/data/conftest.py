"""A small corpus of real tunes, as a folder and as archives."""

import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

TINY = Path(__file__).parents[1] / "fixtures" / "tiny"


def write_archive(path: Path, members: list[tuple[str, bytes]]) -> Path:
    """A zip or a tar, by the ending of `path`, with the members in the order given."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)
        return path
    kind = {".tar": "w:", ".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}[path.suffix]
    with tarfile.open(path, kind) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(scope="session")
def tunes() -> dict[str, bytes]:
    """Twelve tunes by path: `lieder/lc123.mid`, `openhymnal/Name.mid`, not in the order of their names."""
    files = sorted((TINY / "melodies").glob("*.mid"))
    assert len(files) >= 12
    result = {file.name.replace("-", "/", 1): file.read_bytes() for file in files[:6] + files[-6:]}
    return dict(sorted(result.items(), key=lambda item: item[0][::-1]))


@pytest.fixture(scope="session")
def make_corpus(tunes: dict[str, bytes]) -> Callable[[Path], Path]:
    """Writes the tunes as a folder, or as the archive that the ending says."""

    def make(path: Path) -> Path:
        if path.suffix:
            return write_archive(path, list(tunes.items()))
        for name, data in tunes.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        return path

    return make


@pytest.fixture(scope="session")
def run_script() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program text as a file: processes that it spawns import their functions from there."""

    def run(path: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        path.write_text(text, encoding="utf-8")
        command = [sys.executable, str(path), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)

    return run


@pytest.fixture(scope="session")
def archive() -> Callable[[Path, list[tuple[str, bytes]]], Path]:
    return write_archive
