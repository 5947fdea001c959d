"""Paths between codes: the classical formula where it holds, and sense where it does not."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqgen.tasks.latent import grid_weights, latent_grid, latent_path, path_weights, slerp


def classical(a, b, t):
    """Shoemake 1985, as Magenta has it."""
    angle = torch.arccos((a / a.norm()) @ (b / b.norm()))
    return ((1 - t) * angle).sin() / angle.sin() * a + (t * angle).sin() / angle.sin() * b


def code(seed, size=16):
    return torch.randn(size, generator=torch.Generator().manual_seed(seed))


def test_codes_of_one_length_go_the_classical_way():
    a, b = code(0), code(1)
    b = b * a.norm() / b.norm()
    t = torch.linspace(0, 1, 9)
    expected = torch.stack([classical(a, b, share) for share in t])
    torch.testing.assert_close(slerp(a, b, t), expected)


def test_half_way_lies_between_in_angle_and_in_length():
    (middle,) = slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0]), torch.tensor([0.5]))
    torch.testing.assert_close(middle, torch.tensor([math.sqrt(2), math.sqrt(2)]))


@given(
    st.integers(0, 50), st.sampled_from([0.0, 1e-30, 1e-9, 1.0, 1e9]), st.sampled_from([1.0, -1.0, 0.5, -3.0])
)
def test_no_pair_of_codes_gives_nan_and_the_ends_are_exact(seed, size, factor):
    a = code(seed) * size
    b = code(seed + 1) if seed % 2 else a * factor  # equal, opposite, of other lengths
    path = latent_path(a, b, 7)
    assert path.isfinite().all()
    assert torch.equal(path[0], a)
    assert torch.equal(path[-1], b)
    assert path.norm(dim=1).max() <= max(a.norm(), b.norm()) * (1 + 1e-5)


def test_equal_ends_stay_where_they_are():
    a = code(3)
    torch.testing.assert_close(latent_path(a, a, 5), a.expand(5, -1), rtol=1e-6, atol=0)


def test_opposite_ends_go_round_and_not_through_the_middle():
    a = code(4)
    lengths = latent_path(a, -a, 9).norm(dim=1)
    torch.testing.assert_close(lengths, a.norm().expand(9))


def test_one_dimension_has_only_the_straight_way():
    path = latent_path(torch.tensor([-1.0]), torch.tensor([1.0]), 3)
    torch.testing.assert_close(path, torch.tensor([[-1.0], [0.0], [1.0]]))


def test_a_grid_has_its_corners_and_its_columns_are_paths():
    corners = [code(seed) for seed in range(4)]
    grid = latent_grid(*corners, 4)
    assert grid.shape == (4, 4, 16)
    for corner, place in zip(corners, [(0, 0), (0, 3), (3, 0), (3, 3)], strict=True):
        assert torch.equal(grid[place], corner)
    torch.testing.assert_close(grid[0], latent_path(corners[0], corners[1], 4))
    torch.testing.assert_close(grid[:, 2], latent_path(grid[0, 2], grid[3, 2], 4))


@pytest.mark.parametrize("weights", [path_weights(5), grid_weights(5).flatten(0, 1)], ids=["path", "grid"])
def test_weights_are_shares_and_the_corners_are_pure(weights):
    torch.testing.assert_close(weights.sum(-1), torch.ones(len(weights), dtype=torch.float64))
    assert weights[0, 0] == weights[-1, -1] == 1


def test_straight_paths_and_grids():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    assert latent_path(a, b, 3, "lerp").tolist() == [[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]]
    grid = latent_grid(a, b, -a, -b, 3, "lerp")
    assert grid[:, 0].tolist() == [[2.0, 0.0], [0.0, 0.0], [-2.0, 0.0]]
    assert grid[1].tolist() == [[0.0, 0.0]] * 3
