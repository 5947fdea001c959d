"""Connected digits: the same arguments give the same bytes, and the table says what is in the sound."""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqgen.data.digits import SAMPLE_RATE, JoinConfig, Takes, join, read_takes, voiced_end, write_takes
from seqgen.data.speech import SpeechBatches, collate, make_pool, read_examples
from seqgen.representation.speech import SpeechConfig

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "tests" / "fixtures" / "digits"
TOOL = ROOT / "data_tools" / "make_digits.py"
FEW = JoinConfig(fewest=0, most=4)
QUIET = JoinConfig(noise_db=(-200.0, -200.0), gain_db=(0.0, 0.0))


@pytest.fixture(scope="module")
def tool():
    if not TOOL.exists():
        pytest.skip("not a checkout: the tools are not in the package")
    spec = importlib.util.spec_from_file_location("make_digits", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def takes_of(speakers=("a",)):
    """Takes that are steps of 1000, 2000, ... for digit 0, 1, ..., with half of it silence."""
    parts, speaker = [], []
    for name in speakers:
        for digit in range(10):
            parts.append(np.repeat([1000 * (digit + 1), 0], 800).astype(np.int16))
            speaker.append(name)
    end = np.cumsum([len(part) for part in parts])
    digit = np.tile(np.arange(10), len(speakers))
    return Takes(np.concatenate(parts), end - 1600, end, digit, np.array(speaker))


def test_the_end_of_a_digit_is_where_its_voice_ends():
    assert voiced_end(takes_of().samples[:1600]) == 800
    assert voiced_end(np.zeros(30)) == 30
    takes = takes_of()
    for seed in range(20):
        said = join(takes, QUIET, np.random.default_rng(seed))
        for end in said.ends:
            at = round(end * SAMPLE_RATE)
            assert np.abs(said.samples[at - 80 : at]).max() > 0.1
            assert np.abs(said.samples[at : at + 200]).max() < 1e-6


def test_an_utterance_is_what_its_transcript_says():
    """Digits have levels of their own here; brought to one peak, only their order could be wrong."""
    takes = takes_of(("a", "b", "c"))
    lengths = set()
    for seed in range(60):
        said = join(takes, QUIET, np.random.default_rng(seed))
        voiced = np.abs(said.samples) > 0.05
        starts = np.flatnonzero(voiced[1:] & ~voiced[:-1])
        assert len(said.digits) == len(said.ends) == len(starts)
        assert (np.diff(said.ends) > 0).all()
        lengths.add(len(said.digits))
    assert lengths == {3, 4, 5, 6, 7}


def test_an_utterance_has_one_speaker():
    """Speakers a and b say only digits of their own."""
    one = takes_of()
    takes = one._replace(speaker=np.array(["a"] * 5 + ["b"] * 5))
    said = [join(takes, QUIET, np.random.default_rng(seed)).digits >= 5 for seed in range(20)]
    assert all(voices.all() or not voices.any() for voices in said)
    assert {bool(voices[0]) for voices in said} == {True, False}


def test_the_same_arguments_give_the_same_bytes(tool, tmp_path):
    for out in ("one", "two", "other"):
        line = [str(DIGITS), str(DIGITS / "splits.tsv"), str(tmp_path / out), "--utterances", "3"]
        assert tool.main([*line, "--seed", "2" if out == "other" else "1"]) == 0
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    names = {str(path) for path in files}
    assert {"train/takes.npy", "train/takes.tsv", "test/utterances.tsv", "valid/00002.wav"} <= names
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    table = [(tmp_path / out / "test" / "utterances.tsv").read_text() for out in ("one", "other")]
    assert table[0] != table[1]


def test_takes_stay_in_their_split_and_come_back(tool, tmp_path):
    assert tool.main([str(DIGITS), str(DIGITS / "splits.tsv"), str(tmp_path), "--utterances", "4"]) == 0
    takes = read_takes(tmp_path / "train")
    assert takes.digit.tolist() == [0, 1, 2, 3, 4, 5]
    for number in range(6):
        sound, _ = soundfile.read(DIGITS / f"{number}_jackson_0.wav", dtype="int16")
        np.testing.assert_array_equal(takes.samples[takes.begin[number] : takes.end[number]], sound)
    for split, digits in (("valid", {6, 7}), ("test", {8, 9})):
        for example in read_examples(tmp_path / split, SpeechConfig()):
            assert set(example.tokens) <= digits
            assert 3 <= len(example.tokens) == len(example.ends) <= 7
            assert example.ends[-1] < example.seconds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.replace("7_jackson_0", "7_nobody_0"), "7_nobody_0"),
        (lambda table: table.replace("\ttrain", "\tother"), "no take of some split"),
        (lambda table: table.replace("digit", "number"), "has no column 'digit'"),
    ],
)
def test_a_bad_table_is_one_sentence(tool, tmp_path, capsys, change, message):
    table = tmp_path / "splits.tsv"
    table.write_text(change((DIGITS / "splits.tsv").read_text()))
    assert tool.main([str(DIGITS), str(table), str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_takes_or_with_others_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"expected takes\.npy"):
        read_takes(tmp_path)
    write_takes(tmp_path, takes_of())
    (tmp_path / "takes.tsv").write_text("begin\tend\n1\t2\n")
    with pytest.raises(ValueError, match="not the takes"):
        read_takes(tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [("0.wav\t1 x\t1 2", "line 2: 'x' is not a symbol"), ("0.wav\t1 2\t1", "2 digits but 1 ends")],
)
def test_a_bad_line_of_a_set_is_said(tmp_path, row, message):
    (tmp_path / "utterances.tsv").write_text(f"file\tdigits\tends\n{row}\n")
    with pytest.raises(ValueError, match=message):
        read_examples(tmp_path, SpeechConfig())


@pytest.mark.parametrize("settings", [{"fewest": 5, "most": 4}, {"pause": (1.0, 0.5)}, {"speed": 0.6}])
def test_settings_that_join_nothing_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        JoinConfig(**settings)


def test_batches_depend_on_the_step_alone_and_show_everything():
    how, free = JoinConfig(fewest=1, most=3, speed=0.1), JoinConfig(fewest=0, most=5)
    pool, again = (make_pool(takes_of(), 12, how, free, 0.5, SpeechConfig(), seed=3) for _ in range(2))
    batches = SpeechBatches(pool, 4, seed=1)
    resumed = SpeechBatches(again, 4, seed=1)
    seen = [batches[step] for step in range(6)]
    for step in (5, 0, 3):
        for a, b in zip(seen[step], resumed[step], strict=True):
            np.testing.assert_array_equal(a.frames, b.frames)
    assert {id(example) for batch in seen[:3] for example in batch} == {id(example) for example in pool}
    halves = [SpeechBatches(pool, 2, seed=1, rank=rank, world=2)[0] for rank in (0, 1)]
    assert {id(e) for half in halves for e in half} == {id(e) for e in seen[0]}
    with pytest.raises(ValueError, match="lower batch_size"):
        SpeechBatches(pool, 13, seed=1)


def test_collation_pads_with_zeros_and_closes_with_the_end_mark():
    pool = make_pool(takes_of(), 5, FEW, FEW, 0.0, SpeechConfig(), seed=1)
    batch = collate(pool, end=10)
    for row, example in enumerate(pool):
        assert batch.target[row, : batch.target_lengths[row]].tolist() == [*example.tokens, 10]
        np.testing.assert_array_equal(batch.frames[row, : batch.lengths[row]], example.frames)
        assert (batch.frames[row, batch.lengths[row] :] == 0).all()


def test_the_table_of_a_set_names_every_recording(tool, tmp_path):
    assert tool.main([str(DIGITS), str(DIGITS / "splits.tsv"), str(tmp_path), "--utterances", "2"]) == 0
    with open(tmp_path / "valid" / "utterances.tsv", newline="") as file:
        names = [row["file"] for row in csv.DictReader(file, delimiter="\t")]
    assert names == ["00000.wav", "00001.wav"]
    assert all((tmp_path / "valid" / name).is_file() for name in names)
