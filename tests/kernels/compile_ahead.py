"""python -m tests.kernels.compile_ahead: compile every Triton kernel for GPUs that are not here.

Prints a line a kernel: name, architecture, registers and bytes of local memory (spills, stack) a thread.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from seqgen.kernels.chunk_attention import triton_kernel as chunk
from seqgen.kernels.expected_alignment import triton_kernel as alignment
from seqgen.kernels.lookback_attention import triton_kernel as lookback
from seqgen.kernels.lstm_decode import triton_kernel as lstm
from seqgen.kernels.packing import PRECISIONS
from seqgen.kernels.reduced import reduced
from seqgen.kernels.triton_head import COLUMNS, INPUTS, ROWS, draw_kernel, linear_kernel, number, stages
from seqgen.kernels.wavenet_decode import triton_kernel as wavenet
from seqgen.kernels.wavenet_decode.on_device import MOST_SKIP, WIDEST

CUOBJDUMP = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
NUMBERS = dict.fromkeys(
    ("U", "S", "chunk", "B", "N", "D", "n", "V", "period", "stride", "flip", "inputs", "outputs"), "i32"
)
LENGTHS = dict.fromkeys(("SOURCE", "TARGET", "BEFORE", "FRAME", "NUMBERS", "DILATION", "FIRST"), "*i64")
NUMBERS |= {**dict.fromkeys(("R", "C", "L"), "i32"), "share": "fp32"}
SCALES = ("SCALE", "OWN_SCALE", "BELOW_SCALE", "TAPS_SCALE", "LEAVE_SCALE")
WIDTHS = ("C", "D", "S", "stride", "flip", "inputs")
"""numbers that multiples of 16 are compiled for, as the launcher would"""
LOWEST = -3.4028234663852886e38


class Case(NamedTuple):
    kernel: Any
    constants: dict
    warps: int
    what: str = ""
    types: dict = {}  # noqa: RUF012  # never written
    stages: int = 3


def cases(longest: int) -> list[Case]:
    """For sources of up to `longest` columns, rounded up to a power of two."""
    block = triton.next_power_of_2(longest)
    whole, warps = {"BLOCK": block}, alignment.warps(block)
    return [
        *(
            Case(kernel, {**whole, "LOGITS": logits}, warps, " (logits)" if logits else "")
            for kernel in (alignment.forward_kernel, alignment.backward_kernel)
            for logits in (False, True)
        ),
        *(
            Case(kernel, {**whole, "LOWEST": LOWEST}, lookback.warps(block))
            for kernel in (lookback.forward_kernel, lookback.backward_kernel)
        ),
        *(
            Case(kernel, {"BLOCK": chunk.BLOCK, "LOWEST": LOWEST}, 4)
            for kernel in (chunk.window_kernel, chunk.share_kernel)
        ),
    ]


def decoding() -> list[Case]:
    """For widths that are multiples of 16, at every precision."""
    found = []
    for precision in PRECISIONS:
        w = reduced(torch.ones(1, 1), precision)
        kind = "*" + {"float32": "fp32", "bfloat16": "bf16", "int8": "i8"}[precision]
        types = {"OWN": kind, "BELOW": kind, "W": kind}
        constants = {"NUMBER": number(w), "BLOCK_B": ROWS, "BLOCK_K": INPUTS}
        if w.scale is None:
            constants |= dict.fromkeys(SCALES)
        first = {"BIAS": None, "BELOW": None, "BELOW_SCALE": None, "PLANNED": True}
        for kernel, what, own in (
            (lstm.layer_kernel, "first layer", {"BLOCK_D": lstm.UNITS, **first}),
            (lstm.layer_kernel, "layer", {"BLOCK_D": lstm.UNITS, "PLANNED": False}),
            (linear_kernel, "", {"BLOCK_J": COLUMNS, "RELU": False}),
        ):
            said = f" ({', '.join(filter(None, (what, precision)))})"
            found.append(Case(kernel, {**constants, **own}, 4, said, types, stages(w)))
        sizes = {"K": 2, "PLANNED": True, "BLOCK_C": WIDEST, "BLOCK_S": MOST_SKIP}
        kinds = {"TAPS": kind, "LEAVE": kind}
        ahead = wavenet.stages(w)
        found.append(
            Case(
                wavenet.layers_kernel, {**constants, **sizes}, wavenet.WARPS, f" ({precision})", kinds, ahead
            )
        )
    for bits, greedy in itertools.product((False, True), repeat=2):
        how = {"BITS": bits, "GREEDY": greedy, "BLOCK_V": 512}
        found.append(Case(draw_kernel, how, 4, f" (bits {bits}, greedy {greedy})"))
    return found


def resources(case: Case, capability: int) -> tuple[int, int]:
    """Registers and bytes of local memory a thread, as the assembler laid them out."""
    names = case.kernel.arg_names
    constants = {name: value for name, value in case.constants.items() if name in names}
    types = {**dict.fromkeys(names, "*fp32"), **NUMBERS, **LENGTHS, **case.types}
    signature = {name: "constexpr" if name in constants else types[name] for name in names}
    # As the launcher would: torch's memory is aligned to 16 bytes.
    attributes = {
        (i,): [["tt.divisibility", 16]]
        for i, name in enumerate(names)
        if signature[name][0] == "*" or name in WIDTHS
    }
    source = ASTSource(case.kernel, signature, constexprs=constants, attrs=attributes)
    options = {"num_warps": case.warps, "num_stages": case.stages}
    compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(compiled.asm["cubin"])
        file.flush()
        command = [str(CUOBJDUMP), "--dump-resource-usage", file.name]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {key: int(value) for key, value in re.findall(r"(REG|STACK|LOCAL):(\d+)", said)}
    return found["REG"], found["STACK"] + found["LOCAL"]


def main() -> int:
    spilled = False
    for capability in (80, 90):
        for case in (*cases(1000), *decoding()):
            registers, local = resources(case, capability)
            name = f"{case.kernel.__module__.split('.')[-2]}.{case.kernel.__name__}{case.what}"
            print(f"{name} sm_{capability}: {registers} registers, {local} bytes of local memory")
            spilled |= local > 0
    return spilled


if __name__ == "__main__":
    sys.exit(main())
