"""The parts of the evaluation kit: each takes the subject and gives a `Section`, and is a line in SECTIONS.

What several parts need (reconstructions, samples, the n-gram model) is made once, when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from seqgen.evaluation.attributes import measure_attributes
from seqgen.evaluation.bootstrap import of_pieces
from seqgen.evaluation.by_corpus import measure_corpora
from seqgen.evaluation.distribution import measure_distribution
from seqgen.evaluation.figure import Figure, Section
from seqgen.evaluation.interpolation import draw_paths, measure_interpolation
from seqgen.evaluation.judge import judge
from seqgen.evaluation.latent import Readings, decode
from seqgen.evaluation.memorisation import measure_memorisation
from seqgen.evaluation.ngram import NGram, longest_order
from seqgen.evaluation.reconstruction import Tokens
from seqgen.evaluation.representation import measure_representation
from seqgen.evaluation.structure import measure_structure
from seqgen.evaluation.trio import PartNGrams
from seqgen.evaluation.window_labels import Labels, labels_of
from seqgen.evaluation.windows import WindowSet
from seqgen.models.attribute_vectors import AttributeVectors
from seqgen.models.music_vae import MusicVAE
from seqgen.models.music_vae.prior import CodePrior
from seqgen.representation.converter import RepresentationConfig
from seqgen.representation.drum_map import FULL

ORDER = 9
"""of the n-gram model that judges paths, or the longest that a key can hold"""


@dataclass(frozen=True, eq=False)
class Subject:
    """One model, and what it makes of N windows of T steps."""

    model: MusicVAE
    representation: RepresentationConfig
    windows: WindowSet
    readings: Readings
    estimates: dict[str, Tokens]
    """reconstructions, then baselines, as `evaluate` names them"""
    pairs: int
    """that are interpolated; as many samples are drawn"""
    seed: int
    signature: str
    """of model, representation, windows and decoding"""
    prior: CodePrior | None = None
    """that samples are drawn from; None is N(0, 1)"""
    sliders: AttributeVectors | str = "attributes: the model was not loaded from a folder"
    """its attribute vectors, or why it has none"""

    @property
    def kind(self) -> str:
        return self.representation.name

    @property
    def controls(self) -> Float[Tensor, "N T C"] | None:
        return self.windows.controls(self.model.config)

    @property
    def melody_onset(self) -> int | None:
        """The first token that is a pitch, of music that can be transposed."""
        return self.model.config.first_onset if self.kind == "melody" else None

    @cached_property
    def samples(self) -> Int[np.ndarray, "S T"]:
        """Decoded greedily from draws from the prior; a model of chords is told those of real windows."""
        rng = Generator().manual_seed(self.seed)
        mean = self.readings.posterior.mean
        if self.prior is None:
            z = torch.randn(self.pairs, mean.shape[1], generator=rng)
        else:
            z = self.prior.sample(self.pairs, rng)
        told = self.controls
        if told is not None:
            told = told[torch.randint(len(told), (self.pairs,), generator=rng)]
        return decode(self.model, z.to(mean.device), controls=told).cpu().numpy()

    @property
    def sampled(self) -> str:
        """What `samples` are, for a signature."""
        if self.prior is None:
            return f"{self.pairs} from N(0, 1)"
        return f"{self.pairs} from the learned prior at temperature {self.prior.config.temperature:g}"

    @cached_property
    def labels(self) -> Labels:
        """What is known of the windows beside their tokens."""
        return labels_of(self.windows.tokens, self.model.config, self.windows.files)

    @cached_property
    def language_model(self) -> NGram | PartNGrams | None:
        """Of train windows that do not overlap; None without them, or where their tokens are too many."""
        if self.windows.train is None or self.kind == FULL.name:
            return None
        once = self.windows.train_once(self.representation.bars)
        return judge(once, self.kind, self.model.config.vocabulary_size, ORDER, "absolute discounting")

    @property
    def language_model_signature(self) -> str:
        """What `language_model` is."""
        if self.language_model is None:
            return "none"
        vocabulary = 90 if self.kind == "trio" else self.model.config.vocabulary_size
        order = f"{min(ORDER, longest_order(vocabulary))}-gram"
        if self.kind == "trio":
            order += f" of melody and bass, {min(ORDER, longest_order(512))}-gram of drums"
        return f"{order}, absolute discounting, of {self.windows.train_name} without overlap"


def reconstruction(subject: Subject) -> Section:
    """Overall and by corpus."""
    first = subject.model.config.first_onset
    return measure_corpora(
        subject.windows,
        subject.estimates,
        subject.kind,
        first,
        subject.signature,
        subject.seed,
        subject.labels.pieces,
    )


def code(subject: Subject) -> Section:
    """How much the code says, and whether it is used."""
    readings, pieces = subject.readings, subject.labels.pieces
    kl = readings.posterior.kl().sum(1).cpu().numpy()
    figures = [
        Figure.of("KL, nats a window", of_pieces(kl, np.ones(len(kl)), pieces, subject.seed)),
        Figure(
            "cross-entropy, nats a step",
            readings.cross_entropy,
            baseline=readings.cross_entropy_random,
            against="another window's code",
        ),
        Figure("active units", readings.active_units),
    ]
    return Section("code", figures, subject.signature)


def interpolation(subject: Subject) -> Section:
    """Paths between pairs of windows."""
    ends = subject.readings.free_run.cpu().numpy()
    mean = subject.readings.posterior.mean
    paths = draw_paths(subject.model, mean, ends, subject.pairs, subject.seed, controls=subject.controls)
    signature = f"{subject.signature}|lm:{subject.language_model_signature}"
    config = subject.model.config
    first = None if config.head == "product" else config.first_onset
    return measure_interpolation(paths, subject.language_model, signature, subject.seed, first)


def memorisation(subject: Subject) -> Section:
    """The longest run shared with train."""
    train = subject.windows.train
    none = subject.windows.tokens[:0]
    return measure_memorisation(
        subject.samples,
        subject.windows.tokens,
        none if train is None else train,
        subject.melody_onset,
        f"{subject.signature}|samples:{subject.sampled}",
        subject.seed,
    )


def structure(subject: Subject) -> Section:
    """Whether bars come back where they come back in music."""
    labels, config = subject.labels, subject.model.config
    real, samples = subject.windows.tokens, subject.samples
    corpus = labels.classes.get("corpus")
    section = measure_structure(real, samples, config, subject.seed, corpus, labels.pieces)
    return signed(section, f"{subject.signature}|samples:{subject.sampled}")


def distribution(subject: Subject) -> Section:
    """How far samples are from music, window by window."""
    real, samples, pieces = subject.windows.tokens, subject.samples, subject.labels.pieces
    section = measure_distribution(real, samples, subject.model.config, subject.seed, pieces)
    return signed(section, f"{subject.signature}|samples:{subject.sampled}")


def representation(subject: Subject) -> Section:
    """What can be read from the code."""
    means = subject.readings.posterior.mean.cpu()
    return signed(
        measure_representation(subject.model, means, subject.labels, subject.seed), subject.signature
    )


def attributes(subject: Subject) -> Section:
    """Whether the sliders do what they say."""
    tokens = subject.windows.tokens
    section = measure_attributes(subject.model, subject.sliders, subject.kind, tokens, subject.seed)
    return signed(section, subject.signature)


def signed(section: Section, subject: str) -> Section:
    """With the subject before the section's own signature."""
    return replace(section, signature=f"{subject}|{section.signature}" if section.signature else subject)


SECTIONS: dict[str, Callable[[Subject], Section]] = {
    "reconstruction": reconstruction,
    "code": code,
    "interpolation": interpolation,
    "structure": structure,
    "distribution": distribution,
    "representation": representation,
    "attributes": attributes,
    "memorisation": memorisation,
}


def measure_sections(subject: Subject, names: Sequence[str]) -> dict[str, Section]:
    """The parts of these names, in the order of SECTIONS."""
    return {name: part(subject) for name, part in SECTIONS.items() if name in names}


def check_names(names: Sequence[str]) -> None:
    """Raises ValueError for a part that there is not."""
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        raise ValueError(f"sections: expected some of {', '.join(SECTIONS)}, got {', '.join(unknown)}")
