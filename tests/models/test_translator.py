"""The translator: what it learns from, what it writes, and that streaming is the whole sentence in pieces."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Generator
from torch.nn import functional as F

from seqgen.core import select
from seqgen.models.translator import Objective, Translator, TranslatorConfig
from seqgen.models.translator.batch import Batch
from seqgen.models.translator.head import END, UNKNOWN
from seqgen.models.translator.loss import smoothed_cross_entropy

V = 40
KINDS = ["soft", "wait_k", "hard", "mocha", "milk"]


def translator(kind, seed=0, **more):
    torch.manual_seed(seed)
    settings = {"width": 16, "energy_width": 8, "wait_k": 2, "scale": 3.0, "offset": 0.0, "chunk": 2}
    model = Translator(TranslatorConfig(attention=kind, vocabulary_size=V, **{**settings, **more}))
    model.head.set_ends(torch.arange(V) % 2 == 0)
    return model.eval()


def batch(seed=0, rows=4):
    """Sentences of one to five words of one to three subwords."""
    rng = Generator().manual_seed(seed)
    draw = lambda low, high, n: torch.randint(low, high, (n,), generator=rng).tolist()  # noqa: E731
    sources, units, targets = [], [], []
    for _ in range(rows):
        sizes = draw(1, 4, draw(1, 6, 1)[0])
        units.append([w for w, n in enumerate(sizes) for _ in range(n)] + [len(sizes)])
        sources.append([*draw(2, V, sum(sizes)), END])
        targets.append([*draw(2, V, draw(1, 8, 1)[0]), END])
    lengths = [torch.tensor([len(row) for row in side]) for side in (sources, targets)]
    widths = [int(length.max()) for length in lengths]
    fill = lambda side, width: torch.tensor([row + [7] * (width - len(row)) for row in side])  # noqa: E731
    return Batch(
        fill(sources, widths[0]), fill(units, widths[0]), lengths[0], fill(targets, widths[1]), lengths[1]
    )


def word_by_word(model, b, row):
    """Tokens, delays and stops of one sentence whose words arrive one at a time, after the fewest READs."""
    n = int(b.source_lengths[row])
    ids, units = b.source[row, :n], b.unit[row, :n]
    words, room = int(units[-1]), n * 3 // 2 + 10
    state, result = model.init_state(1), []
    for word in range(words + 1):
        at = (units == word).nonzero()[:, 0]
        state = model.read(state, ids[at][None], units[at][None], closed=torch.tensor([word == words]))
        while len(result) < room:
            token, state = model.write(state)
            if int(token) in (-1, END):
                break
            assert int(model.delay(state)) == min(word + 1, words)
            result.append((int(token), int(model.delay(state)), int(model.frame(state))))
    return result


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_word_by_word_is_the_batch(kind, seed):
    model, b = translator(kind, seed), batch(seed)
    whole = model.translate(b.source, b.unit, b.source_lengths)
    for row, written in enumerate(whole):
        assert word_by_word(model, b, row) == list(
            zip(written.token, written.delay, written.frame, strict=True)
        )
        assert END not in written.token
        assert UNKNOWN not in written.token
    if kind == "soft":
        words = b.words().tolist()
        assert all(set(w.delay) <= {n} for w, n in zip(whole, words, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_a_batch_read_and_write_at_their_own_pace(kind):
    """Two streams in one batch, one of them a word behind, equal each alone."""
    model, b = translator(kind), batch(5, rows=2)
    alone = [word_by_word(model, b, row) for row in range(2)]
    state, tokens = model.init_state(2), [[], []]
    done = torch.zeros(2, dtype=torch.bool)
    for turn in range(8):
        words = [turn, turn - 1]
        at = [(b.unit[r, : int(b.source_lengths[r])] == w).nonzero()[:, 0] for r, w in enumerate(words)]
        lengths = torch.tensor([len(x) for x in at])
        if lengths.max():
            picked = [F.pad(b.source[r, x], (0, int(lengths.max()) - len(x))) for r, x in enumerate(at)]
            unit = torch.tensor(words).clamp(min=0)[:, None].expand(-1, int(lengths.max()))
            closed = torch.tensor([w == int(b.words()[r]) for r, w in enumerate(words)])
            state = model.read(state, torch.stack(picked), unit, lengths, closed)
        while True:
            room = b.source_lengths * 3 // 2 + 10 > torch.tensor([len(t) for t in tokens])
            active = ~done & room & (state.decoder.core.attention.memory.length > 0)
            if not active.any():
                break
            token, state = model.write(state, active)
            done |= token == END
            for row, value in enumerate(token.tolist()):
                if value not in (-1, END):
                    tokens[row].append(value)
            if (token == -1).all():
                break
    assert tokens == [[token for token, _, _ in row] for row in alone]


@pytest.mark.parametrize("kind", ["hard", "mocha", "milk"])
@torch.no_grad()
def test_the_hard_batch_path_scores_what_streaming_writes(kind):
    """Teacher-forced with hard stops, each written token is the likeliest one at its place, up to END."""
    model, b = translator(kind, 1), batch(1)
    whole = model.translate(b.source, b.unit, b.source_lengths)
    for row, written in enumerate(whole):
        one = Batch(*(part[row : row + 1] for part in b))
        target = torch.tensor([[*written.token, END]])
        one = one._replace(target=target, target_lengths=torch.tensor([target.shape[1]]))
        _, alpha = model.log_prob(one, hard=True)
        looked_on = [a for a, f in zip(alpha[0].argmax(1).tolist(), written.frame, strict=False) if a != f]
        assert len(looked_on) <= sum(t == END for t in target[0].tolist()) + len(written.token)
        first = next((i for i, f in enumerate(written.frame) if int(alpha[0, i].argmax()) != f), None)
        if first is None:  # no early END: the stops are those of the alignment
            assert alpha[0].argmax(1).tolist()[: len(written.frame)] == written.frame


@pytest.mark.parametrize("kind", KINDS)
def test_padding_does_not_change_the_loss(kind):
    model, b = translator(kind), batch(2)
    wide = Batch(
        F.pad(b.source, (0, 3), value=9), F.pad(b.unit, (0, 3)), b.source_lengths,
        F.pad(b.target, (0, 2), value=9), b.target_lengths,
    )  # fmt: skip
    for one, other in zip(model.losses(b, Objective(0.3)), model.losses(wide, Objective(0.3)), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_learns_and_the_same_seed_gives_the_same_gradient(kind):
    model, b = translator(kind, dropout=0.2, noise=1.0).train(), batch(3)
    objective = Objective(latency=0.2, straight_through=0.5, lags=(1, 3) if kind == "wait_k" else ())
    gradients = []
    for _ in range(2):
        torch.rand(3)  # the global generator is somewhere else
        model.zero_grad()
        model.losses(b, objective, Generator().manual_seed(4)).loss.backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters()})
    for name, gradient in gradients[0].items():
        assert gradient.isfinite().all(), name
        assert gradient.abs().sum() > 0, name
        assert torch.equal(gradient, gradients[1][name]), name


def test_the_price_of_delay_makes_a_model_read_less():
    model, b = translator("hard", offset=-1.0, scale=0.5), batch(3)
    before = model.losses(b, Objective()).delay
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(20):
        optimizer.zero_grad()
        model.losses(b, Objective(latency=5.0)).loss.backward()
        optimizer.step()
    assert model.losses(b, Objective()).delay < 0.7 * before


def test_a_lower_threshold_waits_less():
    model, b = translator("milk", offset=-0.3, scale=1.0), batch(3)
    usual = model.translate(b.source, b.unit, b.source_lengths)
    eager = model.translate(b.source, b.unit, b.source_lengths, threshold=0.2)
    assert sum(sum(w.delay) / max(1, len(w.delay)) for w in eager) < sum(
        sum(w.delay) / max(1, len(w.delay)) for w in usual
    )


def test_a_wide_beam_is_at_least_as_likely_as_greedy():
    model, b = translator("soft"), batch(4)
    greedy = model.translate(b.source, b.unit, b.source_lengths)
    beams = model.beam(b.source, b.unit, b.source_lengths, 8)
    narrow = model.beam(b.source, b.unit, b.source_lengths, 1)
    ended = [len(w.token) < int(n) * 3 // 2 + 10 for w, n in zip(greedy, b.source_lengths, strict=True)]
    assert [w.token for w, e in zip(narrow, ended, strict=True) if e] == [
        w.token for w, e in zip(greedy, ended, strict=True) if e
    ]
    assert all(set(w.delay) <= {int(n)} for w, n in zip(beams, b.words(), strict=True))


def test_a_state_can_be_selected():
    """Rows move between batches: a finished stream makes room for another."""
    model, b = translator("milk"), batch(2)
    state = model.read(model.init_state(4), b.source, b.unit, b.source_lengths, torch.ones(4).bool())
    token, after = model.write(state)
    rows = torch.tensor([2, 0])
    picked, later = model.write(select(state, rows))
    assert torch.equal(picked, token[rows])
    assert torch.equal(model.delay(later), model.delay(after)[rows])


@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_smoothed_cross_entropy_is_torchs(dtype, close, smoothing):
    logits = (3 * torch.randn(70, 11, dtype=dtype)).requires_grad_()
    target = torch.randint(-1, 11, (70,))
    ours = smoothed_cross_entropy(logits, target, smoothing)
    theirs = F.cross_entropy(logits, target, label_smoothing=smoothing, ignore_index=-1)
    assert abs(float((ours - theirs).detach())) < close
    for a, b in zip(
        torch.autograd.grad(3 * ours, logits), torch.autograd.grad(3 * theirs, logits), strict=True
    ):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\), got 1.0"),
        ({"noise": -1.0}, "noise must be finite and at least 0"),
        ({"scale": float("nan")}, "scale must be finite"),
        ({"width": 0}, "width must be 1 to 65536, got 0"),
        ({"wait_k": 0}, "wait_k must be 1 to"),
    ],
)
def test_a_bad_config_names_itself(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TranslatorConfig(), **change)
