"""Multi-track figures: a perfect score is one, and n-grams know what they were shown."""

from pathlib import Path

import numpy as np
import pytest

from seqgen.cli.main import main
from seqgen.data.shards import FileRow, SplitWindows, write_shards
from seqgen.evaluation.tracks import Grams, evaluate_tracks, events, note_scores
from seqgen.io.midi import read_notes
from seqgen.representation.converter import RepresentationConfig
from seqgen.representation.multitrack import MultitrackConverter
from seqgen.representation.track_events import END
from tests.tasks.small import small_tracks

REAL = Path(__file__).parents[1] / "fixtures" / "tiny" / "trio" / "d_e4m8.mid"


@pytest.fixture(scope="module")
def bars() -> np.ndarray:
    return MultitrackConverter().encode(read_notes(REAL))


def test_notes_of_each_track_are_compared(bars: np.ndarray) -> None:
    assert note_scores(bars, bars) == (1.0, 1.0, 1.0)
    turned = bars.reshape(-1, 8, 64)[:, ::-1].reshape(bars.shape)
    assert note_scores(bars, turned).f1 < 0.2
    first = bars[:1].copy()
    first.reshape(8, 64)[1:] = END
    found = note_scores(bars[:1], first)
    assert found.precision == 1.0
    assert 0 < found.recall < 1
    with pytest.warns(UserWarning, match="no notes"):
        assert note_scores(bars[:1], np.full((1, 512), END)).f1 == 0


def test_events_end_with_the_end_and_empty_tracks_have_none(bars: np.ndarray) -> None:
    tracks, real = bars.reshape(-1, 64), events(bars).reshape(-1, 64)
    lengths = np.where(tracks[:, 0] == END, 0, (tracks == END).argmax(1) + 1)
    np.testing.assert_array_equal(real.sum(1), lengths)


def test_grams_are_distributions_that_know_train(bars: np.ndarray) -> None:
    grams = Grams(bars)
    assert len(grams.nats(bars, 1)) == events(bars).sum()
    assert grams.nats(bars, 2).mean() < grams.nats(bars, 1).mean() < np.log(490)
    # What may follow a program, summed over all tokens.
    rows = np.full((490, 512), END, np.int64)
    rows[:, 0], rows[:, 1] = 360, np.arange(490)
    behind = np.cumsum(events(rows).sum(1)) - events(rows).sum(1) + 1
    assert np.exp(-grams.nats(rows, 2)[behind]).sum() == pytest.approx(1)


def test_a_model_is_measured_beside_them(
    bars: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = small_tracks(tmp_path / "model")
    (tmp_path / "shards").mkdir()
    parts = {
        split: SplitWindows(rows, np.zeros((len(rows), 2), np.int32))
        for split, rows in (("train", bars[:40]), ("test", bars[40:60]))
    }
    write_shards(
        tmp_path / "shards", RepresentationConfig("multitrack", 1), parts, [FileRow("a", "b", "train", 40)]
    )
    result = evaluate_tracks(folder, tmp_path / "shards")
    assert set(result.nats) == {"own z", "random z", "unigram", "bigram"}
    assert 0 <= result.notes["F1"] < 0.5
    assert main(["evaluate", str(folder), str(tmp_path / "shards")]) == 0
    said = capsys.readouterr().out
    assert "nats an event" in said
    assert said.strip().splitlines()[-1] == result.signature
