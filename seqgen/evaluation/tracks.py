"""A model of multi-track bars measured: nats an event beside n-grams, and the notes that return in a track.

An event is a token of a track that is not empty, up to its end. A note of a track is right if the same track
of the reconstruction has one of its pitch on the same step, a 24th of a quarter note.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from seqgen import __version__
from seqgen.config import from_dict
from seqgen.core import GREEDY
from seqgen.evaluation.evaluate import weights_hash
from seqgen.evaluation.reconstruction import Scores, Tokens, scores
from seqgen.evaluation.table import table
from seqgen.evaluation.windows import array_hash, load_windows
from seqgen.models.music_vae import MusicVAE
from seqgen.representation.converter import RepresentationConfig
from seqgen.representation.multitrack import TRACKS, moving
from seqgen.representation.track_events import END, MOST_EVENTS, VOCABULARY, from_events
from seqgen.representation.track_grammar import TrackGrammar
from seqgen.tasks.shipped import find_folder, read_model

BATCH = 128
SHIFTS = range(-3, 4)
"""semitones by which train is transposed for the n-grams, as in training"""


@dataclass(frozen=True)
class TracksEvaluation:
    """The figures of one model on one set of bars."""

    signature: str
    nats: dict[str, float]
    """who ("own z", "random z", and n-grams where train is known) -> nats an event"""
    notes: dict[str, float]
    """of greedy reconstructions from the posterior mean: F1, precision, recall; share of right programs"""
    kl: float
    """nats a bar"""


@torch.no_grad()
def evaluate_tracks(
    model: str | Path,
    data: Path,
    split: str = "test",
    train: Path | None = None,
    limit: int | None = None,
    seed: int = 1,
) -> TracksEvaluation:
    """Measure a model of multi-track bars on shards or MIDI; arguments as of `evaluate.evaluate`."""
    name, vae, _, sections, _ = read_model(model)
    representation = from_dict(RepresentationConfig, sections["representation"], f"{model}: representation")
    windows = load_windows(data, representation, split, train, limit, seed).told(vae.config)
    token = torch.from_numpy(windows.tokens.astype(np.int64))
    rng = Generator().manual_seed(seed)
    real = torch.from_numpy(events(windows.tokens))
    nats, other, kl, again = _read(vae, token, rng, windows.controls(vae.config))
    figures = {"own z": nats[real].mean().item(), "random z": other[real].mean().item()}
    if windows.train is not None:
        grams = Grams(windows.train)
        for order, label in ((1, "unigram"), (2, "bigram")):
            figures[label] = float(grams.nats(windows.tokens, order).mean())
    found = note_scores(windows.tokens, again)
    first = windows.tokens.reshape(-1, MOST_EVENTS)[:, 0], again.reshape(-1, MOST_EVENTS)[:, 0]
    notes = dict(zip(("F1", "precision", "recall"), (found.f1, found.precision, found.recall), strict=True))
    notes["programs"] = float((first[0] == first[1])[first[0] != END].mean())
    parts = {
        "model": f"{name}@{weights_hash(find_folder(model))}",
        "data": f"{windows.name}@{windows.hash}",
        "windows": windows.describe_dropped(),
        "decoding": "greedy from the posterior mean, with the grammar",
    }
    if windows.chords is not None:
        parts["chords"] = "told, of the true events"
    if windows.train is not None:
        train_set = f"{windows.train_name}@{array_hash(windows.train)}"
        parts["n-grams"] = f"Witten-Bell of {train_set}, {SHIFTS[0]} to +{SHIFTS[-1]} semitones"
    parts |= {"seed": str(seed), "seqgen": __version__, "torch": torch.__version__}
    signature = "|".join(f"{key}:{value}" for key, value in parts.items())
    return TracksEvaluation(signature, figures, notes, kl)


def _read(
    vae: MusicVAE, token: Tensor, rng: Generator, controls: Tensor | None
) -> tuple[Tensor, Tensor, float, np.ndarray]:
    """Nats of each token with its own z and with that of another bar; KL; reconstructions."""
    parts = token.split(BATCH)
    told = [None] * len(parts) if controls is None else controls.split(BATCH)
    posteriors = [vae.encode(part, controls=c) for part, c in zip(parts, told, strict=True)]
    mean = torch.cat([posterior.mean for posterior in posteriors])
    z = torch.cat([posterior.sample(rng) for posterior in posteriors])
    other = z.roll(int(torch.randint(1, len(z), (), generator=rng)), 0)
    nats = [
        torch.cat(
            [
                -vae.log_prob(part, own, controls=c)
                for part, own, c in zip(parts, code.split(BATCH), told, strict=True)
            ]
        )
        for code in (z, other)
    ]
    again = [
        vae.decode(part, GREEDY, controls=c, grammar=TrackGrammar())
        for part, c in zip(mean.split(BATCH), told, strict=True)
    ]
    kl = torch.cat([posterior.kl().sum(1) for posterior in posteriors]).mean().item()
    return nats[0], nats[1], kl, torch.cat(again).numpy()


def events(tokens: Tokens) -> np.ndarray:
    """Which tokens [N, 512] are events: bool of that shape."""
    tracks = np.asarray(tokens).reshape(-1, MOST_EVENTS)
    before_end = np.cumsum(tracks == END, 1) - (tracks == END) == 0
    return (before_end & (tracks[:, :1] != END)).reshape(np.asarray(tokens).shape)


def note_scores(reference: Tokens, estimate: Tokens) -> Scores:
    """Precision, recall and F1 of notes, track by track, pooled. Warns where there are none."""
    matched = expected = played = 0
    for true, guess in zip(
        np.asarray(reference).reshape(-1, MOST_EVENTS).tolist(),
        np.asarray(estimate).reshape(-1, MOST_EVENTS).tolist(),
        strict=True,
    ):
        wanted, got = (
            Counter(zip(notes.start.tolist(), notes.pitch.tolist(), strict=True))
            for _, notes in (from_events(true), from_events(guess))
        )
        matched += (wanted & got).total()
        expected, played = expected + wanted.total(), played + got.total()
    return scores(matched, expected, played, "notes")


class Grams:
    """Unigrams and bigrams of events (Witten and Bell 1991): what is never told a code can know."""

    def __init__(self, train: Tokens):
        rows = np.asarray(train).astype(np.int64)
        moves = moving(rows)
        pitch = rows % 128
        low, high = np.where(moves, pitch, 127).min(1), np.where(moves, pitch, 0).max(1)
        self.pairs = np.zeros((VOCABULARY + 1, VOCABULARY))
        for shift in SHIFTS:
            fits = (low + shift >= 0) & (high + shift < 128)
            history, token = self._pairs(np.where(moves, rows + shift, rows)[fits])
            np.add.at(self.pairs, (history, token), 1)

    def nats(self, tokens: Tokens, order: int) -> np.ndarray:
        """[K] nats of each event."""
        history, token = self._pairs(np.asarray(tokens).astype(np.int64))
        counts = self.pairs.sum(0) + 1
        unigram = counts / counts.sum()
        if order == 1:
            return -np.log(unigram[token])
        seen, kinds = self.pairs.sum(1)[history], (self.pairs > 0).sum(1)[history]
        mixed = self.pairs[history, token] + kinds * unigram[token]
        return -np.log(np.where(seen > 0, mixed / np.maximum(seen + kinds, 1), unigram[token]))

    @staticmethod
    def _pairs(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each event's predecessor (490 for none), and itself."""
        tracks = rows.reshape(-1, MOST_EVENTS)
        before = np.concatenate([np.full((len(tracks), 1), VOCABULARY), tracks[:, :-1]], 1)
        inside = events(rows).reshape(tracks.shape)
        return before[inside], tracks[inside]


def as_json(result: TracksEvaluation) -> str:
    return json.dumps(asdict(result), indent=1, allow_nan=False)


def as_text(result: TracksEvaluation) -> str:
    """Tables, and the signature as the last line."""
    nats = table(["nats an event", *result.nats], [["", *(f"{value:.3f}" for value in result.nats.values())]])
    notes = [["", *(f"{value:.3f}" for value in result.notes.values())]]
    kl = f"KL {result.kl:.1f} nats a bar of {TRACKS} tracks."
    return "\n\n".join([nats, table(["reconstruction, a track", *result.notes], notes), kl, result.signature])
