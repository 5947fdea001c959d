"""What of a decoder each run of a kernel serves: a voice and its head; one of several that run side by side.

Voices are independent given the plan, and read what their own part wrote alone, so each is decoded by itself.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from seqgen.core.conductor import Conductor
from seqgen.core.guide import Guided
from seqgen.core.head import Bernoulli, Categorical, Head
from seqgen.core.lstm import LSTM
from seqgen.core.metre import Metre
from seqgen.core.product import Product
from seqgen.core.sequence import SequenceModule
from seqgen.core.voices import Voices
from seqgen.core.wavenet import WaveNet


class Part(NamedTuple):
    """A voice and a head that a kernel knows."""

    voice: LSTM | WaveNet
    head: Categorical | Bernoulli
    first: Tensor | None
    """[E] what a conductor has the voice read at the first frame of a bar"""
    position: Tensor | None
    """[P, E] what is added to the token by its place in the bar"""


def parts_of(core: SequenceModule, head: Head, controls: int = 0) -> list[Part] | None:
    """One part, or one for each voice; None if there is no kernel for them. controls: of each frame."""
    around = type(core) in (Conductor, Metre, Guided)
    inner = core.voice if isinstance(core, Conductor | Metre | Guided) and around else core
    first = core.first if isinstance(core, Conductor) else None
    beat = core.beat if isinstance(core, Conductor | Metre) else None
    position = None if beat is None else beat.weight
    if isinstance(inner, Voices) and isinstance(head, Product) and isinstance(core, Conductor):
        voices, heads = inner.each(), head.each()
        sizes = [one.embedding_size for one in heads]
        apart = head.join == "concat" and head.widths == inner.outputs and sizes == inner.inputs
        if not apart or len(voices) != len(heads):
            return None
        firsts = [None] * len(heads) if first is None else first.split(sizes)
        places = [None] * len(heads) if position is None else position.split(sizes, 1)
        parts = [_part(core, controls, *one) for one in zip(voices, heads, firsts, places, strict=True)]
    else:
        parts = [_part(core, controls, inner, head, first, position)]
    known = [part for part in parts if part is not None]
    return known if len(known) == len(parts) else None


def _part(
    core: SequenceModule,
    controls: int,
    voice: SequenceModule,
    head: Head,
    first: Tensor | None,
    position: Tensor | None,
) -> Part | None:
    if type(voice) not in (LSTM, WaveNet) or type(head) not in (Categorical, Bernoulli):
        return None
    assert isinstance(voice, LSTM | WaveNet)
    assert isinstance(head, Categorical | Bernoulli)
    fed = core.planner.segment_size if isinstance(core, Conductor) else 0
    fed = core.size if isinstance(core, Guided) else fed
    # What comes behind the token must be the local conditioning: a WaveNet may take part of the token for it.
    if isinstance(voice, WaveNet) and voice.local_size != fed + controls:
        return None
    if isinstance(voice, WaveNet) and isinstance(core, Metre) and controls:  # it adds the place to these too
        return None
    return Part(voice, head, first, position)
