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

from seqgen.core import GREEDY, Product, UntilEnd
from seqgen.io.tf_checkpoint import open_checkpoint
from seqgen.models.music_vae import MusicVAE, MusicVAEConfig, Objective
from seqgen.tasks.magenta.convert import Read, config_of, convert
from seqgen.tasks.magenta.recognise import named
from seqgen.tasks.magenta.variables import Shapes
from tests.magenta import reference

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


def compare(folder: Path) -> Row:
    """An imported model, and the reference, against the numbers of a folder."""
    meta = json.loads((folder / "meta.json").read_text())
    arrays, wanted = (dict(np.load(folder / f"{name}.npz")) for name in ("inputs", "expected"))
    if "logits" not in wanted:
        wanted |= {"logits": wanted["logits_steps"], "logits_at": np.array(meta["logits_steps"])}
    free_bits = [case[0] for case in meta["loss_cases"]]
    with open_checkpoint(folder / f"{folder.name}.ckpt") as checkpoint:
        model = imported(folder.name, checkpoint.shapes, checkpoint.read)
        weights = {name: checkpoint.read(name) for name in checkpoint.shapes}
    row = measure(folder.name, model, arrays, wanted, free_bits)
    if "decode_end_tokens" in wanted:
        row = row._replace(tokens=row.tokens and same_ends(model, arrays["z_decode"], wanted))
    cases = list(zip(free_bits, wanted["case_beta"].tolist(), strict=True))
    row.errors["reference"] = apart(reference.expected(weights, named(folder.name), arrays, cases), wanted)
    return row


@torch.no_grad()
def measure(
    name: str,
    model: MusicVAE,
    arrays: dict[str, np.ndarray],
    wanted: dict[str, np.ndarray],
    free_bits: list[float],
) -> Row:
    """A model against numbers of Magenta's or the reference's. free_bits: of each case of the total loss."""
    g = given(model.config, arrays)
    posterior = model.encode(g.read, lengths=g.lengths, controls=g.controls)
    z = posterior.mean + posterior.std * torch.from_numpy(arrays["eps"])
    logits, loss = forced(model, g, z)
    logits = logits[:, wanted.get("logits_at", np.arange(model.config.steps))]
    there = (wanted["logits"] != 0).any(-1)
    kl = posterior.kl().double().sum(1)
    told = _repeated(arrays["controls_decode"], len(loss)) if model.config.controls else None
    code = torch.from_numpy(arrays["z_decode"])
    start = model.decoder.init_state(len(code), code)
    token, _ = model.decoder.generate(start, model.config.steps, GREEDY, controls=told)
    again = Given(token, token, torch.full((len(code),), model.config.steps), told)
    errors = {
        "mu": error(posterior.mean, wanted["mu"], SMALL),
        "sigma": error(posterior.std, wanted["sigma"], SMALL),
        "logits": error(logits[torch.from_numpy(there)], wanted["logits"][there], SMALL),
        "r_loss": error(loss, wanted["r_loss"]),
        "KL": error(kl, wanted["kl_nats"]),
        "total": _totals(loss, kl, free_bits, wanted),
        "decoded": error(forced(model, again, code)[1], wanted["decode_r_loss"]),
    }
    return Row(name, errors, same(model.config, token, wanted), model.decoder.backend(GREEDY))


def apart(ours: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> float:
    """The largest error of the reference; infinite if it decodes another event."""
    decoded = "decode" if "decode" in wanted else "decode_tokens"
    if np.abs(ours[decoded] - wanted[decoded]).max() > 1e-4:
        return float("inf")
    at = wanted.get("logits_at", np.arange(ours["logits"].shape[1]))
    errors = [error(torch.from_numpy(ours["logits"][:, at]), wanted["logits"], SMALL)]
    errors += [error(torch.from_numpy(ours[key]), wanted[key], SMALL) for key in ("mu", "sigma")]
    sums = ("r_loss", "kl_nats", "case_loss", "decode_r_loss")
    return max(errors + [error(torch.from_numpy(ours[key]), wanted[key]) for key in sums])


def same_ends(model: MusicVAE, code: np.ndarray, wanted: dict[str, np.ndarray]) -> bool:
    """Whether the first tracks are the same where they end early.

    The next ones start from what Magenta's sampler left behind the end, which depends on the other rows; ours
    start from nothing, as in training.
    """
    config, end = model.config, int(wanted["decode_end_token"])
    grammar = UntilEnd(config.vocabulary_size, end, config.steps_per_bar)
    ours = model.decode(torch.from_numpy(code), grammar=grammar)
    theirs = torch.from_numpy(wanted["decode_end_tokens"][..., 0].astype(np.int64))
    lengths = wanted["decode_end_lengths"][:, 0]
    return all(torch.equal(a[:n], b[:n]) for a, b, n in zip(ours, theirs, lengths, strict=True))


def same(config: MusicVAEConfig, token: Tensor, wanted: dict[str, np.ndarray]) -> bool:
    """Whether Magenta decoded the same; for grooves the same hits, and the rest to 1e-5."""
    if config.head == "groove":
        played, hits = torch.from_numpy(wanted["decode"]), config.vocabulary_size.bit_length() - 1
        near = bool((token - played).abs().max() < 1e-5)
        return near and torch.equal(token[..., :hits], played[..., :hits])
    if config.head == "nade":
        return torch.equal(token, to_tokens(config, wanted["decode"]))
    return torch.equal(token, from_classes(config, wanted["decode_tokens"]))


def _totals(loss: Tensor, kl: Tensor, free_bits: list[float], wanted: dict[str, np.ndarray]) -> float:
    """The largest error of the total loss and of the KL that is paid, with several objectives."""
    errors = []
    for number, bits in enumerate(free_bits):
        objective = Objective(float(wanted["case_beta"][number]), bits)
        charged = objective.charged(kl)
        errors.append(error(charged, wanted["case_kl_cost"][number], float(kl.max())))
        total = (loss + objective.beta * charged).mean()
        errors.append(error(total[None], wanted["case_loss"][number : number + 1]))
    return max(errors)


def _repeated(controls: np.ndarray, rows: int) -> Tensor:
    return torch.from_numpy(controls.astype(np.float32)).expand(rows, -1, -1)


def error(ours: Tensor, wanted: np.ndarray, least: float = 1e-9) -> float:
    w = torch.from_numpy(wanted).double()
    return float(((ours.double() - w).abs() / w.abs().clamp(min=least)).max())


def table(rows: list[Row]) -> str:
    head = ["config", *LIMITS, "reference", "tokens", "by", "passed"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        errors = [f"{row.errors[key]:.1e}" for key in (*LIMITS, "reference")]
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
