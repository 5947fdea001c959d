"""From a checkpoint of Magenta's MusicVAE to the folder of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from seqgen.config import from_dict, to_dict
from seqgen.data.new_folder import new_folder
from seqgen.io.tf_checkpoint import Checkpoint, open_checkpoint
from seqgen.models.checkpoint import Uninitialised, save_model
from seqgen.models.music_vae import MusicVAE
from seqgen.representation.converter import RepresentationConfig
from seqgen.tasks.magenta.card import card
from seqgen.tasks.magenta.convert import config_of, convert
from seqgen.tasks.magenta.known import Known
from seqgen.tasks.magenta.recognise import Recognised, recognise

FILES = ("config.yaml", "model.safetensors", "card.md")
PIANO_TO_GUITAR = [0, 32]
"""the programs that Magenta's two-bar melodies and its trios take melodies from"""
STEP = "global_step"


def import_checkpoint(
    checkpoint: str | Path, out: str | Path, config: str | None = None, overwrite: bool = False
) -> tuple[Known, list[str]]:
    """Write the model of a checkpoint into a new folder; which configuration it is, and what was decided.

    Args:
        checkpoint: a folder, a prefix or a .tar; see `open_checkpoint`.
        out: a folder that does not exist yet, or with `overwrite` one that an import has made.
        config: Magenta's name of the configuration, where variables and file names do not tell it.

    Raises:
        ValueError: for what is no whole checkpoint, or of no configuration, or of another one, and for `out`
            if it is not free. Then nothing is written.
        OSError: for files that cannot be read or written.
    """
    path, out = Path(checkpoint), Path(out)
    with open_checkpoint(path) as source, new_folder(out, FILES, overwrite) as folder:
        found = recognise(source.shapes, str(source.where), hints(path, source), config)
        known = found.known
        settings = config_of(source.shapes, known)
        with torch.device("meta"), Uninitialised():
            model = MusicVAE(settings)
        weights = convert(source.read, settings)
        if not all(weight.isfinite().all() for weight in weights.values()):
            raise ValueError(f"{source.where}: its weights are damaged: not all are finite")
        origin = {"imported_from": path.name, "magenta_config": known.name, "step": step_of(source)}
        sections = {"representation": representation(known), "training": origin}
        save_model(folder, model, weights, sections)
        (folder / "card.md").write_text(card(out.name, known, origin, model), encoding="utf-8")
    return known, notices(source, found)


def hints(path: Path, source: Checkpoint) -> list[str]:
    """Names that may say which configuration it is: the checkpoint's, its file's and its folder's."""
    return [source.name, path.name, path.resolve().parent.name]


def representation(known: Known) -> dict[str, Any]:
    """How Magenta's converter of a configuration reads music, in our settings."""
    settings: dict[str, Any] = {"name": known.music, "bars": known.bars}
    if known.music == "trio":
        settings |= {"gap_bars": 2.0, "programs": PIANO_TO_GUITAR}
    if known.music == "melody" and known.bars == 2 and not known.controls:
        settings["programs"] = PIANO_TO_GUITAR
    return to_dict(from_dict(RepresentationConfig, settings, "representation"))


def step_of(source: Checkpoint) -> int | None:
    """After how many steps of training it was written."""
    counts = source.shapes.get(STEP) == () and source.dtypes[STEP] in ("int32", "int64")
    return int(source.read(STEP)) if counts else None


def notices(source: Checkpoint, found: Recognised) -> list[str]:
    return [notice for notice in (source.notice, found.notice) if notice]
