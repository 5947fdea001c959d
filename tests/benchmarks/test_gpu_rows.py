"""What `python -m benchmarks --device cuda` measures, in small sizes; on a GPU, too, where there is one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import seqgen
from benchmarks import __main__ as command
from benchmarks import decoding_gpu, full_size, precision, training, wavenet_gpu
from benchmarks.harness import Row
from seqgen.kernels.native.library import load
from seqgen.kernels.packing import PRECISIONS
from seqgen.models.music_vae import MusicVAEConfig
from seqgen.models.music_vae.config import DecoderConfig, EncoderConfig
from tests.kernels.test_triton import needs_triton

ROOT = Path(__file__).parents[2]
ON_GPU = {"alignment", "decoding", "full_size", "interpolation", "precision", "training", "wavenet"}
SMALL = MusicVAEConfig(
    bars=2,
    latent=8,
    embedding=6,
    encoder=EncoderConfig(kind="flat", readout="final", width=16, layers=2),
    decoder=DecoderConfig(
        kind="hierarchical", plan="recurrent", width=16, layers=2, conductor_width=16, conductor_layers=2
    ),
)
SIZE = training.Size("small", 5, 2, 1)
WAVENET = wavenet_gpu.Shape(16, 16, 16, (1, 2, 1), 4, 3)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    """On a GPU not everything that is measured is deterministic."""
    if request.param == "cuda":
        torch.use_deterministic_algorithms(False)
    return request.param


@needs_triton
def test_the_interpreter_measures_decoding():
    line = [sys.executable, "-m", "tests.benchmarks.interpret"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("good\n")


@pytest.mark.gpu
@torch.no_grad()
def test_a_gpu_measures_decoding():
    torch.use_deterministic_algorithms(False)
    rows = [decoding_gpu.of_shape(16, 2, 4, 1e9, "cuda"), *wavenet_gpu.of_batch(WAVENET, 3, 1e9, "cuda")]
    assert len(rows) == 4
    assert all("which has 100.0% of our float32 tokens" in row.ratio for row in rows)


@torch.no_grad()
def test_decoding_without_triton_is_not_measured():
    with pytest.raises(RuntimeError, match="do not serve"):
        decoding_gpu.of_shape(16, 2, 3, 1e9, "cpu")


@pytest.mark.parametrize("asked", PRECISIONS)
def test_a_task_of_a_small_model(tmp_path, device, asked):
    full_size.save(tmp_path, SMALL)
    found = full_size.measure(tmp_path, asked, device)
    served = "triton" if device == "cuda" else "native"
    assert found["seconds"] > 0
    assert found["peak"] > 0
    assert f"decoded by {served} {asked}" in found["said"] or "decoded by torch" in found["said"]
    assert ("threads" in found["said"]) == (device == "cpu")


def test_rows_of_a_task_on_a_gpu_have_no_target_of_a_cpu(monkeypatch, tmp_path):
    found = {"seconds": 9.0, "peak": 9.0, "said": "so"}
    lines = []

    def run(line, **_):
        lines.append(line)
        return subprocess.CompletedProcess(line, 0, json.dumps(found) + "\n", "")

    monkeypatch.setattr(full_size.subprocess, "run", run)
    rows = full_size.of_precision(tmp_path, "int8", "cuda")
    assert [row.target for row in rows] == [None, None]
    assert rows[1].name.endswith("peak GPU memory")
    assert lines[0][-2:] == ["int8", "cuda"]
    assert [row.target for row in full_size.of_precision(tmp_path, "int8", "cpu")] == [1.0, 1.0]


@pytest.mark.parametrize("asked", training.PRECISIONS["cuda"])
def test_training_of_a_small_model(device, asked):
    found = training.measured(SMALL, SIZE, asked, device)
    rows = training.figures(SIZE, asked, device, found)
    assert [row.value > 0 for row in rows] == [True, True]
    assert "loss nan" not in found["said"]
    if device == "cpu":
        assert f"LSTMs in {asked};" in found["said"]


def test_training_that_does_not_fit_is_a_row(monkeypatch, capsys):
    def full(*_):
        raise torch.OutOfMemoryError("tried to allocate")

    monkeypatch.setattr(training, "measure", full)
    monkeypatch.setattr(sys, "argv", ["training", "hierdec-mel_16bar", "512", "bfloat16", "cuda"])
    training.main()
    (row,) = training.figures(SIZE, "bfloat16", "cuda", json.loads(capsys.readouterr().out))
    assert row.value == 0
    assert row.ratio == "does not fit the memory"


def test_a_size_that_there_is_not_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["training", "hierdec-mel_16bar", "512", "bfloat16", "cpu"])
    with pytest.raises(SystemExit):
        training.main()
    assert "must be one of cat-mel_2bar_small 512, hierdec-mel_16bar 32" in capsys.readouterr().err


@torch.no_grad()
def test_what_less_precision_changes(monkeypatch, device):
    if device == "cpu" and load() is None:
        pytest.skip("the native library is not built here")
    monkeypatch.setattr(precision, "CODES", 2)
    vae = seqgen.load("mel-2bar", device)
    token = precision.windows(vae, [ROOT / "examples"])[:3].to(device)
    rows = precision.of_vae(vae, token)
    assert len(rows) == (8 if device == "cpu" else 6)
    lm = seqgen.load("melody-lm", device)
    rows += precision.of_language(lm, precision.windows(lm, [ROOT / "examples"])[:3].to(device))
    for row in rows:
        if row.name.endswith(": KL"):
            assert 1e-9 < row.value < row.target


def test_subjects_of_a_gpu(monkeypatch, capsys):
    assert {name for name, subject in command.SUBJECTS.items() if subject.gpu} == ON_GPU
    measured = []

    def stand_in(name, subject):
        row = Row(name, 1.0, "s")
        return command.Subject(
            name, lambda a: measured.append((name, a.device)) or [row], subject.guards, subject.gpu
        )

    subjects = {name: stand_in(name, subject) for name, subject in command.SUBJECTS.items()}
    monkeypatch.setattr(command, "SUBJECTS", subjects)
    monkeypatch.setattr(command, "device_name", lambda device: f"a {device} of tests")
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--device", "cuda", "--no-tests"])
    assert command.main() == 0
    assert "Measured on a cuda of tests." in capsys.readouterr().out
    assert set(measured) == {(name, "cuda") for name in ON_GPU}


def test_guards_are_there():
    guards = {guard for subject in command.SUBJECTS.values() for guard in subject.guards}
    assert [guard for guard in sorted(guards) if not (ROOT / guard).exists()] == []
    assert all(subject.guards for subject in command.SUBJECTS.values())
