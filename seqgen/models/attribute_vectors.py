"""Attribute vectors on disk, beside the model they belong to: `attributes.safetensors`. Nothing is executed.

K attributes, Z latent. The file has the tensors `vectors` [K, Z], `means` and `deviations` [K] (of each
attribute over the train windows) and `reach` [K, 2] (how far its slider was measured), and in its header the
names and a fingerprint of the weights that the vectors were fitted to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

FILE = "attributes.safetensors"
MAX_BYTES = 4 << 20
MOST = 64
"""attributes of a file"""
LOOKED_AT = 1024
"""numbers of each tensor that a fingerprint covers"""
FURTHEST = 100.0
"""that a slider may reach"""


@dataclass(frozen=True, eq=False)
class AttributeVectors:
    """A direction in the latent space for each attribute: one of it moves the attribute by one deviation."""

    names: tuple[str, ...]
    vectors: Float[Tensor, "K Z"]
    means: Float[Tensor, "K"]
    deviations: Float[Tensor, "K"]
    reach: Float[Tensor, "K 2"]
    """the least and the greatest amount of each slider, in deviations"""
    fingerprint: str
    """of the weights, see `fingerprint_of`"""


def fingerprint_of(model: nn.Module) -> str:
    """16 hexadecimal digits that other weights have not; the same before and after storing as float16."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        numbers = tensor.detach().flatten()[:LOOKED_AT].to("cpu", torch.float16).numpy()
        digest.update(f"{name} {tuple(tensor.shape)} ".encode() + numbers.tobytes())
    return digest.hexdigest()[:16]


def to_bytes(vectors: AttributeVectors) -> bytes:
    """The file's content."""
    tensors = {
        "vectors": vectors.vectors,
        "means": vectors.means,
        "deviations": vectors.deviations,
        "reach": vectors.reach,
    }
    header = {"names": " ".join(vectors.names), "fingerprint": vectors.fingerprint}
    return save({name: tensor.float().contiguous() for name, tensor in tensors.items()}, header)


def read_vectors(folder: Path) -> AttributeVectors:
    """What lies in a model's folder, checked as far as can be without the model.

    Raises:
        ValueError: for a file that is missing, damaged, too large, or no such file.
    """
    path = folder / FILE
    if not path.is_file():
        raise ValueError(f"{path} is missing")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path}: at most {MAX_BYTES} bytes are read, this file has {path.stat().st_size}")
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path}: not a complete safetensors file ({error})") from None
    names = tuple(header.get("names", "").split())
    K = len(names)
    shapes = {"vectors": (K, None), "means": (K,), "deviations": (K,), "reach": (K, 2)}
    if not 0 < K <= MOST or len(set(names)) < K or set(found) != set(shapes):
        raise ValueError(f"{path}: expected {', '.join(shapes)} of 1 to {MOST} different names")
    for name, shape in shapes.items():
        tensor = found[name]
        fits = tensor.dim() == len(shape) and all(
            size in (None, got) for size, got in zip(shape, tensor.shape, strict=True)
        )
        if not fits or tensor.dtype != torch.float32 or not tensor.isfinite().all():
            raise ValueError(f"{path}: {name}: expected finite float32 of {shape}, got {tuple(tensor.shape)}")
    low, high = found["reach"].unbind(1)
    if not ((low <= 0) & (high >= 0) & (low >= -FURTHEST) & (high <= FURTHEST)).all():
        raise ValueError(f"{path}: reach: expected from at most 0 to at least 0, within {FURTHEST:g}")
    if not (found["deviations"] > 0).all():
        raise ValueError(f"{path}: deviations: expected numbers above 0")
    return AttributeVectors(names, **found, fingerprint=header.get("fingerprint", ""))
