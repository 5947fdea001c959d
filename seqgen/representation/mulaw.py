"""Sound as mu-law codes: 256 steps, fine near silence and coarse far from it (ITU-T G.711, continuous form).

Silence is one fixed code, 128, and decodes to exactly 0; the grid of 256 steps has no zero of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

CODES = 256
SILENCE = 128
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class MuLawConfig:
    """The `representation` of a model of sound in its config.yaml: its codes, and what they are told by."""

    name: Literal["mulaw"] = "mulaw"
    sample_rate: int = 8000
    digits: tuple[str, ...] = DIGITS
    """what is said in a take; class 0, 1, ..."""
    speakers: tuple[str, ...] = ()
    """who says it"""

    def __post_init__(self) -> None:
        if not 1000 <= self.sample_rate <= 192_000:
            raise ValueError(f"sample_rate must be 1000 to 192000 Hz, got {self.sample_rate}")
        for name in ("digits", "speakers"):
            known = getattr(self, name)
            odd = [symbol for symbol in known if symbol.split() != [symbol]]
            if odd or len(set(known)) < len(known):
                raise ValueError(
                    f"{name} must be words without spaces, each only once, got {', '.join(map(repr, known))}"
                )

    def digit(self, symbol: str | None) -> int:
        """The class of a digit; -1 for None. Raises ValueError that lists the known ones."""
        return find("digit", symbol, self.digits)

    def speaker(self, name: str | None) -> int:
        """The class of a speaker; -1 for None. Raises ValueError that lists the known ones."""
        return find("speaker", name, self.speakers)


def find(what: str, name: str | None, known: tuple[str, ...]) -> int:
    """The place of a name among the known ones; -1 for None."""
    if name is None:
        return -1
    if name not in known:
        raise ValueError(
            f"{what}: {name!r} is not known: expected "
            + (f"one of {', '.join(known)}" if known else "nothing, the model was not told any")
            + "; leave it out to let the model choose"
        )
    return known.index(name)


def encode(samples: np.ndarray) -> np.ndarray:
    """float32 samples in [-1, 1] to uint8 codes, of the same shape. What lies beyond is clipped."""
    sound = torch.from_numpy(np.asarray(samples, np.float32)).clamp(-1, 1)
    return functional().mu_law_encoding(sound, CODES).numpy().astype(np.uint8)


def decode(codes: np.ndarray) -> np.ndarray:
    """Codes 0 .. 255 to float32 samples, of the same shape.

    Raises:
        ValueError: for a code outside of the 256.
    """
    if codes.size and not 0 <= int(codes.min()) <= int(codes.max()) < CODES:
        raise ValueError(f"codes: expected 0 to {CODES - 1}, got {codes.min()} to {codes.max()}")
    table = functional().mu_law_decoding(torch.arange(CODES), CODES).numpy().astype(np.float32)
    table[SILENCE] = 0.0
    return table[codes]


def functional():  # type: ignore[no-untyped-def]  # torchaudio ships no types
    """torchaudio.functional, or a sentence about how to get it."""
    try:
        import torchaudio.functional
    except ImportError as error:
        raise ValueError(f"sound needs more packages: pip install 'seqgen[audio]' ({error})") from None
    return torchaudio.functional
