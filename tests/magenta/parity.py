"""Imported models against numbers that Magenta's own code gave.

python -m tests.magenta.parity FOLDER    # a folder for each configuration; prints a table in Markdown

Each folder holds a checkpoint (NAME.ckpt), what went in (inputs.npz) and what came out (expected.npz). An
error is the largest difference relative to what is expected; of mu, sigma and logits below 0.2, to 0.2.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqgen.core import GREEDY, Product
from seqgen.io.tf_checkpoint import open_checkpoint
from seqgen.models.music_vae import MusicVAE, MusicVAEConfig, Objective
from seqgen.tasks.magenta.convert import Read, config_of, convert
from seqgen.tasks.magenta.recognise import named
from seqgen.tasks.magenta.variables import Shapes

SMALL = 0.2
LIMITS = {
    "mu": 1e-4,
    "sigma": 1e-4,
    "logits": 1e-4,
    "r_loss": 1e-5,
    "KL": 1e-5,
    "total": 1e-5,
    "decoded": 1e-5,
}


class Given(NamedTuple):
    """One configuration's inputs as ours."""

    token: Tensor
    """[B, T, *N] targets, 0 past their lengths"""
    read: Tensor
    """what the encoder reads"""
    lengths: Tensor
    """[B] or [B, U]"""
    controls: Tensor | None


class Row(NamedTuple):
    """The line of a configuration."""

    name: str
    errors: dict[str, float]
    tokens: bool
    """whether all greedy tokens are the same"""
    backend: str

    @property
    def passed(self) -> bool:
        return self.tokens and all(self.errors[key] <= limit for key, limit in LIMITS.items())


def imported(name: str, shapes: Shapes, read: Read) -> MusicVAE:
    """The model of a checkpoint."""
    config = config_of(shapes, named(name))
    model = MusicVAE(config)
    model.load_state_dict(convert(read, config))
    return model.eval().requires_grad_(False)


def given(config: MusicVAEConfig, arrays: dict[str, np.ndarray]) -> Given:
    """Magenta's one-hot vectors and rolls as tokens."""
    controls = torch.from_numpy(arrays["controls"].astype(np.float32)) if config.controls else None
    lengths = torch.from_numpy(arrays["lengths"].astype(np.int64))
    token = to_tokens(config, arrays["outputs"])
    read = torch.from_numpy(arrays["inputs"].astype(np.float32)) if config.head == "groove" else token
    return Given(token, read, lengths, controls)


def to_tokens(config: MusicVAEConfig, outputs: np.ndarray) -> Tensor:
    if config.head == "groove":
        return torch.from_numpy(outputs.astype(np.float32))
    if config.head == "nade":
        return torch.from_numpy((outputs.astype(np.int64) << np.arange(outputs.shape[2])).sum(2))
    edges = np.cumsum(config.parts)[:-1] if config.parts else []
    return from_classes(config, np.stack([part.argmax(2) for part in np.split(outputs, edges, 2)], 2))


def from_classes(config: MusicVAEConfig, classes: np.ndarray) -> Tensor:
    """Tokens of a class for each part [B, T, P]."""
    radix = np.cumprod([1, *[size for size, _ in config.heads][:-1]])
    return torch.from_numpy((classes.astype(np.int64) * radix).sum(2))


def raw(model: MusicVAE, y: Tensor) -> Tensor:
    """What Magenta's output layer gives, [B, T, D]."""
    head = model.decoder.head
    if isinstance(head, Product):
        return torch.cat(
            [part.logits(own) for part, own in zip(head.each(), head._slices(y), strict=True)], -1
        )
    layer = {"categorical": "logits", "nade": "biases", "groove": "output"}[model.config.head]
    return getattr(head, layer)(y)


def forced(model: MusicVAE, g: Given, z: Tensor) -> tuple[Tensor, Tensor]:
    """Logits [B, T, D] and the reconstruction loss [B] in nats, teacher forced."""
    fed = model.shifted(g.token, g.lengths)
    y, _ = model.decoder.hidden(g.token, model.decoder.init_state(len(z), z), fed=fed, controls=g.controls)
    loss = -model.log_prob(g.token, z, controls=g.controls, lengths=g.lengths).double().sum(1)
    return raw(model, y), loss


