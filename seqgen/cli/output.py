"""An output folder that gets all files of a command, or none of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """A hidden folder inside `out` to write into; when the block ends well, its files move up into `out`.

    If it ends badly, nothing of it stays, neither do folders that were made for it. Files that were in `out`
    stay, but those of the same name are replaced, each in one step. A result appears only when all are
    complete.

    Raises:
        ValueError: at once, if nothing can be written there.
    """
    made = _missing(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".seqgen-", dir=out))
    except OSError as error:
        _remove(made)
        reason = error.strerror or str(error)
        raise ValueError(f"out: cannot write into {str(out)!r} ({reason}): choose another folder") from None
    try:
        yield stage
        for path in sorted(stage.iterdir()):
            os.replace(path, out / path.name)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        _remove(made)
        raise
    stage.rmdir()


def _missing(out: Path) -> list[Path]:
    """The folders on the way to `out` that have to be made, the innermost first."""
    return [folder for folder in (out, *out.parents) if not os.path.lexists(folder)]


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return  # never made, or not empty any more
