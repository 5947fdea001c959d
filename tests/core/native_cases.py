"""Small decoders that the native kernels serve, and torch's way to the same tokens."""

import torch
from torch import Generator

from seqgen.core import (
    LSTM,
    Bernoulli,
    Categorical,
    Conductor,
    Decoder,
    Guided,
    Metre,
    Planner,
    Product,
    Voices,
    WaveNet,
    fast_decode,
)
from seqgen.core.state import leaves

B, BAR, BARS, E, W, Z = 3, 8, 4, 6, 20, 5


def classic():
    planner = Planner(Z, BARS, width=7)
    return Conductor(LSTM(E, W, planner.bar_size, layers=2), planner, BAR)


def carrying():
    planner = Planner(Z, BARS, width=7, layers=2, reads=False)
    return Conductor(LSTM(E, W, planner.bar_size, layers=2), planner, BAR, carry=True)


def direct():
    planner = Planner(Z, BARS, width=7, segments=4, segment_size=3)
    torch.nn.init.normal_(planner.correction.weight)
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, BAR, metre=4)


def voices(carry=False):
    """Two voices, of which each reads and writes its own part."""
    planner = Planner(Z, BARS, width=7, segments=0 if carry else 4, segment_size=3)
    tail = planner.segment_size
    widths = (W, W) if carry else (W, 9)
    each = [LSTM(E + tail, width, planner.bar_size, feed_cond=carry) for width in widths]
    return Conductor(Voices(each, tail), planner, BAR, metre=0 if carry else 4, carry=carry)


def parts(*widths):
    return Product([Categorical(widths[0], 11, E), Bernoulli(widths[1], 4, E)], widths=widths)


def one_long_bar():
    planner = Planner(Z, 1, width=0, segments=8, segment_size=3)
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, BAR * BARS, metre=4)


def wavenet(local_size=0, cond_size=Z):
    """Sees further back than a bar, so what must not cross a bar line could."""
    return WaveNet(E + local_size, 12, 7, W, cond_size, (1, 2, 4, 8, 1), local_size=local_size)


def conducted_wavenet():
    planner = Planner(Z, BARS, width=7, segments=4, segment_size=3)
    torch.nn.init.normal_(planner.correction.weight)
    return Conductor(wavenet(3, planner.bar_size), planner, BAR, metre=4)


CORES = {
    "fed": lambda: LSTM(E, W, Z, layers=2),
    "not fed": lambda: LSTM(E, W, Z, feed_cond=False),
    "classic": classic,
    "carrying": carrying,
    "direct": direct,
    "one long bar": one_long_bar,
    "voices": voices,
    "carrying voices": lambda: voices(carry=True),
    "metre": lambda: Metre(LSTM(E, W, Z), 5),
    "wavenet": wavenet,
    "wavenet that is told nothing": lambda: wavenet(cond_size=0),
    "conducted wavenet": conducted_wavenet,
    "metre of a wavenet": lambda: Metre(wavenet(), 5),
    "guided wavenet": lambda: Guided(wavenet(3), 3, 7),
    "guided lstm": lambda: Guided(LSTM(E + 3, W, Z), 3, 7),
}
PARTS = {"voices": (W, 9), "carrying voices": (W, W)}
HEADS = {"categorical": lambda: Categorical(W, 11, E), "bernoulli": lambda: Bernoulli(W, 4, E)}


def make(core="fed", head="categorical"):
    torch.manual_seed(2)
    decoder = Decoder(CORES[core](), parts(*PARTS[core]) if core in PARTS else HEADS[head]())
    for one in decoder.head.each() if core in PARTS else [decoder.head]:
        torch.nn.init.normal_(one.logits.weight)
    with torch.no_grad():
        state = decoder.init_state(B, torch.randn(B, Z))
    if isinstance(decoder.core, Guided):
        state = state._replace(core=decoder.core.follow(state.core, torch.randn(B, 4, 3)))
    return decoder, state


def by_torch(monkeypatch, decoder, *arguments, **options):
    with monkeypatch.context() as patch:
        patch.setattr(fast_decode, "library_for", lambda decoder, how: "a test asks for torch")
        return decoder.generate(*arguments, **options)


def uniforms(decoder, rows, steps, seed=0):
    return torch.rand(rows, steps, decoder.head.draws, generator=Generator().manual_seed(seed))


def close(a, b):
    assert torch.equal(a[0], b[0])
    for x, y in zip(leaves(a[1]), leaves(b[1]), strict=True):
        torch.testing.assert_close(x, y, rtol=1e-4, atol=2e-5)
