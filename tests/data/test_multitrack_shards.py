"""Bars of several tracks, from real files to batches."""

from pathlib import Path

import numpy as np

from seqgen.data.batches import Batches
from seqgen.data.prepare import prepare
from seqgen.data.shards import Shards
from seqgen.representation.converter import RepresentationConfig
from seqgen.representation.multitrack import transpose
from seqgen.training.config import TrainConfig
from seqgen.training.music import MusicJob
from tests.tasks.small import small_tracks

GAMES = Path(__file__).parents[1] / "fixtures" / "tiny" / "trio"


def test_files_become_shards_that_a_model_trains_on(tmp_path: Path) -> None:
    splits = tmp_path / "splits.tsv"
    splits.write_text("path\tsplit\nd_dm29.mid\ttrain\nd_e4m8.mid\tvalid\nd_dm30.mid\ttest\n")
    out = tmp_path / "shards"
    report = prepare([GAMES], out, RepresentationConfig("multitrack", 1), splits, workers=1)
    assert "tracks of more than 64 events split" in report.describe()
    shards = Shards(out)
    assert shards.steps == 512
    assert min(shards.counts.values()) > 20
    batch = Batches(shards.tokens("train"), 16, 1, transpose=3, move=transpose)[0]
    starts = batch.reshape(16, 8, 64)[:, :, 0]
    assert ((starts >= 360) & (starts <= 489)).all()
    assert len({row.tobytes() for row in batch}) == 16

    from seqgen.models.checkpoint import load_model

    model, _ = load_model(small_tracks(tmp_path / "model"))
    config = TrainConfig(
        data=str(out), out=str(tmp_path / "run"), model=model.config, batch_size=4, transpose=3
    )
    job = MusicJob(config)
    assert np.array_equal(job.batch(0), job.batch(0))
    assert job.diagnose(model) is not None
