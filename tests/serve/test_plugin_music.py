"""What a plugin's sliders do to the music of real models, and what is said of those that do nothing."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator

import pytest
import torch

pytest.importorskip("msgspec", reason="the [serve] extra is not installed")

from seqgen.models.attribute_vectors import FILE
from seqgen.serve import plugin_music
from seqgen.serve.catalogue import Catalogue
from seqgen.serve.engine import Engine
from seqgen.serve.frames import Settings
from seqgen.serve.music import table
from seqgen.serve.protocol import Clip, Note, decode
from seqgen.serve.stream import Loop, Want
from seqgen.tasks.latent import slerp
from seqgen.tasks.shipped import find_folder

A = Clip([Note(k / 2, 0.5, 60 + k % 8) for k in range(16)])
B = Clip([Note(float(k), 1.0, 76 - k) for k in range(8)])
BEAT = Clip([Note(k / 2, 0.25, (36, 42, 38, 42)[k % 4], drum=True) for k in range(16)])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """With a model beside the shipped ones that has no vectors."""
    bare = tmp_path_factory.mktemp("models") / "bare"
    shutil.copytree(find_folder("mel-2bar"), bare, ignore=shutil.ignore_patterns(FILE))
    engine = Engine(Catalogue([bare]))
    yield engine
    engine.close()


def hear(engine: Engine, model: str, clips: tuple[Clip | None, Clip | None], **amounts: float) -> Loop:
    settings = Settings(plugin_music.names(engine).index(model), True, 1, 0.25, 0.0, tuple(amounts.items()))
    return asyncio.run(plugin_music.pieces(engine)(Want(settings, *clips)))


def heard(loop: Loop) -> list[tuple[float, float, int]]:
    return sorted((note.start, note.duration, note.pitch) for note in loop.notes)


def test_the_code_at_the_position_is_moved_by_each_amount_of_its_vector(engine: Engine):
    model = engine.catalogue.get("mel-2bar")
    clips = [model.clip(table(clip), name="a clip") for clip in (A, B)]
    means = model.encode(clips, precision="bfloat16").mean
    z = slerp(means[0], means[1], torch.tensor([0.25], dtype=torch.float64))
    moved = z + 2.0 * model.attribute("mean_pitch") - 1.5 * model.attribute("contour_direction")
    plain, wanted = (
        sorted((n.start_time, n.end_time - n.start_time, n.pitch) for n in piece.notes)
        for piece in model.decode(torch.cat([z, moved]), temperature=0.0, qpm=60.0)
    )
    found = hear(engine, "mel-2bar", (A, B), mean_pitch=2.0, contour_direction=-1.5)
    assert heard(found) == wanted
    assert found.notices == []
    assert heard(hear(engine, "mel-2bar", (A, B))) == plain != wanted


def test_beyond_what_was_measured_a_slider_is_at_its_end_and_that_is_said(engine: Engine):
    (slider,) = (s for s in engine.catalogue.models["mel-2bar"].attributes if s.name == "note_density")
    assert slider.high < 3, "of another attribute, then"
    beyond, at_end = (hear(engine, "mel-2bar", (A, B), note_density=x) for x in (3.0, slider.high))
    assert beyond.notes == at_end.notes
    ends = f"note_density: with mel-2bar its slider goes from {slider.low:+g} to {slider.high:+g}"
    assert [notice[: len(ends)] for notice in beyond.notices] == [ends]
    assert at_end.notices == []
    assert hear(engine, "mel-2bar", (A, B), note_density=2.9).notices == beyond.notices, "the same sentence"


@pytest.mark.parametrize(
    ("model", "clips", "said"),
    [
        ("drums-2bar", (BEAT, BEAT), "mean_pitch: drums-2bar has no such attribute: its slider does nothing"),
        ("drums-2bar", (None, None), "mean_pitch: drums-2bar has no such attribute: its slider does nothing"),
        ("bare", (A, B), "attribute sliders do nothing: bare has no attribute vectors: make them with "),
    ],
)
def test_a_slider_that_a_model_has_not_changes_nothing_and_that_is_said(
    engine: Engine, model: str, clips: tuple[Clip | None, Clip | None], said: str
):
    still, moved = hear(engine, model, clips), hear(engine, model, clips, mean_pitch=2.0)
    assert moved.notes == still.notes
    assert [notice[: len(said)] for notice in moved.notices] == [said]
    assert still.notices == []


def test_a_new_piece_is_moved_too(engine: Engine):
    still, moved = (
        hear(engine, "drums-2bar", (None, None)),
        hear(engine, "drums-2bar", (None, None), cymbal_share=-2.0),
    )
    shares = [
        sum(note.pitch in (42, 46, 49, 51) for note in loop.notes) / len(loop.notes)
        for loop in (still, moved)
    ]
    assert shares[1] < shares[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('"amounts": {"swing": 1}', "there is no attribute 'swing'; there are note_density, "),
        ('"amounts": {"mean_pitch": 101}', "100"),
        ('"amounts": {"mean_pitch": "x"}', "amounts"),
        ('"bars": 8, "amounts": {"mean_pitch": 1}', "leave out bars"),
    ],
)
def test_wrong_amounts_are_refused_at_the_border(more: str, said: str):
    with pytest.raises(ValueError, match=said):
        decode(f'{{"type": "sample", "id": "s", "model": "mel-2bar", {more}}}')
