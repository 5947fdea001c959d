"""plugins/reaper/json.lua reads and writes what Python's json does, and refuses the rest."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

LUA = next((path for name in ("lua5.4", "lua5.3", "lua") if (path := shutil.which(name))), None)
PLUGINS = Path(__file__).parents[2] / "plugins"
ECHO = f"""
local json = dofile("{PLUGINS / "reaper" / "json.lua"}")
local value, message = json.decode(io.read("a"))
if value == nil then io.stderr:write(message) os.exit(1) end
io.write(assert(json.encode(value)))
"""

pytestmark = pytest.mark.skipif(LUA is None, reason="no Lua interpreter (apt install lua5.4)")


def echo(text: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(LUA), "-e", ECHO], input=text, capture_output=True, text=True, timeout=20)


def test_values_come_back() -> None:
    values = {
        "empty": [],
        "no fields": {},
        "numbers": [0, -1, 127, 1.5, 1 / 3, 0.1, -2.5e-7, 39999.99999],
        "words": [True, False, None],
        "text": 'a "quote", a \\ and a\nline\ttab \x7f é 😀',
        "nested": {"notes": [{"start": 0.0, "pitch": 60}, {"start": 1 / 7, "pitch": 61}]},
    }
    for ascii_only in (True, False):
        assert json.loads(echo(json.dumps(values, ensure_ascii=ascii_only)).stdout) == values


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1,]",
        '{"a" 1}',
        "{a: 1}",
        "01",
        "1.",
        "NaN",
        "1e999",
        "nil",
        '"\\x"',
        '"\\ud8"',
        '"\n"',
        "[1] 2",
        "[" * 33,
    ],
)
def test_what_is_not_json_is_refused_with_its_place(text: str) -> None:
    done = echo(text)
    assert done.returncode == 1
    assert "byte" in done.stderr
    assert "expected" in done.stderr


def test_too_much_is_refused() -> None:
    done = echo('"' + "x" * (8 << 20) + '"')
    assert done.returncode == 1
    assert "at most 8388608 bytes" in done.stderr
