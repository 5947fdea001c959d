"""The decoder of a MusicVAE, composed of what its config names."""

from __future__ import annotations

from seqgen.core import (
    Bernoulli,
    Categorical,
    Conductor,
    Decoder,
    Groove,
    GrooveMixture,
    Head,
    Nade,
    Planner,
    Product,
    SequenceModule,
    Voices,
)
from seqgen.models.music_vae.config import HeadName, MusicVAEConfig
from seqgen.models.music_vae.tracks import (
    build_track_decoder,
)
from seqgen.models.voice import build_voice, output_size


def build_decoder(config: MusicVAEConfig) -> Decoder:
    """The decoder that the config describes: head, voice, and a conductor where there is a plan to follow."""
    c, d = config, config.decoder
    if c.code == "tracks":
        return build_track_decoder(c)
    head = build_head(c)
    sizes = [part.embedding_size for part in (head.each() if isinstance(head, Product) else [head])]
    hierarchical, direct = d.kind == "hierarchical", d.plan == "direct"
    if not hierarchical and not direct:
        return Decoder(build_voices(c, sizes, c.latent), head, c.controls)
    by_bar, joined = c.code == "bars", c.code == "bars" and not hierarchical
    bars, bar = (c.bars, c.steps_per_bar) if hierarchical else (1, c.steps)
    width, reads = (d.conductor_width if hierarchical else 0), d.conductor_reads == "code"
    planned, length = (c.bars, c.steps_per_bar) if joined else (bars, bar)
    beats = length // c.steps_per_beat if direct else 0
    recurrence = (width, beats, d.plan_size, by_bar, d.conductor_layers, reads, joined)
    planner = Planner(c.latent, planned, *recurrence, attention=d.bar_attention)
    # A direct plan is fed beat by beat; the bar's own plan is then only what an LSTM starts from.
    voice = build_voices(c, sizes, planner.bar_size, planner.segment_size, feed_cond=not direct)
    metre = c.steps_per_bar if direct else 0
    core = Conductor(voice, planner, bar, metre, c.controls, carry=d.carry)
    return Decoder(core, head, c.controls)


def build_head(config: MusicVAEConfig) -> Head:
    """One head, or a product of them over one output or over the outputs of their voices."""
    width = output_size(config.decoder)
    each = [_head(config, width, tokens, head) for tokens, head in config.heads]
    if config.head != "product":
        return each[0]
    return Product(each, widths=[width] * len(each) if config.decoder.voices == "part" else None)


def _head(config: MusicVAEConfig, width: int, tokens: int, head: HeadName) -> Head:
    if head == "categorical":
        return Categorical(width, tokens, config.embedding)
    bits = tokens.bit_length() - 1
    if head == "nade":
        return Nade(width, bits, config.nade_hidden, config.embedding)
    if head == "groove_mixture":
        return GrooveMixture(width, bits, config.embedding, given=config.reads == "hits")
    return (Groove if head == "groove" else Bernoulli)(width, bits, config.embedding)


def build_voices(
    config: MusicVAEConfig, sizes: list[int], cond_size: int, plan_size: int = 0, feed_cond: bool = True
) -> SequenceModule:
    """One voice, or one for each part, behind whose own part of the frame the controls and the plan stand.

    sizes: of the embeddings of each part.
    """
    d, tail = config.decoder, config.controls + plan_size
    if d.voices == "one":
        return build_voice(d, sum(sizes) + tail, cond_size, plan_size, feed_cond)
    each = [build_voice(d, size + tail, cond_size, plan_size, feed_cond) for size in sizes]
    return Voices(each, tail)
