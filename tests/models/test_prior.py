"""Priors of codes: densities, on disk and back, and what is wrong with a folder in one sentence."""

from __future__ import annotations

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Generator

from seqgen.models.checkpoint import load_model, load_prior, save_model, save_prior
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.models.music_vae.prior import CodePrior, PriorConfig, fit_gaussian, normal_log_prob

BARS, SIZE = 4, 3


def by_bar() -> MusicVAEConfig:
    return MusicVAEConfig(
        bars=BARS,
        latent=BARS * SIZE,
        code="bars",
        embedding=4,
        encoder=EncoderConfig("hierarchical", width=4, bar_width=4),
        decoder=DecoderConfig("hierarchical", width=8, conductor_width=4, plan_size=4),
    )


def make(kind: str) -> CodePrior:
    torch.manual_seed(0)
    prior = CodePrior(PriorConfig(kind, width=8, lags=3, fresh=2), by_bar())  # type: ignore[arg-type]
    if kind == "gaussian":
        codes = torch.randn(50, 12) @ torch.randn(12, 12)
        fit_gaussian(prior, codes, torch.full_like(codes, 0.5))
    return prior.eval().requires_grad_(False)


@pytest.fixture(params=["gaussian", "copying"])
def folder(request, tmp_path):
    vae = MusicVAE(by_bar())
    sections = {"representation": {"name": "melody", "bars": BARS}, "training": {"seed": 1}}
    save_model(tmp_path / "m", vae, vae.state_dict(), sections)
    save_prior(tmp_path / "m", make(request.param))
    return tmp_path / "m"


def read(folder):
    vae, sections = load_model(folder)
    return load_prior(folder, sections, vae.config)


def change(folder, **values):
    text = yaml.safe_load((folder / "config.yaml").read_text())
    text["prior"].update(values)
    (folder / "config.yaml").write_text(yaml.safe_dump(text))


def test_the_gaussian_is_that_of_the_posteriors():
    prior = make("gaussian")
    z = torch.randn(5, 12)
    normal = torch.distributions.MultivariateNormal(prior.mean, scale_tril=prior.factor)
    torch.testing.assert_close(prior.log_prob(z), normal.log_prob(z), rtol=1e-4, atol=1e-3)
    one = torch.distributions.Normal(0, 1)
    torch.testing.assert_close(normal_log_prob(z), one.log_prob(z).sum(1))


def test_its_covariance_is_that_of_draws():
    """Means and noise of the posteriors, by 200,000 draws of them."""
    torch.manual_seed(1)
    mean, std = torch.randn(400, 12) @ torch.randn(12, 12) * 0.3, torch.rand(400, 12)
    prior = CodePrior(PriorConfig("gaussian"), by_bar())
    fit_gaussian(prior, mean, std, shrinkage=0.0)
    rows = torch.randint(400, (200_000,))
    drawn = mean[rows] + std[rows] * torch.randn(200_000, 12)
    torch.testing.assert_close((prior.factor @ prior.factor.T).detach(), drawn.T.cov(), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("kind", ["gaussian", "copying"])
def test_samples_are_of_its_density(kind):
    """The mean of log p over samples is the negative entropy: the same by two halves of many samples, and
    higher where the temperature is lower."""
    prior = make(kind)
    z = prior.sample(4000, Generator().manual_seed(1), 1.0)
    warm = prior.log_prob(z)
    assert abs(warm[:2000].mean() - warm[2000:].mean()) < 5 * warm.std() / 1000**0.5
    assert prior.log_prob(prior.sample(500, Generator().manual_seed(1), 0.5)).mean() > warm.mean()
    assert torch.equal(z[:5], prior.sample(4000, Generator().manual_seed(1), 1.0)[:5])


def test_a_bar_depends_on_those_before_it_alone():
    prior = make("copying").requires_grad_(True)
    z = torch.randn(2, BARS, SIZE, requires_grad=True)
    log_prob, _ = prior.decoder.log_prob(z, prior.decoder.init_state(2, z[:, 0, :0]))
    log_prob[:, 1].sum().backward()
    assert (z.grad[:, 2:] == 0).all()
    assert (z.grad[:, 0] != 0).any()


def test_what_is_saved_comes_back(folder):
    first = read(folder)
    before = (folder / "prior.safetensors").read_bytes()
    save_prior(folder, first)
    assert (folder / "prior.safetensors").read_bytes() == before
    assert yaml.safe_load((folder / "config.yaml").read_text())["training"] == {"seed": 1}
    again = read(folder)
    z = again.sample(3, Generator().manual_seed(1))
    assert torch.equal(z, first.sample(3, Generator().manual_seed(1)))


def test_a_model_without_one_has_none(folder):
    vae, sections = load_model(folder)
    del sections["prior"]
    assert load_prior(folder, sections, vae.config) is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"width": 10**9}, "width must be"),
        ({"noise": 0.0}, "noise must lie"),
        ({"temperature": -1.0}, "temperature must be"),
        ({"kind": "pickle"}, "expected one of gaussian, copying"),
        ({"__class__": "os.system"}, "unknown key"),
    ],
)
def test_a_bad_section_is_refused(folder, values, said):
    change(folder, **values)
    with pytest.raises(ValueError, match=said):
        read(folder)


def test_bad_weights_are_refused(folder):
    path = folder / "prior.safetensors"
    tensors = load_file(path)
    name = next(iter(tensors))
    save_file({**tensors, name: tensors[name] * torch.nan}, path)
    with pytest.raises(ValueError, match="not all are finite"):
        read(folder)
    save_file({**tensors, name: torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="should have the shape"):
        read(folder)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match="not a complete safetensors file"):
        read(folder)
    path.unlink()
    with pytest.raises(ValueError, match="fit-prior"):
        read(folder)


def test_copying_needs_a_code_of_bars():
    with pytest.raises(ValueError, match="code is one of bars"):
        CodePrior(PriorConfig("copying"), MusicVAEConfig())
