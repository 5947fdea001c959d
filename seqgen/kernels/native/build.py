"""python -m seqgen.kernels.native.build: compile the native library, once for each processor level.

With `--sanitize FOLDER` it is compiled into another folder, with AddressSanitizer and
UndefinedBehaviorSanitizer in it.

The install runs it too (`hatch_build.py`), where neither torch nor seqgen can be imported yet: standard
library only.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = (
    "alignment.cpp",
    "window.cpp",
    "thin.cpp",
    "lstm_decode.cpp",
    "lstm_sequence.cpp",
    "wavenet_decode.cpp",
    "level.cpp",
)
HEADERS = ("vector.h", "work.h", "activation.h", "decode.h", "draw.h", "product.h")
FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden", "-fno-math-errno")
SANITIZE = (
    "-O1",
    "-g",
    "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",  # undefined behaviour ends the process: a line on stderr fails no test
    "-D_GLIBCXX_ASSERTIONS",
)
AVX512 = ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma")
X86_LEVELS = {
    "avx512dot": (*AVX512, "-mavx512vnni", "-mavx512bf16"),
    "avx512": AVX512,
    "avx2": ("-mavx2", "-mfma"),
}


def levels() -> dict[str, tuple[str, ...]]:
    """What to compile here, best first, with the flags of each: `portable` needs none and runs everywhere."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    return {**(X86_LEVELS if x86 else {}), "portable": ()}


def path(level: str, folder: Path = HERE) -> Path:
    """The library of one level; its name holds a hash of the sources, so an old one is not taken for new."""
    content = b"".join((HERE / name).read_bytes() for name in (*SOURCES, *HEADERS, "build.py"))
    return folder / f"seqgen_{level}_{hashlib.sha256(content).hexdigest()[:12]}.so"


def compiler() -> list[str] | None:
    """The command of $CXX, else of the system's C++ compiler; None where there is none."""
    wanted = shlex.split(os.environ.get("CXX", ""))
    for command in (wanted, ["c++"], ["g++"], ["clang++"]):
        if command and shutil.which(command[0]):
            return command
    return None


def build(folder: Path = HERE, more: tuple[str, ...] = ()) -> list[Path]:
    """Compile every level into `folder`, at the same time, and remove older libraries.

    more: flags that come after those of every level. Returns what was built. Raises OSError, with what the
    compiler said, where nothing could be.
    """
    command = compiler()
    if command is None:
        raise OSError("found no C++ compiler (c++, g++, clang++ or $CXX)")
    running = {}
    folder.mkdir(parents=True, exist_ok=True)
    for level, flags in levels().items():
        target = path(level, folder)
        part = target.with_suffix(f".{os.getpid()}.part")  # a process that loads it sees all of it or nothing
        sources = [str(HERE / name) for name in SOURCES]
        line = [*command, *FLAGS, *flags, *more, *sources, "-o", str(part)]
        running[target, part] = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    built, said = [], ""
    for (target, part), process in running.items():
        said += process.communicate()[1]
        if process.returncode == 0:
            part.replace(target)
            built.append(target)
        part.unlink(missing_ok=True)
    if not built:
        raise OSError(f"{shlex.join(command)} compiled nothing: {said.strip()[-2000:]}")
    for old in set(folder.glob("seqgen_*.so")) - set(built):
        old.unlink()
    return built


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="python -m seqgen.kernels.native.build")
    parser.add_argument(
        "--sanitize", type=Path, metavar="FOLDER", help="build for the sanitizers, into FOLDER instead"
    )
    folder = parser.parse_args(arguments).sanitize
    try:
        built = build() if folder is None else build(folder, SANITIZE)
    except OSError as error:
        print(f"the native kernels were not built: {error}", file=sys.stderr)
        return 1
    print("built", ", ".join(file.name for file in built))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
