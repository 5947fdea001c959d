"""The lines benchmark: its images and metrics on cases worked by hand, and the command from end to end."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch

import experiments.lines as command
from experiments.line_images import PIXELS, SIZE, draw_ends, draw_lines, measure, nearest
from experiments.line_models import LATENT, interpolate, train
from experiments.line_report import order


def image(angle):
    return draw_lines(np.array([angle])).reshape(SIZE, SIZE)


def test_a_line_goes_from_the_middle_to_the_edge():
    right, middle = image(0.0), SIZE // 2
    assert right[middle - 1 : middle + 1, middle:].min() == 1  # half a pixel away on both sides
    for ground in (right[: middle - 1], right[middle + 1 :], right[:, : middle - 1]):
        assert (ground == -1).all()
    for quarter in range(4):  # y points down, so angles grow clockwise
        np.testing.assert_allclose(image(quarter * math.pi / 2), np.rot90(right, -quarter), atol=1e-6)


def test_edges_are_a_pixel_soft():
    angle = math.atan2(0.25, 4.0)
    place = np.array([4.5, 1.5])  # x, y of a pixel's middle, seen from the middle of the image
    away = abs(place[0] * math.sin(angle) - place[1] * math.cos(angle))
    row, column = (place[::-1] + (SIZE - 1) / 2).astype(int)
    assert image(angle)[row, column] == pytest.approx(2 * (1.5 - away) - 1, abs=1e-6)
    assert 0.2 < 1.5 - away < 0.8


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
    assert faded.distance > 0.01


def test_a_turn_the_long_way_is_measured_as_it_was_gone():
    (found,) = measure(draw_lines(np.linspace(0, math.radians(270), 16))[None])
    assert abs(found.smoothness) < 0.01


def test_a_path_that_does_not_turn_has_no_smoothness_and_bare_ground_is_no_line():
    line = draw_lines(np.array([1.0]))
    stays, bare = measure(np.stack([np.repeat(line, 4, 0), np.full((4, PIXELS), -1.0)]))
    assert math.isnan(stays.smoothness)
    cosine = -draw_lines(np.arange(4096) * 2 * math.pi / 4096)
    cosine = cosine.sum(1) / (np.linalg.norm(cosine, axis=1) * SIZE)
    assert bare.distance == pytest.approx(1 - cosine.max(), abs=1e-6)
    assert bare.distance > 0.02


def test_ends_are_drawn_evenly_and_apart():
    start, end = draw_ends(2000, seed=1)
    for angle in (start, end, (end - start) % (2 * math.pi)):
        counts, _ = np.histogram(angle, 4, (0, 2 * math.pi))
        assert counts.min() > 420


@pytest.mark.parametrize("name", ["ae", "vae", "acai"])
def test_a_seed_gives_one_model_and_a_path_begins_and_ends_with_reconstructions(name):
    first, second = (train(name, 3, seed=1) for _ in range(2))
    assert first.error == second.error
    start, end = draw_ends(2, seed=0)
    images = interpolate(first, start, end, 5)
    assert images.shape == (2, 5, SIZE * SIZE)
    with torch.no_grad():
        code = first.encoder(torch.from_numpy(draw_lines(end)))[:, :LATENT]
        np.testing.assert_allclose(images[:, -1], first.decoder(code).numpy(), atol=1e-5)


def row(name, low, high):
    return {"name": name, "seed": 1, "distance": [(low + high) / 2, low, high]}


def test_the_order_says_whether_intervals_touch():
    apart = [row("acai", 0.1, 0.2), row("ae", 0.5, 0.6), row("vae", 0.3, 0.4)]
    assert order(apart, 1).endswith("autoencoder > VAE > ACAI; intervals do not touch.")
    touching = [row("acai", 0.1, 0.35), row("ae", 0.5, 0.6), row("vae", 0.3, 0.4)]
    assert order(touching, 1).endswith("autoencoder > VAE > ACAI; intervals touch.")


def test_one_command_makes_table_and_picture_and_makes_nothing_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "PAIRS", 8)
    arguments = ["--runs", str(tmp_path / "runs"), "--docs", str(tmp_path), "--seeds", "1", "2", "--steps"]
    monkeypatch.setattr(sys, "argv", ["lines", *arguments, "2"])
    command.main()
    page = (tmp_path / "lines.md").read_text(encoding="utf-8")
    for word in ("| 2 | autoencoder |", "| 1 | VAE |", "| 1 | ACAI |", "distance, seed 2: ", "steps:2|"):
        assert word in page
    assert (tmp_path / "lines.png").read_bytes().startswith(b"\x89PNG")
    assert "acai, seed 2: distance" in capsys.readouterr().out
    command.main()
    assert capsys.readouterr().out == ""
    again = ["lines", "--runs", str(tmp_path / "runs"), "--seeds", "2", "--steps", "1"]
    monkeypatch.setattr(sys, "argv", again)  # other settings are another training
    command.main()
    assert "acai, seed 2: distance" in capsys.readouterr().out
