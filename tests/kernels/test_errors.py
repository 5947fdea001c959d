"""Bad input is said in words, with the place where it stands."""

import pytest
import torch

from seqgen.kernels import (
    chunkwise_attention,
    expected_alignment,
    expected_alignment_from_logits,
    lookback_attention,
)

P = torch.full((2, 3, 40), 0.5)


@pytest.mark.parametrize("value", [-0.001, 1.5, float("nan"), float("inf")])
@pytest.mark.parametrize("place", [(0, 0, 0), (1, 2, 17), (1, 1, 39)])
@pytest.mark.parametrize("backend", [None, "naive"])
def test_no_probability(version, value, place, backend):
    p = P.clone()
    p[place] = value
    p[1, 2, 38] = 7  # the first one is named
    index = ", ".join(map(str, place))
    with pytest.raises(ValueError, match=rf"p\[{index}\] must be a probability in \[0, 1\], got {value:g}"):
        expected_alignment(p, backend=backend)


@pytest.mark.parametrize("backend", [None, "naive"])
def test_no_logit(version, backend):
    e = P.clone()
    e[1, 2, 17] = float("nan")
    with pytest.raises(ValueError, match=r"e\[1, 2, 17\] is NaN"):
        expected_alignment_from_logits(e, backend=backend)
    for value in (float("nan"), float("inf")):
        e[1, 2, 17] = value
        for attend in (lookback_attention, lambda a, u, **o: chunkwise_attention(a, u, 2, **o)):
            with pytest.raises(
                ValueError, match=rf"u\[1, 2, 17\] must be a number, or -inf .* got {value:g}"
            ):
                attend(P, e, backend=backend)


@pytest.mark.parametrize("backend", [None, "naive"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source_lengths": torch.tensor([40, 41])}, r"source_lengths\[1\] must lie in 0 \.\. 40, got 41"),
        ({"target_lengths": torch.tensor([-1, 3])}, r"target_lengths\[0\] must lie in 0 \.\. 3, got -1"),
        ({"source_lengths": torch.tensor([40])}, r"source_lengths must have the shape \[2\].* got \[1\]"),
        ({"target_lengths": torch.ones(2)}, r"target_lengths must hold whole numbers, got torch.float32"),
        ({"previous": torch.ones(2, 39)}, r"previous must have the shape \[2, 40\].* got \[2, 39\]"),
        ({"previous": torch.ones(40)}, r"previous must have the shape \[B, S\], got \[40\]"),
    ],
)
def test_lengths_and_shapes(version, arguments, message, backend):
    with pytest.raises(ValueError, match=message):
        expected_alignment(P, **arguments, backend=backend)


def test_what_is_no_batch_of_floats():
    with pytest.raises(ValueError, match=r"p must have the shape \[B, U, S\], got \[3, 40\]"):
        expected_alignment(P[0])
    with pytest.raises(ValueError, match=r"e must hold floating-point numbers, got torch.int64"):
        expected_alignment_from_logits(P.long())
    with pytest.raises(
        ValueError, match=r"u must have the shape \[2, 3, 40\] to go with alpha, got \[2, 3, 39\]"
    ):
        lookback_attention(P, P[:, :, 1:])
    with pytest.raises(ValueError, match="chunk must be at least 1, got 0"):
        chunkwise_attention(P, P, 0)


def test_backends_that_are_not_there(monkeypatch):
    with pytest.raises(ValueError, match="backend must be one of naive, native, triton, got 'cuda'"):
        expected_alignment(P, backend="cuda")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="needs the package triton"):
        lookback_attention(P, P, backend="triton")
