"""Chords from files to shards, to what a model is told in training and in its evaluation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator

from seqgen.cli.main import main
from seqgen.data.batches import Batches
from seqgen.data.prepare import prepare
from seqgen.data.shards import FileRow, Shards, SplitWindows, write_shards
from seqgen.evaluation.evaluate import evaluate
from seqgen.evaluation.tracks import evaluate_tracks
from seqgen.io.midi import write_midi
from seqgen.models.checkpoint import load_model
from seqgen.representation.chords import Chord, chord_class, chord_controls, chord_symbol
from seqgen.representation.converter import RepresentationConfig
from seqgen.representation.multitrack import moving
from seqgen.representation.multitrack import transpose as transpose_tracks
from seqgen.representation.progression import grid_controls
from seqgen.representation.told import classes_of_tokens, semitones_between, transposed
from seqgen.tasks.music import load
from seqgen.training.config import ObjectiveConfig, TrainConfig
from seqgen.training.music import MusicJob
from tests.tasks.small import melody, small_model, small_tracks
from tests.tasks.test_chords import with_marks
from tests.training.runs import MODEL, config, trainer

GAMES = Path(__file__).parents[1] / "fixtures" / "tiny" / "trio"
TOLD = replace(MODEL, controls=49)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bars of one note, the root of their chord, which is minor in the second half of a bar."""
    folder = tmp_path_factory.mktemp("shards") / "roots"
    count = 60
    root = np.arange(count) % 12
    tokens = np.zeros((count, 16), np.int16)
    tokens[:, ::4] = 2 + 39 + root[:, None]  # MIDI pitch 60 and up
    chords = np.repeat((1 + root)[:, None], 16, 1).astype(np.int8)
    chords[:, 8:] += 12
    origin = np.zeros((count, 2), np.int32)
    windows = {
        "train": SplitWindows(tokens, origin, chords=chords),
        "valid": SplitWindows(tokens, origin, np.arange(6), chords),
        "test": SplitWindows(tokens, origin, np.arange(6, 12), chords),
    }
    folder.mkdir()
    representation = RepresentationConfig("melody", bars=1, chords=True)
    write_shards(folder, representation, windows, [FileRow("made", "roots", "train", count)])
    return folder


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bars of several tracks of real music."""
    folder = tmp_path_factory.mktemp("shards")
    (folder / "splits.tsv").write_text(
        "path\tsplit\nd_dm29.mid\ttrain\nd_e4m8.mid\tvalid\nd_dm30.mid\ttest\n"
    )
    representation = RepresentationConfig("multitrack", 1, chords=True)
    prepare([GAMES], folder / "bars", representation, folder / "splits.tsv", workers=1)
    return folder / "bars"


def test_events_are_told_the_chord_of_their_time(bars: Path) -> None:
    opened = Shards(bars)
    tokens, chords = opened.tokens("train")[:40], opened.chords("train")
    assert chords is not None
    told = classes_of_tokens(tokens, chords[:40])
    symbols = {chord_class(name): name for name in ("C", "C#", "Ebm", "Bdim", "N.C.")}
    mine = np.random.default_rng(1).choice(list(symbols), (40, 16)).astype(np.int8)
    for row, own in zip(tokens, mine, strict=True):
        piece = [Chord(k / 4, symbols[number]) for k, number in enumerate(own.tolist())]
        expected = chord_controls(row, piece).argmax(1)
        assert np.array_equal(classes_of_tokens(row[None], own[None])[0], expected)
    assert len(np.unique(told)) > 5
    assert classes_of_tokens(np.zeros((2, 16), np.int16), mine[:2]).tolist() == mine[:2].tolist()


def test_roots_go_up_with_the_notes() -> None:
    names = ["N.C.", "C", "Bm", "Abaug", "F#dim"]
    higher = ["N.C.", "D", "C#m", "Bbaug", "Abdim"]
    chords = np.array([[chord_class(name) for name in names]])
    up = transposed(chords, np.array([2]))
    assert up.tolist() == [[chord_class(name) for name in higher]]
    assert transposed(up, np.array([-14])).tolist() == chords.tolist()
    before = np.array([[0, 40, 1, 45], [0, 0, 1, 0]])
    after = np.array([[0, 37, 1, 42], [0, 0, 1, 0]])
    assert semitones_between(before, after).tolist() == [-3, 0]


def test_transposition_moves_the_roots_of_melodies(shards: Path, tmp_path: Path) -> None:
    run = trainer(config(shards, tmp_path / "run", model=TOLD, transpose=6))
    batch = np.concatenate([run.job.batches[step] for step in range(10)])
    tokens, chords = np.split(batch, 2, 1)
    assert len(np.unique(tokens[:, 0])) > 12
    assert ((chords[:, :8] - 1) == (tokens[:, :1] - 2 - 39) % 12).all()
    assert ((chords[:, 8:] - 13) == (tokens[:, :1] - 2 - 39) % 12).all()


def test_transposition_moves_the_roots_of_tracks(bars: Path) -> None:
    opened = Shards(bars)
    tokens, chords = opened.tokens("train"), opened.chords("train")
    still, moved = (
        Batches(tokens, 16, 1, transpose=most, move=transpose_tracks, chords=chords)[0] for most in (0, 5)
    )
    assert moved.shape == (16, 512 + 16)
    amounts = semitones_between(still[:, :512], moved[:, :512])
    assert len(set(amounts.tolist())) > 4
    notes = moving(still[:, :512])
    assert ((moved - still)[:, :512] == np.where(notes, amounts[:, None], 0)).all()
    before, after = still[:, 512:], moved[:, 512:]
    assert ((before == 0) == (after == 0)).all()
    assert ((before - 1) // 12 == (after - 1) // 12).all()
    own = before > 0
    assert (((after - before - amounts[:, None]) % 12)[own] == 0).all()
    assert own.any()


def test_the_losses_are_told_the_chords(shards: Path, tmp_path: Path) -> None:
    run = trainer(config(shards, tmp_path / "run", model=TOLD))
    job, batch = run.job, run.job.batch(0)
    model = run.bare.eval()
    token, chord = batch.split(16, 1)
    controls = torch.from_numpy(
        np.stack(
            [
                grid_controls((Chord(0, chord_symbol(int(row[0]))), Chord(2, chord_symbol(int(row[8])))), 16)
                for row in chord
            ]
        )
    )
    objective = job.config.objective.at(0.0)
    expected = model.losses(token, objective, Generator().manual_seed(1), None, controls)
    assert torch.equal(job.losses(model, batch, 0, Generator().manual_seed(1)).loss, expected.loss)


def test_a_model_learns_what_its_chords_say_and_is_evaluated(shards: Path, tmp_path: Path) -> None:
    """The note is the chord's root, so a code is not needed; a wrong chord costs nats."""
    out = tmp_path / "run"
    wide = replace(TOLD, decoder=replace(TOLD.decoder, width=48))
    often = {"steps": 250, "checkpoint_every": 250, "diagnose_every": 250}
    plain = ObjectiveConfig(beta=0.2)
    run = trainer(config(shards, out, model=wide, objective=plain, learning_rate=0.02, **often))
    assert run.fit()
    model, sections = load_model(out)
    assert sections["representation"]["chords"] is True
    batch = run.job.batch(0)
    wrong = batch.clone()
    wrong[:, 16:] = torch.from_numpy(transposed(batch[:, 16:].numpy(), np.full(len(batch), 5)))
    right, other = (
        run.job.losses(model.eval(), some, 0, Generator().manual_seed(1)).nll.item()
        for some in (batch, wrong)
    )
    assert right < 0.9 * other
    (out / "card.md").write_text("# Roots\n", encoding="utf-8")
    found = evaluate(out, shards, split="train", pairs=4)
    assert "|chords:told|" in found.signature
    assert found.latent["cross-entropy"] > 0
    (piece,) = load(out).sample(1, chords=["Am"])
    assert piece.total_time > 0


