"""Where the training corpora are public, and whether a local copy of them is complete.

    python data_tools/get_melodies.py            prints each corpus: repository, commit and licence
    python data_tools/get_melodies.py DATA_DIR   checks its archives against corpora.tsv

Nothing is downloaded: some of these corpora may be used but not passed on, and which to take you decide.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path

TABLE = Path(__file__).with_name("corpora.tsv")


def corpora() -> list[dict[str, str]]:
    """The rows of corpora.tsv."""
    with open(TABLE, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def describe(corpus: dict[str, str]) -> str:
    """Where one corpus is from."""
    shipped = "in the shipped models" if corpus["in_shipped_models"] == "yes" else "research only"
    return (
        f"{corpus['dataset']} ({shipped}): {corpus['what']}, {corpus['files']} files\n"
        f"    https://github.com/{corpus['repository']} at {corpus['commit']}\n"
        f"    licence: {corpus['licence']}; expected here as DATA_DIR/{corpus['archive']}"
    )


def check(folder: Path, corpus: dict[str, str]) -> str:
    """'ok', 'missing' or 'different' for one archive of a local copy."""
    path = folder / corpus["archive"]
    if not path.is_file():
        return "missing"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return "ok" if digest == corpus["sha256"] else "different"


def main(arguments: list[str]) -> int:
    """Returns the exit status: 1 if an archive that the shipped models need is not as it was."""
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 2 if len(arguments) > 1 else 0
    if not arguments:
        print("\n".join(describe(corpus) for corpus in corpora()))
        return 0
    folder = Path(arguments[0])
    if not folder.is_dir():
        print(f"DATA_DIR: there is no folder {folder}", file=sys.stderr)
        return 2
    status = 0
    for corpus in corpora():
        result = check(folder, corpus)
        print(f"{corpus['archive']}: {result}")
        if result != "ok" and corpus["in_shipped_models"] == "yes":
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
