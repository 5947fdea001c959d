"""What a musician asks for: a clip's new name, read as a command.

    seqgen a                      this clip is A
    seqgen interpolate 5          five clips on the way from A to this clip
    seqgen continue 8             eight more bars of this clip
    seqgen sample 3               three new clips
    seqgen attribute note_density=+1.5 mean_pitch=-1
                                  this clip with more notes, and lower

Options follow as name=value: model, temperature, seed, music (melody or drums).
"""

from __future__ import annotations

from typing import Any, NamedTuple

PREFIX = "seqgen"
COUNTS = {
    "a": None,
    "interpolate": ("num_steps", 5, 2, 256),
    "sample": ("num", 1, 1, 256),
    "continue": ("bars", 8, 1, 64),
    "attribute": None,
}
"""the number that may follow a command: its name in the request, what it is when left out, least and most"""
OPTIONS = {"model": str, "temperature": float, "seed": int, "music": str}


class Command(NamedTuple):
    operation: str
    numbers: dict[str, int]
    """fields of the request that the count and the seed fill"""
    options: dict[str, Any]
    amounts: dict[str, float] = {}  # noqa: RUF012  of a NamedTuple, which nobody writes into
    """of `attribute`: how far each slider is moved, in standard deviations; the service knows the names"""


def is_command(name: str) -> bool:
    return name.strip().lower().split(" ")[0] == PREFIX


def parse(name: str) -> Command:
    """A command from a clip's name.

    Raises:
        ValueError: says which word is wrong, and what was expected.
    """
    words = name.strip().split()[1:]
    operation = words[0].lower() if words else ""
    if operation not in COUNTS:
        raise ValueError(f"expected 'seqgen' and one of {', '.join(COUNTS)}, got {name.strip()!r}")
    numbers: dict[str, int] = {}
    amounts: dict[str, float] = {}
    options: dict[str, Any] = {}
    count = COUNTS[operation]
    if count is not None:
        numbers[count[0]] = count[1]
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if equals and operation == "attribute" and key.lower() not in OPTIONS:
            amounts[key.lower()] = _amount(key.lower(), value)
        elif equals:
            options[key.lower()] = _option(key.lower(), value)
        elif count is not None:
            numbers[count[0]] = _count(word, operation, count)
        else:
            raise ValueError(f"{operation}: expected nothing after it, got {word!r}")
    if operation == "attribute" and not amounts:
        raise ValueError("attribute: expected what is moved, such as note_density=+1.5")
    return Command(operation, numbers, options, amounts)


def _count(word: str, operation: str, count: tuple[str, int, int, int]) -> int:
    _, _, least, most = count
    if not word.isdigit() or not least <= int(word) <= most:
        raise ValueError(f"{operation}: expected a number from {least} to {most}, got {word!r}")
    return int(word)


def _amount(key: str, value: str) -> float:
    try:
        amount = float(value)
    except ValueError:
        raise ValueError(f"{key}: expected a number, got {value!r}") from None
    if not -100 <= amount <= 100:
        raise ValueError(f"{key}: expected a number of standard deviations, got {value!r}")
    return amount


def _option(key: str, value: str) -> Any:
    if key not in OPTIONS:
        raise ValueError(f"expected an option of {', '.join(OPTIONS)}, got {key!r}")
    try:
        got = OPTIONS[key](value)
    except ValueError:
        raise ValueError(f"{key}: expected a number, got {value!r}") from None
    if key == "temperature" and not 0 <= got <= 4:
        raise ValueError(f"temperature: expected 0 to 4, got {value!r}")
    if key == "seed" and not 0 <= got < 2**32:
        raise ValueError(f"seed: expected 0 to {2**32 - 1}, got {value!r}")
    if key == "music" and got not in ("melody", "drums"):
        raise ValueError(f"music: expected melody or drums, got {value!r}")
    return got
