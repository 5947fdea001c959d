"""Writing a file so that it is either whole or not there."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_bytes(path: str | Path, data: bytes | memoryview) -> None:
    """Writes `data` beside `path` under a hidden temporary name, then renames: no reader sees half a file.

    Raises OSError (nothing is left behind, and a file that was at `path` stays as it was).
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        # "x" and the usual permissions: tempfile would leave a file only its owner can read.
        with open(temporary, "xb") as stream:
            stream.write(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
