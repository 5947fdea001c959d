"""Settings of models whose tokens are events, and what a code of tracks asks of the rest of a config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqgen.models.music_vae.config import MusicVAEConfig

LARGEST = 1 << 12
BY_BAR = ("hierarchical", "all", "hierarchical", "direct")
"""encoder.kind, encoder.readout, decoder.kind and decoder.plan of codes that are rows of parts"""


@dataclass(frozen=True)
class EventsConfig:
    """Tokens that are events: time passes where one says so, and a segment may end before it is full."""

    end: int = 489
    """the token that ends a segment, and fills it up"""
    clock: int = 256
    """the first of the tokens that take time: 1, 2, ... steps"""
    steps: int = 96
    """how many of them there are, and steps in a bar"""
    parts: int = 8
    """parts of a bar that have a plan of their own, and are read out by themselves"""

    def __post_init__(self) -> None:
        for name in ("end", "clock", "steps", "parts"):
            if not 1 <= getattr(self, name) <= LARGEST:
                raise ValueError(f"events.{name} must be 1 to {LARGEST}, got {getattr(self, name)}")
        if self.steps % self.parts:
            raise ValueError(f"parts must divide the {self.steps} steps of a bar, got {self.parts}")


def check_tracks(config: MusicVAEConfig) -> None:
    """A code of tracks, and what belongs to it."""
    c = config
    if c.code != "tracks":
        bars = (c.encoder.kind, c.encoder.readout, c.decoder.kind) == (
            "hierarchical",
            "final",
            "hierarchical",
        )
        if c.shared or (c.events is not None and not bars):
            raise ValueError(
                "shared and events need code: tracks; without it events need encoder.kind and decoder.kind "
                "hierarchical and encoder.readout final"
            )
        if c.events is not None and c.events.end >= c.vocabulary_size:
            raise ValueError(f"events.end must be a token below {c.vocabulary_size}, got {c.events.end}")
        return
    shape = (c.encoder.kind, c.encoder.readout, c.decoder.kind, c.decoder.plan, c.decoder.voice, c.head)
    wanted = (*BY_BAR, "lstm", "categorical")
    if shape != wanted or c.events is None:
        raise ValueError(
            f"code: tracks needs events, and encoder.kind, encoder.readout, decoder.kind, decoder.plan, "
            f"decoder.voice and head {', '.join(wanted)}, got {', '.join(shape)}"
        )
    if not 0 <= c.shared < c.latent or (c.latent - c.shared) % c.bars:
        raise ValueError(
            f"shared must leave a part of latent that {c.bars} tracks divide, got {c.shared} of {c.latent}"
        )
    if max(c.events.end, c.events.clock + c.events.steps - 1) >= c.vocabulary_size:
        raise ValueError(f"events must be tokens below {c.vocabulary_size}, got {c.events}")
