import re

import pytest
from safetensors.torch import load_file, save_file

import seqgen
from seqgen.representation.subword import Subwords
from seqgen.tasks import translation
from seqgen.tasks.music import MusicModel
from seqgen.tasks.translation import TranslationModel, batches, load
from tests.tasks.small import small_model
from tests.tasks.small_translator import KINDS, small_translator
from tests.text import sentences

LINES = [german for german, _ in sentences()[::25]]


@pytest.fixture(scope="module", params=KINDS)
def model(request, translators) -> TranslationModel:
    return load(translators[request.param])


def streamed(model: TranslationModel, line: str, threshold: float = 0.5) -> tuple[list[str], list[int]]:
    writes = [event for event in model.trace(line.split(), threshold) if event.action == "WRITE"]
    return [event.word for event in writes], [event.read for event in writes]


def test_streaming_is_the_batch(model):
    found = model.translations(LINES)
    for line, result in zip(LINES, found, strict=True):
        assert streamed(model, line) == (result.words, result.delays)
        assert result.source == line.split()
    # The comparison means something: many different texts, and delays between the first word and the last.
    assert len({result.text for result in found}) > 3
    early = [d < len(result.source) for result in found for d in result.delays]
    assert any(early) == model.translator.config.streams


def test_a_line_does_not_depend_on_the_others(model):
    together = model.translate(LINES)
    assert together[::-1] == model.translate(LINES[::-1])
    assert together[:3] == [model.translate([line])[0] for line in LINES[:3]]


def test_empty_lines_stay_empty(model):
    line = LINES[0]
    assert model.translate(["", line, " \t\u2003", line]) == [
        "",
        *model.translate([line]),
        "",
        *model.translate([line]),
    ]
    assert model.translate([]) == []
    assert list(model.stream([])) == []
    assert list(model.stream(["", " "])) == []


def test_delays_are_those_of_the_trace(model):
    events = list(model.trace(LINES[5].split()))
    reads = [event for event in events if event.action == "READ"]
    assert [event.word for event in reads] == LINES[5].split()
    assert [event.read for event in reads] == list(range(1, len(reads) + 1))
    count = 0
    for event in events:  # a word's delay is what had been read when it was written
        count += event.action == "READ"
        assert event.read == count


def test_a_stream_reads_no_further_than_it_must(translators):
    model = load(translators["wait_k"])
    taken = []

    def words():
        for word in LINES[1].split():
            taken.append(word)
            yield word

    stream = model.stream(words())
    assert taken == []
    next(stream)
    assert taken == LINES[1].split()[:2]  # k


@pytest.mark.parametrize("threshold", [0.2, 0.8])
def test_a_threshold_shifts_the_stops(translators, threshold):
    model = load(translators["milk"])
    found = model.translations(LINES, threshold=threshold)
    assert [streamed(model, line, threshold) for line in LINES] == [(t.words, t.delays) for t in found]
    usual = model.translations(LINES)
    first = [sum(t.delays[0] for t in result if t.delays) for result in (found, usual)]
    assert first[0] < first[1] if threshold < 0.5 else first[0] > first[1]


def test_beams(translators):
    soft = load(translators["soft"])
    assert soft.translate(LINES, beam=1) == soft.translate(LINES)
    wide = soft.translations(LINES, beam=4)
    assert [t.text for t in wide] != soft.translate(LINES)
    assert all(d == len(t.source) for t in wide for d in t.delays)
    assert wide[2].text == soft.translate([LINES[2]], beam=4)[0]
    with pytest.raises(ValueError, match="writes while it reads"):
        load(translators["milk"]).translate(LINES, beam=2)


def test_unknown_characters_go_in_and_out(model):
    for line in ("日本語 😀 e\u0301", "\u2581 \x00 \ufffd", "a\ud800b"):
        assert streamed(model, line) == tuple(model.translations([line])[0][1:])


def test_arguments_that_make_no_sense(translators):
    model = load(translators["milk"])
    with pytest.raises(ValueError, match="expected a list of lines, got a str"):
        model.translate("text")
    with pytest.raises(ValueError, match="expected an iterable of words"):
        model.stream("two words")
    for threshold in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="threshold must lie between 0 and 1"):
            model.translate(["a"], threshold=threshold)
    with pytest.raises(ValueError, match="has none to set"):
        load(translators["soft"]).translate(["a"], threshold=0.4)
    with pytest.raises(ValueError, match="beam must be 1 to 64, got 0"):
        model.translate(["a"], beam=0)


def test_batches_are_bounded_and_hold_every_row_once(monkeypatch):
    monkeypatch.setattr(translation, "BATCH", 100)
    lengths = [3, 0, 50, 7, 200, 50, 3, 0, 33, 34]
    found = batches(lengths)
    assert sorted(row for rows in found for row in rows) == [0, 2, 3, 4, 5, 6, 8, 9]
    assert all(len(rows) == 1 or len(rows) * max(lengths[r] for r in rows) <= 100 for rows in found)
    assert len(found) < 6


def test_a_line_of_very_many_words(translators, monkeypatch):
    """What keeps little of its source streams such a line; the result is that of the batch."""
    line = " ".join(LINES)
    for kind in ("hard", "mocha"):
        model = load(translators[kind])
        whole = model.translations([line])
        monkeypatch.setattr(translation, "LONG", 100)
        assert model.translations([line]) == whole
        monkeypatch.undo()
    monkeypatch.setattr(translation, "MOST", 100)
    with pytest.raises(ValueError, match=r"line 2 has \d+ subwords, at most 100 are taken"):
        model.translate(["kurz", line])


def test_load_knows_the_kind(translators, tmp_path):
    model = seqgen.load(translators["milk"])
    assert isinstance(model, TranslationModel)
    assert (model.name, model.num_parameters > 1000) == ("milk", True)
    assert "Random weights" in model.card
    assert isinstance(seqgen.load(small_model(tmp_path / "mel")), MusicModel)
    with pytest.raises(ValueError, match="is a music_vae: a translator is needed"):
        load(tmp_path / "mel")


def test_a_folder_that_is_no_translator(tmp_path):
    folder = small_translator(tmp_path / "model", "hard")
    subwords = folder / "subwords.model"
    kept = subwords.read_bytes()
    subwords.write_bytes(b"junk")
    with pytest.raises(ValueError, match=r"subwords\.model: not a SentencePiece model"):
        load(folder)
    subwords.unlink()
    with pytest.raises(ValueError, match="is missing"):
        load(folder)
    text = tmp_path / "other.txt"
    text.write_text("".join(f"{german} {english}\n" for german, english in sentences()), encoding="utf-8")
    for size in (320, 340):  # another number of subwords, and as many others
        Subwords.train([text], size, subwords)
        if Subwords.load(subwords).ends.tolist() == Subwords(kept).ends.tolist():
            continue
        with pytest.raises(ValueError, match=re.escape("subwords are not the 340 that the model")):
            load(folder)
    subwords.write_bytes(kept)
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: t[:-1] if "table" in name else t for name, t in weights.items()}, folder / "model.safetensors"
    )
    with pytest.raises(ValueError, match="the weights are not those of config"):
        load(folder)
