"""Through a real shell: exit codes, streams, and what the start loads."""

import json
import subprocess
import sys

import pytest


def run(*line: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "seqgen.cli.main", *line]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def test_the_whole_way(model, music, tmp_path):
    done = run("interpolate", model, str(music / "a.mid"), str(music / "long.mid"), str(tmp_path / "out"),
               "--num-steps", "2")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "path.mid", "path.png", "path.wav", "step_0.mid", "step_1.mid",
    ]  # fmt: skip
    (notice,) = done.stderr.splitlines()  # and no warning of a library
    assert notice.startswith("seqgen: long.mid: bars 0 to 1")


def test_a_sentence_and_no_traceback(model, music, tmp_path):
    done = run("reconstruct", model, str(music / "waltz.mid"), str(tmp_path / "out"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("seqgen: error: waltz.mid: it is in 3/4")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    [["--help"], ["--version"], [], ["interpolate", "--help"], ["translate", "--help"], ["info"]],
    ids=str,
)
def test_what_needs_no_model_loads_no_torch(line):
    code = (
        "import json, sys\nfrom seqgen.cli.main import main\n"
        "try: main(json.loads(sys.argv[1]))\nexcept SystemExit: pass\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(line)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert "seqgen" in loaded
    assert not loaded & {"torch", "note_seq", "pretty_midi", "matplotlib", "symusic"}


def test_a_cold_start_loads_neither_note_seq_nor_torchs_compiler(model, music, tmp_path):
    code = (
        "import json, sys\nfrom seqgen.cli.main import main\nassert main(json.loads(sys.argv[1])) == 0\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    line = ["interpolate", model, str(music / "a.mid"), str(music / "b.mid"), str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(line)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    # Each of these takes longer to import than the rest of the command to run.
    assert not loaded & {"note_seq", "pretty_midi", "torch._dynamo", "sympy", "matplotlib.pyplot", "IPython"}
