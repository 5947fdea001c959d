"""seqgen translate: in this process for what is printed, in a pipe for when."""

import io
import json
import subprocess
import sys

import pytest

from seqgen.cli.main import main
from seqgen.tasks.translation import load
from tests.tasks.small_translator import small_translator
from tests.text import sentences

LINES = [german for german, _ in sentences()[3:60:23]]


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("translators")
    return {kind: str(small_translator(folder / kind, kind)) for kind in ("milk", "soft")}


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs the command on bytes; exit code, stdout, stderr."""

    def run(data: bytes | str, *line: str) -> tuple[int, str, str]:
        content = data.encode() if isinstance(data, str) else data
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        code = main(["translate", *line])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_line_for_a_line(folders, command):
    text = f"{LINES[0]}\n\n  \t\n{LINES[1]}\r\n{LINES[2]}"  # the last line has no end
    a, b, c = load(folders["milk"]).translate(LINES)
    for flags in ([], ["--stream"]):
        assert command(text, folders["milk"], *flags) == (0, f"{a}\n\n\n{b}\n{c}\n", "")
    assert command("", folders["milk"]) == (0, "", "")
    assert command("\n", folders["milk"], "--stream") == (0, "\n", "")


def test_a_trace_reads_and_writes_in_order(folders, command):
    code, out, err = command(f"{LINES[0]}\n\n{LINES[1]}\n", folders["milk"], "--stream", "--trace")
    assert (code, err) == (0, "")
    first, nothing, second, rest = (
        part.splitlines() for part in (out.replace("\n\n\n", "\n\n=\n\n") + "=").split("\n\n")
    )
    assert (nothing, rest) == (["="], ["="])
    model = load(folders["milk"])
    for lines, line in ((first, LINES[0]), (second, LINES[1])):
        moves = [part.split() for part in lines if part.startswith(("READ", "WRITE"))]
        assert [(m[0], m[2], int(m[1])) for m in moves] == list(model.trace(line.split()))
        assert lines[len(moves)] == f"= {model.translate([line])[0]}".rstrip()
    assert "words read" in out
    assert "DAL" in out
    assert command(f"{LINES[0]}\n\n{LINES[1]}\n", folders["milk"], "--trace")[1] == out


def test_json(folders, command):
    found = load(folders["milk"]).translations(LINES)
    text = "\n".join(LINES)
    _, out, _ = command(text, folders["milk"], "--json")
    assert [json.loads(line) for line in out.splitlines()] == [
        {"source": line, "translation": t.text, "words": t.words, "delays": t.delays}
        for line, t in zip(LINES, found, strict=True)
    ]
    _, out, _ = command(text, folders["milk"], "--json", "--trace")
    objects = [json.loads(line) for line in out.splitlines()]
    events = [(o["action"], o["word"], o["read"]) for o in objects if "action" in o]
    assert events == [event for line in LINES for event in load(folders["milk"]).trace(line.split())]
    assert [o["translation"] for o in objects if "translation" in o] == [t.text for t in found]
    _, out, _ = command(text, folders["milk"], "--json", "--stream")
    assert {json.loads(line).get("action", "WRITE") for line in out.splitlines()} == {"WRITE"}


def test_bytes_that_are_no_text_are_replaced_and_said_once(folders, command):
    for flags in ([], ["--stream"]):
        code, out, err = command(
            b"\xef\xbb\xbfIch \xff\xfe\nhabe \xe6\x97\n\xf0", folders["milk"], "--json", *flags
        )
        assert code == 0
        sources = [json.loads(line)["source"] for line in out.splitlines() if "source" in line]
        assert sources == ["Ich \ufffd\ufffd", "habe \ufffd\ufffd", "\ufffd"]
        assert err.count("not all UTF-8") == len(err.splitlines()) == 1


def test_pictures(folders, command, tmp_path, monkeypatch):
    path = tmp_path / "path.png"
    code, _, err = command("\n".join([LINES[0], "", LINES[1]]), folders["milk"], "--plot", str(path))
    assert (code, err) == (0, "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["path.png", "path_2.png"]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in tmp_path.iterdir())
    monkeypatch.setattr("seqgen.io.alignment_plot.MAX_WORDS", 3)
    code, out, err = command("eins zwei drei vier", folders["milk"], "--plot", str(path))
    assert (code, len(out.splitlines())) == (0, 1)
    assert err == "seqgen: no picture: source: expected at most 3 words, got 4\n"


def test_a_model_that_reads_first(folders, command):
    a, b, c = load(folders["soft"]).translate(LINES, beam=3)
    assert command("\n".join(LINES), folders["soft"], "--beam", "3") == (0, f"{a}\n{b}\n{c}\n", "")
    code, out, err = command(LINES[0], folders["soft"], "--stream")
    assert (code, out.strip()) == (0, load(folders["soft"]).translate(LINES[:1])[0])
    assert err == "seqgen: soft has to read a sentence to its end before it writes\n"


REFUSED = {
    "beam of a stream": (["--beam", "3"], "writes while it reads (milk attention), so beam must be 1"),
    "beam and trace": (["--beam", "3", "--trace"], "leave --stream and --trace away"),
    "threshold": (["--threshold", "1.5"], "threshold must lie between 0 and 1, got 1.5"),
    "plot": (["--plot", "a.jpg"], "plot: expected the name of a .png file"),
}


@pytest.mark.parametrize(("flags", "message"), REFUSED.values(), ids=REFUSED)
def test_a_flag_that_makes_no_sense(folders, command, flags, message):
    code, out, err = command(LINES[0], folders["milk"], *flags)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_model_of_another_kind(folders, model, command, capsys):
    code, out, err = command("a", model)
    assert (code, out) == (2, "")
    assert "is a music_vae: a translator is needed" in err
    assert main(["sample", folders["milk"], "out"]) == 2
    assert "is a translator: a music_vae is needed" in capsys.readouterr().err


def test_evaluate_and_info_know_translators(folders, model, tmp_path, capsys):
    for number, name in enumerate(("de", "en")):
        lines = [pair[number] for pair in sentences()[::45]]
        (tmp_path / f"test.{name}").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    files = ["--source", str(tmp_path / "test.de"), "--target", str(tmp_path / "test.en")]
    assert main(["evaluate", folders["milk"], *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sentences"] == 5
    assert {"BLEU", "chrF", "AL", "LAAL", "DAL", "AP", "signature"} <= set(found)
    assert main(["evaluate", folders["milk"], *files, "--limit", "2"]) == 0
    assert "2 sentences" in capsys.readouterr().out
    refused = [
        ([folders["milk"]], "is a translator: expected --source FILE and --target FILE"),
        ([folders["milk"], *files[:2]], "is a translator: expected --source FILE and --target FILE"),
        ([folders["milk"], str(tmp_path), *files], f"and nothing else ({tmp_path})"),
        ([model, *files], "is no translator (music_vae): it takes data"),
        ([model], "data: expected shards, or MIDI files"),
    ]
    for line, message in refused:
        assert main(["evaluate", *line]) == 2
        assert message in capsys.readouterr().err
    assert main(["info", folders["milk"]]) == 0
    assert capsys.readouterr().out.startswith("milk: streaming translator, MILk attention, 340 subwords, ")


def start(folder: str, *flags: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "seqgen.cli.main", "translate", folder, *flags]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")


def test_words_come_out_before_the_end_of_the_pipe(folders):
    """Each move of the trace is seen before the next word is given."""
    model = load(folders["milk"])
    line = next(t for t in model.translations(LINES) if t.delays and t.delays[0] < len(t.source))
    with start(folders["milk"], "--stream", "--trace") as process:
        session, seen = model.session(), []
        for word in line.source:
            process.stdin.write(f"{word} ")
            process.stdin.flush()
            session.push(word)
            for event in session.events:
                seen.append(process.stdout.readline().split())
                assert (seen[-1][0], seen[-1][2]) == (event.action, event.word)
        assert any(move[0] == "WRITE" for move in seen)
        process.stdin.write("\n")
        process.stdin.flush()
        while not process.stdout.readline().startswith("="):
            pass
        rest, err = process.communicate()  # closes stdin
        assert (process.returncode, err) == (0, "")
        assert "READ" not in rest


def test_a_reader_that_goes_away_is_no_error(folders):
    with start(folders["milk"]) as process:
        process.stdin.write(f"{LINES[0]}\n")
        process.stdin.flush()
        assert process.stdout.readline().strip() == load(folders["milk"]).translate(LINES[:1])[0]
        process.stdout.close()
        process.stdin.write(f"{LINES[1]}\n" * 3)
        process.stdin.close()
        assert process.wait(timeout=120) == 0
        assert process.stderr.read() == ""
