"""Sliders: music moved along the attribute vectors of its model (Roberts et al. 2018, section 5.3).

A slider counts standard deviations of its attribute over the train windows. What is beyond the range in which
it was measured is clamped, and said. A vector is the same for all music; where a piece is moved, what lies
about the vector is searched for what moves this piece best.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from seqgen.core import Sampling
from seqgen.kernels.packing import Precision
from seqgen.models.attribute_vectors import FILE, AttributeVectors, fingerprint_of, read_vectors
from seqgen.representation.attributes import ATTRIBUTES, attributes_of, measure
from seqgen.tasks.manner import mixtures
from seqgen.tasks.notices import say
from seqgen.tasks.settings import Drawing
from seqgen.tasks.slider_search import Piece, codes_in_a_row
from seqgen.tasks.sources import Choice, Source

if TYPE_CHECKING:
    from note_seq import NoteSequence

    from seqgen.models.music_vae import MusicVAE
    from seqgen.tasks.music import MusicModel


class Steered(NamedTuple):
    """What came of moving sliders."""

    original: NoteSequence
    """what the model read"""
    plain: NoteSequence
    """what it makes of that with all sliders at 0"""
    piece: NoteSequence
    values: dict[str, tuple[float, float, float]]
    """of each attribute: in what was read, with the sliders at 0, and moved; NaN where it is undefined"""
    notices: list[str]


def vectors_of(folder: Path, name: str, vae: MusicVAE, representation: str) -> AttributeVectors | str:
    """The vectors in a model's folder, or the sentence that says why it has none to use."""
    again = f"make them with `seqgen fit-attributes {name} SHARDS`"
    if representation not in ATTRIBUTES:
        return f"{name} has no attributes: only models of {' and '.join(ATTRIBUTES)} have them"
    if not (folder / FILE).is_file():
        return f"{name} has no attribute vectors: {again}"
    try:
        found = read_vectors(folder)
    except (ValueError, OSError) as error:
        return f"{name}: {error}: {again}"
    known = attributes_of(representation)
    strange = [attribute for attribute in found.names if attribute not in known]
    if strange or found.vectors.shape[1] != vae.config.latent:
        what = f"of {strange[0]!r}" if strange else f"of {found.vectors.shape[1]} numbers"
        return f"{name}: its attribute vectors are {what}, which it does not have: {again}"
    if found.fingerprint != fingerprint_of(vae):
        return f"{name}: its attribute vectors were fitted to other weights: {again}"
    return found


def vector_of(sliders: AttributeVectors | str, attribute: str, model: str) -> Float[Tensor, "Z"]:
    """The vector of one attribute.

    Raises:
        ValueError: that lists the known ones, or says why there are none.
    """
    if isinstance(sliders, str):
        raise ValueError(f"attribute: {sliders}")
    if attribute not in sliders.names:
        raise ValueError(
            f"attribute: {model} has no attribute {attribute!r}; it has {', '.join(sliders.names)}"
        )
    return sliders.vectors[sliders.names.index(attribute)].clone()


def clamped(
    sliders: AttributeVectors | str, amounts: Mapping[str, float], model: str
) -> tuple[dict[str, float], list[str]]:
    """The amounts within their ranges, and a sentence for each that was not."""
    result, notices = {}, []
    for attribute, amount in amounts.items():
        vector_of(sliders, attribute, model)
        assert not isinstance(sliders, str)
        if not np.isfinite(amount):
            raise ValueError(f"{attribute}: expected a finite number of standard deviations, got {amount}")
        low, high = sliders.reach[sliders.names.index(attribute)].tolist()
        result[attribute] = min(max(amount, low), high)
        if result[attribute] != amount:
            notices.append(
                f"{attribute}: {amount:+g} is beyond what was measured of {model} ({low:+g} to {high:+g}): "
                f"{result[attribute]:+g} is taken"
            )
    return result, notices


def steer(
    model: MusicModel,
    music: Source,
    amounts: Mapping[str, float],
    *,
    temperature: float = 0.0,
    seed: int = 1,
    track: Choice = None,
    start_bar: Choice = None,
    precision: Precision = "bfloat16",
) -> Steered:
    """`music` with more or less of some attributes: the best of what is near it (`tasks.slider_search`).

    All candidates are drawn with the same random numbers, as the result is. With all sliders at 0 the piece
    is the plain one.

    Args:
        amounts: of each attribute that is moved, in standard deviations over the train windows.
        temperature, seed, track, start_bar, precision: as of `MusicModel.reconstruct`.

    Raises:
        ValueError: for music that the model cannot read, or an attribute that it does not have.
    """
    taken, notices = clamped(model.sliders, amounts, model.name)
    if isinstance(model.sliders, str):
        raise ValueError(f"attribute: {model.sliders}")
    say(notices)
    wanted = Drawing(Sampling(temperature), seed, precision)
    clips = model.clips([music], track, start_bar)

    def draw(codes: Float[np.ndarray, "R Z"]) -> Integer[np.ndarray, "R T"]:
        return model.renderer.alike(torch.from_numpy(codes).float(), wanted, [clips[0].chords] * len(codes))

    z, spread = (part[0].double().cpu().numpy() for part in model.encode(clips, precision=precision))
    name = model.converter.name
    setting = np.array([taken.get(attribute, 0.0) for attribute in model.sliders.names])
    if setting.any():
        near = Piece(draw, model.sliders, name, codes_in_a_row(model.vae), z, spread, seed)
        tokens = np.stack([near.plain, near.moved(setting)])
    else:
        tokens = draw(z[None]).repeat(2, 0)
    told = ", ".join(f"{name} {amount:+g}" for name, amount in taken.items()) or "no slider moved"
    manners, rows = mixtures(clips * 2, np.eye(2)), [clips[0].chords] * 2
    plain, piece = model.renderer.pieces(tokens, manners, ["reconstruct", f"attribute, {told}"], wanted, rows)
    original = model.converter.decode(clips[0].tokens, clips[0].qpm, clips[0].velocity, clips[0].program)
    numbers = measure(name, np.concatenate([clips[0].tokens[None], tokens]))
    values = {
        attribute: (row[0], row[1], row[2])
        for attribute, row in zip(attributes_of(name), numbers.T.tolist(), strict=True)
    }
    return Steered(original, plain, piece, values, notices)
