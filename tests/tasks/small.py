"""Small models and small pieces for the tests of tasks and of the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from seqgen.config import to_dict
from seqgen.io.midi import write_midi
from seqgen.models.checkpoint import save_model
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.models.music_vae.config import EventsConfig
from seqgen.representation.converter import RepresentationConfig, make_converter
from seqgen.representation.trio import TrioConverter, join_parts


def small_model(folder: Path, name: str = "melody", bars: int = 2, controls: int = 0) -> Path:
    """A random model on disk whose output depends strongly on its code, and its chords if it has controls."""
    kind = "flat" if bars == 2 else "hierarchical"
    sizes: dict = {
        "melody": {},
        "drums": {"head": "bernoulli", "vocabulary_size": 512, "first_onset": 1},
        "trio": {
            "head": "product",
            "vocabulary_size": 90 * 90 * 512,
            "parts": (90, 90, 512),
            "part_heads": ("categorical", "categorical", "bernoulli"),
        },
    }[name]
    config = MusicVAEConfig(
        bars=bars,
        latent=8,
        embedding=8,
        controls=controls,
        encoder=EncoderConfig(kind, width=8, bar_width=8),
        decoder=DecoderConfig(
            kind, width=16, conductor_width=8, plan_size=8, voices="part" if name == "trio" else "one"
        ),
        **sizes,
    )
    torch.manual_seed(5)
    model = MusicVAE(config)
    weights = {key: 4 * value for key, value in model.state_dict().items()}
    sections = {"representation": to_dict(RepresentationConfig(name, bars)), "training": {"steps": 0}}
    save_model(folder, model, weights, sections)
    (folder / "card.md").write_text("# A small model\n\nRandom weights, for tests.\n", encoding="utf-8")
    return folder


def small_tracks(folder: Path, controls: int = 0) -> Path:
    """A random model of multi-track bars."""
    config = MusicVAEConfig(
        bars=8,
        steps_per_bar=64,
        vocabulary_size=490,
        first_onset=0,
        latent=8 * 4 + 3,
        shared=3,
        code="tracks",
        events=EventsConfig(),
        embedding=8,
        controls=controls,
        encoder=EncoderConfig("hierarchical", width=8, bar_width=8),
        decoder=DecoderConfig("hierarchical", width=16, plan_size=4),
    )
    torch.manual_seed(5)
    model = MusicVAE(config)
    weights = {key: 2 * value for key, value in model.state_dict().items()}
    sections = {"representation": to_dict(RepresentationConfig("multitrack", 1)), "training": {"steps": 0}}
    save_model(folder, model, weights, sections)
    (folder / "card.md").write_text("# A small model\n\nRandom weights, for tests.\n", encoding="utf-8")
    return folder


def melody_tokens(bars: int, seed: int) -> np.ndarray:
    """Eighths with some longer notes, an onset on every bar line."""
    rng = np.random.default_rng(seed)
    tokens = np.zeros(16 * bars, np.int16)
    tokens[::2] = np.where(rng.random(8 * bars) < 0.7, rng.integers(40, 60, 8 * bars), 0)
    tokens[::16] = rng.integers(40, 60, bars)
    return tokens


def drum_tokens(bars: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    tokens = np.where(rng.random(16 * bars) < 0.5, rng.integers(1, 512, 16 * bars), 0)
    tokens[::16] = 1
    return tokens.astype(np.int16)


def write_melody(path: Path, bars: int = 2, seed: int = 0, qpm: float = 100.0, program: int = 0) -> Path:
    write_midi(melody(bars, seed, qpm, program), path)
    return path


def melody(bars: int = 2, seed: int = 0, qpm: float = 100.0, program: int = 0):
    return make_converter(RepresentationConfig()).decode(melody_tokens(bars, seed), qpm, program=program)


def write_drums(path: Path, bars: int = 2, seed: int = 0) -> Path:
    write_midi(make_converter(RepresentationConfig("drums")).decode(drum_tokens(bars, seed)), path)
    return path


def write_two_tracks(path: Path) -> Path:
    """Track 0 has two bars, track 1 has four bars, a rest of two and one bar more."""
    whole, long, late = melody(2, seed=1), melody(4, seed=2), melody(1, seed=3)
    for piece, shift in ((long, 0.0), (late, 6 * 4 * 0.6)):
        for note in piece.notes:
            whole.notes.add(
                pitch=note.pitch, velocity=80, instrument=1, program=40,
                start_time=note.start_time + shift, end_time=note.end_time + shift,
            )  # fmt: skip
    write_midi(whole, path)
    return path


def write_waltz(path: Path) -> Path:
    piece = melody(3)
    piece.time_signatures[0].numerator = 3
    write_midi(piece, path)
    return path


def write_empty(path: Path) -> Path:
    piece = melody(2)
    del piece.notes[:]
    write_midi(piece, path)
    return path


def trio(bars: int = 4, seed: int = 0, qpm: float = 100.0, program: int = 0):
    """A melody, its notes two octaves lower as a bass, and drums."""
    melody, drums = melody_tokens(bars, seed), drum_tokens(bars, seed)
    bass = np.where(melody > 1, melody - 24, melody)
    return TrioConverter(bars).decode(join_parts([melody, bass, drums]), qpm, program=program)


def write_trio(path: Path, bars: int = 4, seed: int = 0) -> Path:
    write_midi(trio(bars, seed), path)
    return path
