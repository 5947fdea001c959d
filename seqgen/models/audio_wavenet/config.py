"""The shape of a WaveNet of sound as one frozen config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqgen.models.music_vae.limits import LARGEST, check_sizes

MOST_DILATIONS = 64
FARTHEST = 1 << 20


@dataclass(frozen=True)
class AudioWaveNetConfig:
    """A WaveNet over codes of sound, what tells it what to say, and the distribution of a sample."""

    head: Literal["categorical", "logistic"] = "categorical"
    """a softmax over all codes, or a mixture of logistics over them as ordered bins"""
    vocabulary_size: int = 256
    components: int = 10
    """logistic: of the mixture"""
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128) * 2
    """frames that each layer looks back"""
    kernel: int = 2
    """taps of a convolution"""
    width: int = 64
    """residual channels"""
    skip_width: int = 128
    output_width: int = 128
    embedding: int = 32
    """of a code"""
    digits: int = 10
    """classes of what is said; 0 for a model that is not told"""
    speakers: int = 0
    """of who says it; 0 for a model that is not told"""
    class_size: int = 16
    """embedding of a digit, and of a speaker"""
    guide: Literal["none", "timing", "features"] = "timing"
    """what reaches every layer at the rate of `hop`: nothing; a vector made from digit, speaker, duration and
    the place in it; or one made from given features (a vocoder)"""
    guide_size: int = 16
    """numbers in a vector of the guide"""
    guide_width: int = 256
    """timing: units of the layers that make it"""
    features: int = 0
    """features: numbers a frame"""
    hop: int = 80
    """samples from one vector of the guide to the next"""

    def __post_init__(self) -> None:
        check_sizes(self, width=LARGEST, skip_width=LARGEST, output_width=LARGEST, embedding=LARGEST)
        check_sizes(self, class_size=LARGEST, guide_size=LARGEST, guide_width=LARGEST, hop=LARGEST)
        check_sizes(self, components=1024, vocabulary_size=1 << 16, kernel=16)
        if not 1 <= len(self.dilations) <= MOST_DILATIONS:
            raise ValueError(f"dilations must be 1 to {MOST_DILATIONS} numbers, got {len(self.dilations)}")
        if not 1 <= min(self.dilations) <= max(self.dilations) <= FARTHEST:
            raise ValueError(f"dilations must be 1 to {FARTHEST} frames each, got {list(self.dilations)}")
        if self.kernel < 2 or self.vocabulary_size < 2:
            raise ValueError(
                f"kernel and vocabulary_size must be at least 2, got {self.kernel} and {self.vocabulary_size}"
            )
        for name in ("digits", "speakers", "features"):
            if not 0 <= getattr(self, name) <= LARGEST:
                raise ValueError(f"{name} must be 0 to {LARGEST}, got {getattr(self, name)}")
        if (self.guide == "features") != (self.features > 0):
            raise ValueError(
                f"features must be above 0 for guide: features, and 0 for any other, got {self.features} and "
                f"guide: {self.guide}"
            )

    @property
    def cond_size(self) -> int:
        """Numbers of the global conditioning; one, a zero, for a model that is told nothing."""
        return max(1, self.class_size * ((self.digits > 0) + (self.speakers > 0)))

    @property
    def local_size(self) -> int:
        return 0 if self.guide == "none" else self.guide_size
