"""What every test runs under: one thread, fixed seeds, poisoned memory, examples that repeat."""

import os
import random
from collections.abc import Iterator

# cuBLAS reads this when it starts; without it, deterministic algorithms refuse every matrix product on a GPU.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import numpy as np
import pytest
import torch
from hypothesis import settings

# Two test processes with one thread each finish sooner on two cores than their threads do fighting for them,
# and sums do not depend on how many cores there are.
torch.set_num_threads(1)

# The same examples on every run and every machine: a failure here is a failure everywhere.
settings.register_profile("seqgen", derandomize=True, deadline=None, database=None, max_examples=40)
settings.load_profile("seqgen")


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """Each test starts from the same seeds, whichever ran before it."""
    random.seed(0)
    # Third parties draw from the global generator; our own code takes one as an argument.
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def poisoned_memory() -> Iterator[None]:
    """Memory that nobody has written reads as NaN (or the largest integer), so using it cannot pass a test.

    torch fills torch.empty, empty_like, empty_strided, new_empty and resize_ itself while deterministic
    algorithms are on. That holds in C++ and in kernels too, which patching the Python names would not, and it
    leaves nn.Module constructors alone: their parameters are filled, then initialised. On a GPU an operation
    without a deterministic version raises; a test of one turns the switch off for itself.
    """
    torch.utils.deterministic.fill_uninitialized_memory = True
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="no CUDA device"))
