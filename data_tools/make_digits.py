"""Connected digits from takes of single digits: sets to train, validate and test a recogniser on.

    python data_tools/make_digits.py CORPUS SPLITS OUT [--utterances 500] [--seed 1]

CORPUS is a folder of WAV files, one take of one digit each, at 8 kHz: the recordings of the Free Spoken Digit
Dataset. SPLITS is a tab-separated table with the columns file, digit, speaker and split (train, valid, test).
OUT gets

    train/takes.npy, takes.tsv      all takes of the split; training joins them afresh for every batch
    valid/, test/                   00000.wav ... and utterances.tsv: file, digits, ends (seconds)

An utterance is 3 to 7 digits of one speaker with random pauses, gains and a noise floor; why so, and how a
digit's end is found, is said in seqgen/data/digits.py. A take is in one split only, so valid and test are of
takes that were never trained on, by speakers that were. The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import sys
import wave
from pathlib import Path

import numpy as np

from seqgen.data.digits import SAMPLE_RATE, JoinConfig, Takes, join, write_takes

SPLITS = ("train", "valid", "test")


def make(corpus: Path, table: Path, out: Path, utterances: int, seed: int) -> dict[str, int]:
    """Write the three sets; how many takes or utterances each of them has."""
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    made = {}
    for number, split in enumerate(SPLITS):
        takes = collect(corpus, [row for row in rows if row["split"] == split])
        if split == "train":
            write_takes(out / split, takes)
            made[split] = len(takes.digit)
        else:
            write_set(out / split, takes, utterances, [seed, number])
            made[split] = utterances
    return made


def collect(corpus: Path, rows: list[dict[str, str]]) -> Takes:
    """The takes of a table's rows."""
    if not rows:
        raise ValueError("the table of splits has no take of some split: expected train, valid and test")
    sounds = [read_take(corpus / row["file"]) for row in rows]
    end = np.cumsum([len(sound) for sound in sounds])
    begin = np.concatenate([[0], end[:-1]])
    digit = np.array([int(row["digit"]) for row in rows])
    return Takes(np.concatenate(sounds), begin, end, digit, np.array([row["speaker"] for row in rows]))


def read_take(path: Path) -> np.ndarray:
    """int16 samples of a WAV file at 8 kHz, one channel."""
    with wave.open(str(path), "rb") as file:
        found = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if found != (SAMPLE_RATE, 1, 2):
            raise ValueError(f"{path}: expected 8000 Hz, 1 channel, 2 bytes a sample, got {found}")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def write_set(folder: Path, takes: Takes, utterances: int, seed: list[int]) -> None:
    """Utterances as WAV files with their table. Each has a generator of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    table = [("file", "digits", "ends")]
    for number in range(utterances):
        utterance = join(takes, JoinConfig(), np.random.default_rng([*seed, number]))
        name = f"{number:05d}.wav"
        with wave.open(str(folder / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(np.rint(utterance.samples * 32767).astype("<i2").tobytes())
        digits = " ".join(map(str, utterance.digits))
        table.append((name, digits, " ".join(f"{end:.3f}" for end in utterance.ends)))
    with open(folder / "utterances.tsv", "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, delimiter="\t", lineterminator="\n").writerows(table)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("splits", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--utterances", type=int, default=500, help="in valid, and in test")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    try:
        made = make(chosen.corpus, chosen.splits, chosen.out, chosen.utterances, chosen.seed)
    except KeyError as error:
        print(f"make_digits: error: {chosen.splits} has no column {error}", file=sys.stderr)
        return 2
    except (ValueError, OSError, wave.Error) as error:
        print(f"make_digits: error: {error}", file=sys.stderr)
        return 2
    print(
        f"{chosen.out}: {made['train']} takes to train on, {made['valid']} utterances each to validate "
        "and to test on"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
