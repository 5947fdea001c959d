"""How far behind its source a translation is written: AL, LAAL, DAL, AP, and where it starts and ends.

A target word's delay is how much of the source had been read when it was written: words of a text,
milliseconds of speech. The definitions are those of SimulEval 1.1.4, so that figures compare with what is
published:

* AL, average lagging (arXiv 1810.08398): the mean lag behind an ideal writer who is evenly fast, over the
  words up to the first that saw the whole source.
* LAAL (arXiv 2206.05807): the same, but the ideal writer needs as many words as the longer of hypothesis
  and reference, so that writing too much earns nothing.
* DAL (arXiv 1906.05218): every word counts, and after a late word the ideal writer is late too.
* AP, average proportion (arXiv 1606.02012): the share of the source read, summed, over the reference's words.
* StartOffset: the first word's delay. EndOffset: the last word's, less the length of the source.

Computation-aware figures are the same formulas over `elapsed`. A corpus' figure is the mean over its
sentences. A sentence of which nothing was written has no delay and so no latency: the mean leaves it out, as
SimulEval's does, and the number left out is reported beside it, since silence must not look fast. SimulEval
stops where every sentence is empty; here that warns and gives NaN.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

METRICS = ("AL", "LAAL", "DAL", "AP", "StartOffset", "EndOffset")
WORD_MS = 300.0
"""how long a spoken word takes; SimulEval takes the same"""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One sentence: what was written, and when.

    Raises ValueError for times that do not fit one another or the prediction.
    """

    delays: Sequence[int | float]
    """of each word of the prediction: source words read, or milliseconds of speech; never falling"""
    source_length: int | float
    """of the whole source, in the unit of the delays"""
    prediction: str
    """what was written; a word is what stands between white space"""
    reference: str | None = None
    """what it is compared with"""
    reference_length: int | None = None
    """words of the reference; None: counted, or without a reference the prediction's"""
    elapsed: Sequence[int | float] | None = None
    """ms from the source's start to each word: the source read so far (at `unit_ms`) and the time computed"""
    unit_ms: float = WORD_MS
    """how long one unit of `delays` takes: a word's milliseconds for text, 1 for speech"""

    def __post_init__(self) -> None:
        words = len(self.prediction.split())
        if len(self.delays) != words:
            raise ValueError(
                f"delays: expected one for each of {words} words written, got {len(self.delays)}"
            )
        _check_times("delays", self.delays)
        if not 0 <= self.source_length < float("inf"):
            raise ValueError(f"source_length: expected 0 or more, got {self.source_length}")
        if self.reference_length is not None and self.reference_length < 1:
            raise ValueError(f"reference_length: expected at least 1, or None, got {self.reference_length}")
        if not 0 < self.unit_ms < float("inf"):
            raise ValueError(f"unit_ms: expected more than 0 milliseconds, got {self.unit_ms}")
        if self.elapsed is not None:
            self._check_elapsed(self.elapsed)

    def _check_elapsed(self, elapsed: Sequence[int | float]) -> None:
        if len(elapsed) != len(self.delays):
            raise ValueError(
                f"elapsed: expected one for each of {len(self.delays)} delays, got {len(elapsed)}"
            )
        _check_times("elapsed", elapsed)
        for index, (time, delay) in enumerate(zip(elapsed, self.delays, strict=True)):
            # A little doubt, since the times are sums of floats.
            if time < delay * self.unit_ms * (1 - 1e-9):
                raise ValueError(
                    f"elapsed: expected milliseconds, at least delay times unit_ms = {delay * self.unit_ms}, "
                    f"got {time} at word {index}"
                )

    @property
    def target_length(self) -> int:
        """Words the reference has, as SimulEval counts: what single spaces part, so an empty line has one."""
        if self.reference_length is not None:
            return self.reference_length
        if self.reference is not None:
            return len(self.reference.split(" "))
        return len(self.delays)

    def times(self, computation_aware: bool = False) -> np.ndarray:
        """Delays [U], or times elapsed, in the unit of the source's length."""
        if not computation_aware:
            return np.asarray(self.delays, dtype=np.float64)
        if self.elapsed is None:
            raise ValueError("elapsed: computation-aware latency needs the times, got None")
        return np.asarray(self.elapsed, dtype=np.float64) / self.unit_ms


