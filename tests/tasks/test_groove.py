"""Humanise and drumify: what moves, what stays, and by how much."""

from __future__ import annotations

import numpy as np
import pytest

import seqgen
from seqgen.io.midi import notes_of, read_midi, read_notes, write_midi
from seqgen.representation.drum_map import DRUM_PITCHES, class_of_pitch
from seqgen.tasks.groove import GrooveModel
from seqgen.tasks.music import load
from seqgen.tasks.rewrite import Feel, rewrite
from tests.tasks.small import melody, write_waltz
from tests.tasks.small_groove import ROCK, SHAPES, band, small_groove


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, GrooveModel]:
    folder = tmp_path_factory.mktemp("grooves")
    return {kind: seqgen.load(small_groove(folder / kind, kind)) for kind in SHAPES}


def said(note) -> tuple:
    return (
        note.start_time,
        note.end_time,
        note.pitch,
        note.velocity,
        note.instrument,
        note.program,
        note.is_drum,
    )


def test_only_known_drums_are_touched(models):
    before = band()
    after = models["hits"].humanize(before, temperature=1.0, seed=4)
    assert len(after.notes) == len(before.notes)
    moved = 0
    for old, new in zip(before.notes, after.notes, strict=True):
        if not old.is_drum or class_of_pitch()[old.pitch] < 0:
            assert said(new) == said(old)
        else:
            assert (new.pitch, new.instrument, new.is_drum) == (old.pitch, old.instrument, True)
            assert 1 <= new.velocity <= 127
            moved += (new.start_time, new.velocity) != (old.start_time, old.velocity)
    assert moved > 50
    assert list(after.tempos) == list(before.tempos)
    assert list(after.time_signatures) == list(before.time_signatures)
    assert list(after.control_changes) == list(before.control_changes)
    assert [text.text for text in after.text_annotations][:-1] == [t.text for t in before.text_annotations]
    last = after.text_annotations[-1].text
    for part in ("model hits", "humanize", "amount 1", "seed 4", "temperature 1", "onsets locked"):
        assert part in last


def test_amount_0_changes_no_note(models):
    before = band()
    for feel in ({"amount": 0.0}, {"velocity": 0.0, "timing": 0.0}):
        after = models["hits"].humanize(before, **feel)
        assert [said(note) for note in after.notes] == [said(note) for note in before.notes]
        assert after.ticks_per_quarter == before.ticks_per_quarter


def test_velocity_and_timing_are_apart(models):
    before = band()
    loud = models["hits"].humanize(before, timing=0.0, temperature=0.0)
    early = models["hits"].humanize(before, velocity=0.0, temperature=0.0)
    both = models["hits"].humanize(before, temperature=0.0)
    assert [note.start_time for note in loud.notes] == [note.start_time for note in before.notes]
    assert [note.velocity for note in early.notes] == [note.velocity for note in before.notes]
    assert [note.velocity for note in both.notes] == [note.velocity for note in loud.notes]
    assert [note.start_time for note in both.notes] == [note.start_time for note in early.notes]


def test_half_the_amount_goes_half_the_way(models):
    before = read_midi(ROCK)
    whole, half = (
        notes_of(models["hits"].humanize(before, amount=amount, temperature=0.0)) for amount in (1.0, 0.5)
    )
    old = notes_of(before)
    # Sorted alike, since nothing here overtakes anything else in half the way.
    key = np.lexsort((whole.velocity, whole.pitch))
    assert len(key) == len(old)
    middle = (np.sort(whole.start) + np.sort(old.start)) / 2
    assert np.abs(np.sort(half.start) - middle).max() < 0.15
    assert (
        abs(float(half.velocity.mean()) - (float(whole.velocity.mean()) + float(old.velocity.mean())) / 2) < 1
    )


