"""The recogniser: frame by frame it writes what it writes at once, and its losses mean what they say."""

from itertools import pairwise

import pytest
import torch
from torch import Generator

from seqgen.models.checkpoint import load_model, save_model
from seqgen.models.recognizer import Batch, Objective, Recognizer, RecognizerConfig

KINDS = ["soft", "hard", "mocha"]
F = 8
LENGTHS = torch.tensor([25, 9, 1, 0])


def recognizer(kind, seed=0, **settings):
    """Untrained, but eager enough to stop and decided enough to say different things."""
    torch.manual_seed(seed)
    config = RecognizerConfig(
        attention=kind, features=F, width=24, energy_width=16, offset=-0.5, scale=6.0, **settings
    )
    model = Recognizer(config).eval()
    with torch.no_grad():
        model.decoder.head.logits.weight.mul_(20)
        model.input.weight.mul_(5)
    return model


def frames(rows=4, seed=1):
    return torch.randn(rows, 25, F, generator=Generator().manual_seed(seed))


def stream(model, x, sizes):
    """What one recording x [S, F] gives, read in blocks of these sizes, over and over."""
    state, token, frame, at, number = model.init_state(1), [], [], 0, 0
    while True:
        size = sizes[number % len(sizes)]
        block, number = x[None, at : at + size], number + 1
        at += size
        closed = at >= len(x)
        state = model.read(state, block, closed=torch.tensor([closed]))
        while True:
            written, state = model.write(state)
            if written[0] < 0 or written[0] == model.config.end:
                break
            token.append(int(written[0]))
            frame.append(int(model.frame(state)[0]))
        if closed:
            return token, frame, int(written[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_streaming_equals_the_batch(kind, seed):
    model, x = recognizer(kind, seed), frames(seed=seed)
    heard = model.transcribe(x, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        for sizes in ([1], [3, 0, 5]):
            token, frame, last = stream(model, x[row, :length], sizes)
            assert (token, frame) == (heard[row].token, heard[row].frame)
            assert last == model.config.end
    stops = [frame for one in heard for frame in one.frame]
    early = [frame < length for one, length in zip(heard, LENGTHS, strict=True) for frame in one.frame]
    assert stops
    assert any(early) == (kind != "soft"), "the test must see words that were written before the end"


@pytest.mark.parametrize("kind", KINDS)
def test_padding_and_company_change_nothing(kind):
    model, x = recognizer(kind), frames()
    together = model.transcribe(x, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = model.transcribe(x[row : row + 1, :length], LENGTHS[row : row + 1])
        assert alone[0] == together[row]


@pytest.mark.parametrize("kind", ["hard", "mocha"])
def test_a_word_does_not_depend_on_what_comes_after_its_frame(kind):
    model, x = recognizer(kind), frames()
    first = model.transcribe(x, LENGTHS)[0]
    at = next(frame for frame in first.frame if 3 < frame < 22)
    x[:, at + 1 :] += 3
    again = model.transcribe(x, LENGTHS)[0]
    count = sum(frame <= at for frame in first.frame)
    assert again.frame[:count] == first.frame[:count]
    assert again.token[:count] == first.token[:count]


@pytest.mark.parametrize("kind", ["hard", "mocha"])
def test_a_frame_completes_one_symbol_at_most(kind):
    for heard, length in zip(recognizer(kind).transcribe(frames(), LENGTHS), LENGTHS.tolist(), strict=True):
        inside = [frame for frame in heard.frame if frame < length]
        assert all(a < b for a, b in pairwise(inside))
        assert len(heard.token) <= length + 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_recogniser_that_never_ends_is_ended(kind):
    model = recognizer(kind)
    with torch.no_grad():
        model.decoder.head.logits.bias[model.config.end] = -1e9
    heard = model.transcribe(frames(), LENGTHS)
    assert [len(one.token) for one in heard] == [length + 1 for length in LENGTHS.tolist()] or kind != "soft"
    assert all(len(one.token) <= length + 1 for one, length in zip(heard, LENGTHS.tolist(), strict=True))


def test_the_memory_of_a_stream_does_not_grow():
    model, x = recognizer("mocha"), frames(1)
    state, sizes = model.init_state(1), []
    for block in x[:, torch.arange(200) % 25].split(10, 1):
        state = model.read(state, block)
        while model.write(state)[0][0] >= 0:
            _, state = model.write(state)
        _, state = model.write(state)
        sizes.append(state.decoder.core.attention.memory.unit.shape[1])
    assert max(sizes) <= 10 + model.config.chunk + 1


def batch(seed=0):
    rng = Generator().manual_seed(seed)
    lengths = torch.tensor([40, 25, 7])
    x = torch.randn(3, 40, F, generator=rng)
    target = torch.randint(10, (3, 5), generator=rng)
    target[0, 4] = target[1, 2] = target[2, 0] = 10
    return Batch(x, lengths, target, torch.tensor([5, 3, 1]))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_padded_costs_nothing(kind):
    model, b = recognizer(kind), batch()
    spoilt = Batch(
        b.frames.clone().masked_fill((torch.arange(40) >= b.lengths[:, None])[..., None], 9.0),
        b.lengths,
        b.target.masked_fill(torch.arange(5) >= b.target_lengths[:, None], 3),
        b.target_lengths,
    )
    objective = Objective(0.1, 0.0)
    torch.testing.assert_close(model.losses(b, objective), model.losses(spoilt, objective))


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_the_mean_of_log_prob(kind):
    model, b = recognizer(kind), batch()
    log_prob, alpha = model.log_prob(b)
    inside = torch.arange(5) < b.target_lengths[:, None]
    losses = model.losses(b, Objective(0.0, 0.0))
    torch.testing.assert_close(losses.nll, -log_prob[inside].mean())
    torch.testing.assert_close(losses.loss, losses.nll)
    if kind != "soft":
        torch.testing.assert_close(alpha.sum(2)[inside], torch.ones(int(inside.sum())))


@pytest.mark.parametrize("kind", ["hard", "mocha"])
def test_the_price_of_delay_is_paid_by_symbols_and_not_by_the_end_mark(kind):
    """DAL by its recursion on the expected frames; the row without symbols pays nothing."""
    model, b = recognizer(kind), batch()
    _, alpha = model.log_prob(b)
    expected = []
    for row, count in enumerate((b.target_lengths - 1).tolist()):
        step, before, total = (float(b.lengths[row]) / count if count else 0.0), -1e9, 0.0
        for i in range(count):
            delay = (alpha[row, i] * torch.arange(alpha.shape[2])).sum().item()
            before = max(delay, before + step)
            total += before - i * step
        expected.append(total / count if count else 0.0)
    losses = model.losses(b, Objective(0.5, 0.0))
    assert losses.delay.item() == pytest.approx(sum(expected) / 3, rel=1e-4)
    torch.testing.assert_close(losses.loss, losses.nll + 0.5 * losses.delay)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("straight", [0.0, 1.0])
def test_every_parameter_learns_and_the_same_draws_give_the_same_loss(kind, straight):
    model, b = recognizer(kind, noise=1.0).train(), batch()
    objective = Objective(0.1, 0.05, straight)
    first = model.losses(b, objective, Generator().manual_seed(1))
    first.loss.backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # Where stops are hard in the forward pass, nothing may have read the end frame.
    assert [name for name in idle if "bridge" not in name and (name != "end" or not straight)] == []
    again = model.losses(b, objective, Generator().manual_seed(1))
    other = model.losses(b, objective, Generator().manual_seed(2))
    assert again.loss.item() == first.loss.item() != other.loss.item()


def test_a_recogniser_there_and_back(tmp_path):
    model = recognizer("mocha")
    save_model(tmp_path, model, model.state_dict(), {"representation": {}, "training": {}})
    loaded, sections = load_model(tmp_path, "recognizer")
    assert sections["kind"] == "recognizer"
    assert loaded.transcribe(frames(), LENGTHS) == model.transcribe(frames(), LENGTHS)
    with pytest.raises(ValueError, match="is a recognizer"):
        load_model(tmp_path, "translator")


@pytest.mark.parametrize(
    "settings", [{"dropout": 1.0}, {"noise": -1.0}, {"chunk": 0}, {"width": 0}, {"offset": float("nan")}]
)
def test_settings_that_make_no_recogniser_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        RecognizerConfig(**settings)
