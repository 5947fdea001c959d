"""python -m tests.core.interpret_generate: a decoder by the Triton kernels, in Triton's interpreter.

A process of its own: TRITON_INTERPRET=1 must be set before triton is imported.
"""

from __future__ import annotations

import os
import sys

os.environ["TRITON_INTERPRET"] = "1"

import torch

from seqgen.core import GREEDY, Sampling, fast_decode
from seqgen.core.state import leaves
from tests.core.native_cases import B, make, uniforms

CASES = {"fed": "categorical", "direct": "categorical", "metre": "bernoulli"}
CASES |= {"guided lstm": "categorical", "classic": "categorical", "conducted wavenet": "categorical"}


def main() -> int:
    good = True
    for core, head in CASES.items():
        decoder, state = make(core, head)
        for steps, how, end in ((5, Sampling(0.9), None), (9, GREEDY, None), (3, Sampling(), 3)):
            uniform, found = uniforms(decoder, B, steps), []
            for server in ("a test asks for torch", fast_decode.Triton(torch.device("cpu"))):
                fast_decode.library_for = lambda decoder, how, server=server: server
                found.append(decoder.generate(state, steps, how, uniform=uniform, end=end))
            (token, new), (wanted, after) = found
            pairs = zip(leaves(new), leaves(after), strict=True)
            same = torch.equal(token, wanted) and all(torch.allclose(a, b, 1e-4, 2e-5) for a, b in pairs)
            if not same:
                print(f"{core} and {head}, {how}, end {end}: other tokens or another state")
            good &= same
            state = new
        served = decoder.backend(GREEDY, "bfloat16")
        good &= served == "triton bfloat16"
    print("equal" if good else "not equal")
    return not good


if __name__ == "__main__":
    sys.exit(main())
