"""Trios as a musician uses them: which tracks are read, what is said of it, and what comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqgen.io.midi import notes_of, read_midi, read_notes, write_midi
from seqgen.representation.trio import TrioConverter, canonical_parts, split_parts
from seqgen.tasks.clip import choose_clip
from seqgen.tasks.living import LivingPiece
from tests.tasks.small import trio, write_drums, write_empty, write_melody, write_trio

TINY = Path(__file__).parents[1] / "fixtures" / "tiny" / "trio"
FOUR = TrioConverter(4, programs=range(128))


def tracks(piece) -> set[tuple[int, int, bool]]:
    return {(note.instrument, note.program, note.is_drum) for note in piece.notes}


def sounds(piece) -> list[tuple]:
    return [(n.instrument, n.pitch, n.start_time, n.end_time) for n in piece.notes]


def test_a_file_of_three_tracks_is_read_whole_and_in_silence() -> None:
    clip = choose_clip(notes_of(trio(4, qpm=91.0, program=30)), FOUR, "A")
    np.testing.assert_array_equal(clip.tokens, FOUR.encode_clip(trio(4)))
    assert (clip.qpm, clip.program, clip.start_bar, clip.notices) == (pytest.approx(91.0), 30, 0, ())


def test_of_a_band_the_tracks_that_are_read_are_named() -> None:
    clip = choose_clip(read_notes(TINY / "d_dm29.mid"), FOUR, "d_dm29.mid")
    assert clip.notices[0].startswith(
        "d_dm29.mid: bars 5 to 8 (counted from 0) are read of a trio of 65 bars"
    )
    said = "\n".join(clip.notices)
    assert "trios the one with" in said
    assert "choose with track and start_bar" in said
    assert "(melody)" in said
    assert "(bass)" in said


def test_track_chooses_a_trio_that_it_is_part_of() -> None:
    music = read_notes(TINY / "d_dm29.mid")
    segments = FOUR.extract(music).segments
    melodies = sorted({segment.tracks[0] for segment in segments})
    assert len(melodies) > 1
    for track in melodies:
        clip = choose_clip(music, FOUR, "A", track=track)
        assert f" {track} (melody)" in "\n".join(clip.notices)
    outside = set(np.unique(music.instrument).tolist()) - {t for s in segments for t in s.tracks}
    for track in sorted(outside):
        with pytest.raises(ValueError, match=f"track {track} is in no trio; the trios are .* of tracks"):
            choose_clip(music, FOUR, "A", track=track)
    with pytest.raises(ValueError, match="track 77 has no notes"):
        choose_clip(music, FOUR, "A", track=77)


def test_the_rest_of_a_short_trio_is_silent_in_all_parts() -> None:
    clip = choose_clip(notes_of(trio(3)), FOUR, "A.mid")
    np.testing.assert_array_equal(clip.tokens, canonical_parts(clip.tokens))
    melody, bass, drums = split_parts(clip.tokens[48:])
    assert melody.tolist() == bass.tolist() == [1] + 15 * [0]  # the last notes end where the file does
    assert not drums.any()
    assert clip.notices == ("A.mid: shorter than the 4 bars that the model reads: 1 of them is silent",)


def without(part: str):
    piece = trio(4)
    keep = [n for n in piece.notes if {"bass": n.instrument != 1, "drums": not n.is_drum}[part]]
    del piece.notes[:]
    piece.notes.extend(keep)
    return piece


@pytest.mark.parametrize("part", ["bass", "drums"])
def test_a_missing_part_is_named(part: str) -> None:
    with pytest.raises(ValueError, match=rf"A: it has no {part}, and this model reads a melody, a bass \(a"):
        choose_clip(notes_of(without(part)), FOUR, "A")


def test_other_files_are_told_what_they_are(tmp_path: Path, trio_vae) -> None:
    waltz = trio(4)
    waltz.time_signatures[0].numerator = 3
    write_midi(waltz, tmp_path / "waltz.mid")
    for path, why in (
        (write_drums(tmp_path / "drums.mid"), "it has no melody and no bass"),
        (write_melody(tmp_path / "melody.mid"), "it has no bass and no drums"),
        (write_empty(tmp_path / "empty.mid"), "there are no notes in it"),
        (tmp_path / "waltz.mid", "it is in 3/4, and this model reads trios in 4/4 only"),
    ):
        with pytest.raises(ValueError, match=f"{path.name}: {why}"):
            trio_vae.reconstruct(path)


def test_what_comes_out_is_three_tracks(trio_vae, tmp_path: Path) -> None:
    pieces = trio_vae.sample(2, temperature=1.0, seed=1)
    assert all(tracks(piece) <= {(0, 0, False), (1, 33, False), (9, 0, True)} for piece in pieces)
    assert len(tracks(pieces[0])) == 3
    write_midi(pieces[0], tmp_path / "a.mid")
    assert len({n.program for n in read_midi(tmp_path / "a.mid").notes if not n.is_drum}) == 2


def test_a_path_ends_in_the_reconstructions(trio_vae) -> None:
    a, b = trio(4, 1, qpm=80.0, program=3), trio(4, 2, qpm=125.0, program=25)
    path = trio_vae.interpolate(a, b, num_steps=3, temperature=0.5, seed=3)
    for end, source in ((path[0], a), (path[-1], b)):
        assert sounds(end) == sounds(trio_vae.reconstruct(source, temperature=0.5, seed=3))
    assert [{n.program for n in p.notes if n.instrument == 0} for p in (path[0], path[-1])] == [{3}, {25}]
    z = trio_vae.encode([a], precision="bfloat16").mean
    (again,) = trio_vae.decode(z, temperature=0.0, qpm=80.0)
    heard = trio_vae.reconstruct(a, temperature=0.0)
    assert [(n.instrument, n.pitch) for n in again.notes] == [(n.instrument, n.pitch) for n in heard.notes]


def test_a_file_that_was_written_is_read_as_it_is(trio_vae, tmp_path: Path) -> None:
    path = write_trio(tmp_path / "a.mid", seed=4)
    np.testing.assert_array_equal(trio_vae.clip(path).tokens, FOUR.encode_clip(trio(4, 4)))
    assert trio_vae.clip(path).notices == ()


def test_three_tracks_are_not_played_on_one_channel(trio_vae, tmp_path: Path) -> None:
    path = write_trio(tmp_path / "a.mid")
    with pytest.raises(ValueError, match="plays several tracks, and one channel is played"):
        LivingPiece(trio_vae, path, path)
