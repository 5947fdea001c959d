"""Takes of a corpus as codes, and crops of them that know what was before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqgen.data.takes import Crop, CropBatches, Take, collate, read_corpus, whole
from seqgen.io.speech import read_speech
from seqgen.representation.mulaw import SILENCE, MuLawConfig, encode

DIGITS = Path(__file__).parents[1] / "fixtures" / "digits"
SOUND = MuLawConfig(speakers=("jackson",))


def corpus(folder, *rows, header="file\tdigit\tspeaker\tsplit"):
    (folder / "splits.tsv").write_text("\n".join([header, *rows]) + "\n")
    return folder


def test_a_corpus_is_its_recordings_as_codes():
    takes = read_corpus(DIGITS, "train", SOUND)
    assert takes[0].file == "0_jackson_0.wav"
    assert (takes[0].digit, takes[0].speaker) == (0, 0)
    assert np.array_equal(takes[0].codes, encode(read_speech(DIGITS / takes[0].file)[0]))
    assert len(read_corpus(DIGITS, "train", SOUND, limit=1)) == 1


def test_another_rate_is_resampled(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    (take,) = read_corpus(corpus(tmp_path, "a.wav\t3\tjackson\tvalid"), "valid", SOUND)
    assert len(take.codes) == 8000
    assert (take.codes == SILENCE).all()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a.wav\t3\teve\ttrain"], r"line 2: speaker: 'eve' is not known: expected one of jackson"),
        (["a.wav\tten\tjackson\ttrain"], "line 2: digit: 'ten' is not known"),
        (["a.wav\t3\tjackson\tother"], "line 2: expected all columns"),
        (["a.wav\t3"], "line 2: expected all columns"),
        (["a.wav\t3\tjackson\ttest"], "expected takes of the split 'train', got none"),
        (["a.wav\t3\tjackson\ttrain"], "a.wav: there is no such file"),
        (["broken.wav\t3\tjackson\ttrain"], "not a recording that can be read"),
        (["empty.wav\t3\tjackson\ttrain"], "there is no sound in it"),
    ],
)
def test_a_bad_corpus_is_said(tmp_path, rows, message):
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 8000)
    with pytest.raises(ValueError, match=message):
        read_corpus(corpus(tmp_path, *rows), "train", SOUND)


def test_a_folder_without_a_table_or_a_column_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"expected recordings and splits\.tsv"):
        read_corpus(tmp_path, "train", SOUND)
    with pytest.raises(ValueError, match="there is no column 'split'"):
        read_corpus(corpus(tmp_path, header="file\tdigit\tspeaker"), "train", SOUND)


def test_crops_side_by_side_carry_their_context():
    take = Take(np.arange(20, dtype=np.uint8), 4, 1, "")
    batch = collate([whole(take), Crop(take, 5, 8, 12)])
    assert batch.previous.tolist() == [-1, 4]
    assert batch.position.tolist() == [0, 5]
    assert batch.past.tolist() == [[SILENCE] * 3, [5, 6, 7]]
    assert batch.past_lengths.tolist() == [0, 3]
    assert batch.codes[1].tolist() == [8, 9, 10, 11] + [SILENCE] * 16
    assert (batch.lengths.tolist(), batch.duration.tolist()) == ([20, 4], [20, 20])


def test_crops_stay_inside_and_reach_both_ends_often():
    takes = [Take(np.zeros(100, np.uint8), 0, 0, str(n)) for n in range(50)]
    batches = CropBatches(takes, 10, 40, 7, seed=1, rank=0, world=1)
    crops = [crop for step in range(60) for crop in batches[step]]
    assert all(0 <= c.context <= c.begin < c.end == c.begin + 40 <= 100 for c in crops)
    assert all(c.begin - c.context == min(7, c.begin) for c in crops)
    seen = sum(np.isin(np.arange(100), np.arange(c.begin, c.end)) for c in crops)
    assert seen.min() > 0.3 * seen.max()


def test_an_epoch_has_every_take_once_and_processes_share_it():
    takes = [Take(np.zeros(9, np.uint8), 0, 0, str(n)) for n in range(8)]
    shares = [CropBatches(takes, 2, 40, 7, seed=1, rank=rank, world=2) for rank in (0, 1)]
    names = [crop.take.file for step in range(2) for share in shares for crop in share[step]]
    assert sorted(names) == sorted(take.file for take in takes)
    assert [c.take.file for c in shares[0][5]] == [c.take.file for c in shares[0][5]]
    with pytest.raises(ValueError, match="expected at least 20 takes"):
        CropBatches(takes, 20, 40, 7, seed=1, rank=0, world=1)
