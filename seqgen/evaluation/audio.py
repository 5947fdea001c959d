"""What a WaveNet of sound is worth: bits a sample beside n-grams, and whether its digits are understood."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from seqgen import __version__
from seqgen.data.takes import TABLE, Take, read_corpus
from seqgen.evaluation.evaluate import weights_hash
from seqgen.evaluation.ngram import NGram, fit_ngram
from seqgen.evaluation.vocoder import distance, feature_config, said_again
from seqgen.models.audio_wavenet import bits
from seqgen.representation.mulaw import CODES, decode
from seqgen.tasks.audio import AudioModel, load_audio
from seqgen.tasks.recognition import RecognitionModel, load_recognizer
from seqgen.tasks.shipped import find_folder
from seqgen.training.audio import take_nats

ORDERS = {"unigram": 1, "trigram": 3}
SPOKEN = 50
TIMED = 0.1  # seconds of sound that are sampled against the clock


@dataclass(frozen=True)
class AudioScores:
    """The figures of one model on one split of a corpus."""

    signature: str
    takes: int
    samples: int
    bits_per_sample: float
    """of 8-bit mu-law codes, teacher-forced from each take's first sample; its duration is paid for"""
    bits_by_speaker: dict[str, float]
    baseline: dict[str, float]
    """bits a sample of n-grams fitted to train: of no context, and of the two samples before (Witten-Bell)"""
    heard: dict[str, int]
    """digits that a recogniser heard right: of `sampled` ones, and of as many `real` takes of this split;
    of a vocoder, of the same takes, `vocoded` and by `griffin-lim`"""
    spoken: int
    """digits that it was given of either; chance is a tenth"""
    real_time_factor: float
    """CPU seconds of one thread for a second of sound, one take at a time"""
    distance: dict[str, float] = field(default_factory=dict)
    """of a vocoder: dB from the log-mel columns of the real takes to those of the vocoded ones"""


def evaluate_audio(
    model: str | Path,
    data: Path,
    split: str = "test",
    limit: int | None = None,
    spoken: int | None = None,
    seed: int = 1,
    recognizer: str | Path = "digits-mocha",
) -> AudioScores:
    """Measure a WaveNet of sound on a folder of recordings with splits.tsv.

    Args:
        model: a shipped model's name or a model's folder.
        data: the folder; its train split is what the n-grams are fitted to.
        split: what is measured.
        limit: take the first so many takes.
        spoken: so many digits (50) are sampled at temperature 1 and transcribed; 0 leaves it out. A vocoder
            says so many takes of the split again.
        seed: of those samples.
        recognizer: what listens to them.

    Raises:
        ValueError: for a bad model, or a folder that does not fit it.
    """
    loaded = load_audio(model)
    train = read_corpus(data, "train", loaded.sound)
    takes = read_corpus(data, split, loaded.sound, limit)
    nats = take_nats(loaded.wavenet, takes, loaded.sample_rate)
    lengths = np.array([len(take.codes) for take in takes])
    wanted = SPOKEN if spoken is None else spoken
    vocoder = loaded.wavenet.config.features > 0
    says = min(wanted, len(takes)) if vocoder else wanted if loaded.wavenet.config.digits else 0
    listener = load_recognizer(recognizer) if says else None
    chosen = [takes[row] for row in np.random.default_rng(seed).permutation(len(takes))[:says]]
    real = [decode(take.codes) for take in chosen]
    made = said_again(loaded, real, seed) if vocoder and says else {}
    return AudioScores(
        signature=sign(
            loaded, weights_hash(find_folder(model)), data, split, len(takes), says, seed, listener
        ),
        takes=len(takes),
        samples=int(lengths.sum()),
        bits_per_sample=float(bits(nats.sum()) / lengths.sum()),
        bits_by_speaker=by_speaker(loaded, takes, nats),
        baseline=baseline(train, takes),
        heard={} if listener is None else hear(loaded, listener, chosen, real, made, seed),
        spoken=says,
        real_time_factor=real_time_factor(loaded, takes[0]) if says else 0.0,
        distance={name: distance(sounds, real, feature_config(loaded)) for name, sounds in made.items()},
    )


def by_speaker(model: AudioModel, takes: Sequence[Take], nats: np.ndarray) -> dict[str, float]:
    """Bits a sample of each speaker's takes: recordings differ in level and noise, so these do."""
    found = {}
    for number, name in enumerate(model.sound.speakers):
        mine = [row for row, take in enumerate(takes) if take.speaker == number]
        if mine:
            found[name] = float(bits(nats[mine].sum()) / sum(len(takes[row].codes) for row in mine))
    return found


def baseline(train: Sequence[Take], takes: Sequence[Take]) -> dict[str, float]:
    """Bits a sample of n-grams that were fitted to the train split."""
    everything = np.concatenate([take.codes for take in train]).astype(np.int64)[None]
    samples = sum(len(take.codes) for take in takes)
    return {
        name: float(bits(ngram_nats(fit_ngram(everything, CODES, order), takes)) / samples)
        for name, order in ORDERS.items()
    }


