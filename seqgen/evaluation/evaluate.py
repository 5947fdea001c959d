"""Everything that is measured of one model on some windows, in one result."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Generator

from seqgen import __version__
from seqgen.config import from_dict
from seqgen.evaluation.figure import Section
from seqgen.evaluation.judge import ORDER, SHIFTS, judge
from seqgen.evaluation.latent import Readings, read
from seqgen.evaluation.notes import note_scores
from seqgen.evaluation.paths import Likelihood, measure_paths
from seqgen.evaluation.reconstruction import (
    Tokens,
    common_bar,
    exact_windows,
    hit_scores,
    hold,
    onset_accuracy,
    step_accuracy,
)
from seqgen.evaluation.sections import SECTIONS, Subject, check_names, measure_sections
from seqgen.evaluation.trio import common_bars, entropies_by_part, measure_trio
from seqgen.evaluation.windows import WindowSet, array_hash, load_windows
from seqgen.models.checkpoint import load_prior
from seqgen.models.music_vae import MusicVAE
from seqgen.representation.converter import RepresentationConfig
from seqgen.representation.drum_map import FULL, KITS
from seqgen.tasks.attributes import vectors_of
from seqgen.tasks.shipped import find_folder, read_model


@dataclass(frozen=True)
class Evaluation:
    """The figures of one model on one set of windows."""

    signature: str
    reconstruction: dict[str, dict[str, float]]
    """metric -> who ("free run", "teacher forced", "sampled z", then baselines) -> share in 0 .. 1"""
    latent: dict[str, float]
    """cross-entropies (nats a step), KL (nats a window), active units"""
    latent_size: int
    paths: dict[str, Likelihood]
    """what is judged -> nats a step under the n-gram model; empty where no train windows are known"""
    sections: dict[str, Section] = field(default_factory=dict, compare=False)
    """the parts of the kit, by name; see `SECTIONS`"""


@torch.no_grad()
def evaluate(
    model: str | Path,
    data: Path,
    split: str = "test",
    seed: int = 1,
    pairs: int = 1024,
    train: Path | None = None,
    limit: int | None = None,
    sections: Sequence[str] = tuple(SECTIONS),
    prior: Literal["standard", "learned"] = "learned",
) -> Evaluation:
    """Measure a model on shards or MIDI.

    Args:
        model: a shipped model's name or a model's folder.
        data, split, train, limit: see `load_windows`.
        seed: of everything that is drawn.
        pairs: of windows between which paths lead, and samples from the prior.
        sections: the parts of the kit that are measured.
        prior: where the samples of the kit come from: the model's learned prior if it has one, or N(0, 1).

    Raises:
        ValueError: for a bad model, bad data, or data that does not fit the model.
    """
    check_names(sections)
    name, vae, _, config, _ = read_model(model)
    folder = find_folder(model)
    representation = from_dict(RepresentationConfig, config["representation"], f"{model}: representation")
    windows = load_windows(data, representation, split, train, limit, seed).told(vae.config)
    rng = Generator().manual_seed(seed)
    token = windows.tokens.astype(np.int64)
    controls = windows.controls(vae.config)
    readings = read(vae, torch.from_numpy(token), rng, controls=controls)
    kind = representation.name
    by_part = entropies_by_part(vae, torch.from_numpy(token), readings, rng) if kind == "trio" else {}
    paths: dict[str, Likelihood] = {}
    if windows.train is not None and kind != FULL.name:  # 2^61 tokens are too many for n-grams
        lm = judge(windows.train, kind, vae.config.vocabulary_size)
        paths = measure_paths(vae, token, readings, lm, pairs, rng, controls)
    estimates = reconstructions(vae, windows, readings, kind)
    parts = sign_parts(name, weights_hash(folder), representation, windows)
    subject = Subject(
        vae,
        representation,
        windows,
        readings,
        estimates,
        pairs,
        seed,
        join(parts | {"seed": str(seed), "seqgen": __version__}),
        load_prior(folder, config, vae.config) if prior == "learned" else None,
        vectors_of(folder, name, vae, kind),
    )
    return Evaluation(
        sign(parts, representation, windows, pairs, seed),
        score(vae, windows, estimates, kind),
        {
            "cross-entropy": readings.cross_entropy,
            "cross-entropy, random z": readings.cross_entropy_random,
            "KL": readings.kl,
            "active units": readings.active_units,
            **by_part,
        },
        vae.config.latent,
        paths,
        measure_sections(subject, sections),
    )


def reconstructions(model: MusicVAE, windows: WindowSet, readings: Readings, kind: str) -> dict[str, Tokens]:
    """The model's reconstructions and the baselines, by name."""
    estimates: dict[str, Tokens] = {
        "free run": readings.free_run,
        "teacher forced": readings.teacher_forced,
        "sampled z": readings.sampled,
        "always silent" if kind in KITS else "always hold": hold(windows.tokens),
    }
    if kind != "melody":
        source = windows.tokens if windows.train is None else windows.train
        bar = common_bars if kind == "trio" else common_bar
        estimates["common bar"] = bar(source, windows.tokens, model.config.steps_per_bar)
    return estimates


