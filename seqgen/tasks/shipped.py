"""Finding models: by the name of one that is shipped with the package, or by folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seqgen.config import from_dict
from seqgen.representation.converter import Converter, RepresentationConfig, make_converter
from seqgen.representation.multitrack import TRACKS

if TYPE_CHECKING:
    from seqgen.models.music_vae import MusicVAE

SHIPPED = Path(__file__).parents[1] / "shipped"
MAX_CARD_BYTES = 1 << 20


class Found(NamedTuple):
    name: str
    vae: MusicVAE
    converter: Converter
    sections: dict[str, Any]
    card: str


def shipped_models() -> list[str]:
    """Names that `load` knows, sorted."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/config.yaml"))


def find_folder(model: str | Path) -> Path:
    """The folder of a model. A shipped name comes first; "./name" means a folder in any case.

    Raises:
        ValueError: that lists the shipped models.
    """
    text = str(model)
    if text in shipped_models():
        return SHIPPED / text
    if text and Path(text).is_dir():
        return Path(text)
    known = ", ".join(shipped_models()) or "none"
    raise ValueError(
        f"model: there is no model {text!r}: the shipped ones are {known}; or give the folder of a model "
        "(config.yaml and model.safetensors)"
    )


def kind_named(model: str) -> str | None:
    """The kind that the config of a model states, read without torch; None where there is no such model."""
    import yaml

    folder = SHIPPED / model if model in shipped_models() else Path(model)
    try:
        with open(folder / "config.yaml", encoding="utf-8") as file:
            settings = yaml.safe_load(file.read(MAX_CARD_BYTES))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return str(settings.get("kind")) if isinstance(settings, dict) else None


def read_model(model: str | Path) -> Found:
    """A model, its converter and its papers. Nothing that it brings is executed.

    Raises:
        ValueError: for an unknown name, a folder without a complete model, or one that contradicts itself.
    """
    from seqgen.models.checkpoint import load_model

    folder = find_folder(model)
    vae, sections = load_model(folder)
    where = f"{folder / 'config.yaml'}: representation"
    converter = user_converter(from_dict(RepresentationConfig, sections.get("representation"), where))
    segments = TRACKS if converter.name == "multitrack" else converter.bars
    reads = (segments, converter.steps, converter.vocabulary_size)
    takes = (vae.config.bars, vae.config.steps, vae.config.vocabulary_size)
    if reads != takes:
        raise ValueError(
            f"{where}: {converter.name} of {reads[0]} bars gives {reads[1]} tokens below {reads[2]}, but the "
            f"model takes {takes[1]} below {takes[2]}"
        )
    return Found(folder.resolve().name, vae, converter, sections, read_card(folder))


def user_converter(config: RepresentationConfig) -> Converter:
    """The converter for clips that a user chose: what was only meant to select training data is left out."""
    two_four = config.name == "melody"
    free = replace(config, programs=None, min_notes=1, min_unique_pitches=1, two_four=two_four)
    return make_converter(free)


def read_card(folder: Path) -> str:
    """The model card, empty if there is none."""
    path = folder / "card.md"
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MAX_CARD_BYTES)
