"""MusicVAE with a WaveNet in the place of the decoder's LSTM; the rest of it is as before."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace

import pytest
import torch
import yaml
from torch import Generator

from seqgen.core import GREEDY, Conductor, Sampling, WaveNet
from seqgen.models.checkpoint import load_model
from seqgen.models.music_vae import DecoderConfig, MusicVAE, MusicVAEConfig, Objective
from seqgen.tasks.shipped import SHIPPED
from tests.models.test_music_vae import small, windows

FORMS = list(itertools.product(("flat", "hierarchical"), ("recurrent", "direct")))


def config(kind: str = "flat", plan: str = "direct", **more) -> MusicVAEConfig:
    base = small(decoder=kind, plan=plan, **more)
    shape = {"voice": "wavenet", "width": 6, "skip_width": 7, "dilations": (1, 2, 1)}
    return replace(base, decoder=replace(base.decoder, **shape))


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_every_form_trains_every_weight(form):
    model = MusicVAE(config(*form))
    objective = Objective(input_dropout=0.3, sampling_rate=0.3)
    model.losses(windows(model.config), objective, Generator().manual_seed(0)).loss.backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert idle == []
    core = model.decoder.core
    assert isinstance(core, Conductor) == (form != ("flat", "recurrent"))
    voice = core.voice if isinstance(core, Conductor) else core
    assert isinstance(voice, WaveNet)
    assert voice.local_size == (4 if form[1] == "direct" else 0)


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_the_code_reaches_every_step_and_generation_agrees_with_log_prob(form):
    model = MusicVAE(config(*form)).double().eval()
    z = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
    token = model.decode(z.detach(), GREEDY)
    y, _ = model.decoder.hidden(token, model.decoder.init_state(3, z))
    last = torch.autograd.grad(y[:, -1].sum(), z)[0]
    assert (last != 0).any(), "the last step does not depend on the code"
    likeliest = model.decoder.head.sample(y, GREEDY, y.new_zeros(*token.shape, 1))
    assert torch.equal(likeliest, token)
    one = model.decode(z.detach()[1:2], GREEDY)
    assert torch.equal(one, token[1:2])


def test_drums_and_a_code_of_bars():
    drums = config(
        "hierarchical", head="bernoulli", vocabulary_size=512, first_onset=1, encoder="hierarchical"
    )
    model = MusicVAE(replace(drums, code="bars"))
    assert model.decode(torch.randn(2, 6), Sampling(1.0)).max() < 512


FIRST = {
    "model": "bars head vocabulary_size first_onset steps_per_bar steps_per_beat latent code embedding "
    "initial_std",
    "encoder": "kind readout width layers bar_width",
    "decoder": "kind plan width layers conductor_width plan_size",
}
"""the settings that the first version wrote"""


@pytest.mark.parametrize("name", ["mel-2bar", "drums-16bar", "drums-2bar"])
def test_a_config_from_before_is_an_lstm_with_the_weights_it_had(name, tmp_path):
    today, sections = load_model(SHIPPED / name)
    parts = {
        part: {key: sections["model"][part][key] for key in FIRST[part].split()}
        for part in ("encoder", "decoder")
    }
    first = {key: sections["model"][key] for key in FIRST["model"].split()} | parts
    papers = {"format": 1, "model": first, "representation": sections["representation"]}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(papers), encoding="utf-8")
    shutil.copy(SHIPPED / name / "model.safetensors", tmp_path)
    model, _ = load_model(tmp_path)
    assert model.config == today.config
    assert model.config.decoder.voice == "lstm"
    assert all(torch.equal(value, today.state_dict()[key]) for key, value in model.state_dict().items())
    core = "decoder.core.voice.rnn"
    assert {f"{core}.weight_ih_l0", f"{core}.bias_hh_l0"} <= model.state_dict().keys()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dilations": ()}, "dilations must be 1 to 64 numbers"),
        ({"dilations": (4, -1)}, r"dilations .* got \[4, -1\]"),
        ({"dilations": (8192, 8193)}, "sum to at most 16384"),
        ({"skip_width": 0}, "skip_width must be 1 to"),
    ],
)
def test_a_bad_config_names_the_setting(wrong, message):
    with pytest.raises(ValueError, match=message):
        DecoderConfig(**wrong)
