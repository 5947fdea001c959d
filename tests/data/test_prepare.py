"""From MIDI to shards: the same from everywhere, whatever is in the way."""

import json
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from seqgen.cli.prepare import prepare as prepare_command
from seqgen.data.prepare import prepare
from seqgen.data.shards import NAMES, FileRow, Shards
from seqgen.io import read_notes
from seqgen.representation.converter import RepresentationConfig, make_converter

CONFIG = RepresentationConfig("melody", bars=2, gap_bars=2.0, min_notes=3, min_unique_pitches=2)


@pytest.fixture(scope="module")
def table(tmp_path_factory, tunes):
    """Four tunes for each split, by their paths, some with padding in front."""
    path = tmp_path_factory.mktemp("table") / "splits.tsv"
    rows = ["dataset\tid\tsplit\tshift_quarters"]
    for i, name in enumerate(sorted(tunes)):
        dataset, _, file = name.partition("/")
        rows.append(f"{dataset}\t{file[:-4]}\t{('train', 'valid', 'test')[i % 3]}\t{i % 4}")
    path.write_text("\n".join([*rows, "cre\tunheard\ttrain\t0"]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_corpus):
    return make_corpus(tmp_path_factory.mktemp("corpus") / "tunes")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, folder, table):
    out = tmp_path_factory.mktemp("shards") / "s"
    return prepare([folder], out, CONFIG, table, workers=1), out


def contents(out):
    return {name: (out / name).read_bytes() for name in NAMES}


def test_windows_are_those_of_the_converter(prepared, tunes):
    _, out = prepared
    shards = Shards(out)
    converter = make_converter(CONFIG)
    names = sorted(tunes)
    assert [file.path for file in shards.files] == names
    for split, number in (("train", 0), ("valid", 1), ("test", 2)):
        windows = converter.extract(read_notes(tunes[names[number]]), float(number)).windows
        expected = {(window.start_bar, window.tokens.tobytes()) for window in windows}
        mine = shards.origins(split)[:, 0] == number
        got = {
            (int(bar), row.tobytes())
            for (_, bar), row in zip(shards.origins(split)[mine], shards.tokens(split)[mine], strict=True)
        }
        assert got <= expected
        assert len(got) >= 0.8 * len(expected) > 0  # the rest is repeated elsewhere
        assert shards.file_of(split, int(np.flatnonzero(mine)[0])).windows == len(got)


def test_the_report_agrees_with_the_files(prepared, tunes):
    report, out = prepared
    shards = Shards(out)
    rejected: Counter[str] = Counter()
    total = 0
    for i, name in enumerate(sorted(tunes)):
        extraction = make_converter(CONFIG).extract(read_notes(tunes[name]), float(i % 4))
        rejected.update(extraction.counts)
        total += len(extraction.windows)
    assert report.rejected == rejected
    assert report.windows == shards.counts
    assert (report.files, report.left_out, report.unused_rows, report.bad) == (12, 0, 1, ())
    dropped = sum(report.repeated.values()) + sum(report.elsewhere.values())
    assert total == sum(shards.counts.values()) + dropped
    assert shards.info["report"] == report.as_dict()
    assert sum(file.windows for file in shards.files) == sum(shards.counts.values())
    text = report.describe()
    assert f"{shards.counts['train']:,} train" in text
    assert "For 1 rows of the table" in text


def test_files_keep_their_metres_and_older_shards_are_read(prepared, tunes, tmp_path):
    out = prepared[1]
    files = Shards(out).files
    for file in files:
        rows = read_notes(tunes[file.path]).time_signatures
        each = [f"{above:.0f}/{below:.0f}" for _, above, below in rows]
        assert file.metres.split() == sorted(set(each), key=each.index)
    assert {"4/4", "2/4"} <= {metre for file in files for metre in file.metres.split()}
    old = tmp_path / "old"
    shutil.copytree(out, old)
    lines = (old / "files.tsv").read_text(encoding="utf-8").splitlines()
    (old / "files.tsv").write_text("\n".join(line.rpartition("\t")[0] for line in lines), encoding="utf-8")
    assert Shards(old).files == [replace(file, metres="") for file in files]


