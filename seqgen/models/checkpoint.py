"""A model on disk: a folder with `config.yaml` and `model.safetensors`. Nothing in it is executed.

`config.yaml` has the sections `format` (1), `kind` (music_vae when it is not there), `model` (the config),
`representation` (how music becomes its tokens) and `training` (where the weights come from). Weights may be
stored as float16; they load as float32. A translator has a third file, `subwords.model`; a music VAE may have
`prior.safetensors`, a density of its codes, with the section `prior`, and `attributes.safetensors` (see
`attribute_vectors`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from seqgen.config import from_dict, to_dict
from seqgen.models.audio_wavenet import AudioWaveNet, AudioWaveNetConfig
from seqgen.models.language_model import LanguageModel, LanguageModelConfig
from seqgen.models.music_vae import MusicVAE, MusicVAEConfig
from seqgen.models.music_vae.prior import CodePrior, PriorConfig
from seqgen.models.recognizer import Recognizer, RecognizerConfig
from seqgen.models.translator import Translator, TranslatorConfig

FORMAT = 1
MAX_CONFIG_BYTES = 1 << 20
MAX_WEIGHT_BYTES = 4 << 30
SECTIONS = ("format", "kind", "model", "representation", "training", "prior")
PRIOR = "prior.safetensors"
KINDS: dict[str, tuple[Any, Any]] = {
    "language_model": (LanguageModelConfig, LanguageModel),
    "audio_wavenet": (AudioWaveNetConfig, AudioWaveNet),
    "music_vae": (MusicVAEConfig, MusicVAE),
    "recognizer": (RecognizerConfig, Recognizer),
    "translator": (TranslatorConfig, Translator),
}


def save_model(
    folder: Path, model: nn.Module, weights: dict[str, Tensor], sections: dict[str, Any], half: bool = False
) -> None:
    """Write `weights` of `model` and its config; each file is complete or not there.

    sections: `representation` and `training` of config.yaml. half: store the weights as float16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = torch.float16 if half else torch.float32
    tensors = {name: tensor.detach().to("cpu", number).contiguous() for name, tensor in weights.items()}
    kind = next(name for name, (_, cls) in KINDS.items() if isinstance(model, cls))
    first = {"format": FORMAT, "kind": kind, "model": to_dict(model.config)}
    text = yaml.safe_dump({**first, **sections}, sort_keys=False)
    _replace(folder / "model.safetensors", lambda path: save_file(tensors, path))
    _replace(folder / "config.yaml", lambda path: Path(path).write_text(text, encoding="utf-8"))


def read_config(folder: Path) -> dict[str, Any]:
    """The sections of `config.yaml`, checked as far as this module knows them."""
    path = folder / "config.yaml"
    if not path.is_file():
        raise ValueError(f"{folder} is no model: expected config.yaml and model.safetensors in it")
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ValueError(
            f"{path}: a config has at most {MAX_CONFIG_BYTES} bytes, this one {path.stat().st_size}"
        )
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not a YAML file ({str(error).splitlines()[0]})") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected the sections {', '.join(SECTIONS)}, got {type(data).__name__}")
    unknown = [str(key) for key in data if key not in SECTIONS]
    if unknown:
        raise ValueError(f"{path}: unknown key {unknown[0]!r}; the keys are {', '.join(SECTIONS)}")
    if data.get("kind", "music_vae") not in KINDS:
        raise ValueError(f"{path}: kind must be one of {', '.join(KINDS)}, got {data['kind']!r}")
    if data.get("format") != FORMAT:
        raise ValueError(
            f"{path}: expected format {FORMAT}, got {data.get('format')!r}: use the seqgen that wrote it"
        )
    return data


def load_model(folder: Path, kind: str = "music_vae") -> tuple[Any, dict[str, Any]]:
    """The model, in evaluation mode, and the sections of its config.

    Raises ValueError for a bad folder, and for a model of another kind.
    """
    sections = read_config(folder)
    if kind_of(sections) != kind:
        raise ValueError(f"{folder} is a {kind_of(sections)}: a {kind} is needed here")
    settings, cls = KINDS[kind]
    config = from_dict(settings, sections.get("model"), f"{folder / 'config.yaml'}: model")
    weights = read_weights(folder / "model.safetensors")
    with torch.device("meta"), Uninitialised():
        model = cls(config)
    check_shapes(model, weights, folder / "model.safetensors")
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
    return model.eval().requires_grad_(False), sections


def save_prior(folder: Path, prior: CodePrior) -> None:
    """Give the model in `folder` a prior, in place of one that it may have. What else is there stays.

    Its weights are stored as float16.
    """
    sections = read_config(folder)
    tensors = {name: tensor.detach().cpu().half().contiguous() for name, tensor in prior.state_dict().items()}
    text = yaml.safe_dump({**sections, "prior": to_dict(prior.config)}, sort_keys=False)
    _replace(folder / PRIOR, lambda path: save_file(tensors, path))
    _replace(folder / "config.yaml", lambda path: Path(path).write_text(text, encoding="utf-8"))


def load_prior(folder: Path, sections: dict[str, Any], model: MusicVAEConfig) -> CodePrior | None:
    """The prior of the codes of a model whose config has these sections; None if it has none but N(0, 1).

    Raises ValueError for one that is damaged, or of another model.
    """
    if "prior" not in sections:
        return None
    where, path = f"{folder / 'config.yaml'}: prior", folder / PRIOR
    config = from_dict(PriorConfig, sections["prior"], where)
    if not path.is_file():
        raise ValueError(f"{path} is missing: config.yaml has a section prior; `seqgen fit-prior` makes both")
    weights = read_weights(path)
    try:
        with torch.device("meta"), Uninitialised():
            prior = CodePrior(config, model)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    check_shapes(prior, weights, path)
    if not all(tensor.isfinite().all() for tensor in weights.values()):
        raise ValueError(
            f"{path}: its weights are damaged (not all are finite): `seqgen fit-prior` makes it anew"
        )
    prior.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
    return prior.eval().requires_grad_(False)


def check_shapes(model: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """The weights that were read from `path` must be those of the model."""
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != found:
        odd = sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        )[0]
        raise ValueError(
            f"{path}: the weights are not those of config.yaml: {odd} should have "
            f"the shape {expected.get(odd, 'none (unknown)')}, got {found.get(odd, 'none (missing)')}"
        )


def kind_of(sections: dict[str, Any]) -> str:
    """Which model a config describes; `read_config` has checked that it is known."""
    return str(sections.get("kind", "music_vae"))


def is_groove(sections: dict[str, Any]) -> bool:
    """Whether a config describes a model of played drums."""
    model = sections.get("model")
    return isinstance(model, dict) and model.get("head") in ("groove", "groove_mixture")


class Uninitialised(TorchFunctionMode):
    """Modules made in this context skip `normal_`: on the meta device it imports torch's compiler (1 s)."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") == "normal_":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file; ValueError for one that is missing, cut short or not such a file."""
    if not path.is_file():
        raise ValueError(f"{path} is missing: a model is config.yaml and model.safetensors")
    if path.stat().st_size > MAX_WEIGHT_BYTES:
        raise ValueError(
            f"{path}: at most {MAX_WEIGHT_BYTES} bytes are read, this file has {path.stat().st_size}"
        )
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path}: not a complete safetensors file ({error})") from None


def _replace(path: Path, write: Any) -> None:
    """Write through a temporary file in the same folder, so that a reader never sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.touch()
        mode = temporary.stat().st_mode  # that of any new file: safetensors writes for the owner alone
        write(str(temporary))
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
