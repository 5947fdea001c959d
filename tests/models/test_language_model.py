"""The language model: both voices and both heads, without an end, and in the right metre."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from seqgen.core import GREEDY, LSTM, Metre, Sampling, WaveNet
from seqgen.models.language_model import LanguageModel, LanguageModelConfig

FORMS = [(voice, head) for voice in ("lstm", "wavenet") for head in ("categorical", "bernoulli")]


def small(voice="lstm", head="categorical", **more) -> LanguageModelConfig:
    size = 512 if head == "bernoulli" else 90
    sizes = {"embedding": 5, "width": 7, "dilations": (1, 2, 4), "skip_width": 6, "steps_per_bar": 4}
    return LanguageModelConfig(voice=voice, head=head, vocabulary_size=size, **{**sizes, **more})


def tokens(model: LanguageModel, rows: int = 3, steps: int = 21) -> torch.Tensor:
    return torch.randint(model.config.vocabulary_size, (rows, steps), generator=Generator().manual_seed(1))


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_every_form_trains_every_weight(form):
    model = LanguageModel(small(*form))
    assert isinstance(model.decoder.core.voice, {"lstm": LSTM, "wavenet": WaveNet}[form[0]])
    model.losses(tokens(model), 0.3, Generator().manual_seed(0)).loss.backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert idle == []


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_what_is_drawn_after_a_prompt_is_what_log_prob_says(form):
    """Greedy tokens are the likeliest ones under teacher forcing of prompt and continuation together."""
    model = LanguageModel(small(*form)).double().eval()
    prompt = tokens(model, steps=10)
    new = model.extend(prompt, 9, GREEDY)
    whole = torch.cat([prompt, new], 1)
    y, _ = model.decoder.hidden(whole, model.init_state(3))
    likeliest = model.decoder.head.sample(y, GREEDY, y.new_zeros(*whole.shape, model.decoder.head.draws))
    assert torch.equal(likeliest[:, 10:], new)


def test_it_runs_on_without_end_and_a_row_does_not_see_its_neighbours():
    model = LanguageModel(small()).eval()
    prompt, uniform = tokens(model), torch.rand(3, 150, 1, generator=Generator().manual_seed(2))
    together = model.extend(prompt, 150, Sampling(), uniform)
    assert together.shape == (3, 150)
    assert torch.equal(model.extend(prompt[1:2], 150, Sampling(), uniform[1:2]), together[1:2])
    nothing = model.extend(prompt[:, :0], 5, Sampling(), uniform[:, :5])
    assert nothing.shape == (3, 5)


@pytest.mark.parametrize("voice", ["lstm", "wavenet"])
def test_it_knows_its_place_in_the_bar(voice):
    """With every input the same, only the metre tells one step from another."""
    core = Metre(LanguageModel(small(voice)).decoder.core.voice, 4).double()
    if voice == "lstm":
        torch.nn.init.zeros_(core.voice.rnn.weight_hh_l0)
        torch.nn.init.constant_(core.voice.rnn.bias_ih_l0[7:14], -1e9)  # forgets all: a step alone
    y, _ = core(torch.zeros(1, 24, 5).double(), core.init_state(1, torch.zeros(1, 0).double()))
    torch.testing.assert_close(y[:, 12:16], y[:, 16:20])
    assert not torch.allclose(y[:, 12:15], y[:, 13:16])


def test_blanked_inputs_are_targets_still():
    model = LanguageModel(small())
    token = tokens(model)
    blind = torch.cat([token[:, :1] * 0 + 90, torch.full_like(token[:, 1:], model.decoder.head.blank)], 1)
    lost = model.losses(token, 1.0, Generator().manual_seed(0)).loss
    torch.testing.assert_close(lost, -model.log_prob(token, blind).mean())


@pytest.mark.parametrize(
    "wrong",
    [
        {"dilations": ()},
        {"dilations": (1, 0)},
        {"dilations": (20_000,)},
        {"dilations": (1,) * 65},
        {"skip_width": 0},
        {"width": 1 << 20},
        {"first_onset": 90},
        {"head": "bernoulli", "vocabulary_size": 90},
    ],
)
def test_a_bad_config_names_the_setting(wrong):
    with pytest.raises(ValueError, match="vocabulary_size" if "head" in wrong else next(iter(wrong))):
        LanguageModelConfig(**wrong)
