"""Features of a vocoder: a column every hop, at the level of the sound, from no further than its window."""

from __future__ import annotations

import torch

from seqgen.representation.vocoder import SPREAD, FeatureConfig, features_of


def test_a_column_every_hop_that_sees_its_own_window_only():
    config, sound = FeatureConfig(mels=20), torch.randn(2, 1000) * 0.1
    columns = features_of(sound, config)
    assert columns.shape == (2, 13, 20)
    changed = sound.clone()
    changed[:, 800:] = 0
    same = (features_of(changed, config) == columns).all(2).all(0)
    how = config.log_mel
    reach = (how.fft + how.window) // 2  # the window stands in the middle of the transform
    assert same.tolist() == [80 * k + reach <= 800 for k in range(13)]


def test_the_level_is_kept():
    sound, config = torch.randn(1, 4000) * 0.3, FeatureConfig(mels=20)
    softer = features_of(sound * 0.1, config) - features_of(sound, config)
    assert torch.allclose(softer * SPREAD, torch.tensor(-4.605), atol=0.05)
