"""What `--precision` may be; `seqgen.kernels.packing` says the same, but loads torch."""

from __future__ import annotations

from typing import Literal

Precision = Literal["float32", "bfloat16", "int8"]
