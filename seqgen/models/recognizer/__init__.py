"""Speech recognition that can begin before the speaker has ended."""

from seqgen.models.recognizer.config import RecognizerConfig
from seqgen.models.recognizer.model import (
    Batch,
    Heard,
    Losses,
    Objective,
    Recognizer,
    RecognizerState,
)

__all__ = ["Batch", "Heard", "Losses", "Objective", "Recognizer", "RecognizerConfig", "RecognizerState"]
