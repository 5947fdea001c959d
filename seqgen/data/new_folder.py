"""A folder that comes into being whole or not at all, and never in place of somebody else's."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_folder(out: Path, names: Collection[str], overwrite: bool = False) -> Iterator[Path]:
    """A temporary folder beside `out` that becomes `out` at the end, or vanishes if anything is raised.

    Args:
        names: the files that a folder of this kind consists of, the first of which marks it as one.

    Raises:
        ValueError: as `check_out` does, before and after; then `out` stays as it was.
    """
    out = out.resolve()
    check_out(out, names, overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(6)
    temporary, old = (out.with_name(f".{out.name[:100]}.{mark}.{end}") for end in ("tmp", "old"))
    temporary.mkdir()
    try:
        yield temporary
        check_out(out, names, overwrite)  # something may have come into being meanwhile
        if out.exists():
            os.rename(out, old)
        try:
            os.rename(temporary, out)
        except BaseException:
            if old.exists():
                os.rename(old, out)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_out(out: Path, names: Collection[str], overwrite: bool) -> None:
    """Raises ValueError unless a folder made of files `names` may be put at `out`.

    It may where there is nothing or an empty folder, and with `overwrite` also in place of its own kind.
    """
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir():
        raise ValueError(f"out: {out} is a file; give a folder that does not exist yet")
    found = {path.name for path in out.iterdir()}
    if not found:
        return
    marker = next(iter(names))
    if marker not in found or found - set(names):
        other = ", ".join(sorted(found - set(names))[:3]) or f"but no {marker}"
        raise ValueError(
            f"out: {out} is a folder with other files in it ({other}); give one that does not exist yet"
        )
    if not overwrite:
        raise ValueError(
            f"out: {out} holds what an earlier run wrote; give another folder, or overwrite it (--overwrite)"
        )
