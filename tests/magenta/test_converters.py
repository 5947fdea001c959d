"""The table of `python -m tests.magenta.converters`: what is equal, what is explained, what is not."""

import json
from pathlib import Path

import numpy as np
import pytest

from seqgen.io.notes import NoteTable
from tests.magenta.converters import REPEATED, TEMPO, UNEXPLAINED, as_counter, digest, main, rows_of
from tests.magenta.readers import READERS, Reader, filled

REST = -1
# A melody as (pitch, quarters); REST is silence. What Magenta gives for it: one class index a step.
SCALE = [(60, 1), (62, 1), (64, 1), (65, 1), (67, 2), (REST, 1), (72, 0.5), (71, 0.5)]
MAGENTAS = [
    *(41, 0, 0, 0, 43, 0, 0, 0, 45, 0, 0, 0, 46, 0, 0, 0),
    *(48, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 53, 0, 52, 0),
]


def notes(
    melody: list[tuple[int, float]], qpm: float = 120.0, **columns: list[float]
) -> dict[str, np.ndarray]:
    """The columns that Magenta was given, in seconds."""
    lengths = np.array([length for _, length in melody]) * 60 / qpm
    start, end = np.cumsum(lengths) - lengths, np.cumsum(lengths)
    pitch = np.array([pitch for pitch, _ in melody])
    sounds = pitch != REST
    same = {"velocity": 80, "program": 0, "instrument": 0, "is_drum": 0}
    arrays = {name: np.full(sounds.sum(), value) for name, value in same.items()}
    arrays |= {"start": start[sounds], "end": end[sounds], "pitch": pitch[sounds]}
    arrays |= {"tempo_time": np.zeros(1), "tempo_qpm": np.array([qpm])}
    arrays |= {"ts_time": np.zeros(1), "ts_num": np.array([4]), "ts_den": np.array([4])}
    return {
        f"ns_{name}": array for name, array in (arrays | {k: np.array(v) for k, v in columns.items()}).items()
    }


def folder(
    path: Path, arrays: dict[str, np.ndarray], windows: list[list[int]], converter: str = "mel2"
) -> Path:
    """What Magenta's converter is said to give for one piece."""
    outputs = np.array(windows, np.int16).reshape(len(windows), -1, 1)
    mode = {"count": len(windows), "stored": len(windows), "order": "sorted"}
    mode["sha256_outputs"] = digest(outputs, mode)
    case = {"sequence": "piece", "converter": converter, "mode": {"eval": mode}, "cap": 5}
    (path / "index.json").write_text(json.dumps([case, case | {"converter": "other"}]))
    np.savez(path / "piece.npz", **arrays, **{f"{converter}.eval.outputs": outputs})
    return path


def test_equal_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(folder(tmp_path, notes(SCALE, 90.0), [MAGENTAS])) == 0
    table = capsys.readouterr().out
    assert "| mel2 | 1 | 1 | 1 | 1 | 1 |" in table
    assert "| other | 1 | not compared | | | |" in table
    assert "| piece | mel2 | 1 | 1 | 1 | 1 |  |" in table


def test_a_difference_that_nothing_explains_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(folder(tmp_path, notes(SCALE), [[*MAGENTAS[:-1], 50]])) == 1
    assert f"| piece | mel2 | 1 | 1 | 1 | 0 | {UNEXPLAINED} |" in capsys.readouterr().out


def test_a_change_of_tempo_ends_a_melody_of_magentas(tmp_path: Path) -> None:
    """After four bars of 120 four of 60: Magenta has 3 + 3 windows, we have 7."""
    arrays = notes([(60 + n, 1) for n in range(16)])
    slow = notes([(40 + n, 1) for n in range(16)], 60.0)
    both = arrays | {
        f"ns_{name}": np.r_[arrays[f"ns_{name}"], slow[f"ns_{name}"]] for name in columns_of_notes()
    }
    both["ns_start"][16:] += 8
    both["ns_end"][16:] += 8
    both |= {"ns_tempo_time": np.array([0.0, 8.0]), "ns_tempo_qpm": np.array([120.0, 60.0])}
    steps = np.array([[pitch - 19, 0, 0, 0] for pitch in [*range(60, 76), *range(40, 56)]]).ravel()
    windows = [steps[16 * bar : 16 * bar + 32].tolist() for bar in (0, 1, 2, 4, 5, 6)]
    (row,), _ = rows_of(folder(tmp_path, both, windows))
    assert row[2:] == (5, 6, 7, 6, f"1 {TEMPO}")