@torch.no_grad()
def compare(folder: Path) -> Row:
    """An imported model against the numbers of a folder."""
    meta = json.loads((folder / "meta.json").read_text())
    with open_checkpoint(folder / f"{folder.name}.ckpt") as checkpoint:
        model = imported(folder.name, checkpoint.shapes, checkpoint.read)
    arrays, expected = (dict(np.load(folder / f"{name}.npz")) for name in ("inputs", "expected"))
    g = given(model.config, arrays)
    posterior = model.encode(g.read, lengths=g.lengths, controls=g.controls)
    logits, loss = forced(model, g, posterior.mean + posterior.std * torch.from_numpy(arrays["eps"]))
    steps = torch.arange(model.config.steps)
    if "logits" in expected:
        wanted = torch.from_numpy(expected["logits"])
    else:
        steps, wanted = torch.tensor(meta["logits_steps"]), torch.from_numpy(expected["logits_steps"])
    there = (wanted != 0).any(-1)
    kl = posterior.kl().double().sum(1)
    errors = {
        "mu": error(posterior.mean, expected["mu"], SMALL),
        "sigma": error(posterior.std, expected["sigma"], SMALL),
        "logits": error(logits[:, steps][there], wanted[there].numpy(), SMALL),
        "r_loss": error(loss, expected["r_loss"]),
        "KL": error(kl, expected["kl_nats"]),
        "total": max(_totals(loss, kl, meta, expected)),
    }
    told = _repeated(arrays["controls_decode"], len(loss)) if model.config.controls else None
    z = torch.from_numpy(arrays["z_decode"])
    token = model.decode(z, controls=told)
    again = Given(token, token, torch.full((len(z),), model.config.steps), told)
    errors["decoded"] = error(forced(model, again, z)[1], expected["decode_r_loss"])
    return Row(folder.name, errors, same(model.config, token, expected), model.decoder.backend(GREEDY))


def same(config: MusicVAEConfig, token: Tensor, expected: dict[str, np.ndarray]) -> bool:
    """Whether Magenta decoded the same; for grooves the same hits, and the rest to 1e-5."""
    if config.head == "groove":
        wanted = torch.from_numpy(expected["decode"])
        hits = config.vocabulary_size.bit_length() - 1
        return torch.equal(token[..., :hits], wanted[..., :hits]) and bool(
            (token - wanted).abs().max() < 1e-5
        )
    if config.head == "nade":
        return torch.equal(token, to_tokens(config, expected["decode"]))
    return torch.equal(token, from_classes(config, expected["decode_tokens"]))


def _totals(loss: Tensor, kl: Tensor, meta: dict, expected: dict[str, np.ndarray]) -> list[float]:
    """Errors of the total loss and the KL that is paid, under several settings of the objective."""
    errors = []
    for number, (free_bits, *_) in enumerate(meta["loss_cases"]):
        objective = Objective(float(expected["case_beta"][number]), free_bits)
        charged = objective.charged(kl)
        errors.append(error(charged, expected["case_kl_cost"][number], float(kl.max())))
        total = (loss + objective.beta * charged).mean()
        errors.append(error(total[None], expected["case_loss"][number : number + 1]))
    return errors


def _repeated(controls: np.ndarray, rows: int) -> Tensor:
    return torch.from_numpy(controls.astype(np.float32)).expand(rows, -1, -1)


def error(ours: Tensor, wanted: np.ndarray, least: float = 1e-9) -> float:
    w = torch.from_numpy(wanted).double()
    return float(((ours.double() - w).abs() / w.abs().clamp(min=least)).max())


def table(rows: list[Row]) -> str:
    head = ["config", *LIMITS, "tokens", "by", "passed"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        errors = [f"{row.errors[key]:.1e}" for key in LIMITS]
        lines.append(
            [
                row.name,
                *errors,
                "same" if row.tokens else "differ",
                row.backend,
                "yes" if row.passed else "NO",
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    found = [
        compare(folder) for folder in sorted(Path(sys.argv[1]).iterdir()) if (folder / "meta.json").is_file()
    ]
    print(table(found))
    sys.exit(0 if found and all(row.passed for row in found) else 1)
