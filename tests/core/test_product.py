"""Product of heads: tuples as numbers and back, and parts that are independent."""

from __future__ import annotations

import itertools

import pytest
import torch

from seqgen.core import Bernoulli, Categorical, LogisticMixture, Product, ProductEmbedding, Sampling


def product(join="concat"):
    return Product([Categorical(4, 3, 5), LogisticMixture(4, 5, 5, 2), Bernoulli(4, 2, 5)], join)


def test_a_token_is_a_tuple_in_mixed_radix_the_first_part_fastest():
    head = product()
    assert head.vocabulary_size == 3 * 5 * 4
    assert head.draws == 1 + 2 + 2
    for token, (c, b, a) in enumerate(itertools.product(range(4), range(5), range(3))):
        parts = [part.item() for part in head.parts(torch.tensor(token))]
        assert parts == [a, b, c]
        assert head.token([torch.tensor(part) for part in parts]).item() == token


def test_log_probabilities_of_the_parts_add():
    head, y, token = product(), torch.randn(6, 4), torch.arange(54, 60)
    parts = zip(head.heads, head.parts(token), strict=True)
    expected = sum(part_head.log_prob(y, part) for part_head, part in parts)
    torch.testing.assert_close(head.log_prob(y, token), expected)


@pytest.mark.parametrize(("join", "size"), [("concat", 15), ("sum", 5)])
def test_embeddings_are_joined_and_start_is_the_start_of_every_part(join, size):
    head = product(join)
    assert head.embed(torch.tensor([[0, 59]])).shape == (1, 2, size) == (1, 2, head.embedding_size)
    each = [part.embed(torch.tensor(part.start)) for part in head.heads]
    expected = torch.cat(each) if join == "concat" else sum(each)
    torch.testing.assert_close(head.embed(torch.tensor(head.start)), expected)


def test_each_part_is_drawn_from_its_own_uniform_numbers():
    torch.manual_seed(0)
    head, y, uniform = product(), torch.randn(50, 4), torch.rand(50, 5)
    parts = head.parts(head.sample(y, Sampling(), uniform))
    for part_head, part, share in zip(head.heads, parts, uniform.split([1, 2, 2], -1), strict=True):
        assert torch.equal(part, part_head.sample(y, Sampling(), share))


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match=r"fewer than 2\*\*31"):
        Product([Categorical(2, 1 << 16, 2), Categorical(2, 1 << 15, 2)])
    with pytest.raises(ValueError, match="one embedding size"):
        Product([Categorical(2, 3, 2), Categorical(2, 3, 4)], "sum")
    with pytest.raises(ValueError, match="one or more"):
        Product([])


def test_heads_read_their_own_slices_of_the_output():
    head = Product([Categorical(2, 3, 5), Categorical(4, 4, 5)], widths=(2, 4))
    y, token = torch.randn(6, 6), torch.arange(6, 12)
    first, second = head.parts(token)
    expected = [head.heads[0].log_prob(y[:, :2], first), head.heads[1].log_prob(y[:, 2:], second)]
    for found, part in zip(head.log_prob_by_part(y, token), expected, strict=True):
        torch.testing.assert_close(found, part)
    torch.testing.assert_close(head.log_prob(y, token), sum(expected))
    moved = y.clone()
    moved[:, 2:] += 1
    uniform = torch.rand(6, 2)
    drawn = [head.parts(head.sample(x, Sampling(), uniform))[0] for x in (y, moved)]
    assert torch.equal(*drawn), "the first head read the second one's numbers"


def test_widths_are_one_a_head():
    with pytest.raises(ValueError, match="expected one for each of 2 heads"):
        Product([Categorical(2, 3, 5), Categorical(4, 4, 5)], widths=(6,))


def test_an_embedding_of_tuples_reads_tokens_as_the_product_does():
    head = product()
    embedding = ProductEmbedding([part.embedding for part in head.heads], head.radix)
    token = torch.tensor([0, 17, 59, head.start, head.blank])
    torch.testing.assert_close(embedding(token), head.embed(token))
