"""`seqgen.load`: a model of whatever kind its folder says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.models.checkpoint import is_groove, kind_of, read_config
from seqgen.tasks.shipped import find_folder

if TYPE_CHECKING:
    from seqgen.tasks.audio import AudioModel
    from seqgen.tasks.groove import GrooveModel
    from seqgen.tasks.language import ContinuationModel
    from seqgen.tasks.music import MusicModel
    from seqgen.tasks.recognition import RecognitionModel
    from seqgen.tasks.translation import TranslationModel


def load(
    model: str | Path, device: str = "cpu"
) -> MusicModel | GrooveModel | TranslationModel | RecognitionModel | ContinuationModel | AudioModel:
    """A shipped model by its name, or any model by its folder.

    >>> vae = seqgen.load("mel-2bar")  # doctest: +SKIP

    Raises:
        ValueError: for an unknown name, or a folder that holds no complete model.
    """
    sections = read_config(find_folder(model))
    kind = kind_of(sections)
    if is_groove(sections):
        from seqgen.tasks.groove import load_groove

        return load_groove(model, device)
    if kind == "translator":
        from seqgen.tasks.translation import load as load_translation

        return load_translation(model, device)
    if kind == "audio_wavenet":
        from seqgen.tasks.audio import load_audio

        return load_audio(model, device)
    if kind == "recognizer":
        from seqgen.tasks.recognition import load_recognizer

        return load_recognizer(model, device)
    if kind == "language_model":
        from seqgen.tasks.language import load_language_model

        return load_language_model(model, device)
    from seqgen.tasks.music import load as load_music

    return load_music(model, device)
