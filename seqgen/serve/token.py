"""The token that every client shows: made at first start, readable by its owner only."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import sys
from pathlib import Path

BYTES = 32


def home() -> Path:
    """$SEQGEN_HOME, else the folder for settings that the system gives a user."""
    given = os.environ.get("SEQGEN_HOME")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", str(Path.home()))) / "seqgen"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "seqgen"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "seqgen"


def token(folder: Path | None = None) -> str:
    """The token of this user, 64 hexadecimal characters; a new one where there is none.

    Raises:
        ValueError: for a file that others may read, or that holds something else.
    """
    path = (home() if folder is None else folder) / "token"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make(path)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ValueError(f"{path}: others can read this token: remove the file, and a new one is made")
    text = path.read_text(encoding="ascii", errors="replace")[:1000].strip()
    if len(text) != 2 * BYTES or not set(text) <= set("0123456789abcdef"):
        raise ValueError(
            f"{path}: expected {2 * BYTES} hexadecimal characters: remove the file, and start again"
        )
    return text


def same(a: str | bytes, b: str | bytes) -> bool:
    """Whether two tokens are the same, in a time that does not tell where they differ."""
    x, y = (t.encode("utf-8", "replace") if isinstance(t, str) else t for t in (a, b))
    return hmac.compare_digest(x, y)


def _make(path: Path) -> None:
    """Whole or not there: of two that start at once, one makes it."""
    part = path.with_name(f".token.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(BYTES) + "\n")
        if os.name == "posix":
            try:
                os.link(part, path)
            except FileExistsError:
                return  # another was first
        elif not path.exists():
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
