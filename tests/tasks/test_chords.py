"""A model that was trained with chords, in hands that have none."""

import torch

from seqgen.core import Sampling
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.tasks.chords import decode, encode, no_chords
from seqgen.tasks.settings import Drawing


def small(controls: int) -> MusicVAE:
    encoder, decoder = EncoderConfig(width=8, readout="final"), DecoderConfig(plan="recurrent", width=8)
    return MusicVAE(
        MusicVAEConfig(latent=4, embedding=8, controls=controls, encoder=encoder, decoder=decoder)
    )


def test_at_every_step_there_is_no_chord():
    controls = no_chords(small(49), 3)
    assert controls.shape == (3, 32, 49)
    assert torch.equal(controls.argmax(-1), torch.zeros(3, 32, dtype=torch.long))
    assert torch.equal(controls.sum(-1), torch.ones(3, 32))
    assert no_chords(small(0), 3) is None


def test_a_model_with_chords_reads_and_writes_as_if_told_that_there_are_none():
    vae = small(49).eval()
    token = torch.randint(0, 90, (2, 32), generator=torch.Generator().manual_seed(1))
    posterior = encode(vae, token, None)
    none = no_chords(vae, 2)
    assert torch.equal(posterior.mean, vae.encode(token, controls=none).mean)
    assert not torch.equal(posterior.mean, vae.encode(token, controls=none.roll(1, -1)).mean)
    uniform = torch.rand(2, 32, 1, generator=torch.Generator().manual_seed(2))
    drawn = decode(vae, posterior.mean, Drawing(Sampling(1.0), 1, "float32"), uniform)
    assert torch.equal(drawn, vae.decode(posterior.mean, Sampling(1.0), uniform=uniform, controls=none))
