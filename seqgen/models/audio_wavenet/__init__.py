"""Sound, sample by sample: spoken digits from a class and a speaker, and a vocoder."""

from seqgen.models.audio_wavenet.config import AudioWaveNetConfig
from seqgen.models.audio_wavenet.model import AudioWaveNet, Batch, Losses, bits

__all__ = ["AudioWaveNet", "AudioWaveNetConfig", "Batch", "Losses", "bits"]
