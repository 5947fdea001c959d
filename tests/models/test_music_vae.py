"""MusicVAE in all its forms: one config, flat or hierarchical, classical or direct."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch
from torch import Generator
from torch.distributions import Normal, kl_divergence

from seqgen.config import from_dict, to_dict
from seqgen.core import Conductor, Sampling
from seqgen.models.music_vae import (
    DecoderConfig,
    EncoderConfig,
    MusicVAE,
    MusicVAEConfig,
    Objective,
    Posterior,
)
from seqgen.models.music_vae.diagnosis import Diagnosis, collapse_warning, diagnose, teacher_forced
from seqgen.models.music_vae.model import shift

KINDS = ("flat", "hierarchical")
FORMS = list(itertools.product(KINDS, ("final", "all"), KINDS, ("recurrent", "direct")))


def small(encoder="flat", readout="all", decoder="hierarchical", plan="direct", **more) -> MusicVAEConfig:
    return MusicVAEConfig(
        bars=3,
        latent=6,
        embedding=5,
        encoder=EncoderConfig(encoder, readout, width=7, bar_width=8),
        decoder=DecoderConfig(decoder, plan, width=9, conductor_width=8, plan_size=4),
        **more,
    )


def windows(config: MusicVAEConfig, count: int = 4) -> torch.Tensor:
    return torch.randint(config.vocabulary_size, (count, config.steps), generator=Generator().manual_seed(3))


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_every_form_trains_every_weight_and_decodes(form):
    model = MusicVAE(small(*form))
    token = windows(model.config)
    losses = model.losses(token, Objective(input_dropout=0.3, sampling_rate=0.3), Generator().manual_seed(0))
    losses.loss.backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert idle == []
    assert isinstance(model.decoder.core, Conductor) == (form[2:] != ("flat", "recurrent"))
    music = model.decode(torch.randn(2, 6), Sampling(1.0), Generator().manual_seed(0))
    assert music.shape == (2, 48)
    assert 0 <= music.min() <= music.max() < 90


def test_drums_are_bits():
    with pytest.raises(ValueError, match="power of 2"):
        replace(small(), head="bernoulli")
    model = MusicVAE(replace(small(), head="bernoulli", vocabulary_size=512, first_onset=1))
    assert model.decode(torch.randn(2, 6), Sampling(1.0)).max() < 512
    assert model.decoder.head.logits.out_features == 9


def trio(voices: str = "part", *form: str) -> MusicVAEConfig:
    config = small(*(form or ("hierarchical",)), head="categorical")
    heads = ("categorical", "categorical", "bernoulli")
    config = replace(config, head="product", vocabulary_size=7 * 5 * 8, parts=(7, 5, 8), part_heads=heads)
    return replace(config, decoder=replace(config.decoder, voices=voices))


@pytest.mark.parametrize(
    ("voices", "form"), [("part", FORMS[-1]), ("part", FORMS[0]), ("one", FORMS[-1])], ids=str
)
def test_a_product_has_parts_with_heads_of_their_own(voices, form):
    model = MusicVAE(trio(voices, *form))
    token = windows(model.config)
    losses = model.losses(token, Objective(input_dropout=0.3, sampling_rate=0.3), Generator().manual_seed(0))
    losses.loss.backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert idle == []
    music = model.eval().decode(torch.randn(2, 6), Sampling(1.0), Generator().manual_seed(0))
    assert 0 <= music.min() <= music.max() < 7 * 5 * 8
    d = diagnose(model, token, Generator().manual_seed(0))
    assert 0 <= d.teacher_forced_onset <= 1


@pytest.mark.parametrize("voices", ["part", "one"])
def test_voices_of_their_own_do_not_hear_each_other(voices):
    """A part's past reaches the log-probabilities of the others where one voice writes them all."""
    model = MusicVAE(trio(voices)).double().eval()
    token, z = windows(model.config), torch.randn(4, 6, dtype=torch.float64)
    other = token // 7 * 7 + (token % 7 + 1) % 7  # another melody, the same bass and drums
    by_part = []
    for history in (token, other):
        state = model.decoder.init_state(4, z)
        y, _ = model.decoder.hidden(token, state, fed=shift(history, model.decoder.head.start))
        by_part.append(model.decoder.head.log_prob_by_part(y, token))
    (melody, *rest), (melody_after, *rest_after) = by_part
    assert not torch.equal(melody, melody_after)
    same = [torch.equal(a, b) for a, b in zip(rest, rest_after, strict=True)]
    assert same == [voices == "part"] * 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary_size": 90}, "must be the product of the parts"),
        ({"part_heads": ("categorical",)}, "one of part_heads for each"),
        ({"parts": (), "part_heads": ()}, "1 to 16 numbers"),
        ({"parts": (7, 8, 5)}, "power of 2 of tokens, got 5"),
        ({"head": "categorical"}, "need head: product"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_parts_that_make_no_product_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(trio(), **change)


def test_a_product_config_survives_its_dictionary():
    assert from_dict(MusicVAEConfig, to_dict(trio()), "here") == trio()


def test_a_held_encoder_has_gradients_of_zero_and_the_loss_it_had():
    model = MusicVAE(small())
    token = windows(model.config)
    free, held = (
        model.losses(token, Objective(hold_encoder=hold), Generator().manual_seed(0))
        for hold in (False, True)
    )
    assert torch.equal(free.loss, held.loss)
    held.loss.backward()
    assert all((p.grad == 0).all() for p in model.encoder.parameters())
    assert any((p.grad != 0).any() for p in model.decoder.parameters())


def test_a_sequence_without_noise_teaches_the_decoder_alone_and_pays_nothing():
    model = MusicVAE(small())
    token = windows(model.config)
    losses = model.losses(token, Objective(beta=3.0, noiseless=1.0), Generator().manual_seed(0))
    nll = -model.log_prob(token, model.encode(token).mean).sum(1).mean()
    torch.testing.assert_close(losses.loss, nll)
    torch.testing.assert_close(losses.nll, nll)
    assert losses.kl > 0
    losses.loss.backward()
    assert all((p.grad == 0).all() for p in model.encoder.parameters())
    assert any((p.grad != 0).any() for p in model.decoder.parameters())


@pytest.mark.parametrize("form", FORMS[:4], ids="-".join)
def test_rows_of_a_batch_do_not_mix(form):
    model = MusicVAE(small(*form)).eval()
    token = windows(model.config)
    alone = torch.cat([model.encode(row[None]).mean for row in token])
    torch.testing.assert_close(model.encode(token).mean, alone)


def test_kl_is_that_of_torch_distributions():
    q = Posterior(torch.randn(4, 6), torch.rand(4, 6) + 0.1)
    torch.testing.assert_close(q.kl(), kl_divergence(Normal(q.mean, q.std), Normal(0.0, 1.0)))


def test_posterior_begins_with_the_spread_of_the_config():
    model = MusicVAE(small(initial_std=0.05))
    torch.nn.init.zeros_(model.encoder.scale.weight)
    std = model.encode(windows(model.config)).std
    torch.testing.assert_close(std, torch.full_like(std, 0.05), atol=2e-4, rtol=0)


def test_the_loss_is_reconstruction_plus_beta_times_what_the_free_bits_leave():
    model, rng = MusicVAE(small()), Generator()
    token = windows(model.config)
    plain = model.losses(token, Objective(beta=0.0), rng.manual_seed(0))
    torch.testing.assert_close(plain.loss, plain.nll)
    priced = model.losses(token, Objective(beta=2.0), rng.manual_seed(0))
    torch.testing.assert_close(priced.loss, plain.nll + 2 * plain.kl)
    torch.testing.assert_close(plain.kl_by_dimension.sum(), plain.kl)
    bits = plain.kl.item() / math.log(2) / 2
    freed = model.losses(token, Objective(beta=1.0, free_bits=bits), rng.manual_seed(0))
    each = model.encode(token).kl().sum(1)
    torch.testing.assert_close(freed.loss, plain.nll + (each - bits * math.log(2)).clamp(min=0).mean())
    assert torch.equal(model.losses(token, Objective(0.0, free_bits=1e9), rng.manual_seed(0)).loss, plain.nll)


def test_blanked_inputs_reach_the_decoder_and_targets_stay():
    model = MusicVAE(small("flat", "all", "flat", "recurrent"))
    token = windows(model.config)
    z = torch.randn(4, 6)
    fed = model._spoil(token, z, Objective(input_dropout=1.0), Generator().manual_seed(0))
    head = model.decoder.head
    assert (fed[:, 0] == head.start).all()
    assert (fed[:, 1:] == head.blank).all()
    blind = model.log_prob(token, z, fed)
    other = token.clone()
    other[:, 5] = (token[:, 5] + 1) % 90
    changed = (model.log_prob(other, z, fed) != blind).any(0)
    assert changed.nonzero().flatten().tolist() == [5], "a blanked history still told what came before"


def test_scheduled_sampling_feeds_the_models_own_tokens():
    model = MusicVAE(small())
    torch.nn.init.constant_(model.decoder.head.logits.bias, -1e9)
    model.decoder.head.logits.bias.data[17] = 0.0  # the model says nothing but 17
    token, z = windows(model.config), torch.randn(4, 6)
    fed = model._spoil(token, z, Objective(sampling_rate=1.0), Generator().manual_seed(0))
    assert (fed[:, 1:] == 17).all()
    half = model._spoil(token, z, Objective(sampling_rate=0.5), Generator().manual_seed(0))[:, 1:]
    own = (half == 17) & (token[:, :-1] != 17)
    assert 0.4 < own.float().mean() < 0.6
    assert torch.equal(half[~own], token[:, :-1][~own])


def test_the_same_seed_gives_the_same_losses_and_music():
    model, token = MusicVAE(small()), windows(small())
    rng = [Generator().manual_seed(5) for _ in range(2)]
    a, b = (model.losses(token, Objective(input_dropout=0.2, sampling_rate=0.2), r).loss for r in rng)
    assert torch.equal(a, b)
    z = torch.randn(3, 6)
    music = [model.decode(z, Sampling(), Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(music[0], music[1])
    assert not torch.equal(music[0], music[2])


def test_diagnosis_tells_a_model_that_ignores_z():
    model = MusicVAE(small("flat", "final", "flat", "recurrent")).eval()
    core = model.decoder.core
    for weight in (core.bridge.weight, core.rnn.weight_ih_l0[:, 5:]):
        torch.nn.init.zeros_(weight)
    found = diagnose(model, windows(model.config, 6), Generator().manual_seed(0))
    assert found.cross_entropy == pytest.approx(found.cross_entropy_random)
    assert "another window's z predicts as well" in collapse_warning(found)


def test_diagnosis_is_content_with_a_code_that_is_used():
    kl = torch.ones(20)
    assert collapse_warning(Diagnosis(0.2, 2.0, 20.0, kl, 18, 0.9, 0.9)) is None
    dead = collapse_warning(Diagnosis(0.2, 2.0, 0.3, kl * 0.015, 0, 0.9, 0.9))
    assert "0 of 20 dimensions" in dead
    assert "0.30 nats" in dead


def test_teacher_forced_prediction_sees_the_true_history_only():
    model, token, z = MusicVAE(small()).eval(), windows(small()), torch.randn(4, 6)
    before = teacher_forced(model, token, z)
    changed = token.clone()
    changed[:, 20] = (changed[:, 20] + 1) % 90
    after = teacher_forced(model, changed, z)
    assert torch.equal(before[:, :21], after[:, :21])


@pytest.mark.parametrize("wrong", [{"bars": 0}, {"steps_per_bar": 10}, {"initial_std": 0.0}])
def test_a_bad_config_names_the_setting(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MusicVAEConfig(**wrong)


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_grooves_with_controls_train_every_weight_and_decode(form):
    """The encoder may read other than what is written: hits without their feel."""
    model = MusicVAE(replace(small(*form), head="groove", vocabulary_size=512, first_onset=1, controls=9))
    steps, rng = model.config.steps, Generator().manual_seed(0)
    token = torch.rand(4, steps, 27, generator=rng)
    token[..., :9] = token[..., :9].round()
    stiff = torch.cat([token[..., :9], torch.zeros(4, steps, 18)], -1)
    controls = torch.rand(4, steps, 9, generator=rng)
    spoilt = Objective(input_dropout=0.3, sampling_rate=0.3)
    losses = model.losses(token, spoilt, rng.manual_seed(0), read=stiff, controls=controls)
    losses.loss.backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    posterior = model.encode(stiff, controls=controls)
    torch.testing.assert_close(losses.kl, posterior.kl().sum(1).mean())
    assert model.decode(posterior.mean.detach(), controls=controls).shape == token.shape


def test_rows_of_different_lengths_are_read_as_if_alone():
    """An empty row has been read to nothing."""
    model = MusicVAE(replace(small("flat", "final"), encoder=EncoderConfig("flat", "final", 7, 2))).eval()
    token, lengths = windows(model.config), torch.tensor([5, 48, 0, 17])
    mean = model.encode(token, lengths=lengths).mean
    for row, length in enumerate(lengths.tolist()):
        x = model.encoder.embedding(token[row : row + 1, :length])
        last = model.encoder.rnn.read(x)[1].flatten(1) if length else torch.zeros(1, 14)
        torch.testing.assert_close(mean[row : row + 1], model.encoder.mean(last))
    torch.testing.assert_close(
        model.encode(token, lengths=torch.full((4,), 48)).mean, model.encode(token).mean
    )
    with pytest.raises(ValueError, match="lengths: rows of different lengths"):
        MusicVAE(small()).encode(token, lengths=lengths)