def ngram_nats(model: NGram, takes: Sequence[Take]) -> float:
    """-log p of takes, each from its own beginning."""
    return float(sum(model.nll(take.codes.astype(np.int64)[None]).sum() for take in takes))


def hear(
    model: AudioModel,
    listener: RecognitionModel,
    takes: Sequence[Take],
    real: Sequence[np.ndarray],
    made: Mapping[str, Sequence[np.ndarray]],
    seed: int,
) -> dict[str, int]:
    """Digits heard right: of what was `made` of the real takes, or else of sampled ones; and of the real."""
    said = [model.sound.digits[take.digit] if take.digit >= 0 else "" for take in takes]
    found = {name: heard_right(listener, said, sounds) for name, sounds in made.items()}
    if not made:
        found["sampled"] = heard_right(listener, *sampled(model, len(takes), seed))
    return {**found, "real": heard_right(listener, said, real)}


def sampled(model: AudioModel, count: int, seed: int) -> tuple[list[str], list[np.ndarray]]:
    """New takes, digit after digit and speaker after speaker: what was asked for, and what came."""
    digits, speakers = model.sound.digits, model.sound.speakers
    asked = [digits[number % len(digits)] for number in range(count)]
    who = [speakers[number // len(digits) % len(speakers)] if speakers else None for number in range(count)]
    seeds = [seed * 10_000 + number for number in range(count)]
    return asked, model.sample_many(asked, who, seeds, precision="float32")


def heard_right(listener: RecognitionModel, digits: Sequence[str], sounds: Sequence[np.ndarray]) -> int:
    """How many are heard as what they are."""
    return sum(heard_as(listener, sound) == digit for digit, sound in zip(digits, sounds, strict=True))


def heard_as(listener: RecognitionModel, sound: np.ndarray) -> str:
    """What a recogniser of connected digits writes for one: at a level, between pauses and over a noise floor
    that it knows."""
    rng = np.random.default_rng(len(sound))
    level = 0.4 / max(1e-3, float(np.abs(sound).max()))
    pause = np.zeros(round(0.25 * listener.sample_rate), np.float32)
    said = np.concatenate([pause, level * sound, pause]).astype(np.float32)
    said += 10 ** (-55 / 20) * rng.standard_normal(len(said)).astype(np.float32)
    return " ".join(word.text for word in listener.stream([said]))


def real_time_factor(model: AudioModel, take: Take) -> float:
    """CPU seconds for a second of sound; a vocoder follows the beginning of a take."""
    begin = time.process_time()
    if model.wavenet.config.features:
        sound = decode(take.codes[: round(TIMED * model.sample_rate)])
        model.vocode_samples(sound, precision="float32")
    else:
        model.sample(seed=1, seconds=TIMED, precision="float32")
    return (time.process_time() - begin) / TIMED


def sign(
    model: AudioModel,
    weights: str,
    data: Path,
    split: str,
    takes: int,
    spoken: int,
    seed: int,
    listener: RecognitionModel | None,
) -> str:
    """One line that says what was measured, so that two figures can be compared."""
    with open(data / TABLE, "rb") as file:
        table = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    parts = {
        "model": f"{model.name}@{weights}",
        "data": f"{split}@{table}",
        "takes": str(takes),
        "codes": f"mulaw{CODES}@{model.sample_rate}",
        "spoken": f"{spoken}" + (f"@{listener.name}|temperature:1|seed:{seed}" if listener else ""),
        "seqgen": __version__,
        "torch": torch.__version__,
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def scores_as_dict(scores: AudioScores) -> dict[str, object]:
    """For JSON."""
    return asdict(scores)


def scores_as_text(scores: AudioScores) -> str:
    """Lines for people; the last one is the signature."""
    apart = ", ".join(f"{name} {value:.2f}" for name, value in scores.bits_by_speaker.items())
    lines = [
        f"bits a sample     {scores.bits_per_sample:.3f} over {scores.samples:,} samples of "
        f"{scores.takes} takes ({apart or 'no speakers'})",
        f"n-grams           {scores.baseline['unigram']:.3f} without context, "
        f"{scores.baseline['trigram']:.3f} after two samples",
    ]
    if scores.spoken:
        heard = ", ".join(f"{count} {name}" for name, count in scores.heard.items())
        lines.append(f"heard right       {heard}; of {scores.spoken} digits each")
    if scores.distance:
        apart = ", ".join(f"{value:.2f} dB {name}" for name, value in scores.distance.items())
        lines.append(f"from the columns  {apart}")
    if scores.spoken:
        lines.append(
            f"real-time factor  {scores.real_time_factor:.2f} (CPU time, one take at a time)",
        )
    return "\n".join([*lines, scores.signature])
