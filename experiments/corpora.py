"""The corpora of the experiments: their files in a folder, and the settings that all their systems share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Corpus:
    """Parallel text, as data_tools/README.md says how to get it."""

    title: str
    source: str
    target: str
    """languages, the endings of the files"""
    train: str
    valid: str
    test: str
    """files without their ending"""
    first: int
    """steps of the offline system"""
    dropout: float
    join: float = 0.0
    start: str | None = None
    """corpus whose offline system the offline system starts from; they share their subwords"""
    note: str = ""

    def settings(self) -> dict[str, Any]:
        """What `seqgen train` is told for every system."""
        model = {"vocabulary_size": 5000, "width": 256, "energy_width": 128, "dropout": self.dropout}
        return {
            "model": model,
            "tokens": 1600,
            "longest": 80,
            "join": self.join,
            "average": 0.998,
            "precision": "bf16-mixed",
            "threads": 1,
            "checkpoint_every": 250,
            "diagnose_every": 1000,
        }


RESEARCH = "Multi30k's text has no licence that allows sharing: neither it nor a model of it is shipped."
EARLIER = (
    "The shipped `{}` comes from an earlier run of this command and seed on another processor, whose sums "
    "round differently: {}."
)
CORPORA = {
    "multi30k-en-de": Corpus(
        "Multi30k English-German, test2016", "en", "de", "train", "val", "test_2016_flickr", 5500, 0.3,
        note=RESEARCH,
    ),
    "multi30k-en-fr": Corpus(
        "Multi30k English-French, test2016", "en", "fr", "train", "val", "test_2016_flickr", 5500, 0.3,
        note=RESEARCH,
    ),
    "tatoeba-de-en": Corpus(
        "Tatoeba German-English", "de", "en", "train", "valid", "test", 5500, 0.2, 0.1,
        note=EARLIER.format(
            "de-en",
            "offline 37.80; MILk 38.30, 39.19, 37.94 (shipped) and 36.34 at LAAL 6.31, 5.50, 4.36 and 3.10",
        ),
    ),
    "tatoeba-en-de": Corpus(
        "Tatoeba English-German", "en", "de", "train", "valid", "test", 2200, 0.2, 0.1, start="tatoeba-de-en",
        note=EARLIER.format("en-de", "offline 26.07; MILk in one stage (`milk-direct`) 26.72 at LAAL 2.88"),
    ),
}  # fmt: skip