def test_tracks_train_and_are_evaluated(bars: Path, tmp_path: Path) -> None:
    model, _ = load_model(small_tracks(tmp_path / "model", controls=49))
    settings = TrainConfig(
        data=str(bars), out=str(tmp_path / "run"), model=model.config, batch_size=4, transpose=3
    )
    job = MusicJob(settings)
    assert job.batch(0).shape == (4, 1024)
    assert job.losses(model, job.batch(0), 0, Generator().manual_seed(1)).loss.isfinite()
    assert job.diagnose(model) is not None
    told = evaluate_tracks(tmp_path / "model", bars, limit=6)
    assert "|chords:told" in told.signature
    assert "|chords:" not in evaluate_tracks(small_tracks(tmp_path / "plain"), bars, limit=6).signature


def test_what_does_not_fit_is_refused(shards: Path, bars: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"model.controls must be 49, since .* holds chords, got 0"):
        trainer(config(shards, tmp_path / "a", model=MODEL))
    plain = tmp_path / "plain"
    prepare([GAMES], plain, RepresentationConfig("multitrack", 1), workers=1)
    with pytest.raises(ValueError, match=r"model.controls must be 0, since .* holds no chords, got 49"):
        trainer(config(plain, tmp_path / "a", model=TOLD))
    small_tracks(tmp_path / "model", controls=49)
    with pytest.raises(ValueError, match="chords: stand with melody and multitrack only, got trio"):
        RepresentationConfig("trio", chords=True)
    (tmp_path / "model" / "config.yaml").write_text(
        (tmp_path / "model" / "config.yaml").read_text().replace("chords: false", "chords: true")
    )
    with pytest.raises(ValueError, match="the model is told chords, these shards hold none"):
        evaluate_tracks(tmp_path / "model", plain, split="train")


