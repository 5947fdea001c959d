"""python -m benchmarks [--device cuda] [--midi PATH ...] [--no-tests]: Markdown on standard output."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks import alignment, interpolation, preparing, startup
from benchmarks.harness import device_name, table

HERE = Path(__file__).parents[1]
GUARDS = ("tests/laws", "tests/core", "tests/models", "tests/kernels")
"""what must pass before a figure means anything"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--midi", type=Path, nargs="+", default=[HERE / "tests/fixtures/tiny/melodies"])
    parser.add_argument("--no-tests", action="store_true", help="do not run the guarding tests first")
    arguments = parser.parse_args()
    if not arguments.no_tests:
        guard = subprocess.run([sys.executable, "-m", "pytest", "-q", *GUARDS], cwd=HERE, stdout=sys.stderr)
        if guard.returncode:
            print("the tests do not pass: no figures", file=sys.stderr)
            return 1
    print(f"# Benchmarks\n\nMeasured on {device_name(arguments.device)}.\n")
    print(table("Interpolation, model loaded", interpolation.rows(arguments.device)))
    print(table("Online attention: kernels", alignment.rows(arguments.device)))
    if arguments.device == "cpu":
        print(table("From a cold shell", startup.rows()))
        print(table("Preparing data", preparing.rows(arguments.midi)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
