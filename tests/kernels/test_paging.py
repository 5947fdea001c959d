"""Pages of a file's weights leave memory, and come back as they were."""

import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from seqgen.kernels.paging import page_out

MB = 1 << 20


def resident() -> int:
    """Bytes of this process that lie in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and takes this advice")
def test_what_lies_in_a_file_leaves_memory_and_comes_back(tmp_path):
    save_file({"w": torch.arange(16 * MB, dtype=torch.float32)}, tmp_path / "w.safetensors")
    w = load_file(tmp_path / "w.safetensors")["w"]
    total = w.sum()
    before = resident()
    page_out(w.view(4096, -1)[:, :1000])  # a view: of the whole stretch that it spans
    assert before - resident() > 48 * MB
    assert w.sum() == total


def test_what_torch_holds_is_left_alone():
    x = torch.randn(3, 1 << 18)
    again = x.clone()
    page_out(x.T)
    page_out(x[:0])
    assert torch.equal(x, again)
