"""Latency: small cases by hand, where SimulEval goes wrong, and what does not fit."""

import numpy as np
import pytest

from seqgen.evaluation.latency import (
    Instance,
    corpus_latency,
    elapsed_times,
    sentence_latencies,
)


def words(count):
    return " ".join(["w"] * count)


def text(delays, source_length, reference_length=None, **more):
    reference = None if reference_length is None else words(reference_length)
    return Instance(
        delays=delays, source_length=source_length, prediction=words(len(delays)), reference=reference, **more
    )


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


def test_silence_is_left_out_and_counted():
    some = [text([1, 2, 3], 3, 3), text([], 5, 4), text([3], 3, 2), text([2], 0, 1)]
    latency = corpus_latency(some)
    assert (latency.sentences, latency.empty) == (2, 2)
    assert latency.mean["AL"] == np.mean([corpus_latency([some[i]]).mean["AL"] for i in (0, 2)])
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
