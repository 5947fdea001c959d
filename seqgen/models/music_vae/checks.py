"""Settings of a MusicVAE that must go together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seqgen.models.music_vae.limits import BY_BAR, DRUMS, HEADS, LARGEST, MOST_PARTS

if TYPE_CHECKING:
    from seqgen.models.music_vae.config import MusicVAEConfig


def check_reading(config: MusicVAEConfig) -> None:
    """What the encoder reads of a token, and of a bar."""
    c = config
    e, size = c.encoder, c.vocabulary_size
    bits = c.head in ("categorical", "bernoulli", "nade") and not size & (size - 1)
    if e.tokens == "roll" and (c.embedding or not bits):
        raise ValueError(
            "encoder.tokens: roll needs embedding: 0 and tokens that are bits (vocabulary_size a power "
            f"of 2), got embedding {c.embedding}, head {c.head} and vocabulary_size {size}"
        )
    beats = c.steps_per_bar // c.steps_per_beat if e.readout == "all" else 1
    if e.kind == "hierarchical" and not e.bar_layer and e.bar_width != 2 * e.width * beats:
        raise ValueError(
            f"encoder.bar_width must be {2 * e.width * beats}, what is read of a bar, where bar_layer is "
            f"false, got {e.bar_width}"
        )


def check_bars(config: MusicVAEConfig) -> None:
    """A code of bars needs an encoder that reads bars out, and decoders that can be given their parts."""
    c = config
    attention = {f"{name}.bar_attention": getattr(c, name).bar_attention for name in ("encoder", "decoder")}
    for name, width in attention.items():
        if not 0 <= width <= LARGEST or width % HEADS:
            raise ValueError(f"{name} must be a multiple of {HEADS} from 0 to {LARGEST}, got {width}")
    if c.code != "bars" or c.decoder.kind == "flat":
        wrong = c.decoder.bar_attention or (c.code != "bars" and c.encoder.bar_attention)
        if wrong:
            raise ValueError(
                "bar_attention needs code: bars, and that of the decoder a hierarchical one, got "
                f"code {c.code} and decoder.kind {c.decoder.kind}"
            )
    if c.code != "bars":
        return
    shape = (c.encoder.kind, c.encoder.readout, c.decoder.kind, c.decoder.plan)
    if shape[:2] != BY_BAR[:2] or shape[2:] == ("hierarchical", "recurrent") or c.latent % c.bars:
        raise ValueError(
            f"code: bars needs encoder.kind, encoder.readout, decoder.kind and decoder.plan "
            f"{', '.join(BY_BAR)} (or any flat decoder) and a latent that {c.bars} bars divide, got "
            f"{', '.join(shape)} and {c.latent}"
        )


def check_groove(config: MusicVAEConfig) -> None:
    """What is read and told of grooves."""
    c = config
    groove = c.head in ("groove", "groove_mixture")
    if groove and c.vocabulary_size != 1 << DRUMS:
        raise ValueError(f"vocabulary_size of a {c.head} head must be {1 << DRUMS} ({DRUMS} drums)")
    if not groove and c.reads != "tokens":
        raise ValueError(f"reads: {c.reads} is for grooves, and head is {c.head}")
    told = (0, 4) if c.reads in ("tap", "steady tap") else (0, DRUMS, DRUMS + 1)
    if groove and c.controls not in told:
        raise ValueError(
            f"controls of a groove that reads {c.reads} must be one of {', '.join(map(str, told))}, "
            f"got {c.controls}"
        )


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
    if shape != wanted or c.events is None or not c.embedding:
        raise ValueError(
            f"code: tracks needs events, an embedding, and encoder.kind, encoder.readout, decoder.kind, "
            f"decoder.plan, decoder.voice and head {', '.join(wanted)}, got {', '.join(shape)}"
        )
    if not 0 <= c.shared < c.latent or (c.latent - c.shared) % c.bars:
        raise ValueError(
            f"shared must leave a part of latent that {c.bars} tracks divide, got {c.shared} of {c.latent}"
        )
    if max(c.events.end, c.events.clock + c.events.steps - 1) >= c.vocabulary_size:
        raise ValueError(f"events must be tokens below {c.vocabulary_size}, got {c.events}")


def check_parts(config: MusicVAEConfig) -> None:
    """Parts belong to a product, and make its vocabulary."""
    product, parts = config.head == "product", config.parts
    if not product and (parts or config.part_heads or config.decoder.voices == "part"):
        raise ValueError("parts, part_heads and decoder.voices: part need head: product")
    if not product:
        return
    if not 1 <= len(parts) <= MOST_PARTS or len(config.part_heads) != len(parts) or min(parts) < 2:
        raise ValueError(
            f"parts must be 1 to {MOST_PARTS} numbers of at least 2, with one of part_heads for each, got "
            f"{list(parts)} and {list(config.part_heads)}"
        )
    if math.prod(parts) != config.vocabulary_size or max(parts) > LARGEST:
        raise ValueError(
            f"vocabulary_size must be the product of the parts, of at most {LARGEST} each, got "
            f"{config.vocabulary_size} and {list(parts)}"
        )
    for size, head in config.heads:
        if head == "bernoulli" and size & (size - 1):
            raise ValueError(f"a bernoulli part must have a power of 2 of tokens, got {size}")
