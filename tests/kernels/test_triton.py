"""The Triton kernels: interpreted and compiled ahead of time where no GPU is, and run where there is one."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from seqgen.kernels import expected_alignment
from tests.kernels.cases import KINDS, align, align_logits, both_passes, milk, mocha, probabilities

ROOT = Path(__file__).parents[2]
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="triton is not installed"
)


def run(module, *arguments):
    command = [sys.executable, "-m", f"tests.kernels.{module}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@needs_triton
def test_the_interpreter_equals_the_definition():
    done = run("interpret")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("equal\n")


@needs_triton
@pytest.mark.parametrize(("arguments", "said"), [((), "equal\n"), (("--bugs",), "all caught\n")], ids=str)
def test_the_interpreter_decodes_as_the_definition(arguments, said):
    done = run("interpret_decoding", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(said)


@needs_triton
def test_compiled_ahead_nothing_spills():
    done = run("compile_ahead")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 48
    assert all(line.endswith(" registers, 0 bytes of local memory") for line in lines)


@needs_triton
def test_the_cpu_needs_the_interpreter():
    with pytest.raises(ValueError, match="works on a CUDA device, got a tensor on cpu"):
        expected_alignment(torch.rand(1, 2, 3), backend="triton")


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(16, 50, 50), (4, 500, 1000)], ids=str)
def test_a_gpu_keeps_what_float64_knows(kind, shape):
    B, U, S = shape
    p, previous = probabilities(kind, *shape).float(), torch.eye(1, S).expand(B, S)
    e, u = 3 * torch.randn(shape), 20 * torch.randn(shape)
    lengths = {"source_lengths": torch.randint(S + 1, (B,)), "target_lengths": torch.randint(U + 1, (B,))}
    on_gpu = {name: x.cuda() for name, x in lengths.items()}
    for function, inputs, here, there in (
        (align, (p, previous), {}, {}),
        (align, (p, previous), lengths, on_gpu),
        (align_logits, (e, previous), lengths, on_gpu),
        (milk, (p, u), {}, {}),
        (mocha(8), (p, u), {}, {}),
    ):
        got = both_passes(function, *(x.cuda() for x in inputs), **there)
        wanted = both_passes(function, *(x.double() for x in inputs), **here)
        for a, b in zip(got, wanted, strict=True):
            assert (a.cpu() - b).abs().max() <= 1e-5 * b.abs().max()


@pytest.mark.gpu
def test_values_are_looked_at_on_a_gpu_when_asked():
    p = torch.full((2, 3, 4), 0.5, device="cuda")
    p[1, 2, 3] = 2
    expected_alignment(p)
    with pytest.raises(ValueError, match=r"p\[1, 2, 3\] must be a probability"):
        expected_alignment(p, check=True)
