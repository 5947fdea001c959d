"""Training a MusicVAE to play: performances, of which the encoder reads what the config says."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from seqgen.models.music_vae import Losses, MusicVAE
from seqgen.models.music_vae.groove import controls_of, reading
from seqgen.models.music_vae.groove_diagnosis import GrooveDiagnosis, diagnose_groove
from seqgen.models.music_vae.limits import DRUMS
from seqgen.representation.groove import qpm_of, to_vectors
from seqgen.training.job import Report
from seqgen.training.music import MusicJob


class GrooveJob(MusicJob):
    """A batch is [B, T, 55]: the 27 numbers of a step, those of the hits that are read, and the tempo.

    Drummers are recognised by their beats and tempos, and then played back by heart. So that a model learns
    how drums are played and not who plays, some hits are left out, and the tempo is not told exactly.
    """

    def batch(self, step: int) -> Tensor:
        rows = self.batches[step]
        rng = np.random.default_rng([self.config.seed, step, self.batches.rank])
        whole = performances(rows)
        thinned = performances(thin(rows, self.config.thinning, rng))[..., :-1]
        off = rng.uniform(-1, 1, (len(rows), 1, 1)) * self.config.tempo_noise
        tempo = whole[..., -1:] * torch.from_numpy(2.0**off).float()
        kept = thinned if self.config.model.reads == "hits" else whole[..., :-1]
        return torch.cat([kept, thinned, tempo], -1)

    def losses(self, model: Any, batch: Tensor, step: int, rng: Generator) -> Losses:
        token, known, qpm = batch.split([3 * DRUMS, 3 * DRUMS, 1], -1)
        read = reading(self.config.model, known)
        controls = controls_of(self.config.model, read, qpm[..., 0])
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


def thin(rows: np.ndarray, most: float, rng: np.random.Generator) -> np.ndarray:
    """Rows [B, T, 19] with fewer hits. In each window a rate up to `most` is drawn, and so many of its drums
    and then of the remaining hits are left out by chance."""
    rate = rng.uniform(0, 1, (len(rows), 1, 1)) * most
    drums = rng.random((len(rows), 1, DRUMS)) >= rate
    hits = rng.random((*rows.shape[:2], DRUMS)) >= rate
    keep = (drums & hits).astype(rows.dtype)
    result = rows.copy()
    result[..., :DRUMS] *= keep
    result[..., DRUMS : 2 * DRUMS] *= keep
    return result
