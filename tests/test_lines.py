"""The lines benchmark: its images and metrics on cases worked by hand, and the command from end to end."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch

import experiments.lines as command
from experiments.line_images import SIZE, draw_ends, draw_lines, measure, nearest, short_way
from experiments.line_models import interpolate, train


def image(angle):
    return draw_lines(np.array([angle])).reshape(SIZE, SIZE)


def test_a_line_goes_from_the_middle_to_the_edge():
    right = image(0.0)
    assert right[15:17, 16:].min() == 1  # half a pixel away on both sides
    assert right[:15].max() == right[17:].max() == right[:, :15].max() == 0
    for quarter in range(4):  # y points down, so angles grow clockwise
        np.testing.assert_allclose(image(quarter * math.pi / 2), np.rot90(right, -quarter), atol=1e-6)


def test_a_quarter_pixel_off_is_a_quarter_darker():
    line = image(math.atan2(0.25, 8.0))
    place = np.array([8.5, 0.5])  # x, y of a pixel's middle, seen from the middle of the image
    direction = np.array([8.0, 0.25]) / math.hypot(8, 0.25)
    away = abs(place[0] * direction[1] - place[1] * direction[0])
    assert line[16, 24] == pytest.approx(min(1, 1.5 - away), abs=1e-6)


def test_distance_is_one_less_the_cosine_to_the_nearest():
    lines = np.array([[1.0, 0.0], [0.0, 2.0]])
    distance, which = nearest(np.array([[3.0, 4.0], [5.0, 0.0], [-1.0, 0.0]]), lines)
    np.testing.assert_allclose(distance, [1 - 4 / 5, 0, 1], atol=1e-12)
    assert which.tolist()[:2] == [1, 0]


def test_an_even_turn_is_perfect_also_across_zero():
    angles = math.radians(350) + np.linspace(0, math.radians(45), 16)
    (found,) = measure(draw_lines(angles)[None])
    assert found.distance < 3e-5  # between two of the 4,096
    assert abs(found.smoothness) < 0.01


def test_a_jump_is_not_smooth_and_a_cross_fade_is_not_a_line():
    a, b = draw_lines(np.array([0.3, 1.5]))
    jump = np.stack([a] * 8 + [b] * 8)
    fade = np.stack([(1 - t) * a + t * b for t in np.linspace(0, 1, 16)])
    jumped, faded = measure(np.stack([jump, fade]))
    assert jumped.distance < 3e-5
    assert jumped.smoothness == pytest.approx(1 - 1 / 15, abs=1e-6)
    assert faded.distance > 0.05


def test_a_path_that_does_not_turn_has_no_smoothness_and_black_is_no_line():
    still = np.repeat(draw_lines(np.array([1.0])), 4, 0)
    stays, black = measure(np.stack([still, np.zeros_like(still)]))
    assert math.isnan(stays.smoothness)
    assert black.distance == pytest.approx(1)


def test_the_short_way_is_at_most_half_a_turn():
    angle = np.array([0.1, -0.1, 1.5 * math.pi, -1.5 * math.pi, 2 * math.pi])
    np.testing.assert_allclose(short_way(angle), [0.1, -0.1, -math.pi / 2, math.pi / 2, 0], atol=1e-12)


def test_ends_are_an_eighth_to_seven_eighths_of_a_half_turn_apart():
    start, end = draw_ends(500, seed=1)
    turn = np.abs(end - start)
    assert turn.min() > math.pi / 8
    assert turn.max() < 7 * math.pi / 8
    assert 0.4 < (end > start).mean() < 0.6


@pytest.mark.parametrize("name", ["ae", "vae", "acai"])
def test_a_seed_gives_one_model_and_a_path_begins_and_ends_with_reconstructions(name):
    first, second = (train(name, 3, seed=1) for _ in range(2))
    assert first.error == second.error
    start, end = draw_ends(2, seed=0)
    images = interpolate(first, start, end, 5)
    assert images.shape == (2, 5, SIZE * SIZE)
    with torch.no_grad():
        code = first.encoder(torch.from_numpy(draw_lines(end)))[:, : first.decoder.input.in_features]
        np.testing.assert_allclose(images[:, -1], first.decoder(code).numpy(), atol=1e-5)


def test_one_command_makes_table_and_picture(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "PAIRS", 8)
    monkeypatch.setattr(sys, "argv", ["lines", "--docs", str(tmp_path), "--steps", "2"])
    command.main()
    page = (tmp_path / "lines.md").read_text(encoding="utf-8")
    for word in ("| autoencoder |", "| VAE |", "| ACAI |", "Order of the mean distance", "steps:2"):
        assert word in page
    assert (tmp_path / "lines.png").read_bytes().startswith(b"\x89PNG")
    assert "acai: distance" in capsys.readouterr().out
