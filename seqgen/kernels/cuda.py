"""Many small launches as one: a CUDA graph of them, captured once and replayed."""

from __future__ import annotations

from collections.abc import Callable

import torch

WARM = 2
"""runs before the capture: kernels are compiled and loaded by the first"""


def cuda_graph(work: Callable[[], object], device: torch.device) -> Callable[[], object]:
    """Does what `work` does; on a GPU by a graph, on what is in the tensors of `work` when it is replayed.

    work: launches on tensors that stay where they are. It is run here, which must change nothing that counts.
    """
    if device.type != "cuda":
        return work
    with torch.cuda.device(device):
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            for _ in range(WARM):
                work()
        here.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            work()
    return graph.replay
