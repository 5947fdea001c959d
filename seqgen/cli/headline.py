"""What `seqgen info` says of a model in a line."""

from __future__ import annotations

from seqgen.models.translator import TranslatorConfig
from seqgen.tasks.music import MusicModel
from seqgen.tasks.recognition import RecognitionModel
from seqgen.tasks.translation import TranslationModel


def headline(model: MusicModel | TranslationModel | RecognitionModel) -> str:
    """What kind of model it is."""
    if isinstance(model, MusicModel):
        return f"{model.converter.name}, {model.converter.bars} bars"
    if isinstance(model, TranslationModel):
        return f"{policy(model.translator.config)}, {model.subwords.vocabulary_size:,} subwords"
    kind = "recogniser, as it hears" if model.streams else "recogniser, at the end of a recording"
    return f"{kind}, {len(model.speech.symbols)} words"


def policy(config: TranslatorConfig) -> str:
    """When a translator writes."""
    return {
        "soft": "translator that reads the whole sentence first",
        "wait_k": f"streaming translator, {config.wait_k} words behind (wait-k)",
        "hard": "streaming translator, hard monotonic attention",
        "mocha": f"streaming translator, MoChA over {config.chunk} subwords",
        "milk": "streaming translator, MILk attention",
    }[config.attention]
