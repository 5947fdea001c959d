"""Codes moved straight along the attribute vectors of their model, by sliders that move while music plays.

`seqgen.tasks.attributes` moves a clip once, and refuses what its model does not have. Here the sliders are
those of all models: what does nothing to the one that plays is left out, and said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from seqgen.tasks.attributes import vector_of

if TYPE_CHECKING:
    from seqgen.tasks.music import MusicModel

Amounts = Mapping[str, float]
"""how far each attribute is moved, in standard deviations over the train windows"""


def within(model: MusicModel, amounts: Amounts) -> tuple[dict[str, float], list[str]]:
    """What of `amounts` is done to music of `model`; a sentence for each slider that does less than it says.

    The sentences are the same wherever the slider stands, so that each need be said only once.
    """
    wanted = {name: amount for name, amount in amounts.items() if amount}
    sliders = model.sliders
    if isinstance(sliders, str):
        return {}, [f"attribute sliders do nothing: {sliders}"] if wanted else []
    taken, notices = {}, []
    for name, amount in wanted.items():
        if name not in sliders.names:
            notices.append(f"{name}: {model.name} has no such attribute: its slider does nothing")
            continue
        low, high = sliders.reach[sliders.names.index(name)].tolist()
        taken[name] = min(max(amount, low), high)
        if taken[name] != amount:
            notices.append(
                f"{name}: with {model.name} its slider goes from {low:+g} to {high:+g}, as far as was "
                "measured; beyond that it does no more"
            )
    return taken, notices


def moved(z: Float[Tensor, "B Z"], model: MusicModel, amounts: Amounts) -> Float[Tensor, "B Z"]:
    """z + sum of amount * vector; the codes themselves, where nothing is moved.

    Raises:
        ValueError: for an attribute that the model does not have.
    """
    for name, amount in amounts.items():
        z = z + amount * vector_of(model.sliders, name, model.name)
    return z


def listed(amounts: Amounts) -> str:
    """For the note in a piece that says how it was made.

    >>> listed({"note_density": 1.5, "mean_pitch": -1.0})
    ', note_density +1.5, mean_pitch -1'
    """
    return "".join(f", {name} {amount:+g}" for name, amount in amounts.items())
