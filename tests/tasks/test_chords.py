"""Models that were trained with chords: told those of the music, those that are given, or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from note_seq import NoteSequence

from seqgen.cli.main import main
from seqgen.core import Sampling
from seqgen.io.midi import read_midi, read_notes, write_midi
from seqgen.io.midi_write import to_midi_bytes
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.representation.chords import Chord, chord_controls, chords_of
from seqgen.representation.progression import each_beat, grid_controls, spread
from seqgen.representation.track_grammar import TrackGrammar
from seqgen.tasks.chords import decode, encode, no_chords, told
from seqgen.tasks.lengths import sample_bars
from seqgen.tasks.music import MusicModel, load
from seqgen.tasks.settings import Drawing
from seqgen.tasks.vary import vary
from tests.tasks.small import melody, small_model, small_tracks, write_melody

REAL = Path(__file__).parents[1] / "fixtures" / "tiny" / "trio" / "d_e4m8.mid"
QUIET = ["--wav", "false", "--png", "false"]
FOUR = ["C", "G", "Am", "F"]


@pytest.fixture(scope="module")
def tunes(tmp_path_factory: pytest.TempPathFactory) -> MusicModel:
    """Two bars of melody."""
    return load(small_model(tmp_path_factory.mktemp("chords") / "tunes", controls=49))


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> MusicModel:
    """A bar of several tracks."""
    return load(small_tracks(tmp_path_factory.mktemp("chords") / "bars", controls=49))


def small(controls: int) -> MusicVAE:
    encoder, decoder = EncoderConfig(width=8, readout="final"), DecoderConfig(plan="recurrent", width=8)
    return MusicVAE(
        MusicVAEConfig(latent=4, embedding=8, controls=controls, encoder=encoder, decoder=decoder)
    )


def heard(piece: NoteSequence) -> list[tuple[int, int, float, float]]:
    return [(n.instrument, n.pitch, n.start_time, n.end_time) for n in piece.notes]


def with_marks(piece: NoteSequence, *chords: str, seconds: float) -> NoteSequence:
    """A copy with a chord annotation every so many seconds."""
    marked = NoteSequence()
    marked.CopyFrom(piece)
    kind = NoteSequence.TextAnnotation.CHORD_SYMBOL
    for k, chord in enumerate(chords):
        marked.text_annotations.add(time=k * seconds, text=chord, annotation_type=kind)
    return marked


def test_at_every_step_there_is_no_chord() -> None:
    controls = no_chords(small(49), 3)
    assert controls is not None
    assert controls.shape == (3, 32, 49)
    assert torch.equal(controls.argmax(-1), torch.zeros(3, 32, dtype=torch.long))
    assert torch.equal(controls.sum(-1), torch.ones(3, 32))
    assert no_chords(small(0), 3) is None


def test_without_chords_a_model_reads_and_writes_as_if_told_that_there_are_none() -> None:
    vae = small(49).eval()
    token = torch.randint(0, 90, (2, 32), generator=torch.Generator().manual_seed(1))
    posterior = encode(vae, token, None)
    none = no_chords(vae, 2)
    assert none is not None
    assert torch.equal(posterior.mean, vae.encode(token, controls=none).mean)
    assert torch.equal(posterior.mean, encode(vae, token, None, chords=[(), ()]).mean)
    assert not torch.equal(posterior.mean, vae.encode(token, controls=none.roll(1, -1)).mean)
    uniform = torch.rand(2, 32, 1, generator=torch.Generator().manual_seed(2))
    wanted = Drawing(Sampling(1.0), 1, "float32")
    drawn = vae.decode(posterior.mean, Sampling(1.0), uniform=uniform, controls=none)
    assert torch.equal(drawn, decode(vae, posterior.mean, wanted, uniform))
    assert torch.equal(drawn, decode(vae, posterior.mean, wanted, uniform, chords=[(), ()]))


def test_a_melody_is_told_the_chord_of_each_step() -> None:
    vae = small(49).eval()
    rows = [spread(FOUR, 8), spread(["Dm"], 8)]
    token = torch.randint(0, 90, (2, 32), generator=torch.Generator().manual_seed(1))
    controls = torch.from_numpy(np.stack([grid_controls(row, 32) for row in rows]))
    assert torch.equal(encode(vae, token, None, chords=rows).mean, vae.encode(token, controls=controls).mean)


def test_a_bar_is_drawn_as_if_each_event_were_told_the_chord_of_its_time(bars: MusicModel) -> None:
    """What is drawn agrees with the controls that it asks for itself, event by event."""
    rng = torch.Generator().manual_seed(3)
    z, uniform = torch.randn(6, 35, generator=rng), torch.rand(6, 512, 1, generator=rng)
    rows = [spread(FOUR, 4), spread(["C", "Ebaug"], 4), (), spread(["F"], 4)]
    rows += [(Chord(0, "N.C."), Chord(1.25, "Bdim"), Chord(3.5, "E")), spread(["G", "C", "G"], 4)]
    wanted = Drawing(Sampling(1.0), 1, "float32")
    with torch.inference_mode():
        drawn = decode(bars.vae, z, wanted, uniform, TrackGrammar(), rows)
        own = torch.from_numpy(
            np.stack([chord_controls(t.numpy(), row) for t, row in zip(drawn, rows, strict=True)])
        )
        again = bars.vae.decode(
            z, wanted.how, uniform=uniform, precision="float32", controls=own, grammar=TrackGrammar()
        )
    assert torch.equal(drawn, again)
    assert torch.equal(own, told(bars.vae, drawn, rows))
    assert (own[0].argmax(-1).unique() > 0).sum() == 4  # all four chords were told


@pytest.mark.parametrize("kind", ["tunes", "bars"])
def test_other_chords_give_other_music_and_the_same_the_same_bytes(
    kind: str, request: pytest.FixtureRequest
) -> None:
    model: MusicModel = request.getfixturevalue(kind)
    none, one, again, other = (
        model.sample(2, temperature=1.0, seed=4, chords=chords) for chords in (None, FOUR, FOUR, ["Ebm", "B"])
    )
    assert len({str([heard(piece) for piece in some]) for some in (none, one, other)}) == 3
    assert [to_midi_bytes(piece) for piece in one] == [to_midi_bytes(piece) for piece in again]
    (code,) = model.decode(np.zeros((1, model.vae.config.latent)), chords=FOUR)
    length = 4.0 * model.converter.bars
    assert chords_of(code) == [Chord(k * length / 4, name) for k, name in enumerate(FOUR)]
    assert not any(chords_of(piece) for piece in none)


def test_a_chord_that_comes_later_changes_nothing_before_it(tunes: MusicModel) -> None:
    a, b = (tunes.sample(8, temperature=1.0, seed=5, chords=["C", end]) for end in ("G", "Ebm"))
    early = [[[n for n in heard(piece) if n[3] < 2.0] for piece in some] for some in (a, b)]
    assert early[0] == early[1]
    assert sum(map(len, early[0])) > 0
    assert list(map(heard, a)) != list(map(heard, b))


def test_chords_of_the_source_are_told(tunes: MusicModel, caplog: pytest.LogCaptureFixture) -> None:
    plain = melody(4, seed=1, qpm=120.0)
    marked = with_marks(plain, *FOUR, seconds=2.0)
    clip = tunes.clip(marked, start_bar=1)
    assert clip.chords == (Chord(0, "G"), Chord(4, "Am"))
    assert "is read with the chords of its annotations: G Am" in clip.notices[-1]
    other = tunes.clip(with_marks(plain, "F#m", "B", "E", "E", seconds=2.0), start_bar=1)
    assert not torch.equal(tunes.encode([clip]).mean, tunes.encode([other]).mean)
    again = tunes.reconstruct(marked, start_bar=1)
    assert chords_of(again) == [Chord(0, "G"), Chord(4, "Am")]
    assert "with the chords of its annotations: G Am" in caplog.text
    same = tunes.reconstruct(marked, start_bar=1, chords=["G", "Am"])
    assert to_midi_bytes(same) == to_midi_bytes(again)
    assert heard(tunes.reconstruct(marked, start_bar=1, chords=["Ebm"])) != heard(again)


def test_chords_are_inferred_where_none_stand(bars: MusicModel) -> None:
    clip = bars.clip(REAL, start_bar=8)
    assert "is read with inferred chords: " in clip.notices[-1]
    assert clip.chords
    assert bars.clip(read_notes(REAL), start_bar=8).chords == clip.chords
    (piece, _) = vary(bars, clip, 0, num=2)
    assert [chord.symbol for chord in chords_of(piece)] == [chord.symbol for chord in clip.chords]


def test_a_path_has_the_chords_of_the_nearer_source(tunes: MusicModel) -> None:
    a = with_marks(melody(2, seed=1, qpm=120.0), "C", "G", seconds=2.0)
    b = with_marks(melody(2, seed=2, qpm=120.0), "Dm", seconds=2.0)
    path = tunes.interpolate(a, b, num_steps=4, seed=3)
    told_a, told_b = [Chord(0, "C"), Chord(4, "G")], [Chord(0, "Dm")]
    assert [chords_of(piece) for piece in path] == [told_a, told_a, told_b, told_b]
    assert [heard(piece) for piece in tunes.blend(a, b, [0.0, 1.0], seed=3)] == [
        heard(path[0]),
        heard(path[3]),
    ]
    for piece in tunes.interpolate(a, b, num_steps=3, chords=["Bb"]):
        assert chords_of(piece) == [Chord(0, "Bb")]


def test_longer_pieces_have_chords_over_all_their_bars(tunes: MusicModel) -> None:
    (piece,) = sample_bars(tunes, 5, 1, seed=2, chords=["C", "G", "Am", "F", "Dm"])
    assert each_beat(chords_of(piece), 20)[::4] == ["C", "G", "Am", "F", "Dm"]
    texts = [text.text for text in piece.text_annotations if not text.annotation_type]
    assert len([text for text in texts if text.startswith("seqgen")]) == 1


def test_annotations_that_are_no_triads_are_said(tunes: MusicModel) -> None:
    clip = tunes.clip(with_marks(melody(2, seed=1, qpm=120.0), "Csus4", "what?", seconds=2.0))
    assert [chord.symbol for chord in clip.chords] == ["N.C."]
    assert "no chord is told for 'Csus4', 'what?'" in clip.notices[-1]


def test_a_model_without_chords_refuses_them(tmp_path: Path) -> None:
    model = load(small_model(tmp_path / "plain"))
    with pytest.raises(ValueError, match="chords: plain was trained without chords"):
        model.sample(1, chords=["C"])
    assert model.clip(with_marks(melody(2, seed=1), "C", seconds=1.0)).chords == ()


def test_the_command_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = str(small_model(tmp_path / "tunes", controls=49))
    a, b = write_melody(tmp_path / "a.mid", seed=1), write_melody(tmp_path / "b.mid", seed=2)
    marked = with_marks(melody(2, seed=1, qpm=120.0), "C", "F#m", seconds=2.0)
    write_midi(marked, tmp_path / "marked.mid")
    np.save(tmp_path / "z.npy", np.zeros((1, 8)))

    def run(verb: str, *words: object) -> list[str]:
        out = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        assert main([verb, folder, *map(str, words), str(out), *QUIET, "--chords", "C G Am F"]) == 0
        made = read_midi(min(out.glob("*_0.mid"), default=out / "reconstruction.mid"))
        return [text.text for text in made.text_annotations]

    for verb, words in {
        "sample": (),
        "decode": (tmp_path / "z.npy",),
        "interpolate": (a, b),
        "reconstruct": (a,),
    }.items():
        assert run(verb, *words)[1:] == FOUR
    assert [text for text in run("sample", "--bars", 4) if text in FOUR] == FOUR
    capsys.readouterr()
    assert main(["reconstruct", folder, str(tmp_path / "marked.mid"), str(tmp_path / "own"), *QUIET]) == 0
    assert "marked.mid: is read with the chords of its annotations: C F#m" in capsys.readouterr().err
    for chords, expected in (
        ("C H", "known are C, F#m"),
        ("", "expected 1 to 8"),
        ("C " * 9, "expected 1 to 8"),
    ):
        assert main(["sample", folder, str(tmp_path / "bad"), "--chords", chords]) == 2
        assert expected in capsys.readouterr().err
    plain = str(small_model(tmp_path / "plain"))
    assert main(["sample", plain, str(tmp_path / "bad"), "--chords", "C"]) == 2
    assert "was trained without chords" in capsys.readouterr().err
