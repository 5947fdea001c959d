"""Small German and English sentences of a toy grammar, and subwords learnt from them."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from seqgen.representation.subword import Subwords

SUBJECTS = (("Ich", "I"), ("Mein Bruder", "My brother"), ("Unsere Nachbarin", "Our neighbour"),
            ("Der alte Mann", "The old man"), ("Jeder Schüler", "Every pupil"))  # fmt: skip
OBJECTS = (("einen Apfel", "an apple"), ("das rote Haus", "the red house"), ("die Straße", "the street"),
           ("zwei Bücher", "two books"), ("den kleinen Hund", "the small dog"))  # fmt: skip
ENDINGS = (("gesehen", "saw"), ("gefunden", "found"), ("gezeichnet", "drew"))
DAYS = (("", ""), ("gestern", "yesterday"), ("am Montag", "on Monday"))


def sentences() -> list[tuple[str, str]]:
    """225 pairs. The German verb stands at the end, so a translator has to wait for it."""
    pairs = []
    for (who, s), (what, o), (done, v), (when, d) in product(SUBJECTS, OBJECTS, ENDINGS, DAYS):
        has = "habe" if who == "Ich" else "hat"
        german = " ".join(f"{who} {has} {when} {what} {done}".split())
        pairs.append((f"{german}.", f"{' '.join(f'{s} {v} {o} {d}'.split())}."))
    return pairs


def write_text(folder: Path) -> tuple[Path, Path]:
    """train.de and train.en."""
    german, english = folder / "train.de", folder / "train.en"
    german.write_text("".join(f"{pair[0]}\n" for pair in sentences()), encoding="utf-8")
    english.write_text("".join(f"{pair[1]}\n" for pair in sentences()), encoding="utf-8")
    return german, english


def train_subwords(folder: Path, vocabulary_size: int = 340) -> Subwords:
    """A vocabulary of both languages, also as `subwords.model` in the folder."""
    return Subwords.train(write_text(folder), vocabulary_size, folder / "subwords.model")
