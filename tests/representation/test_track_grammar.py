"""What keeps to the grammar is a bar of music without hanging notes, and every real bar keeps to it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from seqgen.core import Grammar, follow
from seqgen.io.midi import read_notes
from seqgen.representation.multitrack import MultitrackConverter
from seqgen.representation.track_grammar import TrackGrammar

CPU = torch.device("cpu")


def why_wrong(events: list[int]) -> str:
    """What is wrong with a track of 64 events, by a reading of its own; empty if nothing is."""
    if 489 not in events:
        return "no end"
    stop = events.index(489)
    body = events[:stop]
    if any(event != 489 for event in events[stop:]):
        return "something behind the end"
    if not body:
        return ""
    if not 360 <= body[0] <= 488:
        return "no program first"
    sounding: dict[int, int] = {}
    time, loudness, before, notes = 0, None, "program", 0
    for event in body[1:]:
        if event < 128:
            if event in sounding or loudness is None or time >= 96:
                return f"note {event} on at {time}"
            sounding[event], before, notes = time, "note", notes + 1
        elif event < 256:
            if sounding.pop(event - 128, time) >= time:
                return f"note {event - 128} off at {time}"
            before = "note"
        elif before == "velocity":
            return "a velocity for no note"
        elif event < 352:
            time += event - 255
            if time > 96 or before == "time":
                return f"time {time} after {before}"
            before = "time"
        elif event < 360:
            if event == loudness:
                return "a velocity twice"
            loudness, before = event, "velocity"
        else:
            return "a second program"
    if sounding or time != 96 or not notes:
        return f"{len(sounding)} hanging, {notes} notes, time {time}"
    return ""


def walks(rows: int, tilt: float, seed: int, grammar: TrackGrammar | None = None) -> Tensor:
    """Tokens [rows, 64] drawn from what is allowed, each kind of token more or less likely by `tilt`."""
    rng, grammar = Generator().manual_seed(seed), grammar or TrackGrammar()
    weight = torch.rand(rows, 490, generator=rng) ** tilt
    state, tokens = grammar.init_state(rows, CPU), []
    for _ in range(64):
        allowed = grammar.allowed(state)
        assert allowed.any(1).all()
        draw = torch.rand(rows, 490, generator=rng)
        tokens.append((weight * draw * allowed + allowed * 1e-9).argmax(1))
        state = grammar.advance(state, tokens[-1])
    return torch.stack(tokens, 1)


def test_what_is_allowed_is_right_and_never_runs_out() -> None:
    lengths: set[int] = set()
    for tilt in (0.0, 1.0, 8.0):
        for events in walks(400, tilt, seed=int(tilt)).tolist():
            assert why_wrong(events) == ""
            lengths.add(events.index(489))
    assert max(lengths) == 63  # the last place is used
    assert min(lengths) == 0


def test_greedy_grammar_walks_fill_a_track_with_notes() -> None:
    """The most that can be open is closed in time: only note-ons where they are allowed."""
    grammar, tokens = TrackGrammar(), []
    state = grammar.init_state(1, CPU)
    for _ in range(64):
        allowed = grammar.allowed(state)[0]
        kinds = (allowed[:128], allowed[352:360], allowed[360:489], allowed[256:352], allowed[128:256])
        first = (0, 352, 360, 256, 128)
        token = next((f + int(k.nonzero()[0]) for f, k in zip(first, kinds, strict=True) if k.any()), 489)
        tokens.append(token)
        state = grammar.advance(state, torch.tensor([token]))
    assert why_wrong(tokens) == ""
    assert sum(token < 128 for token in tokens) == 30


@pytest.mark.parametrize("louder", range(4))
def test_short_notes_with_rests_run_out_of_events_and_not_of_choices(louder: int) -> None:
    """As many one-step notes as fit, after `louder` extra changes of velocity, which shift where they end."""
    grammar, tokens, changes = TrackGrammar(), [], 0
    state = grammar.init_state(1, CPU)
    for _ in range(64):
        allowed = grammar.allowed(state)[0]
        kinds = [(256, 352), (128, 256), (0, 128), (352, 360), (360, 489), (489, 490)]
        if changes <= louder:
            kinds.insert(2, (352, 360))
        low, high = next((low, high) for low, high in kinds if allowed[low:high].any())
        tokens.append(low + int(allowed[low:high].nonzero()[0]))
        changes += low == 352
        state = grammar.advance(state, torch.tensor([tokens[-1]]))
    assert why_wrong(tokens) == ""
    assert sum(token < 128 for token in tokens) >= 12


def real_bars() -> Iterator[np.ndarray]:
    for file in sorted((Path(__file__).parents[1] / "fixtures" / "tiny" / "trio").glob("*.mid")):
        yield MultitrackConverter().encode(read_notes(file))


def test_real_bars_are_allowed_token_by_token() -> None:
    rows = torch.from_numpy(np.concatenate(list(real_bars())).astype(np.int64)).reshape(-1, 64)
    assert len(rows) > 500
    grammar = TrackGrammar()
    state = grammar.init_state(len(rows), CPU)
    for token in rows.unbind(1):
        assert grammar.allowed(state).gather(1, token[:, None]).all()
        state = grammar.advance(state, token)


def test_programs_can_be_asked_for() -> None:
    wanted = torch.tensor([[5, 128], [-1, 33]])
    tokens = torch.cat([walks(2, 1.0, 0, TrackGrammar(wanted[:, [k]])) for k in (0, 1)], 1)
    assert tokens[0, 0] == 365
    assert tokens[0, 64] == 488
    assert tokens[1, 64] == 393


def test_tracks_side_by_side_are_the_tracks_one_by_one() -> None:
    grammar = TrackGrammar(torch.tensor([[5, -1], [128, 33]]))
    assert isinstance(grammar, Grammar)
    start = grammar.init_state(2, CPU)
    lanes = grammar.split(start, 128, 2)
    assert lanes is not None
    tokens = torch.cat([walks(2, 1.0, 0, TrackGrammar(grammar.programs[:, [k]])) for k in (0, 1)], 1)
    state = start
    for step in range(64):
        assert torch.equal(grammar.allowed(state), grammar.allowed(lanes)[[0, 2]])
        state = grammar.advance(state, tokens[:, step])
        lanes = grammar.advance(lanes, tokens.reshape(4, 64)[:, step])
    one_by_one = follow(grammar, state, tokens[:, 64:])
    joined = grammar.join(start, lanes, 128)
    for a, b in zip(one_by_one, joined, strict=True):
        assert torch.equal(a, b)
    assert grammar.split(grammar.advance(start, tokens[:, 0]), 128, 2) is None
