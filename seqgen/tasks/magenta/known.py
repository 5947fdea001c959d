"""Magenta's configurations of MusicVAE, as its `CONFIG_MAP` names them (version 2.1.4)."""

from __future__ import annotations

from typing import Literal, NamedTuple

MELODY, DRUMS, TRIO, CHORDS = 90, 512, (90, 90, 512), 49
GROOVE, MULTITRACK = 27, 490

Music = Literal["melody", "drums", "drums_full", "trio", "groove", "multitrack"]


class Known(NamedTuple):
    """A configuration: what its variables tell, and what they do not."""

    name: str
    music: Music
    bars: int
    reads: int
    """numbers a step that the encoder is given, beside the controls"""
    writes: tuple[int, ...]
    """numbers a step that the decoder gives, of each part"""
    encoder: Literal["flat", "hierarchical"]
    decoder: Literal["flat", "nade", "hierarchical", "parts"]
    """parts: hierarchical, with a decoder for each"""
    layers: tuple[int, int]
    """of the encoder (hierarchical: of each level) and the decoder, unless --hparams said otherwise"""
    width: int
    """of the encoder, unless --hparams said otherwise"""
    controls: int = 0
    """numbers a step that encoder and decoder are told beside: chords, or given hits"""


KNOWN = (
    Known("cat-mel_2bar_small", "melody", 2, MELODY, (MELODY,), "flat", "flat", (1, 2), 512),
    Known("cat-mel_2bar_big", "melody", 2, MELODY, (MELODY,), "flat", "flat", (1, 3), 2048),
    Known("cat-mel_2bar_med_chords", "melody", 2, MELODY, (MELODY,), "flat", "flat", (1, 3), 1024, CHORDS),
    Known("cat-drums_2bar_small", "drums", 2, 10, (DRUMS,), "flat", "flat", (1, 2), 512),
    Known("cat-drums_2bar_big", "drums", 2, 10, (DRUMS,), "flat", "flat", (1, 3), 2048),
    Known("nade-drums_2bar_reduced", "drums", 2, 10, (9,), "flat", "nade", (1, 2), 1024),
    Known("nade-drums_2bar_full", "drums_full", 2, 62, (61,), "flat", "nade", (1, 2), 1024),
    Known("flat-mel_16bar", "melody", 16, MELODY, (MELODY,), "flat", "flat", (2, 3), 2048),
    Known("hierdec-mel_16bar", "melody", 16, MELODY, (MELODY,), "flat", "hierarchical", (2, 2), 2048),
    Known("hier-mel_16bar", "melody", 16, MELODY, (MELODY,), "hierarchical", "hierarchical", (1, 2), 1024),
    Known("flat-trio_16bar", "trio", 16, sum(TRIO), (sum(TRIO),), "flat", "flat", (2, 3), 2048),
    Known("hierdec-trio_16bar", "trio", 16, sum(TRIO), TRIO, "flat", "parts", (2, 2), 2048),
    Known("hier-trio_16bar", "trio", 16, sum(TRIO), TRIO, "hierarchical", "parts", (1, 2), 1024),
    Known(
        "hier-multiperf_vel_1bar_med",
        "multitrack",
        1,
        MULTITRACK,
        (MULTITRACK,),
        "hierarchical",
        "hierarchical",
        (1, 3),
        1024,
    ),
    Known(
        "hier-multiperf_vel_1bar_med_chords",
        "multitrack",
        1,
        MULTITRACK,
        (MULTITRACK,),
        "hierarchical",
        "hierarchical",
        (1, 3),
        1024,
        CHORDS,
    ),
    Known(
        "hier-multiperf_vel_1bar_big",
        "multitrack",
        1,
        MULTITRACK,
        (MULTITRACK,),
        "hierarchical",
        "hierarchical",
        (1, 3),
        2048,
    ),
    Known(
        "hier-multiperf_vel_1bar_big_chords",
        "multitrack",
        1,
        MULTITRACK,
        (MULTITRACK,),
        "hierarchical",
        "hierarchical",
        (1, 3),
        2048,
        CHORDS,
    ),
    Known("groovae_4bar", "groove", 4, GROOVE, (GROOVE,), "flat", "flat", (1, 2), 512),
    Known("groovae_2bar_humanize", "groove", 2, GROOVE, (GROOVE,), "flat", "flat", (1, 2), 512),
    Known("groovae_2bar_tap_fixed_velocity", "groove", 2, GROOVE, (GROOVE,), "flat", "flat", (1, 2), 512),
    Known(
        "groovae_2bar_tap_fixed_velocity_note_dropout",
        "groove",
        2,
        GROOVE,
        (GROOVE,),
        "flat",
        "flat",
        (1, 2),
        512,
    ),
    Known("groovae_2bar_add_closed_hh", "groove", 2, GROOVE, (GROOVE,), "flat", "flat", (1, 2), 512),
    Known("groovae_2bar_hits_control_tfds", "groove", 2, GROOVE, (GROOVE,), "flat", "flat", (1, 2), 512, 9),
)