def test_equal_windows_on_both_sides_of_a_change_of_metre(tmp_path: Path) -> None:
    """A bar of 3/4 between two equal passages: Magenta gives their window twice, we once."""
    melody = [*SCALE, *[(60, 1)] * 3, *SCALE]
    metres = {"ts_time": [0.0, 4.0, 5.5], "ts_num": [4, 3, 4], "ts_den": [4, 4, 4]}
    (row,), _ = rows_of(folder(tmp_path, notes(melody, **metres), [MAGENTAS, MAGENTAS]))
    assert row[2:] == (2, 2, 1, 1, f"1 {REPEATED}")


def test_drums_as_nine_bits_a_step(tmp_path: Path) -> None:
    """Kick on 1 and 3, snare on 2 and 4, closed hi-hat on all: bits 0, 1 and 2."""
    hits = [(36, 1), (38, 1), (36, 1), (38, 1)] * 2
    arrays = notes(hits, is_drum=[1] * 8)
    windows = [([1, *[0] * 8] + [0] * 27 + [0, 1, *[0] * 7] + [0] * 27) * 4]
    (row,), _ = rows_of(folder(tmp_path, arrays, windows, "drums2_roll"))
    assert row[2:] == (1, 1, 1, 1, "")
    (row,), _ = rows_of(folder(tmp_path, arrays, [[1, 0, 0, 0, 2, 0, 0, 0] * 4], "drums2"))
    assert row[2:] == (1, 1, 1, 1, "")


def columns_of_notes() -> tuple[str, ...]:
    return ("start", "end", "pitch", "velocity", "program", "instrument", "is_drum")


def test_windows_are_counted_with_their_number() -> None:
    windows = np.array([[[1], [2]], [[1], [2]], [[3], [4]]], np.int16)
    assert sorted(as_counter(windows).values()) == [1, 2]


def with_reader(monkeypatch: pytest.MonkeyPatch, reader: Reader) -> None:
    monkeypatch.setitem(READERS, "mel2", reader)


def test_magentas_windows_may_be_ours_in_another_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that ends in -1 where ours repeats the end."""
    ours = np.array([[[7], [489], [489]]], np.int16)
    made = folder(tmp_path, notes(SCALE), [[7, 489, -1]])
    with_reader(monkeypatch, Reader(lambda notes: ours, filled, why="filled up"))
    assert rows_of(made)[0][0][2:] == (1, 1, 1, 1, "filled up")
    with_reader(monkeypatch, Reader(lambda notes: ours + 1, filled, why="filled up"))
    assert rows_of(made)[0][0][2:] == (1, 1, 1, 0, UNEXPLAINED)


def test_more_windows_need_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = np.array([[[7], [8]], [[9], [9]]], np.int16)
    made = folder(tmp_path, notes(SCALE), [[7, 8]])
    with_reader(monkeypatch, Reader(lambda notes: ours))
    assert rows_of(made)[0][0][2:] == (1, 1, 2, 1, UNEXPLAINED)
    with_reader(monkeypatch, Reader(lambda notes: ours, more="tracks are split"))
    assert rows_of(made)[0][0][2:] == (1, 1, 2, 1, "1 more: tracks are split")


def test_numbers_may_differ_by_the_tolerance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = folder(tmp_path, notes(SCALE), [[1, 2]])
    for off, equal in ((0.0005, 1), (0.002, 0)):
        ours = np.array([[[1 + off], [2]]], np.float32)
        with_reader(monkeypatch, Reader(lambda notes, ours=ours: ours, tolerance=0.001))
        (row,), _ = rows_of(made)
        assert (row.equal, row.explained) == (equal, bool(equal))


def test_a_representation_that_is_not_there_is_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(notes: NoteTable) -> np.ndarray:
        raise ModuleNotFoundError

    with_reader(monkeypatch, Reader(missing))
    assert rows_of(folder(tmp_path, notes(SCALE), [[1, 2]])) == ([], {"mel2": 1, "other": 1})
