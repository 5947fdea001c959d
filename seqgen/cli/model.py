"""How the commands load a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqgen.tasks.music import MusicModel


def load(model: str) -> MusicModel:
    """`seqgen.load` on one thread: the same bytes on every machine, and no threads that wait for busy cores.

    A command decodes for a tenth of a second, so more threads would gain nothing.
    """
    import torch

    from seqgen.tasks.music import load as load_model

    torch.set_num_threads(1)
    return load_model(model)
