"""python -m benchmarks [SUBJECT ...] [--device cuda] [--json FILE] [--midi PATH ...] [--no-tests]

Markdown on standard output. The tests of what is measured run first, and no figure is printed if they fail.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import (
    alignment,
    decoding,
    decoding_gpu,
    full_size,
    interpolation,
    playing,
    precision,
    preparing,
    reconnecting,
    serving,
    startup,
    streaming,
    training,
    wavenet,
    wavenet_gpu,
)
from benchmarks.harness import Row, as_json, device_name, table

HERE = Path(__file__).parents[1]
TINY = HERE / "tests/fixtures/tiny/melodies"


@dataclass(frozen=True)
class Subject:
    """What is measured, and the tests that must pass before a figure means anything."""

    title: str
    rows: Callable[[argparse.Namespace], list[Row]]
    guards: tuple[str, ...]
    gpu: bool = False
    """whether it can be measured on a GPU"""


KERNELS = ("tests/laws", "tests/core", "tests/kernels")
SUBJECTS = {
    "interpolation": Subject(
        "Interpolation, model loaded",
        lambda a: interpolation.rows(a.device),
        (*KERNELS, "tests/models"),
        True,
    ),
    "alignment": Subject("Online attention: kernels", lambda a: alignment.rows(a.device), KERNELS, True),
    "decoding": Subject(
        "LSTM decoding, one core or a GPU",
        lambda a: decoding_gpu.rows() if a.device == "cuda" else decoding.rows(),
        KERNELS,
        True,
    ),
    "wavenet": Subject(
        "WaveNet decoding, one core or a GPU",
        lambda a: wavenet_gpu.rows() if a.device == "cuda" else wavenet.rows(),
        KERNELS,
        True,
    ),
    "precision": Subject(
        "What less precision changes",
        lambda a: precision.rows(a.midi, a.device),
        (*KERNELS, "tests/evaluation", "tests/models"),
        True,
    ),
    "streaming": Subject("Streaming words, one core", lambda a: streaming.rows(), (*KERNELS, "tests/tasks")),
    "full_size": Subject(
        "Magenta's full size", lambda a: full_size.rows(a.device), (*KERNELS, "tests/models"), True
    ),
    "training": Subject(
        "Training at Magenta's sizes", lambda a: training.rows(a.device), ("tests/models",), True
    ),
    "serving": Subject("The service", lambda a: serving.rows(), ("tests/serve",)),
    "reconnecting": Subject(
        "The plugin without its service", lambda a: reconnecting.rows(), ("tests/plugins/native",)
    ),
    "startup": Subject("From a cold shell", lambda a: startup.rows(), ("tests/cli",)),
    "playing": Subject(
        "Playing through a MIDI port", lambda a: playing.rows(), ("tests/serve/test_player.py",)
    ),
    "preparing": Subject("Preparing data", lambda a: preparing.rows(a.midi), ("tests/data",)),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("subject", nargs="*", help=f"any of {', '.join(SUBJECTS)}; all when left out")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--midi", type=Path, nargs="+", default=[TINY], help="for preparing and precision")
    parser.add_argument("--no-tests", action="store_true", help="do not run the guarding tests first")
    arguments = parser.parse_args()
    for name in arguments.subject:
        if name not in SUBJECTS:
            parser.error(f"no subject {name!r}: the subjects are {', '.join(SUBJECTS)}")
    chosen = [SUBJECTS[name] for name in arguments.subject or SUBJECTS]
    chosen = [subject for subject in chosen if arguments.device == "cpu" or subject.gpu]
    if not arguments.no_tests and not tests_pass(chosen):
        print("the tests do not pass: no figures", file=sys.stderr)
        return 1
    print(f"# Benchmarks\n\nMeasured on {device_name(arguments.device)}.\n", flush=True)
    tables = {}
    for subject in chosen:
        tables[subject.title] = subject.rows(arguments)
        print(table(subject.title, tables[subject.title]), flush=True)
    if arguments.json:
        arguments.json.write_text(as_json(tables, arguments.device), encoding="utf-8")
    return 0


def tests_pass(chosen: list[Subject]) -> bool:
    guards = sorted({guard for subject in chosen for guard in subject.guards})
    command = [sys.executable, "-m", "pytest", "-q", *guards]
    return subprocess.run(command, cwd=HERE, stdout=sys.stderr).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
