"""What a recogniser is worth: word errors, delay after the end of each word, and what it costs."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from seqgen import __version__
from seqgen.data.speech import TABLE, Example, collate, read_examples, read_table
from seqgen.evaluation.evaluate import weights_hash
from seqgen.evaluation.word_errors import WordErrors, align, count_errors
from seqgen.io.speech import read_speech
from seqgen.representation.log_mel import LogMel
from seqgen.tasks.recognition import RecognitionModel, Word, load_recognizer
from seqgen.tasks.shipped import find_folder

BATCH = 50
BLOCK = 0.04  # seconds: what is pushed at once where the stream is timed


@dataclass(frozen=True)
class RecognitionScores:
    """The figures of one recogniser on one set of utterances."""

    signature: str
    utterances: int
    words: int
    word_error_rate: float
    substitutions: int
    deletions: int
    insertions: int
    delay_ms: dict[str, float]
    """after the end of each word that was recognised: mean, median, p95, and share decided at the very end"""
    real_time_factor: float
    """CPU seconds of one thread for a second of sound, in blocks of 40 ms"""
    streamed: tuple[int, int]
    """of so many utterances that were streamed, those whose words and times equal the batch's, and all"""
    baseline: dict[str, float]
    """word error rate of the commonest word, as often as there are words; delay (ms) of awaiting the end"""


def evaluate_recognition(
    model: str | Path, data: Path, limit: int | None = None, streams: int = 20
) -> RecognitionScores:
    """Measure a recogniser on a folder of recordings with utterances.tsv (see data_tools/make_digits.py).

    Args:
        model: a shipped model's name or a model's folder.
        data: the folder; not shards.
        limit: take the first so many utterances.
        streams: so many are streamed as well, to be timed and compared.

    Raises:
        ValueError: for a bad model, a folder without utterances, or one that does not fit the model.
    """
    loaded = load_recognizer(model)
    examples = read_examples(data, loaded.speech, limit)
    if not examples or not any(example.tokens for example in examples):
        raise ValueError(f"{data}: expected utterances with words in {TABLE}, got none")
    heard = transcribe_all(loaded, examples)
    symbols = loaded.speech.symbols
    references = [[symbols[token] for token in example.tokens] for example in examples]
    errors = count_errors(references, [[word.text for word in words] for words in heard])
    paths = [path for path, _, _ in read_table(data, loaded.speech)[: min(streams, len(examples))]]
    equal, factor = stream_some(loaded, paths, heard)
    return RecognitionScores(
        signature=sign(loaded, weights_hash(find_folder(model)), data, len(examples)),
        utterances=len(examples),
        words=errors.words,
        word_error_rate=errors.rate,
        substitutions=errors.substitutions,
        deletions=errors.deletions,
        insertions=errors.insertions,
        delay_ms=delays(references, heard, examples),
        real_time_factor=factor,
        streamed=(equal, len(paths)),
        baseline=baseline(references, examples),
    )


def transcribe_all(model: RecognitionModel, examples: Sequence[Example]) -> list[list[Word]]:
    """The words of each example with their times, many examples at once."""
    log_mel, recognizer = LogMel(model.speech.sound), model.recognizer
    device = recognizer.end.device
    result = []
    for at in range(0, len(examples), BATCH):
        part = examples[at : at + BATCH]
        batch = collate(part, recognizer.config.end)
        frames, lengths = (torch.from_numpy(array).to(device) for array in batch[:2])
        for example, heard in zip(part, recognizer.transcribe(frames, lengths), strict=True):
            times = (min(log_mel.seconds(frame), example.seconds) for frame in heard.frame)
            words = (model.speech.symbols[token] for token in heard.token)
            result.append([Word(*pair) for pair in zip(words, times, strict=True)])
    return result


def stream_some(
    model: RecognitionModel, paths: Sequence[Path], expected: Sequence[list[Word]]
) -> tuple[int, float]:
    """How many recordings give the same words at the same times as a stream, and the real-time factor."""
    size = round(BLOCK * model.sample_rate)
    equal, sound, spent = 0, 0.0, 0.0
    list(model.stream([np.zeros(model.sample_rate, np.float32)]))  # what only a first stream has to do
    for path, words in zip(paths, expected, strict=False):
        samples, _ = read_speech(path, model.sample_rate)
        begin = time.process_time()
        streamed = list(model.stream(samples[at : at + size] for at in range(0, len(samples), size)))
        spent += time.process_time() - begin
        sound += len(samples) / model.sample_rate
        equal += streamed == words
    return equal, spent / sound if sound else 0.0


def delays(
    references: Sequence[list[str]], heard: Sequence[list[Word]], examples: Sequence[Example]
) -> dict[str, float]:
    """How long after its end each word was decided that is right in the alignment with its reference."""
    found, last = [], 0
    for reference, words, example in zip(references, heard, examples, strict=True):
        for i, j in align(reference, [word.text for word in words]):
            if i is not None and j is not None and reference[i] == words[j].text:
                found.append(1000 * (words[j].seconds - example.ends[i]))
                last += words[j].seconds >= example.seconds
    if not found:
        return {}
    middle, high = np.percentile(found, [50, 95])
    return {
        "mean": float(np.mean(found)),
        "median": float(middle),
        "p95": float(high),
        "at the end": last / len(found),
    }


def baseline(references: Sequence[list[str]], examples: Sequence[Example]) -> dict[str, float]:
    """What a recogniser scores that knows only how many words there are, and one that waits for the end."""
    common = Counter(word for reference in references for word in reference).most_common(1)[0][0]
    errors: WordErrors = count_errors(references, [[common] * len(reference) for reference in references])
    waits = [1000 * (example.seconds - end) for example in examples for end in example.ends]
    return {"word error rate": errors.rate, "delay": float(np.mean(waits))}


def sign(model: RecognitionModel, weights: str, data: Path, utterances: int) -> str:
    """One line that says what was measured, so that two figures can be compared."""
    with open(data / TABLE, "rb") as file:
        table = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    parts = {
        "model": f"{model.name}@{weights}",
        "attention": model.recognizer.config.attention,
        "data": f"{data.resolve().name}@{table}",
        "utterances": str(utterances),
        "decoding": "greedy",
        "seqgen": __version__,
        "torch": torch.__version__,
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def scores_as_dict(scores: RecognitionScores) -> dict[str, object]:
    """For JSON."""
    return asdict(scores)


def scores_as_text(scores: RecognitionScores) -> str:
    """Lines for people; the last one is the signature."""
    delay, base = scores.delay_ms, scores.baseline
    lines = [
        f"word error rate   {scores.word_error_rate:.2%} of {scores.words} words "
        f"({scores.substitutions} wrong, {scores.deletions} missing, {scores.insertions} added); "
        f"always the commonest word: {base['word error rate']:.2%}",
    ]
    if delay:
        lines.append(
            f"delay             {delay['mean']:.0f} ms after a word's end (median {delay['median']:.0f}, "
            f"95th percentile {delay['p95']:.0f}; {delay['at the end']:.1%} only at the recording's end); "
            f"waiting for the end: {base['delay']:.0f} ms"
        )
    lines += [
        f"real-time factor  {scores.real_time_factor:.3f} (CPU time, one stream)",
        f"streamed          {scores.streamed[0]} of {scores.streamed[1]} utterances equal to the batch",
        scores.signature,
    ]
    return "\n".join(lines)