def score(
    model: MusicVAE, windows: WindowSet, estimates: dict[str, Tokens], kind: str
) -> dict[str, dict[str, float]]:
    """Each by every metric: metric -> who -> share."""
    columns = {
        who: measure_trio(windows.tokens, tokens)
        if kind == "trio"
        else measure(windows.tokens, tokens, model.config.first_onset, kind == "melody")
        for who, tokens in estimates.items()
    }
    metrics = next(iter(columns.values()))
    return {metric: {who: column[metric] for who, column in columns.items()} for metric in metrics}


def measure(reference: Tokens, estimate: Tokens, first_onset: int, melody: bool) -> dict[str, float]:
    """All metrics of one set of reconstructions."""
    result = {
        "step accuracy": step_accuracy(reference, estimate),
        "onset accuracy": onset_accuracy(reference, estimate, first_onset),
    }
    with warnings.catch_warnings():  # a baseline that plays nothing is there for just that
        warnings.filterwarnings("ignore", "the estimate has no", UserWarning)
        if melody:
            result["note F1"] = note_scores(reference, estimate).f1
            result["note F1, with ends"] = note_scores(reference, estimate, offsets=True).f1
        else:
            hits = hit_scores(reference, estimate)
            result |= {"hit F1": hits.f1, "hit precision": hits.precision, "hit recall": hits.recall}
    result["exact windows"] = exact_windows(reference, estimate)
    return result


def sign_parts(
    name: str, weights: str, representation: RepresentationConfig, windows: WindowSet
) -> dict[str, str]:
    """What every figure depends on."""
    parts = {
        "model": f"{name}@{weights}",
        "representation": f"{representation.name}, {representation.bars} bars",
        "data": f"{windows.name}@{windows.hash}",
        "windows": windows.describe_dropped(),
        "decoding": "greedy (temperature 0) from the posterior mean",
    }
    return parts if windows.chords is None else parts | {"chords": "told"}


def sign(
    parts: dict[str, str], representation: RepresentationConfig, windows: WindowSet, pairs: int, seed: int
) -> str:
    """One line that says what was measured, so that two figures can be compared."""
    shifts = f", {SHIFTS[0]} to +{SHIFTS[-1]} semitones" if representation.name not in KITS else ""
    if windows.train is not None:
        train = f"{windows.train_name}@{array_hash(windows.train)}"
        each = " of each part" if representation.name == "trio" else ""
        lm = f"Witten-Bell {ORDER}-gram{each} of {train}{shifts}"
        parts = parts | (
            {"common bar": train}
            if representation.name == FULL.name
            else {"paths": f"{pairs} pairs", "lm": lm}
        )
    return join(parts | {"seed": str(seed), "seqgen": __version__, "torch": torch.__version__})


def join(parts: dict[str, str]) -> str:
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def weights_hash(folder: Path) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of the weights' file."""
    with open(folder / "model.safetensors", "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
