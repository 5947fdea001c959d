"""MusicVAE (Roberts et al. 2018), flat and hierarchical."""

from seqgen.models.music_vae.config import DecoderConfig, EncoderConfig, MusicVAEConfig
from seqgen.models.music_vae.encoder import Posterior
from seqgen.models.music_vae.model import Losses, MusicVAE, Objective

__all__ = ["DecoderConfig", "EncoderConfig", "Losses", "MusicVAE", "MusicVAEConfig", "Objective", "Posterior"]
