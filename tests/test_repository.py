"""The state of the tree itself: small files, fixtures that travel with it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 300


@pytest.fixture(scope="module")
def sources() -> dict[Path, list[str]]:
    """Every Python file that git tracks or would track, as lines."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: the list of files is git's")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in names.split("\0") if name]
    return {
        path.relative_to(ROOT): path.read_text(encoding="utf-8").splitlines()
        for path in paths
        if path.exists()
    }


def test_a_file_is_one_idea(sources):
    assert sources
    assert {str(path): len(lines) for path, lines in sources.items() if len(lines) > LONGEST} == {}


def test_tests_open_nothing_outside_the_tree(sources):
    outside = re.compile(r"""["'](\.\./|/(home|root|mnt|srv)/|/\w+/(shared|data)\b)""")
    tests = {path: lines for path, lines in sources.items() if path.parts[0] == "tests"}
    found = [
        f"{path}:{n}"
        for path, lines in tests.items()
        for n, line in enumerate(lines, 1)
        if outside.search(line)
    ]
    assert tests
    assert found == []
