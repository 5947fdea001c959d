"""One way to time, one way to print: every figure beside what it is compared to."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from seqgen import __version__


@dataclass(frozen=True)
class Row:
    """One measured thing."""

    name: str
    value: float
    unit: str
    target: float | None = None
    """the most it should be, or the least where `higher` is better"""
    higher: bool = False
    ratio: str = ""
    """how it compares with something else measured in the same run"""

    def cells(self) -> tuple[str, ...]:
        sign = ">=" if self.higher else "<="
        target = "" if self.target is None else f"{sign} {self.target:g}"
        met = self.target is None or (self.value >= self.target if self.higher else self.value <= self.target)
        return self.name, f"{self.value:.3g} {self.unit}", target, "" if met else "missed", self.ratio


def p95(seconds: list[float]) -> float:
    """The 95th percentile (exclusive method) of at least 20 times."""
    return statistics.quantiles(seconds, n=20)[-1]


def times(work: Callable[[], object], count: int, warmup: int = 3) -> list[float]:
    """Seconds of each of `count` calls."""
    for _ in range(warmup):
        work()
    result = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        result.append(time.perf_counter() - start)
    return result


def interleaved(
    works: dict[str, Callable[[], object]], rounds: int, warmup: int = 2
) -> dict[str, list[float]]:
    """Seconds of `rounds` calls of each, one after the other in every round: a neighbour that wakes up, or a
    clock that slows down, meets all of them."""
    for work in works.values():
        for _ in range(warmup):
            work()
    result: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            result[name].append(time.perf_counter() - start)
    return result


def spread(seconds: list[float], scale: float = 1.0) -> str:
    """The median, and the middle eight tenths."""
    low, *_, high = statistics.quantiles(seconds, n=10)
    return f"{scale * statistics.median(seconds):.3g} ({scale * low:.3g} to {scale * high:.3g})"


def wait(device: str) -> None:
    """Until a GPU has done all that it was asked to; a CPU has."""
    if device == "cuda":
        torch.cuda.synchronize()


def peak_gigabytes(device: str) -> float:
    """The most memory that this process has had: of the GPU in torch's tensors, else the resident set."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    status = Path("/proc/self/status")
    if status.exists():  # getrusage begins with the peak of the process that started this one
        (peak,) = re.findall(r"^VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"), re.MULTILINE)
        return int(peak) * 1024 / 1e9
    import resource  # Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def device_name(device: str) -> str:
    """What the figures were measured on."""
    if device == "cuda":
        return f"{torch.cuda.get_device_name()} (torch {torch.__version__})"
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    return f"{cpu}, {os.cpu_count()} cores, {torch.get_num_threads()} threads (torch {torch.__version__})"


def as_json(tables: dict[str, list[Row]], device: str) -> str:
    """All tables with the device and the versions."""
    versions = {"seqgen": __version__, "torch": torch.__version__, "python": platform.python_version()}
    head = {"device": device_name(device), "threads": torch.get_num_threads(), "versions": versions}
    body = {title: [asdict(row) for row in rows] for title, rows in tables.items()}
    return json.dumps({**head, "tables": body}, indent=1, ensure_ascii=False) + "\n"


def table(title: str, rows: list[Row]) -> str:
    """A Markdown table."""
    head = ("what", "measured", "target", "", "compared in this run")
    lines = [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row.cells()) + " |" for row in rows), ""])
