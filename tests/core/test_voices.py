"""Voices: each reads its own part and the tail, and nothing of the others."""

from __future__ import annotations

import pytest
import torch

from seqgen.core import LSTM, Voices

TAIL = 2


def voices():
    torch.manual_seed(0)
    return Voices([LSTM(3 + TAIL, 4, 5), LSTM(1 + TAIL, 6, 5)], TAIL)


def test_outputs_are_those_of_each_voice_alone():
    core, cond, x = voices(), torch.randn(2, 5), torch.randn(2, 7, 3 + 1 + TAIL)
    assert (core.input_size, core.output_size) == (6, 10)
    y, state = core(x, core.init_state(2, cond))
    for number, (voice, columns, out) in enumerate(
        zip(core.voices, ([0, 1, 2, 4, 5], [3, 4, 5]), (slice(0, 4), slice(4, 10)), strict=True)
    ):
        own, after = voice(x[..., columns], voice.init_state(2, cond))
        torch.testing.assert_close(y[..., out], own)
        torch.testing.assert_close(state[number], after)


@pytest.mark.parametrize(("column", "first", "second"), [(0, True, False), (3, False, True), (4, True, True)])
def test_no_voice_reads_the_part_of_another(column, first, second):
    core, x = voices(), torch.randn(1, 3, 6, requires_grad=True)
    y, _ = core(x, core.init_state(1, torch.randn(1, 5)))
    for part, reads in ((y[..., :4], first), (y[..., 4:], second)):
        (gradient,) = torch.autograd.grad(part.sum(), x, retain_graph=True)
        assert bool((gradient[..., column] != 0).any()) == reads


@pytest.mark.parametrize("tail", [-1, 4])
def test_a_tail_that_no_voice_has_is_refused(tail):
    with pytest.raises(ValueError, match="expected one or more that read at least the tail"):
        Voices([LSTM(3, 4, 5)], tail)
