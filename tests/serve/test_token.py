"""The token: made once, for its owner only, and refused where it is not safe."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from seqgen.serve import token as tokens
from seqgen.serve.token import home, token


def test_it_is_made_once_and_only_its_owner_reads_it(tmp_path):
    first = token(tmp_path / "new")
    assert token(tmp_path / "new") == first
    assert token(tmp_path / "other") != first
    assert len(bytes.fromhex(first)) == 32
    assert os.listdir(tmp_path / "new") == ["token"]
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "new" / "token").stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
def test_one_that_others_read_is_refused(tmp_path):
    token(tmp_path)
    (tmp_path / "token").chmod(0o640)
    with pytest.raises(ValueError, match="others can read this token: remove the file"):
        token(tmp_path)


@pytest.mark.parametrize("text", ["", "abc", "0" * 63 + "g", "0" * 2000, "\0" * 64])
def test_something_else_is_refused(tmp_path, text):
    path = tmp_path / "token"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(ValueError, match="expected 64 hexadecimal characters"):
        token(tmp_path)


def test_of_two_that_start_at_once_one_makes_it(tmp_path, monkeypatch):
    """Both find no token; what the slower one has made is not taken."""
    gate, made = threading.Barrier(2, timeout=10), []
    link = os.link
    monkeypatch.setattr(tokens.os, "getpid", lambda: threading.get_ident())
    monkeypatch.setattr(tokens.os, "link", lambda a, b: (gate.wait(), link(a, b))[1])
    threads = [threading.Thread(target=lambda: made.append(token(tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    assert made[0] == made[1] == token(tmp_path)
    assert os.listdir(tmp_path) == ["token"]


def test_where_it_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("SEQGEN_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("SEQGEN_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(tokens.sys, "platform", "linux")
    assert home() == tmp_path / "seqgen"
