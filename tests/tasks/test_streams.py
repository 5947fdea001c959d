"""Many streams in one batch, and one as a session."""

import pytest
import torch

from seqgen.representation.subword import END
from seqgen.tasks import streams as streams_module
from seqgen.tasks.spelling import Spelling, room, spell
from seqgen.tasks.translation import TranslationModel, load
from tests.tasks.small_translator import KINDS, small_subwords
from tests.text import sentences

LINES = [german for german, _ in sentences()[4::47]]


@pytest.fixture(scope="module", params=KINDS)
def model(request, translators) -> TranslationModel:
    return load(translators[request.param])


def alone(model: TranslationModel, line: str) -> list:
    return list(model.trace(line.split()))


def test_streams_in_a_batch_are_each_alone(model):
    """Three rows, five sentences: a row that has ended begins the next; words come at different times."""
    streams = model.streams(3)
    waiting = [list(line.split()) for line in LINES]
    numbers, rest, events = [0, 1, 2], waiting[:3], [[] for _ in LINES]
    following, turn = 3, 0
    while any(number is not None for number in numbers):
        turn += 1
        words: list[str | None] = []
        for row in range(3):
            # Now and then a row has no word.
            words.append(rest[row].pop(0) if rest[row] and (turn + row) % 3 else None)
        closing = [n is not None and not rest[row] and words[row] is None for row, n in enumerate(numbers)]
        for moves in (streams.push(words), streams.finish(closing)):
            for number, new in zip(numbers, moves, strict=True):
                if number is not None:
                    events[number] += new
                else:
                    assert new == []
        assert all(streams.ended[row] for row in range(3) if closing[row])
        for row in range(3):
            if closing[row] and following < len(LINES):
                streams.restart([row == other for other in range(3)])
                numbers[row], rest[row] = following, waiting[following]
                following += 1
            elif closing[row]:
                numbers[row] = None
    assert events == [alone(model, line) for line in LINES]
    assert len({tuple(e) for e in events}) > 2


def test_a_session_gives_words_twice_over(model):
    session = model.session()
    pushed = [word for text in LINES[2].split() for word in session.push(text)]
    popped = session.pop()
    assert popped == pushed
    rest = session.finish()
    assert session.pop() == rest
    assert session.pop() == session.finish() == []
    assert pushed + rest == model.translations([LINES[2]])[0].words
    with pytest.raises(ValueError, match="the session is finished"):
        session.push("mehr")


def test_a_session_takes_several_words(model):
    session = model.session()
    words = session.push(LINES[2]) + session.push(" ") + session.finish()
    assert words == model.translations([LINES[2]])[0].words


def test_a_session_of_nothing(model):
    session = model.session()
    assert session.push("") == session.pop() == session.finish() == []


def stubborn(model: TranslationModel, offset: float) -> TranslationModel:
    """It never ends a sentence, and what is read does not count when it decides whether to stop."""
    with torch.no_grad():
        model.translator.head.bias[END] = -100.0
        model.translator.core.attention.stopping.g.zero_()
        model.translator.core.attention.stopping.r.fill_(offset)
    return model


@pytest.mark.parametrize("kind", ["hard", "mocha"])
def test_a_stream_without_end_stays_small(translators, monkeypatch, kind):
    """Even of a model that falls further and further behind, since it would write for ever."""
    monkeypatch.setattr(streams_module, "HELD", 20)
    model = stubborn(load(translators[kind]), 1.0)
    session = model.session()
    words = (" ".join(LINES)).split()
    sizes = []
    for n in range(60):
        session.push(words[n % len(words)])
        sizes.append(session._streams._state.decoder.core.attention.memory.unit.shape[1])
    assert max(sizes) > 20
    assert max(sizes) < 40
    assert session._streams._rows[0].events == []
    assert session.pop()


def test_a_session_that_nobody_pops_keeps_the_latest(translators, monkeypatch):
    monkeypatch.setattr(streams_module, "KEPT", 2)
    session = load(translators["wait_k"]).session()
    pushed = session.push(LINES[0]) + session.finish()
    assert len(pushed) > 2
    assert session.pop() == pushed[-2:]


def test_a_model_that_never_ends_is_stopped(translators):
    model = stubborn(load(translators["hard"]), 1.0)  # every frame is a stop
    for line in LINES:
        ids, _ = model.subwords.encode(line)
        events = alone(model, line)
        writes = [event for event in events if event.action == "WRITE"]
        (found,) = model.translations([line])
        assert ([w.word for w in writes], [w.read for w in writes]) == (found.words, found.delays)
        assert 10 <= sum(len(model.subwords.encode_word(w.word)) for w in writes) <= 3 * room(len(ids) + 1)
        assert found.delays[0] == 1
        assert found.delays[-1] == len(line.split())  # it had to wait for room


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_of_many_subwords(translators, monkeypatch, kind):
    """It is read in blocks; what is written does not depend on that."""
    model = load(translators[kind])
    line = "Ich sehe " + "Nachbarin" * 8 + " gestern."
    whole = model.translations([line])[0]
    monkeypatch.setattr(streams_module, "BLOCK", 7)
    writes = [event for event in alone(model, line) if event.action == "WRITE"]
    assert [w.word for w in writes] == whole.words
    assert [w.read for w in writes] == whole.delays


def test_wrong_numbers_of_streams(translators):
    model = load(translators["hard"])
    with pytest.raises(ValueError, match="count must be at least 1, got 0"):
        model.streams(0)
    streams = model.streams(2)
    for words in (["one"], ["a", "b", "c"]):
        with pytest.raises(ValueError, match=f"words: expected one for each of 2 streams, got {len(words)}"):
            streams.push(words)
    for call in (streams.finish, streams.restart):
        with pytest.raises(ValueError, match="rows: expected one for each of 2 streams, got 1"):
            call([True])
    with pytest.raises(ValueError, match="one word without white space"):
        streams.push(["two words", None])
    streams.finish([True, False])
    with pytest.raises(ValueError, match="row 0 is finished: restart it"):
        streams.push(["eins", "zwei"])
    # What was refused has left no trace.
    assert streams.push([None, "zwei"])[1][0] == ("READ", "zwei", 1)


def test_words_have_the_delay_of_their_last_subword():
    subwords = small_subwords()
    first, second = subwords.encode_word("Nachbarin"), subwords.encode_word("Ich")
    units = [0] * 9 + [1] * 9 + [2] * 9 + [3]
    tokens = first + second
    delays = [1] * (len(first) - 1) + [2] + [3] * len(second)
    assert spell(subwords, tokens, delays, units) == (["Nachbarin", "Ich"], [2, 3])
    # A word that lacks its end waits for the end of the source.
    assert spell(subwords, first + second[:-1], [1] * (len(tokens) - 1), units)[1] == [1, 3]


def test_a_word_without_end_ends_some_time():
    subwords = small_subwords()
    piece = subwords.encode_word("日")[0]
    spelling = Spelling(subwords)
    counts = [len(spelling.add(piece)) for _ in range(2000)]
    assert [n + 1 for n, count in enumerate(counts) if count] == [1000, 2000]
