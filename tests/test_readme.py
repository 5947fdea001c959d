"""Every command and every line of Python in the README runs, on small data."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from seqgen.cli.main import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line.strip().split("  #")[0].strip() for line in README.splitlines() if line.startswith("    ")]
SERVE = "seqgen serve"
"""runs until it is interrupted"""
STAND_INS = {
    "my_midi": "tests/fixtures/tiny/melodies",
    "my_text": "tests/fixtures/text",
    "examples": "examples",
    "configs": "configs",
}
"""what a reader has at hand, and what stands for it here"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder as the reader's, in which all commands run one after the other."""
    folder = tmp_path_factory.mktemp("desk")
    for name, target in STAND_INS.items():
        (folder / name).symlink_to(ROOT / target)
    return folder


def test_the_readme_has_commands_for_each_user():
    verbs = {shlex.split(command)[1] for command in COMMANDS if command.startswith("seqgen ")}
    assert {"interpolate", "info", "sample", "prepare", "train", "evaluate"} <= verbs
    assert any("| seqgen translate" in command for command in COMMANDS)
    assert {"make demo", "make test"} <= set(COMMANDS)


def test_the_seqgen_commands_run_one_after_the_other(desk, monkeypatch, capsys):
    """In one test: what one writes another reads, and tests may be spread over processes."""
    monkeypatch.chdir(desk)
    for command in (c for c in COMMANDS if c.startswith("seqgen ") and c != SERVE):
        arguments = shlex.split(command)[1:]
        if arguments[0] == "train":  # two steps instead of minutes
            at = arguments.index("--max-minutes")
            arguments = [str(ROOT / "seqgen/shipped/de-en") if a == "runs/offline" else a for a in arguments]
            arguments[at : at + 2] = ["--max-steps", "2"]
        assert main(arguments) == 0, f"{command}: {capsys.readouterr().err}"
    assert (desk / "out/path.png").stat().st_size > 10_000


def test_the_service_runs_until_it_is_interrupted(tmp_path):
    assert SERVE in COMMANDS
    free = [word for name in ("port", "stream-port", "osc-port") for word in (f"--{name}", "0")]
    command = [sys.executable, "-m", "seqgen.cli.main", *shlex.split(SERVE)[1:], *free]
    environment = {**os.environ, "SEQGEN_HOME": str(tmp_path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=60)[1]
    assert said.startswith("Serving on http://127.0.0.1:"), errors
    assert process.returncode == 0


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("echo ")])
def test_a_pipe_runs(command, desk):
    """In a shell, with the `seqgen` beside this Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, shell=True, cwd=desk, capture_output=True, text=True, env={**os.environ, "PATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.S))
def test_the_python_runs(block, desk, monkeypatch):
    monkeypatch.chdir(desk)
    exec(compile(block, "README.md", "exec"), {})
    assert "write_midi" not in block or (desk / "step_4.mid").exists()


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_a_make_command_is_a_target(command):
    plan = subprocess.run([*command.split(), "-n"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert command != "make demo" or "seqgen interpolate mel-16bar examples/melody_a.mid" in plan.stdout


def test_the_extras_that_the_readme_installs_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {extra for group in re.findall(r"\.\[([a-z,]+)\]", README) for extra in group.split(",")}
    assert named
    assert named <= extras.keys()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)h#][^)#]*)\)", README))))
def test_a_link_leads_somewhere(target):
    assert (ROOT / target).exists()
