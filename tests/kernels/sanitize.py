"""python -m tests.kernels.sanitize FOLDER: the native kernels' tests on libraries built for sanitizers.

AddressSanitizer has to be loaded before Python, so the tests run in a process of their own that preloads it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from seqgen.kernels.native import build

RUNTIMES = ("libasan.so", "libubsan.so", "libstdc++.so.6")
TESTS = (
    *(f"tests/kernels/test_{name}.py" for name in ("native", "thin", "against_definition", "errors", "laws")),
    *(f"tests/kernels/test_{name}.py" for name in ("lstm_decode", "lstm_sequence", "wavenet_decode")),
    *(f"tests/kernels/test_{name}.py" for name in ("accuracy", "autograd", "sanitize")),
    "tests/core/test_generate_native.py",
    "tests/core/test_packed_lstm.py",
)


def environment(folder: Path) -> dict[str, str]:
    """What a process needs to load the libraries in `folder`. Raises OSError without sanitizers."""
    command = build.compiler()
    if command is None:
        raise OSError("found no C++ compiler (c++, g++, clang++ or $CXX)")
    files = []
    for name in RUNTIMES:
        line = [*command, f"-print-file-name={name}"]
        file = subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
        if not Path(file).is_absolute():  # GCC answers with the bare name of what it has not
            raise OSError(f"the compiler {command[0]} has no {name}: it takes GCC and its sanitizers")
        files.append(file)
    return {
        **os.environ,
        "LD_PRELOAD": " ".join(files),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python and torch keep memory to their end
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",  # Python's own arenas would hide what lies beside an array
        "SEQGEN_NATIVE": str(folder.resolve()),
    }


def main(folder: Path, *options: str) -> int:
    missing = [level for level in build.levels() if not build.path(level, folder).exists()]
    if missing:  # their tests would be skipped
        print(f"{folder} lacks {', '.join(missing)}: build with --sanitize {folder}", file=sys.stderr)
        return 1
    # Pytest leaves the process's own stderr alone: a sanitizer writes its report there and ends the process.
    line = [sys.executable, "-m", "pytest", "--capture=sys", *options, *TESTS]
    try:
        return subprocess.run(line, env=environment(folder)).returncode
    except OSError as error:
        print(f"the sanitizers cannot run: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
