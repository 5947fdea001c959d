"""The one rule for tables, and the split by content."""

import collections

import pytest

from seqgen.data.splits import Assignment, SplitTable, split_by_content


@pytest.fixture
def table(tmp_path):
    def make(text):
        path = tmp_path / "splits.tsv"
        path.write_text(text, encoding="utf-8")
        return SplitTable(path)

    return make


def test_dataset_and_id(table):
    found = table(
        "dataset\tid\tsplit\tother\tshift_quarters\nlieder\tlc1\ttrain\t7\t2.5\ncre\tlc1\ttest\t\t\n"
    )
    assert found.find("lieder/lieder/lc1.mid") == Assignment("train", 2.5)
    assert found.find("lieder/lc1.mid") == Assignment("train", 2.5)
    assert found.find("anything/cre/lc1.MID") == Assignment("test", 0.0)
    assert found.find("other/lc1.mid") is None
    assert found.find("xlieder/lc1.mid") is None


def test_path_with_its_ending(table):
    # The columns of the Groove MIDI Dataset's info: `id` is there, but midi_filename is the file.
    found = table("id\tmidi_filename\tsplit\nd1/s1/4\td1/s1/4_soul.mid\tvalidation\n")
    assert found.find("groove/groove/d1/s1/4_soul.mid") == Assignment("valid")
    assert found.find("groove/groove/d1/s1/4.mid") is None


def test_dataset_and_file_and_commas(table):
    found = table("dataset,file,split\nfreedoom,d_e1.mid,test\n")
    assert found.find("freedoom/d_e1.mid") == Assignment("test")


def test_the_longest_key_wins(table):
    found = table("path\tsplit\na.mid\ttrain\nx/a.mid\ttest\nb\ttrain\nb.c\tvalid\n")
    assert found.find("c/x/a.mid").split == "test"
    assert found.find("c/y/a.mid").split == "train"
    assert found.find("b.c.mid").split == "valid"


def test_rows_without_a_file_are_counted(table):
    found = table("path\tsplit\na.mid\ttrain\nb.mid\ttest\nc.mid\ttest\n")
    assert found.unused == 3
    found.find("x/b.mid")
    found.find("x/b.mid")
    assert found.unused == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column names.*an empty file"),
        ("path\tsplit\n", "no rows"),
        ("name\tsplit\na\ttrain\n", "one of path, file, midi_filename, id; got name, split"),
        ("path\tfold\na\ttrain\n", "'split'"),
        ("path\tsplit\na\ttrain\nb\tdev\n", "line 3 .*one of train, valid, test, got 'dev'"),
        ("path\tsplit\n\ttrain\n", "line 2 .*'path' is empty"),
        ("path\tsplit\na\n", "line 2 .*got ''"),
        ("path\tsplit\tshift_quarters\na\ttrain\t-1\n", "shift_quarters .*got '-1'"),
        ("path\tsplit\tshift_quarters\na\ttrain\tnan\n", "shift_quarters .*got 'nan'"),
        ("path\tsplit\tshift_quarters\na\ttrain\tone\n", "shift_quarters .*got 'one'"),
        ("path\tsplit\na\ttrain\na\ttest\n", "'a' stands in the table twice"),
    ],
)
def test_tables_that_cannot_be_meant(table, text, message):
    with pytest.raises(ValueError, match=f"(?s)splits: .*{message}"):
        table(text)


def test_no_table_and_no_text(tmp_path):
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00path")
    for name in ("x", "missing", "."):
        with pytest.raises(ValueError, match="splits: cannot read"):
            SplitTable(tmp_path / name)


def test_split_by_content_is_stable_and_in_proportion():
    counts = collections.Counter(split_by_content(b"%d" % i).split for i in range(10_000))
    assert abs(counts["valid"] - 500) < 80
    assert abs(counts["test"] - 500) < 80
    assert counts["train"] == 10_000 - counts["valid"] - counts["test"]
    # Pinned: a corpus must not be split otherwise by the next version.
    assert [i for i in range(60) if split_by_content(b"%d" % i).split == "test"] == [10, 42, 45, 48]
    other = [split_by_content(b"%d" % i, seed=1).split for i in range(1000)]
    assert other != [split_by_content(b"%d" % i).split for i in range(1000)]
