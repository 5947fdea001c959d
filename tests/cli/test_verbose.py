"""--verbose: what the work runs on is said, and only where it is asked for."""

import logging

import pytest

from seqgen.cli.main import VERBS, main
from seqgen.cli.precision import Precision
from seqgen.cli.verbose import News
from seqgen.kernels import packing
from seqgen.kernels.native.library import load
from seqgen.tasks.music import load as load_model
from tests.cli.test_commands import QUIET, files

DECODES = "torch (the native library is not built here)" if load() is None else f"native {{}} {load().level}"


def lines(capsys):
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("place", [0, 1, 2, 5])
def test_what_decodes_is_said_on_request(model, tmp_path, capsys, place):
    """Anywhere on the line."""
    line = ["sample", model, str(tmp_path / "out"), *QUIET]
    assert main([*line[:place], "--verbose", *line[place:]]) == 0
    first, second = lines(capsys)
    assert first.startswith("seqgen: version ")
    assert second == f"seqgen: decoding: {DECODES.format('bfloat16')}"


def test_nothing_is_said_unasked_nor_afterwards(model, tmp_path, capsys):
    assert main(["sample", model, str(tmp_path / "a"), "--verbose", *QUIET]) == 0
    said = lines(capsys)
    assert main(["sample", model, str(tmp_path / "b"), *QUIET]) == 0
    assert main(["sample", model, str(tmp_path / "c"), "--verbose", "false", *QUIET]) == 0
    assert lines(capsys) == []
    log = logging.getLogger("seqgen")
    assert (log.handlers, log.level) == ([], logging.NOTSET)
    assert main(["sample", model, str(tmp_path / "d"), "--verbose", *QUIET]) == 0
    assert lines(capsys) == said


def test_why_torch_decodes_is_said(model, tmp_path, capsys):
    assert main(["sample", model, str(tmp_path), "--top-k", "3", "--verbose", *QUIET]) == 0
    assert lines(capsys)[1] == "seqgen: decoding: torch (no kernel for top_k and top_p)"
    assert b"precision float32" in files(tmp_path)["sample_0.mid"]


def test_the_handler_goes_also_after_bad_input(tmp_path, capsys):
    assert main(["sample", "no-such-model", str(tmp_path), "--verbose"]) == 2
    assert lines(capsys)[-1].startswith("seqgen: error: ")
    assert logging.getLogger("seqgen").handlers == []


def test_help_names_it(capsys):
    assert main(["--help"]) == 0
    assert "--verbose" in capsys.readouterr().out
    for verb in VERBS:
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        assert "--verbose" in capsys.readouterr().out


def test_a_sentence_is_not_said_twice_in_a_row():
    def records(*said):
        return [logging.LogRecord("seqgen", logging.INFO, "", 0, text, (), None) for text in said]

    news = News()
    assert [news.filter(record) for record in records("a", "a", "b", "b", "a")] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_precisions_are_those_of_the_kernels():
    assert Precision == packing.Precision


@pytest.mark.parametrize("precision", packing.PRECISIONS)
def test_precision_decides_and_is_stored(model, music, tmp_path, capsys, precision):
    line = [
        "interpolate",
        model,
        str(music / "a.mid"),
        str(music / "b.mid"),
        str(tmp_path),
        "--num-steps",
        "2",
    ]
    assert main([*line, "--precision", precision, "--verbose"]) == 0
    assert lines(capsys)[1] == f"seqgen: decoding: {DECODES.format(precision)}"
    stored = load_model(model).precision_of(precision)
    for name, data in files(tmp_path).items():
        assert f"temperature 0.5, precision {stored}".encode() in data, name


def test_an_unknown_precision_is_refused(model, tmp_path, capsys):
    assert main(["sample", model, str(tmp_path / "out"), "--precision", "float16"]) == 2
    assert "precision" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
