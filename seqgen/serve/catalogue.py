"""The models that the service offers: the shipped ones and others by folder, loaded when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from seqgen.models.attribute_vectors import read_vectors
from seqgen.models.checkpoint import read_config
from seqgen.representation.drum_map import KITS
from seqgen.serve.music import Playable, operations
from seqgen.serve.protocol import Model, Slider
from seqgen.tasks.load import load
from seqgen.tasks.shipped import find_folder, shipped_models


class Catalogue:
    """Names of models and what they can do; each is loaded once, and shared."""

    def __init__(self, folders: Sequence[Path] = ()):
        """folders: of further models, known by the names of their folders.

        Raises ValueError for a folder without a complete model, and for a name that is there twice.
        """
        self._folders: dict[str, Path] = {name: find_folder(name) for name in shipped_models()}
        for folder in folders:
            name = folder.resolve().name
            if name in self._folders:
                raise ValueError(f"models: {name} is there twice: rename the folder {folder}")
            self._folders[name] = folder
        described = {name: _describe(name, folder) for name, folder in self._folders.items()}
        self.models: dict[str, Model] = {name: model for name, model in described.items() if model}
        self._loaded: dict[str, Playable] = {}
        self._locks = {name: threading.Lock() for name in self.models}

    def loaded(self, name: str) -> bool:
        return name in self._loaded

    def get(self, name: str) -> Playable:
        """A model that `models` lists; others that ask for it meanwhile wait for the one load."""
        with self._locks[name]:
            if name not in self._loaded:
                self._loaded[name] = cast(Playable, load(self._folders[name]))
            return self._loaded[name]


def _describe(name: str, folder: Path) -> Model | None:
    """None for a model of something else than what one clip holds: a melody or drums."""
    sections: dict[str, Any] = read_config(folder)
    offered = operations(sections)
    shape = sections.get("representation") or {}
    if not offered or shape.get("name") in ("trio", "multitrack"):
        return None
    music = "drums" if shape.get("name") in (*KITS, "groove") else "melody"
    sliders = _sliders(folder) if "interpolate" in offered else ()
    able = (*offered, *(("attribute",) if sliders else ()))
    return Model(name, cast(Any, music), int(shape.get("bars", 2)), cast(Any, able), sliders)


def _sliders(folder: Path) -> tuple[Slider, ...]:
    """Of the vectors in a model's folder; none where there are none, or none that can be read."""
    try:
        found = read_vectors(folder)
    except (ValueError, OSError):
        return ()
    rows = zip(found.names, found.reach.tolist(), strict=True)
    return tuple(Slider(name, low, high) for name, (low, high) in rows)
