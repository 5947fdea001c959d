"""python -m tests.kernels.compile_ahead: compile every Triton kernel for GPUs that are not here.

Prints a line a kernel: name, architecture, registers and bytes of local memory (spills, stack) a thread.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from seqgen.kernels.chunk_attention import triton_kernel as chunk
from seqgen.kernels.expected_alignment import triton_kernel as alignment
from seqgen.kernels.lookback_attention import triton_kernel as lookback

CUOBJDUMP = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
NUMBERS = {"U": "i32", "S": "i32", "chunk": "i32"}
LENGTHS = {"SOURCE": "*i64", "TARGET": "*i64"}
LOWEST = -3.4028234663852886e38


def cases(longest: int) -> list[tuple]:
    """kernel, constants, warps: for sources of up to `longest` columns, rounded up to a power of two."""
    block = triton.next_power_of_2(longest)
    whole, warps = {"BLOCK": block}, alignment.warps(block)
    return [
        *(
            (kernel, {**whole, "LOGITS": logits}, warps)
            for kernel in (alignment.forward_kernel, alignment.backward_kernel)
            for logits in (False, True)
        ),
        *(
            (kernel, {**whole, "LOWEST": LOWEST}, lookback.warps(block))
            for kernel in (lookback.forward_kernel, lookback.backward_kernel)
        ),
        *(
            (kernel, {"BLOCK": chunk.BLOCK, "LOWEST": LOWEST}, 4)
            for kernel in (chunk.window_kernel, chunk.share_kernel)
        ),
    ]


def resources(kernel: object, constants: dict, warps: int, capability: int) -> tuple[int, int]:
    """Registers and bytes of local memory a thread, as the assembler laid them out."""
    types = {**dict.fromkeys(kernel.arg_names, "*fp32"), **NUMBERS, **LENGTHS}
    signature = {name: "constexpr" if name in constants else types[name] for name in kernel.arg_names}
    # As the launcher would: torch's memory is aligned to 16 bytes.
    attributes = {
        (i,): [["tt.divisibility", 16]]
        for i, name in enumerate(kernel.arg_names)
        if signature[name][0] == "*"
    }
    source = ASTSource(kernel, signature, constexprs=constants, attrs=attributes)
    compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": warps})
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
        for kernel, constants, warps in cases(1000):
            registers, local = resources(kernel, constants, warps, capability)
            name = f"{kernel.__module__.split('.')[-2]}.{kernel.__name__}"
            kind = " (logits)" if constants.get("LOGITS") else ""
            print(f"{name}{kind} sm_{capability}: {registers} registers, {local} bytes of local memory")
            spilled |= local > 0
    return spilled


if __name__ == "__main__":
    sys.exit(main())
