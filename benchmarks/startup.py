"""From a cold shell: what the command line costs before and around the work."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Row, times

EXAMPLES = Path(__file__).parents[1] / "examples"


def rows() -> list[Row]:
    """Medians of whole processes."""
    bare = _median([sys.executable, "-c", "pass"])
    imported = _median([sys.executable, "-c", "import seqgen"])
    with tempfile.TemporaryDirectory() as folder:
        files = [str(EXAMPLES / f"melody_{x}.mid") for x in "ab"]
        # MIDI and PNG are what the target is about; the WAV is timed with them below.
        work = [
            *SEQGEN,
            "interpolate",
            "mel-16bar",
            *files,
            f"{folder}/out",
            "--num-steps",
            "7",
            "--seed",
            "1",
        ]
        silent = _median([*work, "--wav", "false"])
        whole = _median(work)
    return [
        Row("import seqgen, beyond an empty Python", imported - bare, "s", 0.3),
        Row("seqgen --help", _median([*SEQGEN, "--help"]), "s", 1.0),
        Row("seqgen interpolate mel-16bar, 7 steps, to MIDI and PNG", silent, "s", 6.0),
        Row("the same with the WAV", whole, "s"),
    ]


SEQGEN = (sys.executable, "-m", "seqgen.cli.main")


def _median(command: list[str]) -> float:
    runs = times(lambda: subprocess.run(command, check=True, capture_output=True), 5, 1)
    return sorted(runs)[2]
