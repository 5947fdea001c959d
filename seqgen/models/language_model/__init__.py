"""A language model of music: what comes next, given all that came before."""

from seqgen.models.language_model.config import LanguageModelConfig
from seqgen.models.language_model.model import LanguageModel, Losses

__all__ = ["LanguageModel", "LanguageModelConfig", "Losses"]