def test_a_seed_is_a_performance(models):
    before = band()
    one, same, other = (models["hits"].humanize(before, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert [said(note) for note in one.notes] != [said(note) for note in other.notes]


def test_hits_on_the_grid_stay_on_their_sixteenth_and_come_to_the_tick(models, tmp_path):
    """A quantised file of 96 ticks is written finer, with its old ticks among the new ones."""
    piece = melody(2)
    for note in piece.notes:
        note.is_drum, note.pitch = True, 36
    piece.ticks_per_quarter = 96
    write_midi(piece, tmp_path / "q.mid")
    before = read_notes(tmp_path / "q.mid")
    after = models["hits"].humanize(tmp_path / "q.mid", temperature=1.0)
    assert after.ticks_per_quarter == 480
    write_midi(after, tmp_path / "h.mid")
    played = read_notes(tmp_path / "h.mid")
    assert len(played) == len(before)
    assert (np.floor(played.start * 4 + 0.5) == before.start * 4).all()
    assert (played.start != before.start).any()
    np.testing.assert_allclose(notes_of(after).start, played.start, atol=0.5 / 480, rtol=0)


def test_hits_beside_others_go_with_them(models):
    before = read_midi(ROCK)
    first = before.notes[0]
    before.notes.add(
        pitch=first.pitch, velocity=20, instrument=first.instrument, is_drum=True,
        start_time=first.start_time + 0.02, end_time=first.end_time,
    )  # fmt: skip
    done = models["hits"].humanized(before, Feel(velocity=0.0), temperature=0.0)
    gap = done.piece.notes[-1].start_time - done.piece.notes[0].start_time
    assert gap == pytest.approx(0.02, abs=1e-6)
    assert any("1 hit beside another of the same drum and sixteenth goes" in told for told in done.notices)


def test_no_hit_comes_before_time_0_nor_ends_before_it_begins(models):
    piece = melody(2, seed=3)
    for note in piece.notes:
        note.is_drum, note.pitch = True, 42
    after = models["hits"].humanize(piece, amount=2.0, temperature=2.0)
    assert min(note.start_time for note in after.notes) >= 0
    assert all(note.end_time >= note.start_time for note in after.notes)


def test_what_is_played_does_not_depend_on_far_music(models):
    """Windows overlap, and the random numbers belong to the places of the piece."""
    one = notes_of(models["hits"].humanize(ROCK, temperature=1.0, seed=3))
    later = read_midi(ROCK)
    seconds = 16 * 60 / later.tempos[0].qpm
    for note in list(later.notes):
        copy = later.notes.add()
        copy.CopyFrom(note)
        copy.start_time, copy.end_time = note.start_time + 4 * seconds, note.end_time + 4 * seconds
    both = notes_of(models["hits"].humanize(later, temperature=1.0, seed=3))
    head = both.select(both.start < one.start.max() - 8)
    np.testing.assert_allclose(head.start, one.start[: len(head)], atol=1e-6)
    np.testing.assert_array_equal(head.velocity, one.velocity[: len(head)])


@pytest.mark.parametrize("kind", ["magenta", "hits"])
def test_locked_onsets_are_those_of_the_beat(models, kind):
    before = read_notes(ROCK)
    after = notes_of(models[kind].humanize(ROCK, temperature=1.0))
    assert len(after) == len(before)
    assert sorted(after.pitch.tolist()) == sorted(before.pitch.tolist())


def test_free_onsets_need_a_model_that_writes_hits(models):
    with pytest.raises(ValueError, match="onsets: hits does not write hits, so they are locked"):
        models["hits"].humanize(ROCK, onsets="free")
    before, after = read_midi(ROCK), models["magenta"].humanize(ROCK, onsets="free", temperature=1.0)
    assert len(after.notes) != len(before.notes)
    assert all(note.is_drum for note in after.notes)
    assert {note.pitch for note in after.notes} - {note.pitch for note in before.notes} <= set(DRUM_PITCHES)


def test_other_metres_are_said(models, tmp_path):
    write_waltz(tmp_path / "w.mid")
    piece = read_midi(tmp_path / "w.mid")
    for note in piece.notes:
        note.is_drum, note.pitch = True, 38
    done = models["hits"].humanized(piece, Feel())
    assert done.notices == ["3/4 is read as sixteenths without its bar lines: the model knows 4/4 only"]


def test_music_without_drums_is_refused(models):
    with pytest.raises(ValueError, match=r"there are no drums in it \(\d+ pitched notes\)"):
        models["hits"].humanize(melody(2))
    empty = melody(2)
    del empty.notes[:]
    for call in (models["hits"].humanize, models["tap"].drumify):
        with pytest.raises(ValueError, match="there are no notes in it"):
            call(empty)
        with pytest.raises(ValueError, match="expected a path of a MIDI file or a NoteSequence, got int"):
            call(5)
    with pytest.raises(ValueError, match="makes beats of taps"):
        models["tap"].humanize(ROCK)
    with pytest.raises(ValueError, match="reads whole beats"):
        models["hits"].drumify(ROCK)
    for name in ("amount", "velocity", "timing"):
        for value in (-0.1, 2.5, float("nan")):
            with pytest.raises(ValueError, match=f"{name}: expected 0"):
                models["hits"].humanize(ROCK, **{name: value})


@pytest.mark.parametrize("kind", ["tap", "magenta-tap"])
def test_any_clip_becomes_beats(models, kind):
    beats = models[kind].drumify(melody(2), 3, seed=7)
    assert len(beats) == 3
    assert len({beat.SerializeToString() for beat in beats}) == 3
    for beat in beats:
        table = notes_of(beat)
        assert len(table)
        assert table.is_drum.all()
        assert set(table.pitch.tolist()) <= set(DRUM_PITCHES)
        assert (table.start >= 0).all()
        assert (table.start < 8).all()
        assert beat.tempos[0].qpm == melody(2).tempos[0].qpm
        assert "seed 7" in beat.text_annotations[-1].text
    again = models[kind].drumify(melody(2), 3, seed=7)
    assert again == beats


def test_a_short_rhythm_is_repeated_and_a_part_is_chosen(models):
    taps = models["tap"].taps(melody(2), bars=5)
    assert len(taps.rows) == 80
    np.testing.assert_array_equal(taps.rows[:32, :18], taps.rows[32:64, :18])
    assert taps.notices == ["the rhythm of 2 bars is repeated up to 5"]
    part = models["tap"].taps(melody(4), bars=1, start_bar=2)
    assert (part.first, len(part.rows)) == (8.0, 16)
    (beat,) = models["tap"].beats(part)
    assert (notes_of(beat).start >= 7.875).all()
    for arguments, message in (
        ({"start_bar": 9}, "start_bar: expected 0 to 1"),
        ({"bars": 0}, "bars: expected 1 to"),
        ({"track": 4}, "there are no notes on track 4"),
    ):
        with pytest.raises(ValueError, match=message):
            models["tap"].drumify(melody(2), **arguments)


def test_a_model_that_is_told_its_hits_makes_none_up(tmp_path):
    with pytest.raises(ValueError, match=r"is told what is hit, .* use humanize or drumify"):
        load(small_groove(tmp_path / "g"))


def test_what_is_predicted_is_where_it_is_written():
    """A quarter of a sixteenth early at velocity 101, whatever the tempo; half of it with half the amount."""

    def predict(grid):
        played = np.zeros((len(grid.rows), 27), np.float32)
        played[:, :9], played[:, 9:18], played[:, 18:] = 1, 101 / 127, 0.5
        return played

    piece = band()
    before = notes_of(piece)
    for amount in (1.0, 0.5):
        done, _, grids = rewrite(piece, predict, Feel(amount))
        after = notes_of(done)
        for grid in grids:
            mine = grid.note[grid.leader == np.arange(len(grid.note))]
            old = before.start[mine]
            wanted = old + amount * (np.floor(old * 4 + 0.5) / 4 - 1 / 16 - old)
            assert max(np.abs(after.start - place).min() for place in wanted) < 3e-6
            loud = before.velocity[mine] + amount * (101.0 - before.velocity[mine])
            assert set(np.rint(loud).astype(int)) <= set(after.velocity.tolist())


def test_every_tap_is_answered(models):
    """Also by a model that would rather be silent."""
    taps = models["tap"].taps(ROCK, bars=6)
    for temperature in (0.0, 1.0):
        (beat,) = models["tap"].beats(taps, temperature=temperature)
        hit = np.zeros(len(taps.rows), bool)
        hit[np.floor((notes_of(beat).start - taps.first) * 4 + 0.5 + 1e-6).astype(int)] = True
        assert hit[taps.rows[:, 3] > 0].all()
