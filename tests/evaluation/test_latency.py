"""Latency: equal to SimulEval's scorers on random cases, by hand, and where SimulEval goes wrong."""

import json

import numpy as np
import pytest
from simuleval.evaluator.instance import LogInstance
from simuleval.evaluator.scorers.latency_scorer import LATENCY_SCORERS_DICT

from seqgen.evaluation.latency import (
    METRICS,
    WORD_MS,
    Instance,
    corpus_latency,
    elapsed_times,
    sentence_latencies,
)

CASES = 1000


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
    return LogInstance(json.dumps(data))


def simulevals(instances, computation_aware=False):
    """SimulEval's figures: name -> of the corpus, and of each sentence (NaN: it skipped that one).

    The scorers themselves read `elapsed` right, for a log also of text. What is wrong in 1.1.4 lies around
    them: its command makes the figures that do not count computing count it too, and refuses text.
    """
    log = {index: as_simuleval(index, instance) for index, instance in enumerate(instances)}
    result = {}
    for name in METRICS:
        mean = LATENCY_SCORERS_DICT[name](computation_aware=computation_aware)(log)
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
        np.testing.assert_allclose(ours[name], each, rtol=1e-12, atol=1e-9, err_msg=name)
        assert means[name] == pytest.approx(mean, rel=1e-12, abs=1e-9), name


def test_computing_counts():
    rng = np.random.default_rng(8)
    some = [random_instance(rng, speech=False) for _ in range(50)]
    plain, aware = (sentence_latencies(some, flag) for flag in (False, True))
    for name in ("DAL", "AP", "StartOffset", "EndOffset"):  # AL may end at an earlier word
        assert (aware[name] > plain[name]).all()


def test_wait_k_lags_k():
    for k in (1, 3, 5):
        delays = [min(i + k, 20) for i in range(20)]
        latency = corpus_latency([text(delays, 20, 20)]).mean
        assert latency["AL"] == latency["LAAL"] == latency["DAL"] == latency["StartOffset"] == k
        assert latency["EndOffset"] == 0


def test_offline_lags_the_whole_source():
    latency = corpus_latency([text([12] * 7, 12, 7)])
    assert [latency.mean[name] for name in ("AL", "LAAL", "DAL", "AP")] == [12, 12, 12, 1]
    assert latency.at_end == 1


def test_by_hand():
    """Source 4, reference 2, written 4: after 1, 3, 4 and 4 words."""
    latency = corpus_latency([text([1, 3, 4, 4], 4, 2)])
    assert latency.mean["AL"] == pytest.approx((1 + (3 - 2) + (4 - 4)) / 3)
    assert latency.mean["LAAL"] == pytest.approx((1 + (3 - 1) + (4 - 2)) / 3)
    assert latency.mean["DAL"] == pytest.approx((1 + 2 + 2 + 2) / 4)
    assert latency.mean["AP"] == pytest.approx(12 / 8)
    assert latency.at_end == 0.5


def test_a_text_with_computing_is_a_speaker_of_a_word_in_300_ms():
    elapsed = elapsed_times([1, 2], [30.0, 60.0])
    assert elapsed == [330.0, 660.0]
    latency = corpus_latency([text([1, 2], 2, 2, elapsed=elapsed)], computation_aware=True).mean
    assert latency["StartOffset"] == pytest.approx(1.1)
    assert latency["EndOffset"] == pytest.approx(0.2)


@pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated")  # SimulEval says so through it
def test_silence_is_left_out_and_counted_as_simuleval_does():
    some = [text([1, 2, 3], 3, 3), text([], 5, 4), text([3], 3, 2), text([2], 0, 1)]
    latency = corpus_latency(some)
    assert (latency.sentences, latency.empty) == (2, 2)
    # SimulEval divides by the length of a source without words, so it sees the first three only.
    assert latency.mean == pytest.approx({name: mean for name, (mean, _) in simulevals(some[:3]).items()})
    assert np.isnan(sentence_latencies(some)["AL"]).tolist() == [False, True, False, True]


@pytest.mark.parametrize("some", [[], [text([], 3, 3)]], ids=["no sentence", "all silent"])
def test_nothing_warns_where_simuleval_stops(some):
    with pytest.warns(UserWarning, match="nothing was written"):
        latency = corpus_latency(some)
    assert latency.empty == len(some)
    assert all(np.isnan(value) for value in latency.mean.values())


def test_without_a_reference_the_prediction_gives_the_length():
    assert text([1, 2, 3], 3).target_length == 3
    assert text([1, 2, 3], 3, 5).target_length == 5
    assert Instance(delays=[], source_length=1, prediction="", reference="a  b").target_length == 3
    assert Instance(delays=[], source_length=1, prediction="", reference_length=9).target_length == 9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delays": [1]}, "delays: expected one for each of 2 words"),
        ({"delays": [2, 1]}, "delays: .*never fall, got 1 at word 1"),
        ({"delays": [-1, 1]}, "delays: .*got -1 at word 0"),
        ({"delays": [1.0, float("nan")]}, "delays: .*got nan at word 1"),
        ({"delays": [1.0, float("inf")]}, "delays: expected finite"),
        ({"source_length": -1}, "source_length: expected 0 or more, got -1"),
        ({"source_length": float("nan")}, "source_length"),
        ({"reference_length": 0}, "reference_length: expected at least 1"),
        ({"unit_ms": 0.0}, "unit_ms: expected more than 0"),
        ({"elapsed": [300.0]}, "elapsed: expected one for each of 2 delays"),
        ({"elapsed": [300.0, 200.0]}, "elapsed: .*never fall"),
        ({"elapsed": [1.5, 2.5]}, "elapsed: expected milliseconds, .*300.0, got 1.5 at word 0"),
    ],
)
def test_times_that_do_not_fit_are_named(changes, message):
    good = {"delays": [1, 2], "source_length": 2, "prediction": "a b", "reference": "a b"}
    Instance(**good)
    with pytest.raises(ValueError, match=message):
        Instance(**good | changes)


def test_computation_aware_needs_the_times():
    with pytest.raises(ValueError, match="elapsed: computation-aware latency needs the times"):
        corpus_latency([text([1], 1, 1)], computation_aware=True)
