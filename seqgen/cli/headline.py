"""What `seqgen info` says of a model in a line."""

from __future__ import annotations

from seqgen.models.translator import TranslatorConfig
from seqgen.tasks.audio import AudioModel
from seqgen.tasks.groove import GrooveModel
from seqgen.tasks.language import ContinuationModel
from seqgen.tasks.music import MusicModel
from seqgen.tasks.recognition import RecognitionModel
from seqgen.tasks.translation import TranslationModel


def headline(
    model: MusicModel | GrooveModel | TranslationModel | RecognitionModel | ContinuationModel | AudioModel,
) -> str:
    """What kind of model it is."""
    if isinstance(model, MusicModel):
        bars = model.converter.bars
        return f"{model.converter.name}, {bars} bar{'s' * (bars != 1)}"
    if isinstance(model, GrooveModel):
        does = "humanises beats" if model.humanizes else "makes beats of taps"
        return f"played drums, {model.converter.bars} bars, {does}"
    if isinstance(model, AudioModel):
        told = f"{len(model.sound.digits)} digits, {len(model.sound.speakers)} speakers"
        return "vocoder (WaveNet)" if model.wavenet.config.features else f"WaveNet of sound, {told}"
    if isinstance(model, ContinuationModel):
        voice = "LSTM" if model.lm.config.voice == "lstm" else "WaveNet"
        return f"language model ({voice}) of {model.converter.name}"
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
