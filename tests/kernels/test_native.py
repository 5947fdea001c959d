"""The native library: chosen by the processor, shared among threads, and missed with a word, once."""

import importlib.util
import logging
import subprocess
import sys
import types
from pathlib import Path

import pytest
import torch

from seqgen.kernels import choose as choosing
from seqgen.kernels import expected_alignment, lookback_attention
from seqgen.kernels.native import build, library
from tests.kernels.cases import both_passes, probabilities, runs_here

ROOT = Path(__file__).parents[2]


@pytest.fixture
def no_cache():
    """The library is looked for anew, and forgotten again."""
    library._load.cache_clear()
    yield
    library._load.cache_clear()


def test_the_best_level_is_chosen(no_cache):
    loaded = library.load()
    if loaded is None:
        pytest.skip("the library is not built here")
    assert loaded.level == next(level for level in build.levels() if runs_here(level))
    assert loaded.threads == 1


@pytest.mark.parametrize("backend", ["native", None])
def test_threads_change_nothing(monkeypatch, backend):
    p, u = probabilities("mixed", 5, 7, 40), torch.randn(5, 7, 40, dtype=torch.float64)
    results = []
    for threads in (1, 3):
        loaded = library.load(threads=threads)
        if loaded is None:
            pytest.skip("the library is not built here")
        monkeypatch.setattr(choosing, "load", lambda loaded=loaded: loaded)
        alpha, to_p = both_passes(expected_alignment, p, backend=backend)
        results.append([alpha, to_p, *both_passes(lookback_attention, alpha, u, backend=backend)])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_threads_are_named_in_the_environment(monkeypatch, no_cache):
    monkeypatch.setenv("SEQGEN_THREADS", "many")
    with pytest.raises(ValueError, match="SEQGEN_THREADS must be a whole number of at least 1, got 'many'"):
        library._wanted_threads()
    monkeypatch.setenv("SEQGEN_THREADS", "2")
    assert library._wanted_threads() == 2


def test_a_missing_library_is_said_once_and_torch_serves(monkeypatch, no_cache, caplog, tmp_path):
    p = torch.rand(2, 3, 4)
    wanted = expected_alignment(p, backend="naive")
    monkeypatch.setenv("SEQGEN_NATIVE", str(tmp_path))
    with caplog.at_level(logging.WARNING, "seqgen"):
        for _ in range(3):
            torch.testing.assert_close(expected_alignment(p), wanted)
    (record,) = caplog.records
    assert "python -m seqgen.kernels.native.build" in record.getMessage()
    with pytest.raises(ValueError, match=r"not built here: with a C\+\+ compiler"):
        expected_alignment(p, backend="native")


def test_a_folder_of_libraries_that_is_none_is_said(monkeypatch, no_cache, tmp_path):
    monkeypatch.setenv("SEQGEN_NATIVE", str(tmp_path / "none"))
    with pytest.raises(ValueError, match=r"SEQGEN_NATIVE must be a folder .* got '.*none'"):
        library.load()


def test_no_compiler_is_said(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert build.main() == 1
    assert "the native kernels were not built: found no C++ compiler" in capsys.readouterr().err


def test_an_install_goes_on_without_a_compiler(monkeypatch, tmp_path):
    """The hook as pip runs it, with a stand-in for the build tool, which tests do not install."""
    interface = types.ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = object
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    said, data = [], {"artifacts": []}
    hook = module.NativeKernels()
    hook.root, hook.app = str(ROOT), types.SimpleNamespace(display_warning=said.append)
    hook.initialize("standard", data)
    assert data == {"artifacts": []}  # a wheel for any platform
    assert len(said) == 1
    assert "found no C++ compiler" in said[0]


def test_a_compiler_that_fails_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", f"{sys.executable} -c 'import sys; sys.exit(\"no such flag\")'")
    with pytest.raises(OSError, match=r"compiled nothing: .*no such flag"):
        build.build(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_build_is_loaded_by_name(monkeypatch, tmp_path):
    """With a compiler that writes what it is told to: old libraries go, and the name follows the sources."""
    compiler = "import sys; open(sys.argv[sys.argv.index('-o') + 1], 'w').write('built')"
    monkeypatch.setenv("CXX", f'{sys.executable} -c "{compiler}"')
    old = tmp_path / "seqgen_portable_000000000000.so"
    old.write_text("old")
    built = build.build(tmp_path)
    assert set(built) == {build.path(level, tmp_path) for level in build.levels()} == set(tmp_path.iterdir())
    assert built[0].read_text() == "built"


def test_a_build_for_sanitizers_goes_elsewhere(monkeypatch, tmp_path):
    """With a compiler that writes its flags."""
    compiler = "import sys; open(sys.argv[sys.argv.index('-o') + 1], 'w').write(' '.join(sys.argv))"
    monkeypatch.setenv("CXX", f'{sys.executable} -c "{compiler}"')
    folder = tmp_path / "new" / "sanitized"
    assert build.main(["--sanitize", str(folder)]) == 0
    assert set(folder.iterdir()) == {build.path(level, folder) for level in build.levels()}
    flags = build.path("portable", folder).read_text().split()
    assert flags.index("-O3") < flags.index("-O1")  # the last one counts
    assert set(build.SANITIZE) <= set(flags)


def test_importing_the_kernels_brings_no_triton():
    code = "import sys, seqgen.kernels; sys.exit('triton' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