@pytest.mark.parametrize("name", ["tunes.zip", "tunes.tar.xz"])
def test_archives_and_two_workers_give_the_same(prepared, tmp_path, make_corpus, table, name):
    prepare([make_corpus(tmp_path / name)], tmp_path / "s", CONFIG, table, workers=2)
    expected = contents(prepared[1])
    expected["files.tsv"] = expected["files.tsv"].replace(b"\ttunes\t", f"\t{name}\t".encode())
    assert contents(tmp_path / "s") == expected


def test_nothing_leaks_and_nothing_repeats(tmp_path, tunes, archive):
    # The same tune under two names and in two splits, and once transposed.
    tune = tunes[sorted(tunes)[0]]
    corpus = archive(
        tmp_path / "x.zip", [("a.mid", tune), ("b.mid", tune), ("c.mid", tune), ("d.mid", up(tune))]
    )
    (tmp_path / "t.tsv").write_text("path\tsplit\na\ttrain\nb\ttrain\nc\tvalid\nd\ttest\n")
    report = prepare([corpus], tmp_path / "s", CONFIG, tmp_path / "t.tsv", workers=1)
    windows = report.windows["train"]
    assert windows > 5
    assert report.windows == {"train": windows, "valid": 0, "test": 0}
    assert report.repeated["train"] == windows
    assert report.elsewhere == {"train": 0, "valid": windows, "test": windows}
    assert [file.windows for file in Shards(tmp_path / "s").files] == [windows, 0, 0, 0]


def up(tune):
    """A melody a semitone higher."""
    from symusic import Score

    score = Score.from_midi(tune)
    return bytes(score.shift_pitch(1).dumps_midi())


def test_no_window_of_one_split_is_in_another(prepared):
    shards = Shards(prepared[1])
    converter = make_converter(CONFIG)
    seen: set[bytes] = set()
    for split in ("train", "valid", "test"):
        rows = {row.tobytes() for row in np.asarray(shards.tokens(split))}
        assert len(rows) == len(shards.tokens(split)) > 0
        keys = {row.tobytes() for row in converter.transposition_key(np.asarray(shards.tokens(split)))}
        assert not keys & seen
        seen |= keys


def test_bad_files_are_reported_and_the_rest_goes_on(prepared, tmp_path, make_corpus, table, capsys):
    corpus = make_corpus(tmp_path / "tunes")
    good = sorted(path for path in corpus.rglob("*.mid"))[3]
    (corpus / "a.mid").write_bytes(b"no music")
    (corpus / "b.mid").write_bytes(good.read_bytes()[:100])
    (corpus / "c.zip").write_bytes(b"no archive")
    more = tmp_path / "more.tsv"
    more.write_text(table.read_text() + "tunes\ta\ttrain\t0\ntunes\tb\tvalid\t0\n")
    prepare_command(
        [corpus],
        tmp_path / "s",
        bars=2,
        gap_bars=2.0,
        min_notes=3,
        min_unique_pitches=2,
        splits=more,
        workers=1,
    )
    shards = Shards(tmp_path / "s")
    assert [(f.path, f.split) for f in shards.files if f.message] == [
        ("a.mid", ""),
        ("b.mid", ""),
        ("c.zip", ""),
    ]
    for split in ("train", "valid", "test"):
        np.testing.assert_array_equal(shards.tokens(split), Shards(prepared[1]).tokens(split))
    said = capsys.readouterr()
    assert "3 files could not be read:" in said.out
    assert "  a.mid: " in said.out
    assert f"Shards are in {tmp_path / 's'}." in said.out
    assert said.err == ""  # no progress bar where there is no terminal


