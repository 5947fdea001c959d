"""`seqgen fit-attributes`: the attribute vectors of a model, from the shards it was trained on."""

from __future__ import annotations

from pathlib import Path


def fit_attributes(model: str, shards: Path, seed: int = 1) -> None:
    """Fit a vector for each attribute and store them with the model, as attributes.safetensors in its folder.

    Prints a table: the mean and the standard deviation of each attribute over the train windows, and how far
    its slider goes, in standard deviations.

    Args:
        model: name of a shipped model, or folder of another one.
        shards: the folder of shards it was trained on; of these the train split is read.
        seed: of the random moves.
    """
    import numpy as np

    from seqgen.cli.results import tell
    from seqgen.config import from_dict
    from seqgen.data.shards import Shards
    from seqgen.io.atomic import write_bytes
    from seqgen.models.attribute_vectors import FILE, to_bytes
    from seqgen.representation.attributes import attributes_of
    from seqgen.representation.converter import RepresentationConfig
    from seqgen.tasks.attribute_fit import fit
    from seqgen.tasks.shipped import find_folder, read_model

    folder = find_folder(model)
    found = read_model(model)
    attributes_of(found.converter.name)
    own = from_dict(RepresentationConfig, found.sections["representation"], f"{model}: representation")
    data = Shards(shards)
    if (data.representation.name, data.representation.bars) != (own.name, own.bars):
        raise ValueError(
            f"{shards}: the model reads {own.name} windows of {own.bars} bars, these shards hold "
            f"{data.representation.name} windows of {data.representation.bars} bars"
        )
    vectors = fit(
        found.vae, found.converter.name, np.array(data.tokens("train")), seed, lambda stage: tell([stage])
    )
    write_bytes(folder / FILE, to_bytes(vectors))
    print(f"{'attribute':<20}{'mean':>8}{'deviation':>11}   slider")
    rows = zip(vectors.names, vectors.means, vectors.deviations, vectors.reach, strict=True)
    for name, mean, deviation, (low, high) in rows:
        print(f"{name:<20}{mean:>8.2f}{deviation:>11.2f}   {low:+.1f} to {high:+.1f}")
    print(folder / FILE)
