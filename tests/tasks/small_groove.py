"""Small random models of played drums, and pieces with drums, for tests."""

from __future__ import annotations

from pathlib import Path

import torch

from seqgen.config import to_dict
from seqgen.io.midi import read_midi
from seqgen.models.checkpoint import save_model
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.representation.converter import RepresentationConfig

DRUMS = Path(__file__).parents[1] / "fixtures" / "tiny" / "drums"
ROCK = DRUMS / "drummer3_session2_21_rock_92_beat_4-4.mid"
SHAPES = {
    "hits": {"head": "groove_mixture", "reads": "hits", "controls": 10},
    "tap": {"head": "groove_mixture", "reads": "tap", "controls": 4},
    "magenta": {"head": "groove", "reads": "hits"},
    "magenta-tap": {"head": "groove", "reads": "steady tap"},
}


def small_groove(folder: Path, kind: str = "hits", bars: int = 2) -> Path:
    """A random model on disk: humanises (hits, magenta), or makes beats of taps."""
    config = MusicVAEConfig(
        bars=bars,
        latent=8,
        embedding=8,
        vocabulary_size=512,
        first_onset=1,
        encoder=EncoderConfig(width=8),
        decoder=DecoderConfig(width=16, plan_size=8),
        **SHAPES[kind],
    )
    torch.manual_seed(5)
    model = MusicVAE(config)
    weights = {name: 2 * value for name, value in model.state_dict().items()}
    sections = {"representation": to_dict(RepresentationConfig("groove", bars)), "training": {"steps": 0}}
    save_model(folder, model, weights, sections)
    return folder


def band():
    """A real beat beside a pitched track, with a tempo change, a hit on an unknown drum, and texts."""
    piece = read_midi(ROCK)
    piece.tempos.add(time=4.0, qpm=140.0)
    for number in range(12):
        piece.notes.add(
            pitch=60 + number, velocity=70, instrument=1, program=33,
            start_time=number * 0.5, end_time=number * 0.5 + 0.4,
        )  # fmt: skip
    piece.notes.add(pitch=3, velocity=99, start_time=1.0, end_time=1.1, is_drum=True)
    piece.text_annotations.add(time=1.0, text="verse")
    piece.control_changes.add(time=0.5, control_number=7, control_value=90, instrument=1, program=33)
    return piece
