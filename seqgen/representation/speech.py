"""What a recogniser hears and writes: frames of sound in, symbols out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from seqgen.representation.log_mel import LogMelConfig

DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class SpeechConfig:
    """The `representation` of a recogniser's config.yaml."""

    name: Literal["speech"] = "speech"
    symbols: tuple[str, ...] = DIGITS
    """what tokens 0, 1, ... say; the token after the last one is the end mark"""
    sound: LogMelConfig = field(default_factory=LogMelConfig)

    def __post_init__(self) -> None:
        odd = [symbol for symbol in self.symbols if symbol.split() != [symbol]]
        if not self.symbols or odd or len(set(self.symbols)) < len(self.symbols):
            raise ValueError(
                "symbols must be one word or more, without spaces and each only once, got "
                f"{', '.join(map(repr, self.symbols)) or 'none'}"
            )

    def encode(self, text: str) -> list[int]:
        """Tokens of words. Raises ValueError for a word that is not a symbol."""
        number = {symbol: token for token, symbol in enumerate(self.symbols)}
        words = text.split()
        unknown = [word for word in words if word not in number]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not a symbol; the symbols are {', '.join(self.symbols)}")
        return [number[word] for word in words]

    def decode(self, tokens: list[int]) -> str:
        return " ".join(self.symbols[token] for token in tokens)