SCRIPT = """
import os, signal, sys
from pathlib import Path
import seqgen.data.work as work

read = work.read_notes
def deadly(data):
    if data.startswith(b"kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if data.startswith(b"hang"):
        while True:
            pass
    if data.startswith(b"type"):
        raise TypeError("out of the blue")
    return read(data)

work.read_notes, work.SECONDS_PER_FILE = deadly, 1.0
if __name__ == "__main__":
    from seqgen.cli.prepare import prepare
    prepare([Path(sys.argv[1])], Path(sys.argv[2]), "melody", 2, 2.0, 3, 2, workers=2)
    heavy = {"torch", "note_seq", "pretty_midi"} & set(sys.modules)
    assert not heavy, heavy
"""


def test_workers_that_die_lose_their_file_only(tmp_path, make_corpus, run_script):
    corpus = make_corpus(tmp_path / "tunes")
    good = prepare([corpus], tmp_path / "good", CONFIG, workers=1)
    for name in ("kill", "hang", "type"):
        (corpus / f"{name}.mid").write_bytes(name.encode())
    done = run_script(tmp_path / "x.py", SCRIPT, str(corpus), str(tmp_path / "s"))
    assert done.returncode == 0, done.stderr
    shards = Shards(tmp_path / "s")
    assert shards.counts == good.windows
    messages = {file.path: file.message for file in shards.files if file.message}
    assert messages.pop("type.mid") == "TypeError: out of the blue"
    assert set(messages) == {"kill.mid", "hang.mid"}
    assert all(message.startswith("the process reading it died") for message in messages.values())


def test_without_a_table_the_content_decides(tmp_path, folder, make_corpus):
    first = prepare([folder], tmp_path / "a", CONFIG, workers=1)
    prepare([make_corpus(tmp_path / "x.zip")], tmp_path / "b", CONFIG, workers=1)
    a, b = Shards(tmp_path / "a"), Shards(tmp_path / "b")
    assert [file.split for file in a.files] == [file.split for file in b.files]
    assert sum(first.windows.values()) > 50
    prepare([folder], tmp_path / "c", CONFIG, workers=1, seed=1)
    assert [file.split for file in a.files] != [file.split for file in Shards(tmp_path / "c").files]


def test_files_outside_the_table_are_left_out(tmp_path, folder, tunes):
    name = sorted(tunes)[0]
    (tmp_path / "t.tsv").write_text(f"path\tsplit\n{name}\ttest\n")
    report = prepare([folder], tmp_path / "s", CONFIG, tmp_path / "t.tsv", workers=1)
    assert (report.files, report.left_out) == (1, 11)
    (file,) = Shards(tmp_path / "s").files
    assert replace(file, metres="") == FileRow("tunes", name, "test", report.windows["test"])


def test_nothing_is_written_where_there_is_nothing(tmp_path, folder, archive):
    (tmp_path / "t.tsv").write_text("path\tsplit\nsomething/else\ttest\n")
    with pytest.raises(ValueError, match=r"splits: none of the 12 files .*something/else.*tunes/"):
        prepare([folder], tmp_path / "s", CONFIG, tmp_path / "t.tsv", workers=1)
    bad = archive(tmp_path / "bad.zip", [("a.mid", b"x")])
    with pytest.raises(ValueError, match=r"(?s)no window was found.*a\.mid"):
        prepare([bad], tmp_path / "s", CONFIG, workers=1)
    with pytest.raises(ValueError, match="workers: expected at least 1, got 0"):
        prepare([folder], tmp_path / "s", CONFIG, workers=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip", "t.tsv"]


def test_shards_are_replaced_on_request_only(tmp_path, folder):
    prepare([folder], tmp_path / "s", CONFIG, workers=1)
    before = contents(tmp_path / "s")
    other = RepresentationConfig("melody", bars=4, gap_bars=2.0)
    with pytest.raises(ValueError, match="--overwrite"):
        prepare([folder], tmp_path / "s", other, workers=1)
    assert contents(tmp_path / "s") == before
    prepare([folder], tmp_path / "s", other, workers=1, overwrite=True)
    assert Shards(tmp_path / "s").representation == other
    assert json.loads((tmp_path / "s" / "shards.json").read_text())["representation"]["bars"] == 4
