"""What a config may ask for: sizes in a file from elsewhere are bounded."""

from __future__ import annotations

from typing import Any

LARGEST = 1 << 16
MOST_LAYERS = 16
HEADS = 4
"""of an attention over bars"""
MOST_BARS = 1024
MOST_DILATIONS = 64
MOST_PARTS = 16
MOST_TUPLES = (1 << 31) - 1
MOST_PATTERNS = 1 << 61
"""of bits: with start and blank they must fit an integer"""
FARTHEST = 1 << 14
"""frames that a WaveNet may look back: a state holds that many"""
BITS = ("bernoulli", "nade", "groove", "groove_mixture")
"""heads of log2(vocabulary_size) numbers that are 0 or 1"""
DRUMS = 9
"""of a groove"""
TAPPED = 3
"""the drum that stands for all where a groove is tapped: the open hi-hat, as in GrooVAE"""
BY_BAR = ("hierarchical", "all", "hierarchical", "direct")


def check_sizes(config: Any, **largest: int) -> None:
    """A size in a file from elsewhere must neither break torch nor keep it busy for hours."""
    for name, high in largest.items():
        if not 1 <= getattr(config, name) <= high:
            raise ValueError(f"{name} must be 1 to {high}, got {getattr(config, name)}")


def check_dilations(dilations: tuple[int, ...]) -> None:
    """The weights say nothing about dilations, so a file could ask for a state of any size."""
    if not 1 <= len(dilations) <= MOST_DILATIONS or min(dilations) < 1 or sum(dilations) > FARTHEST:
        shown = f"{len(dilations)} that sum to {sum(dilations)}" if len(dilations) > 16 else list(dilations)
        raise ValueError(
            f"dilations must be 1 to {MOST_DILATIONS} numbers of at least 1 that sum to at most {FARTHEST}, "
            f"got {shown}"
        )
