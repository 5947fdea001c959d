"""A guide: vectors that stand in the state, between which every frame finds its place."""

from __future__ import annotations

import pytest
import torch

from seqgen.core import LSTM, Guided, SequenceModule


class Echo(SequenceModule):
    """Gives back what it reads."""

    input_size = output_size = 3

    def init_state(self, batch_size, cond):
        return torch.zeros(batch_size, 1)

    def forward(self, x, state, lengths=None):
        return x, state


def test_a_frame_reads_what_lies_between_two_vectors_and_the_last_one_stays():
    core = Guided(Echo(), 1, 4)
    state = core.follow(core.init_state(1, torch.zeros(1, 2)), torch.tensor([[[0.0], [8.0], [4.0]]]))
    y, state = core(torch.ones(1, 12, 2), state)
    assert y[0, :, 2].tolist() == [0, 2, 4, 6, 8, 7, 6, 5, 4, 4, 4, 4]
    assert (y[..., :2] == 1).all()
    assert state.position.tolist() == [12]


def test_without_a_guide_it_is_zero():
    core = Guided(Echo(), 1, 4)
    y, _ = core(torch.ones(2, 5, 2), core.init_state(2, torch.zeros(2, 2)))
    assert (y[..., 2] == 0).all()


@pytest.mark.parametrize(("size", "hop"), [(0, 4), (6, 4), (2, 0)])
def test_sizes_that_do_not_fit_are_said(size, hop):
    with pytest.raises(ValueError, match="size must be 1 to 5"):
        Guided(LSTM(6, 8, 5), size, hop)
