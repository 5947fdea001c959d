"""What a module made of its parameters for a kernel, kept beside them and made again when they change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, TypeVar

from torch import Tensor

Made = TypeVar("Made")
LOOKED_AT = 1024
"""numbers of a tensor that does not say when it changes"""


class Kept(NamedTuple):
    """What was made, and of what."""

    made: Any
    versions: list[tuple[int, object]]
    weights: list[Tensor]
    """share the parameters' memory, so that no later parameter can stand at the same address"""


class Packs:
    """An attribute of a module; neither copied nor saved with it.

    Changes are seen where parameters are written in place (not behind torch's back, by `.data`) or replaced.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, Kept] = {}

    def get(self, key: Hashable, weights: Sequence[Tensor], make: Callable[[], Made]) -> Made:
        """What `make` gave for this key, as long as the weights stay what they were."""
        versions = [(w.data_ptr(), _version(w)) for w in weights]
        kept = self._kept.get(key)
        if kept is None or kept.versions != versions:
            kept = self._kept[key] = Kept(make(), versions, [w.detach() for w in weights])
        made: Made = kept.made
        return made

    def __deepcopy__(self, memo: object) -> Packs:
        return Packs()

    def __reduce__(self) -> tuple[type[Packs], tuple[()]]:
        return Packs, ()


def _version(weight: Tensor) -> object:
    if not weight.is_inference():
        return weight._version
    # A tensor made in inference mode does not count its changes; a step of training changes all its numbers.
    apart = -(-weight.numel() // LOOKED_AT)
    return weight.flatten()[::apart].float().cpu().numpy().tobytes()
