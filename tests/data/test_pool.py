"""A map that outlives its workers. Run as scripts, because spawned workers import the functions by name."""

import json

import pytest

SCRIPT = """
import json, os, signal, sys
from seqgen.data.pool import SurvivingPool

def work(items):
    for item in items:
        if item in DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        if item == "raise":
            raise KeyError("from the task")
    return [item * 2 for item in items]

def died(item):
    return f"died of {item}"

DEADLY = json.loads(sys.argv[1])
if __name__ == "__main__":
    chunks = json.loads(sys.argv[2])
    with SurvivingPool(work, died, int(sys.argv[3])) as pool:
        print(json.dumps(list(pool.map(chunks))))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_the_dead_are_named_and_the_rest_is_done_in_order(tmp_path, run_script, workers):
    numbers = [f"{i}" for i in range(40)]
    chunks = [numbers[i : i + 4] for i in range(0, 40, 4)]
    deadly = ["0", "17", "18", "39"]
    done = run_script(tmp_path / "x.py", SCRIPT, json.dumps(deadly), json.dumps(chunks), str(workers))
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert [chunk for chunk, _ in got] == chunks
    assert [[f"died of {i}" if i in deadly else i * 2 for i in chunk] for chunk in chunks] == [
        r for _, r in got
    ]


def test_an_exception_of_the_task_is_the_caller_s(tmp_path, run_script):
    done = run_script(tmp_path / "x.py", SCRIPT, "[]", '[["a"], ["raise"]]', "1")
    assert done.returncode == 1
    assert "KeyError: 'from the task'" in done.stderr
