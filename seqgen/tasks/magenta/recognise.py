"""Which of Magenta's configurations a checkpoint is of, by the names and shapes of its variables.

These tell the kind of music, encoder and decoder. They do not tell how many bars the model was trained on,
what a groove model was taught (to humanise, to play from taps, ...), nor how it was trained. There the name
of the file decides if it has a configuration's in it, as Magenta's own files do; then the usual layers; and
for grooves the user, for another task would be wrong without a sign of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from seqgen.tasks.magenta.known import KNOWN, Known
from seqgen.tasks.magenta.variables import Shape, Shapes, expected, weights


class Recognised(NamedTuple):
    known: Known
    notice: str
    """what was assumed, as a sentence, or nothing"""


def recognise(shapes: Shapes, where: str, files: Sequence[str] = (), config: str | None = None) -> Recognised:
    """The configuration of a checkpoint.

    Args:
        shapes: of its variables, those of an optimizer among them.
        where: the checkpoint, for messages.
        files: names of its files and folders, as far as they may say something.
        config: the name of the configuration, if the user said it.

    Raises:
        ValueError: for an unknown name, a checkpoint that is of no configuration or not of this one, and for
            one that may be of several that differ in what a user does with them.
    """
    found = weights(shapes)
    if not any(name.startswith(("encoder/", "decoder/", "core_decoder/")) for name in found):
        some = ", ".join(sorted(found)[:3]) or "none"
        raise ValueError(
            f"{where}: it is of no MusicVAE of Magenta: expected variables such as encoder/mu/kernel, "
            f"found {len(found)} ({some})"
        )
    if config is not None:
        known = named(config)
        check(found, known, where)
        return Recognised(known, "")
    fits = [known for known in KNOWN if expected(known, found) == found]
    if not fits:
        nearest = min(KNOWN, key=lambda known: len(differences(found, known)))
        check(found, nearest, where)
    by_file = [known for known in fits if any(_holds(file, known.name) for file in files)]
    if by_file:
        return Recognised(max(by_file, key=lambda known: len(known.name)), "")
    if fits[0].music == "groove" and len(fits) > 1:
        raise ValueError(
            f"{where}: its shapes do not tell which of Magenta's groove models it is; say it with config "
            f"({', '.join(known.name for known in fits)})"
        )
    return _usual(fits, found, where)


def named(config: str) -> Known:
    """The configuration of a name; ValueError, with the names, if there is none."""
    for known in KNOWN:
        if known.name == config:
            return known
    raise ValueError(
        f"config: Magenta has no MusicVAE configuration {config!r}; the names are "
        f"{', '.join(known.name for known in KNOWN)}"
    )


def check(found: Shapes, known: Known, where: str) -> None:
    """Raises ValueError, with the first variable that is another, unless all are those of `known`."""
    odd = differences(found, known)
    if not odd:
        return
    name, wanted, got = odd[0]
    more = f"; {len(odd) - 1} more variables are others" if len(odd) > 1 else ""
    if got is None:
        problem = f"{name} {_shape(wanted)} is missing"
    elif wanted is None:
        problem = f"{name} {_shape(got)} is none of its variables"
    else:
        problem = f"{name} should have the shape {_shape(wanted)}, it has {_shape(got)}"
    raise ValueError(f"{where}: it is no checkpoint of {known.name}: {problem}{more}")


def differences(found: Shapes, known: Known) -> list[tuple[str, Shape | None, Shape | None]]:
    """The variables that are others than those of `known`: name, expected and found shape; first the shapes
    that differ, then what is missing, then what is more."""
    wanted = expected(known, found)
    odd = [name for name in sorted(wanted.keys() | found.keys()) if wanted.get(name) != found.get(name)]
    odd.sort(key=lambda name: (name not in wanted, name not in found))
    return [(name, wanted.get(name), found.get(name)) for name in odd]


def _usual(fits: list[Known], found: Shapes, where: str) -> Recognised:
    """The one whose number and width of layers are nearest to those found, and what that leaves open."""
    layers = tuple(
        len({match[0] for name in found if (match := re.match(pattern, name))})
        for pattern in (
            r"encoder/(hierarchical_level_0/)?cell_\d+",
            r"(core_)?decoder/.*multi_rnn_cell/cell_\d+",
        )
    )
    width = max(shape[-1] for name, shape in found.items() if name.startswith("encoder/")) // 4

    def distance(known: Known) -> tuple[int, int]:
        return abs(known.layers[0] - layers[0]) + abs(known.layers[1] - layers[1]), abs(known.width - width)

    known = min(fits, key=distance)
    others = [other.name for other in fits if other is not known]
    notice = ""
    if others:
        notice = (
            f"{where}: taken for {known.name}, by its layers; its shapes are those of {', '.join(others)} too"
        )
    return Recognised(known, notice)


def _holds(file: str, name: str) -> bool:
    """Whether the name of a configuration stands in that of a file."""
    return re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", Path(file).name) is not None


def _shape(shape: Shape | None) -> str:
    return "x".join(str(size) for size in shape or ()) or "()"
