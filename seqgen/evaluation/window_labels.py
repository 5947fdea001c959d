"""What is known of windows beside their tokens: where they come from, and what can be estimated.

corpus      the folder or archive that the window's file came from
key mode    major or minor, by the estimated key (`keys`): of melodies
metre class the time signature of the file, such as 4/4, 2/2 or 2/4 (whose bars are read in pairs), where it
            has only one. Windows are all bars of four quarters
dance type  the name of a dance in the file's name, such as `.../CooleysReel.mid`
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from seqgen.data.shards import FileRow
from seqgen.evaluation.distribution import feature_kind
from seqgen.evaluation.features import sounding_pitch
from seqgen.evaluation.keys import MODES, estimate_keys
from seqgen.models.music_vae import MusicVAEConfig

DANCES = (
    "barndance", "bourree", "fling", "hornpipe", "jig", "march", "mazurka", "minuet", "polka", "reel",
    "slide", "strathspey", "waltz",
)  # fmt: skip
_DANCE = re.compile("|".join(DANCES), re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Labels:
    """Of N windows."""

    classes: dict[str, list[str]]
    """name of the label -> class of each window, [N]; empty where it is not known"""
    pieces: np.ndarray
    """[N] a number for each window, the same for windows of one file"""
    missing: list[str] = field(default_factory=list)
    """sentences: labels that are known of no window"""


def labels_of(tokens: np.ndarray, config: MusicVAEConfig, files: Sequence[FileRow] | None) -> Labels:
    """All that is known of windows [N, T]; `files` is the file of each, if that is known."""
    if files is not None and len(files) != len(tokens):
        raise ValueError(f"files: expected one for each of {len(tokens)} windows, got {len(files)}")
    classes: dict[str, list[str]] = {}
    missing = []
    pieces = np.arange(len(tokens))
    if files is None:
        missing.append("corpus, metre class, dance type: the files of the windows are not known")
    else:
        names = [(file.source, file.path) for file in files]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        pieces = np.array([numbers[name] for name in names], dtype=np.int64)
        classes["corpus"] = [file.source.split(".")[0] for file in files]
        classes["metre class"] = ["" if " " in file.metres else file.metres for file in files]
        if not any(classes["metre class"]):
            missing.append("metre class: shards keep it from seqgen 0.7.0 on; prepare the data again")
        classes["dance type"] = [dance_of(file.path) for file in files]
    if feature_kind(config) == "melody":
        classes["key mode"] = [MODES[mode] for mode in modes(tokens)]
    else:
        missing.append("key mode: it is estimated of melodies only")
    return Labels(classes, pieces, missing)


def dance_of(path: str) -> str:
    """The last dance that is named in a file's name, or nothing."""
    found = _DANCE.findall(path.replace("\\", "/").rsplit("/", 1)[-1])
    return found[-1].lower() if found else ""


def modes(tokens: np.ndarray) -> np.ndarray:
    """0 for major, 1 for minor, of melodies [N, T]."""
    pitch = sounding_pitch(tokens.astype(np.int64))
    durations = np.stack([((pitch % 12 == pc) & (pitch > 0)).sum(axis=1) for pc in range(12)], axis=1)
    return estimate_keys(durations.astype(np.float64))[1]
