"""Latency equals that of SimulEval's scorers, on random cases of text and of speech."""

import json

import numpy as np
import pytest

from seqgen.evaluation.latency import (
    METRICS,
    WORD_MS,
    Instance,
    corpus_latency,
    elapsed_times,
    sentence_latencies,
)

CASES = 1000
scorers = pytest.importorskip("simuleval.evaluator.scorers.latency_scorer", reason="SimulEval is the oracle")


def words(count):
    return " ".join(["w"] * count)


def text(delays, source_length, reference_length=None, **more):
    reference = None if reference_length is None else words(reference_length)
    return Instance(
        delays=delays, source_length=source_length, prediction=words(len(delays)), reference=reference, **more
    )


def random_instance(rng, speech):
    """Wait-k, random, offline and too late writers, of any length, for words or for milliseconds."""
    source, written = int(rng.integers(1, 31)), int(rng.integers(1, 41))
    kind = rng.integers(4)
    if kind == 0:
        delays = np.minimum(np.arange(written) + rng.integers(1, 8), source)
    elif kind == 1:
        delays = np.sort(rng.integers(1, source + 1, written))
    else:
        delays = np.full(written, source + (kind == 3) * rng.integers(1, 4))
    unit = 1.0 if speech else WORD_MS
    if speech:
        source, delays = source * 317.3, delays * 317.3
    computed = rng.exponential(40.0, written).cumsum()
    return text(
        delays.tolist(), source, int(rng.integers(1, 41)),
        elapsed=elapsed_times(delays.tolist(), computed.tolist(), unit), unit_ms=unit,
    )  # fmt: skip


def as_simuleval(index, instance):
    """The instance as SimulEval reads it from its log. There, times elapsed are in the source's unit."""
    elapsed = [] if instance.elapsed is None else instance.times(computation_aware=True).tolist()
    data = {
        "index": index,
        "prediction": instance.prediction,
        "reference": instance.reference,
        "delays": list(instance.delays),
        "elapsed": elapsed,
        "source_length": instance.source_length,
    }
    return scorers.LogInstance(json.dumps(data))


def simulevals(instances, computation_aware=False):
    """SimulEval's figures: name -> of the corpus, and of each sentence (NaN: it skipped that one).

    The scorers themselves read `elapsed` right, for a log also of text. What is wrong in 1.1.4 lies around
    them: its command makes the figures that do not count computing count it too, and refuses text.
    """
    log = {index: as_simuleval(index, instance) for index, instance in enumerate(instances)}
    result = {}
    for name in METRICS:
        mean = scorers.LATENCY_SCORERS_DICT[name](computation_aware=computation_aware)(log)
        result[name] = mean, [entry.metrics.get(name, np.nan) for entry in log.values()]
    return result


@pytest.fixture(scope="module", params=["text", "speech"])
def instances(request):
    rng = np.random.default_rng(7)
    return [random_instance(rng, request.param == "speech") for _ in range(CASES)]


@pytest.mark.parametrize("computation_aware", [False, True], ids=["delays", "elapsed"])
def test_equals_simuleval(instances, computation_aware):
    ours = sentence_latencies(instances, computation_aware)
    means = corpus_latency(instances, computation_aware).mean
    for name, (mean, each) in simulevals(instances, computation_aware).items():
        np.testing.assert_allclose(ours[name], each, rtol=0, atol=1e-9, err_msg=name)
        assert means[name] == pytest.approx(mean, rel=0, abs=1e-9), name


def test_computing_counts():
    rng = np.random.default_rng(8)
    some = [random_instance(rng, speech=False) for _ in range(50)]
    plain, aware = (sentence_latencies(some, flag) for flag in (False, True))
    for name in ("DAL", "AP", "StartOffset", "EndOffset"):  # AL may end at an earlier word
        assert (aware[name] > plain[name]).all()


@pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated")  # SimulEval says so through it
def test_silence_is_left_out_as_simuleval_does():
    some = [text([1, 2, 3], 3, 3), text([], 5, 4), text([3], 3, 2), text([2], 0, 1)]
    latency = corpus_latency(some)
    # SimulEval divides by the length of a source without words, so it sees the first three only.
    assert latency.mean == pytest.approx({name: mean for name, (mean, _) in simulevals(some[:3]).items()})