class Latency(NamedTuple):
    """Of a corpus."""

    mean: dict[str, float]
    """each of METRICS; NaN where no sentence has a latency"""
    sentences: int
    """over which the mean is taken"""
    empty: int
    """left out: nothing was written, or there was no source"""
    at_end: float
    """share of the words that were written only when the whole source had been read; offline: 1"""


def corpus_latency(instances: Sequence[Instance], computation_aware: bool = False) -> Latency:
    """The mean over sentences of each metric. Warns, and gives NaN, where nothing was written at all."""
    table = sentence_latencies(instances, computation_aware)
    known = ~np.isnan(table["AL"])
    if not known.any():
        warnings.warn("no sentence has a latency: nothing was written", UserWarning, stacklevel=2)
        return Latency(dict.fromkeys(METRICS, float("nan")), 0, len(instances), float("nan"))
    late = [np.asarray(x.delays) >= x.source_length for x, ok in zip(instances, known, strict=True) if ok]
    return Latency(
        {name: float(values[known].mean()) for name, values in table.items()},
        int(known.sum()),
        int((~known).sum()),
        float(np.concatenate(late).mean()),
    )


def sentence_latencies(
    instances: Sequence[Instance], computation_aware: bool = False
) -> dict[str, np.ndarray]:
    """Each of METRICS for each sentence [N]; NaN where nothing was written or there was no source."""
    rows = np.full((len(instances), len(METRICS)), np.nan)
    for row, instance in zip(rows, instances, strict=True):
        times = instance.times(computation_aware)
        if len(times) and instance.source_length > 0:
            row[:] = measure(times, float(instance.source_length), instance.target_length)
    return {name: rows[:, i] for i, name in enumerate(METRICS)}


def measure(delays: np.ndarray, source_length: float, target_length: int) -> tuple[float, ...]:
    """METRICS of one sentence from its delays [U], U > 0, in the unit of its length."""
    written = len(delays)
    return (
        average_lagging(delays, source_length, target_length),
        average_lagging(delays, source_length, max(written, target_length)),
        differentiable_average_lagging(delays, source_length),
        float(delays.sum() / (source_length * target_length)),
        float(delays[0]),
        float(delays[-1] - source_length),
    )


def average_lagging(delays: np.ndarray, source_length: float, target_length: int) -> float:
    """AL (arXiv 1810.08398), and LAAL with the longer of the two target lengths."""
    complete = np.flatnonzero(delays >= source_length)
    counted = complete[0] + 1 if len(complete) else len(delays)
    ideal = np.arange(counted) * (source_length / target_length)
    return float((delays[:counted] - ideal).mean())


def differentiable_average_lagging(delays: np.ndarray, source_length: float) -> float:
    """DAL (arXiv 1906.05218) in closed form: the mean of the running maximum of the lags."""
    ideal = np.arange(len(delays)) * (source_length / len(delays))
    return float(np.maximum.accumulate(delays - ideal).mean())


def elapsed_times(
    delays: Sequence[int | float], computed_ms: Sequence[int | float], unit_ms: float = WORD_MS
) -> list[float]:
    """`Instance.elapsed` of delays and of the milliseconds that were computed up to each word.

    Reading and computing take turns, as SimulEval counts for speech. It has no such figure for text, whose
    words take no time: a speaker of one word in `unit_ms` stands for the source.
    """
    return [delay * unit_ms + ms for delay, ms in zip(delays, computed_ms, strict=True)]


def _check_times(name: str, times: Sequence[int | float]) -> None:
    before: int | float = 0
    for index, time in enumerate(times):
        if not before <= time < float("inf"):
            raise ValueError(
                f"{name}: expected finite times from 0 that never fall, got {time} at word {index}"
            )
        before = time