def test_shards_without_chords_are_as_they_were(bars: Path, tmp_path: Path) -> None:
    splits = str(bars.parent / "splits.tsv")
    line = ["prepare", str(GAMES), "--representation", "multitrack", "--splits", splits, "--workers", "1"]
    assert main([*line, "--out", str(tmp_path / "plain")]) == 0
    assert main([*line, "--out", str(tmp_path / "told"), "--chords"]) == 0
    plain, told = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("plain", "told")
    )
    assert set(told) - set(plain) == {f"{split}.chords.npy" for split in ("train", "valid", "test")}
    assert all(told[name] == data for name, data in plain.items() if name != "shards.json")
    assert "chords" not in json.loads(plain["shards.json"])["representation"]
    assert told == {path.name: path.read_bytes() for path in bars.iterdir()}


def test_chords_that_stand_in_a_file_are_those_that_tasks_tell(tmp_path: Path) -> None:
    write_midi(
        with_marks(melody(4, seed=1, qpm=120.0), "C", "Dm", "G7", "F#m", seconds=1.5), tmp_path / "a.mid"
    )
    prepare([tmp_path / "a.mid"], tmp_path / "out", RepresentationConfig(chords=True), workers=1)
    opened = Shards(tmp_path / "out")
    (split,) = (name for name, count in opened.counts.items() if count)
    chords, model = opened.chords(split), load(small_model(tmp_path / "model", controls=49))
    assert chords is not None
    assert [chord_class(name) for name in ("C", "Dm", "G", "F#m")] == list(
        dict.fromkeys(chords.ravel().tolist())
    )
    for row, (_, bar) in zip(chords, opened.origins(split), strict=True):
        clip = model.clip(tmp_path / "a.mid", start_bar=int(bar))
        assert grid_controls(clip.chords, 32).argmax(1).tolist() == row.tolist()
    damaged = np.load(tmp_path / "out" / f"{split}.chords.npy")
    damaged[0, 0] = 49
    np.save(tmp_path / "out" / f"{split}.chords.npy", damaged)
    with pytest.raises(ValueError, match="expected chords 0 to 48, got"):
        Shards(tmp_path / "out")
