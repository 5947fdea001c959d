"""The sliders that a command has: a number for each attribute of any representation. Loads nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Sliders:
    """How far each attribute is moved, in standard deviations over the train windows; 0 leaves it."""

    note_density: float = 0.0
    """onsets a bar"""
    pitch_range: float = 0.0
    """melody: from the lowest to the highest note"""
    mean_pitch: float = 0.0
    """melody: how high it lies"""
    mean_interval: float = 0.0
    """melody: steps or leaps"""
    syncopation_8th: float = 0.0
    """onsets on the second eighth of a beat where its first has none"""
    syncopation_16th: float = 0.0
    """onsets on the second sixteenth of an eighth where its first has none"""
    diatonicity: float = 0.0
    """melody: share of the notes that are in the estimated key"""
    repetition: float = 0.0
    """how much of a bar was in a bar before"""
    rest_share: float = 0.0
    """melody: share of the time that is silent"""
    contour_direction: float = 0.0
    """melody: falls or rises"""
    simultaneity: float = 0.0
    """drums: how many are hit together"""
    cymbal_share: float = 0.0
    """drums: share of the hits that are on hi-hats and cymbals"""


def check_known(names: Iterable[str]) -> None:
    """
    Raises:
        ValueError: for a name that is no attribute of any representation; the known ones are listed.
    """
    known = [field.name for field in fields(Sliders)]
    for name in names:
        if name not in known:
            raise ValueError(f"amounts: there is no attribute {name!r}; there are {', '.join(known)}")
