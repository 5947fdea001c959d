"""Kernels: one operation a folder, with its definition (`naive.py`), fast versions and a README of the maths.

    alpha = expected_alignment(p, previous, source_lengths, target_lengths)
    beta = chunkwise_attention(alpha, u, chunk=4)       # MoChA
    beta = lookback_attention(alpha, u)                 # MILk

B batch, U target rows, S source columns.
"""

from seqgen.kernels.chunk_attention import chunkwise_attention
from seqgen.kernels.expected_alignment import expected_alignment, expected_alignment_from_logits
from seqgen.kernels.lookback_attention import lookback_attention

__all__ = [
    "chunkwise_attention",
    "expected_alignment",
    "expected_alignment_from_logits",
    "lookback_attention",
]
