"""How the commands load a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqgen.tasks.groove import GrooveModel
    from seqgen.tasks.language import ContinuationModel
    from seqgen.tasks.music import MusicModel
    from seqgen.tasks.translation import TranslationModel


def load(model: str) -> MusicModel:
    """`seqgen.load` on one thread: the same bytes on every machine, and no threads that wait for busy cores.

    A command decodes for a tenth of a second, so more threads would gain nothing.
    """
    import torch

    from seqgen.tasks.music import load as load_model

    torch.set_num_threads(1)
    return load_model(model)


def load_translator(model: str) -> TranslationModel:
    """A translator, on one thread too: a word is a few small products."""
    import torch

    from seqgen.tasks.translation import load as load_translation

    torch.set_num_threads(1)
    return load_translation(model)


def load_language(model: str) -> ContinuationModel:
    """A language model of music, on one thread too: a step is a few small products."""
    import torch

    from seqgen.tasks.language import load_language_model

    torch.set_num_threads(1)
    return load_language_model(model)


def load_groove(model: str) -> GrooveModel:
    """A model of played drums, on one thread too."""
    import torch

    from seqgen.tasks.groove import load_groove as load_model

    torch.set_num_threads(1)
    return load_model(model)
