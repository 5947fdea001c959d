"""The figures of a recogniser, against what a made-up one must score."""

import csv

import numpy as np
import pytest
import soundfile

from seqgen.data.speech import Example
from seqgen.evaluation.recognition import baseline, delays, evaluate_recognition, scores_as_text
from seqgen.tasks.recognition import Word, load_recognizer
from tests.tasks.small_recognizer import save_recognizer


def example(tokens, ends, seconds):
    return Example(np.zeros((1, 1), np.float16), tokens, ends, seconds)


def test_delay_counts_words_that_are_right_from_their_own_ends():
    """The second word is wrong, the third missing; the last comes with the end of the recording."""
    reference = [["1", "2", "3", "4"]]
    heard = [[Word("1", 1.1), Word("7", 2.2), Word("4", 5.0)]]
    found = delays(reference, heard, [example([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0], 5.0)])
    assert found["mean"] == pytest.approx((100 + 1000) / 2)
    assert found["median"] == pytest.approx(550)
    assert found["at the end"] == 0.5
    assert delays([["1"]], [[]], [example([1], [1.0], 2.0)]) == {}


def test_the_baselines():
    examples = [example([1, 1, 2], [1.0, 2.0, 3.0], 4.0)]
    found = baseline([["1", "1", "2"]], examples)
    assert found["word error rate"] == pytest.approx(1 / 3)
    assert found["delay"] == pytest.approx(2000)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A set whose transcripts are what the model itself writes, but for one word."""
    root = tmp_path_factory.mktemp("recognition")
    folder = save_recognizer(root / "mine")
    model, data = load_recognizer(folder), root / "set"
    data.mkdir()
    rows = []
    for number in range(3):
        samples = 0.3 * np.random.default_rng(number).standard_normal(8000).astype(np.float32)
        samples *= np.repeat(np.random.default_rng(number).random(20), 400).astype(np.float32)
        soundfile.write(data / f"{number}.wav", samples, 8000, subtype="FLOAT")
        words = list(model.stream([samples]))
        text = [word.text for word in words]
        if number == 1:
            text[0] = str((int(text[0]) + 1) % 10)
        rows.append((f"{number}.wav", " ".join(text), " ".join(f"{w.seconds - 0.1:.3f}" for w in words)))
    with open(data / "utterances.tsv", "w", newline="") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerows([("file", "digits", "ends"), *rows])
    return evaluate_recognition(folder, data, streams=2), rows


def test_a_set_of_its_own_transcripts_has_one_error_and_the_delay_that_was_made(found):
    scores, rows = found
    words = sum(len(row[1].split()) for row in rows)
    assert (scores.words, scores.utterances) == (words, 3)
    assert (scores.substitutions, scores.deletions, scores.insertions) == (1, 0, 0)
    assert scores.word_error_rate == pytest.approx(1 / words)
    assert scores.delay_ms["mean"] == pytest.approx(100, abs=1)
    assert scores.streamed == (2, 2)
    assert scores.real_time_factor > 0
    assert scores.baseline["word error rate"] > scores.word_error_rate


def test_the_text_ends_with_the_signature(found):
    text = scores_as_text(found[0])
    assert text.splitlines()[-1] == found[0].signature
    for part in ("model:mine@", "attention:mocha", "data:set@", "utterances:3", "seqgen:", "torch:"):
        assert part in found[0].signature
    assert "2 of 2 utterances equal to the batch" in text


def test_a_folder_without_a_table_or_without_words_is_said(tmp_path):
    folder = save_recognizer(tmp_path / "mine")
    with pytest.raises(ValueError, match=r"expected utterances\.tsv"):
        evaluate_recognition(folder, tmp_path)
    (tmp_path / "utterances.tsv").write_text("file\tdigits\tends\n")
    with pytest.raises(ValueError, match="expected utterances with words"):
        evaluate_recognition(folder, tmp_path)
