"""What `make sanitize` runs under catches planted bugs in C++ that Python calls."""

import subprocess
import sys

import pytest

from seqgen.kernels.native import build
from tests.kernels import sanitize

SOURCE = """
#include <cstdint>
#include <vector>
extern "C" int64_t element(const float* x, int64_t i) { return x[i] > 0; }
extern "C" int64_t in_vector(const float* x, int64_t i) { return std::vector<float>(x, x + 8)[i] > 0; }
extern "C" int64_t doubled(const float*, int64_t i) { return i + i; }
"""
CALL = """
import ctypes, sys

call = ctypes.CDLL(sys.argv[1])[sys.argv[2]]
eight = (ctypes.c_float * 8)()
call(eight, ctypes.c_int64(int(sys.argv[3])))
"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A small library, compiled as the sanitized kernels are, and the environment to load it in."""
    folder = tmp_path_factory.mktemp("planted")
    try:
        environment = sanitize.environment(folder)
    except OSError as error:
        pytest.skip(str(error))
    source, library = folder / "planted.cpp", folder / "planted.so"
    source.write_text(SOURCE)
    flags = [flag for flag in build.FLAGS if flag != "-fvisibility=hidden"]
    subprocess.run([*build.compiler(), *flags, *build.SANITIZE, str(source), "-o", str(library)], check=True)
    return library, environment


@pytest.mark.parametrize(
    ("function", "good", "bad", "said"),
    [
        ("element", 7, 8, "AddressSanitizer: heap-buffer-overflow"),  # one beyond an array
        ("in_vector", 7, 8, "Assertion '__n < this->size()' failed"),
        ("doubled", 2**62 - 1, 2**62, "runtime error: signed integer overflow"),
    ],
)
def test_a_planted_bug_is_caught(planted, function, good, bad, said):
    library, environment = planted
    runs = [
        subprocess.run(
            [sys.executable, "-c", CALL, str(library), function, str(argument)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        for argument in (good, bad)
    ]
    assert runs[0].returncode == 0, runs[0].stderr
    assert runs[1].returncode != 0
    assert said in runs[1].stderr


def test_a_folder_without_libraries_is_no_success(tmp_path, capsys):
    """There every test of a level would be skipped."""
    assert sanitize.main(tmp_path) == 1
    assert "portable: build with --sanitize" in capsys.readouterr().err
