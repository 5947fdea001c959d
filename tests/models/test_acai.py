"""A round against a critic equals its definition, step by step; gradients go where they should."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, nn

from seqgen.core import GREEDY
from seqgen.core.acai import aside, mixture
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig, Objective
from seqgen.models.music_vae.acai import Critic, Opponent, check_acai, contest
from seqgen.models.music_vae.events import EventsConfig

FLAT = {"encoder": EncoderConfig("flat", "all", width=4), "decoder": DecoderConfig(width=6, plan_size=3)}
BARS = {
    "encoder": EncoderConfig("hierarchical", "all", width=4, bar_width=8),
    "decoder": DecoderConfig("hierarchical", width=6, conductor_width=4, plan_size=3),
}
SHAPES = {
    "categorical, flat": {"vocabulary_size": 9, **FLAT},
    "categorical, hierarchical": {"vocabulary_size": 9, **BARS},
    "categorical, told chords": {"vocabulary_size": 9, "controls": 3, **FLAT},
    "bernoulli, flat": {"head": "bernoulli", "vocabulary_size": 8, "first_onset": 1, **FLAT},
    "bernoulli, hierarchical": {"head": "bernoulli", "vocabulary_size": 8, "first_onset": 1, **BARS},
    "product": {
        "head": "product",
        "vocabulary_size": 40,
        "parts": (5, 8),
        "part_heads": ("categorical", "bernoulli"),
        **FLAT,
    },
}


def build(shape, **more):
    torch.manual_seed(1)
    settings = {"bars": 2, "steps_per_bar": 4, "steps_per_beat": 2, "latent": 4, "embedding": 3}
    config = MusicVAEConfig(**settings, **SHAPES[shape], **more)
    model = MusicVAE(config)
    with torch.no_grad():  # far enough from even that tokens differ, and with codes that matter
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


def batch(model, rows=5):
    rng = Generator().manual_seed(2)
    c = model.config
    token = torch.randint(c.vocabulary_size, (rows, c.steps), generator=rng)
    controls = torch.rand(rows, c.steps, c.controls, generator=rng) if c.controls else None
    return token, controls


def opponent(model, **more):
    torch.manual_seed(4)
    critic = Critic(model.decoder.head.soft_size, 5, 2)
    return Opponent(critic, critic, **more)


def by_hand(head, y):
    """The probabilities of one step, from the weights of the head."""
    if hasattr(head, "heads"):
        return torch.cat([by_hand(part, y) for part in head.heads], -1)
    logits = y @ head.logits.weight.T.double() + head.logits.bias
    if hasattr(head, "bits"):
        return 1 / (1 + (-logits).exp())
    return logits.exp() / logits.exp().sum(-1, keepdim=True)


def as_numbers(head, token):
    if hasattr(head, "heads"):
        first, second = token % 5, token // 5
        return torch.cat([as_numbers(h, t) for h, t in zip(head.heads, (first, second), strict=True)], -1)
    if hasattr(head, "bits"):
        return torch.stack([(token >> i) & 1 for i in range(head.bits)], -1).double()
    return (token[..., None] == torch.arange(head.vocabulary_size)).double()


def play(model, z, controls):
    """Distributions of a free run, one step after another."""
    decoder, found = model.decoder, []
    state = decoder.init_state(len(z), z)
    for t in range(model.config.steps):
        told = None if controls is None else controls[:, t : t + 1]
        y, _ = decoder.hidden(torch.zeros(len(z), 1, dtype=torch.long), state, controls=told)
        found.append(by_hand(decoder.head, y[:, 0].double()))
        uniform = torch.zeros(len(z), decoder.head.draws)
        _, state = decoder.step(state, GREEDY, uniform, None if told is None else told[:, 0])
    return torch.stack(found, 1)


def guess(critic, x):
    """What a critic says, its convolutions written out: sums over steps, zero outside the window."""
    for layer in critic.layers:
        weight, steps = layer.weight, x.shape[1]
        around = torch.cat([x.new_zeros(len(x), 2, x.shape[2]), x, x.new_zeros(len(x), 2, x.shape[2])], 1)
        y = [
            around[:, t : t + 5].transpose(1, 2).flatten(1) @ weight.flatten(1).T for t in range(0, steps, 2)
        ]
        x = torch.stack(y, 1) + layer.bias
        x = torch.where(x > 0, x, 0.2 * x)
    return (x.mean(1) @ critic.output.weight.T + critic.output.bias)[:, 0]


@pytest.mark.parametrize(("way", "reads"), [("slerp", "probabilities"), ("lerp", "tokens")])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_round_is_its_definition(shape, way, reads):
    model = build(shape)
    token, controls = batch(model)
    met = opponent(model, weight=2.0, gamma=0.3, way=way, reads=reads)
    objective = Objective(0.5, 0.0, 0.3)
    found = model.losses_against(token, objective, met, Generator().manual_seed(7), controls)

    rng = Generator().manual_seed(7)
    plain = model.losses(token, objective, rng, controls=controls)
    draws = aside(rng)
    alpha = torch.rand(5, generator=draws) / 2
    z = model.encode(token, controls=controls).mean
    partner = torch.cat([z[-1:], z[:-1]])
    mixed = mixture(z, partner, alpha, way)
    data = as_numbers(model.decoder.head, token)
    if reads == "tokens":
        x_alpha, x_hat = (
            as_numbers(model.decoder.head, model.decode(c, controls=controls)) for c in (mixed, z)
        )
        real = torch.rand(token.shape, generator=draws)[..., None] < 0.3
        blend = torch.where(real, data, x_hat)
    else:
        x_alpha, x_hat = play(model, mixed, controls), play(model, z, controls)
        blend = 0.3 * data + 0.7 * x_hat
    met.critic.double()
    on_mixed, on_blend = guess(met.critic, x_alpha), guess(met.critic, blend)
    fooling = (on_mixed**2).mean()
    critic = ((on_mixed - alpha.double()) ** 2).mean() + (on_blend**2).mean()
    close = {"rtol": 1e-4, "atol": 1e-6, "check_dtype": False}  # by hand it is float64
    torch.testing.assert_close(found.fooling, fooling, **close)
    torch.testing.assert_close(found.critic, critic, **close)
    assert (found.nll, found.kl) == (plain.nll, plain.kl)
    torch.testing.assert_close(found.loss, plain.loss + 2 * 8 * fooling + critic, **close)


def gradients(module):
    return {name: p.grad for name, p in module.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("reads", ["probabilities", "tokens"])
@pytest.mark.parametrize("shape", ["categorical, hierarchical", "bernoulli, flat"])
def test_gradients_go_where_they_should(shape, reads):
    model = build(shape)
    token, controls = batch(model)
    met = opponent(model, reads=reads)
    z = model.encode(token).mean
    fooling, critic = contest(model, token, z, met, Generator().manual_seed(1), controls)
    critic.backward(retain_graph=True)
    assert not gradients(model)
    learnt = gradients(met.critic)
    assert learnt.keys() == dict(met.critic.named_parameters()).keys()
    met.critic.zero_grad()
    fooling.backward()
    assert not gradients(met.critic)
    moved = gradients(model)
    for name in ("encoder.mean.weight", "decoder.head.logits.weight"):
        assert moved[name].abs().sum() > 0


def test_without_weight_the_model_s_gradients_are_the_plain_ones():
    model = build("categorical, flat")
    token, _ = batch(model)
    objective = Objective(0.2, 0.0, 0.4)
    model.losses(token, objective, Generator().manual_seed(3)).loss.backward()
    plain = {name: grad.clone() for name, grad in gradients(model).items()}
    model.zero_grad()
    met = opponent(model, weight=0.0)
    model.losses_against(token, objective, met, Generator().manual_seed(3)).loss.backward()
    again = gradients(model)
    assert plain.keys() == again.keys()
    assert all(torch.equal(plain[name], again[name]) for name in plain)
    assert gradients(met.critic)


@pytest.mark.parametrize("steps", [1, 7, 32])
def test_a_critic_reads_windows_of_any_length(steps):
    found = Critic(6, 4, 3)(torch.rand(2, steps, 6))
    assert found.shape == (2,)
    assert isinstance(Critic(6, 4, 3).layers, nn.ModuleList)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"head": "nade", "vocabulary_size": 8, "first_onset": 1}, "a nade head does not have at hand"),
        ({"head": "groove", "vocabulary_size": 512, "first_onset": 1}, "a groove head does not have at hand"),
        (
            {
                "vocabulary_size": 30,
                "events": EventsConfig(end=20),
                "encoder": EncoderConfig("hierarchical", "final", width=4, bar_width=8),
                "decoder": DecoderConfig("hierarchical", width=6),
            },
            "events end where they say so",
        ),
    ],
)
def test_what_no_critic_can_read_is_refused(more, message):
    with pytest.raises(ValueError, match=message):
        check_acai(MusicVAEConfig(**more))
