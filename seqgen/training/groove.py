"""Training a MusicVAE to play: performances, of which the encoder reads what the config says."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from seqgen.models.music_vae import Losses, MusicVAE
from seqgen.models.music_vae.config import DRUMS
from seqgen.models.music_vae.groove import controls_of, reading
from seqgen.models.music_vae.groove_diagnosis import GrooveDiagnosis, diagnose_groove
from seqgen.representation.groove import qpm_of, to_vectors
from seqgen.training.job import Report
from seqgen.training.music import MusicJob


class GrooveJob(MusicJob):
    """A batch is [B, T, 28]: the 27 numbers of a step, and the tempo."""

    def batch(self, step: int) -> Tensor:
        return performances(self.batches[step])

    def losses(self, model: Any, batch: Tensor, step: int, rng: Generator) -> Losses:
        token, qpm = batch[..., : 3 * DRUMS], batch[..., 3 * DRUMS]
        read = reading(self.config.model, token)
        controls = controls_of(self.config.model, read, qpm)
        objective = self.config.objective.at(step / self.config.steps)
        return model.losses(token, objective, rng, read, controls)

    def diagnose(self, model: MusicVAE) -> Report | None:
        valid = self.shards.tokens("valid")
        if len(valid) < 2:
            return None
        order = torch.randperm(len(valid), generator=Generator().manual_seed(0))
        pick = order[: self.config.diagnose_windows]
        batch = performances(valid[pick.numpy()]).to(next(model.parameters()).device)
        token, qpm = batch[..., : 3 * DRUMS], batch[..., 3 * DRUMS]
        d = diagnose_groove(model, token, qpm, Generator().manual_seed(0))
        said = (
            f"valid velocity off by {d.velocity_error:.2f}, offset by {d.offset_error:.4f} sixteenths; "
            f"hit F1 {d.hit_f1:.3f}; cross-entropy {d.cross_entropy:.3f} nats a step "
            f"({d.cross_entropy_random:.3f} with another z); KL {d.kl:.1f} nats"
        )
        return Report({name: getattr(d, name) for name in GrooveDiagnosis._fields}, said)


def performances(rows: np.ndarray) -> Tensor:
    """Rows [B, T, 19] as [B, T, 28] float32."""
    tempo = qpm_of(rows)[..., None].astype(np.float32)
    return torch.from_numpy(np.concatenate([to_vectors(rows), tempo], -1))
