"""Which part of a file a model reads, and what is said about it."""

import numpy as np
import pytest

from seqgen.io.midi import notes_of, read_notes
from seqgen.representation.converter import RepresentationConfig, make_converter
from seqgen.tasks.clip import choose_clip
from tests.tasks.small import (
    melody,
    melody_tokens,
    write_drums,
    write_empty,
    write_melody,
    write_two_tracks,
    write_waltz,
)

TWO = make_converter(RepresentationConfig("melody", 2))
FOUR = make_converter(RepresentationConfig("melody", 4))
DRUMS = make_converter(RepresentationConfig("drums", 2))


def test_a_file_of_the_right_length_is_read_whole_and_in_silence():
    clip = choose_clip(notes_of(melody(2, qpm=91.0, program=40)), TWO, "A")
    np.testing.assert_array_equal(clip.tokens, melody_tokens(2, 0))
    assert (clip.qpm, clip.program, clip.start_bar, clip.notices) == (pytest.approx(91.0), 40, 0, ())


def test_a_longer_file_gives_its_beginning_and_says_so():
    clip = choose_clip(notes_of(melody(5)), TWO, "A.mid")
    np.testing.assert_array_equal(clip.tokens, melody_tokens(5, 0)[:32])
    (notice,) = clip.notices
    assert notice.startswith("A.mid: bars 0 to 1")
    assert "5 bars" in notice


def test_a_shorter_file_is_padded_with_silence_and_says_so():
    clip = choose_clip(notes_of(melody(3)), FOUR, "A.mid")
    np.testing.assert_array_equal(clip.tokens[:48], melody_tokens(3, 0))
    assert clip.tokens[48:].tolist() == [1] + 15 * [0]  # the last note ends where the file does
    (notice,) = clip.notices
    assert "1 of them is silent" in notice


def test_start_bar_chooses_and_forgets_a_note_that_began_before():
    tokens = melody_tokens(4, 0)
    tokens[15:22] = [50, 0, 0, 1, 51, 0, 52]  # a note sounds over the bar line
    clip = choose_clip(notes_of(TWO.decode(tokens)), TWO, "A", start_bar=1)
    assert clip.tokens[:6].tolist() == [0, 0, 0, 51, 0, 52]
    np.testing.assert_array_equal(clip.tokens[6:], tokens[22:48])


def test_start_bar_before_a_melody_leaves_the_silence_in_front_of_it(tmp_path):
    table = read_notes(write_two_tracks(tmp_path / "a.mid"))
    clip = choose_clip(table, TWO, "A", track=1, start_bar=5)
    assert not clip.tokens[:16].any()
    np.testing.assert_array_equal(clip.tokens[16:], melody_tokens(1, 3))


def test_the_longest_of_several_is_taken_and_the_others_are_listed(tmp_path):
    clip = choose_clip(read_notes(write_two_tracks(tmp_path / "a.mid")), FOUR, "A")
    np.testing.assert_array_equal(clip.tokens, melody_tokens(4, 2))
    assert (clip.track, clip.program) == (1, 40)
    (notice,) = clip.notices
    assert "of 3 melodies the one with 4 bars from bar 0 of track 1 is taken" in notice
    assert "2 bars from bar 0 of track 0; 1 bar from bar 6 of track 1" in notice


def test_track_chooses(tmp_path):
    clip = choose_clip(read_notes(write_two_tracks(tmp_path / "a.mid")), TWO, "A", track=0)
    np.testing.assert_array_equal(clip.tokens, melody_tokens(2, 1))
    assert clip.notices == ()


REASONS = {
    "empty": (write_empty, TWO, "there are no notes in it"),
    "waltz": (write_waltz, TWO, "it is in 3/4, and this model reads melodies in 4/4 only"),
    "drums for a melody model": (write_drums, TWO, "it holds drums only"),
    "melody for a drum model": (write_melody, DRUMS, "it holds no drums"),
}


@pytest.mark.parametrize(("write", "converter", "reason"), REASONS.values(), ids=REASONS)
def test_a_file_that_cannot_be_read_says_why(tmp_path, write, converter, reason):
    with pytest.raises(ValueError, match=reason):
        choose_clip(read_notes(write(tmp_path / "a.mid")), converter, "a.mid")


def test_no_melody_but_notes_out_of_range():
    piece = melody(2)
    for note in piece.notes:
        note.pitch = 12
    with pytest.raises(ValueError, match=r"no melody in it .*out of range"):
        choose_clip(notes_of(piece), TWO, "a.mid")


def test_a_track_or_bar_that_is_not_there_lists_those_that_are(tmp_path):
    table = read_notes(write_two_tracks(tmp_path / "a.mid"))
    with pytest.raises(ValueError, match=r"track 7 has no notes; .*0 \(\d+ notes\), 1 \(\d+ notes\)"):
        choose_clip(table, TWO, "A", track=7)
    with pytest.raises(ValueError, match=r"start_bar 40: nothing to read"):
        choose_clip(table, TWO, "A", start_bar=40)
    with pytest.raises(ValueError, match=r"start_bar -1: nothing to read"):
        choose_clip(table, TWO, "A", start_bar=-1)
