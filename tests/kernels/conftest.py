import pytest

from seqgen.kernels import choose as choosing
from seqgen.kernels.native.library import load
from tests.kernels.cases import VERSIONS, runs_here


@pytest.fixture(params=VERSIONS)
def version(request, monkeypatch):
    """Each version that serves on the CPU takes its turn: one level of the native library, or plain torch."""
    name = request.param
    library = None
    if name != "torch":
        library = load(name) if runs_here(name) else None
        if library is None:
            pytest.skip(f"this processor has no {name}, or its library is not built")
    monkeypatch.setattr(choosing, "load", lambda: library)
    return name
