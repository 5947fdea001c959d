"""The attributes of each representation by name: what there is to measure of a window, and to steer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Integer

from seqgen.representation import drum_attributes, melody_attributes

ATTRIBUTES: dict[str, dict[str, Callable[[np.ndarray], np.ndarray]]] = {
    "melody": {
        "note_density": melody_attributes.note_density,
        "pitch_range": melody_attributes.pitch_range,
        "mean_pitch": melody_attributes.mean_pitch,
        "mean_interval": melody_attributes.mean_interval,
        "syncopation_8th": melody_attributes.syncopation_8th,
        "syncopation_16th": melody_attributes.syncopation_16th,
        "diatonicity": melody_attributes.diatonicity,
        "repetition": melody_attributes.repetition,
        "rest_share": melody_attributes.rest_share,
        "contour_direction": melody_attributes.contour_direction,
    },
    "drums": {
        "note_density": drum_attributes.note_density,
        "syncopation_8th": drum_attributes.syncopation_8th,
        "syncopation_16th": drum_attributes.syncopation_16th,
        "repetition": drum_attributes.repetition,
        "simultaneity": drum_attributes.simultaneity,
        "cymbal_share": drum_attributes.cymbal_share,
    },
}


BOUNDS = {
    "diatonicity": (0.0, 1.0),
    "repetition": (0.0, 1.0),
    "rest_share": (0.0, 1.0),
    "contour_direction": (-1.0, 1.0),
    "cymbal_share": (0.0, 1.0),
    "simultaneity": (1.0, np.inf),
    "mean_pitch": (-np.inf, np.inf),
}
"""the least and the greatest value that there is; of others from 0 on"""


def attributes_of(representation: str) -> tuple[str, ...]:
    """Names of the attributes of a representation.

    Raises:
        ValueError: for one that has none.
    """
    if representation not in ATTRIBUTES:
        raise ValueError(
            f"there are no attributes of {representation}: only {' and '.join(ATTRIBUTES)} have them"
        )
    return tuple(ATTRIBUTES[representation])


def measure(
    representation: str, tokens: Integer[np.ndarray, "N T"], names: tuple[str, ...] | None = None
) -> Float[np.ndarray, "N K"]:
    """The attributes of windows, all or those named; NaN where one is undefined."""
    names = attributes_of(representation) if names is None else names
    return np.stack([ATTRIBUTES[representation][name](tokens) for name in names], 1)
