"""Translation that can begin before the source has ended."""

from seqgen.models.translator.config import TranslatorConfig
from seqgen.models.translator.model import Losses, Objective, Translator, TranslatorState, Written

__all__ = ["Losses", "Objective", "Translator", "TranslatorConfig", "TranslatorState", "Written"]
