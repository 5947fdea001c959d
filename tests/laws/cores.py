"""Every core of the package, small, with what its laws are tested on. A new core is one more line."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from seqgen.core import (
    LSTM,
    Attention,
    AttentionDecoder,
    Bernoulli,
    Categorical,
    Clock,
    Conductor,
    CopyMixture,
    Decoder,
    Groove,
    GrooveMixture,
    Guided,
    LogisticMixture,
    Metre,
    MonotonicAttention,
    Nade,
    Planner,
    Product,
    Recall,
    ResidualLSTM,
    SequenceModule,
    SoftAttention,
    TrackPlanner,
    Voices,
    WaitK,
    WaveNet,
)

B, T, Z, E, W = 3, 12, 5, 6, 8
BAR = 4


def classic_conductor() -> Conductor:
    planner = Planner(Z, T // BAR, width=7, layers=2)
    return Conductor(LSTM(E, W, planner.bar_size), planner, BAR)


def carrying_conductor() -> Conductor:
    """As Magenta's: the conductor reads nothing, and the last token of a bar is read by the next."""
    planner = Planner(Z, T // BAR, width=7, layers=2, reads=False)
    return Conductor(LSTM(E, W, planner.bar_size, layers=2), planner, BAR, carry=True)


def direct_conductor() -> Conductor:
    planner = Planner(Z, T // BAR, width=7, segments=2, segment_size=3)
    torch.nn.init.normal_(planner.correction.weight)  # it starts at zero; the laws hold for what it becomes
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, BAR, metre=2)


def conductor_by_bar() -> Conductor:
    planner = Planner(3 * Z, T // BAR, width=7, segments=2, segment_size=3, by_bar=True)
    torch.nn.init.normal_(planner.correction.weight)
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, BAR, metre=2)


def attending_conductor() -> Conductor:
    """Its plans look at all bars of the code."""
    planner = Planner(3 * Z, T // BAR, width=7, segments=2, segment_size=3, by_bar=True, attention=8)
    for made in (planner.correction, planner.attention.out):
        torch.nn.init.normal_(made.weight)
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, BAR, metre=2)


def flat_direct() -> Conductor:
    planner = Planner(Z, 1, width=0, segments=3, segment_size=3)
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, T, metre=4)


def conductor_joined() -> Conductor:
    """A flat decoder that is fed each bar's part of the code."""
    planner = Planner(3 * Z, T // BAR, width=0, segments=2, segment_size=3, by_bar=True, joined=True)
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, T, metre=2)


def wavenet(input_size: int, cond_size: int, local_size: int = 0, kernel: int = 2) -> WaveNet:
    """Sees further back than a bar, so what must not cross a bar line could."""
    return WaveNet(input_size, 5, 7, W, cond_size, (1, 2, 4, 1), kernel, local_size)


class Following(SequenceModule):
    """A WaveNet with a guide that the conditioning makes."""

    def __init__(self):
        super().__init__()
        self.input_size, self.output_size = E, W
        self.core = Guided(wavenet(E + 2, Z, local_size=2), 2, 3)
        self.guide = torch.nn.Linear(Z, 4 * 2)

    def init_state(self, batch_size: int, cond: Tensor):
        return self.core.follow(self.core.init_state(batch_size, cond), self.guide(cond).unflatten(1, (4, 2)))

    def forward(self, x: Tensor, state, lengths: Tensor | None = None):
        return self.core(x, state, lengths)


def conductor_wavenet() -> Conductor:
    planner = Planner(Z, T // BAR, width=7, segments=2, segment_size=3)
    torch.nn.init.normal_(planner.correction.weight)
    return Conductor(wavenet(E + 3, planner.bar_size, local_size=3), planner, BAR, metre=2)


def clock() -> Clock:
    """Reads the last number of a frame as the time that its token takes."""
    return Clock(LSTM(E - 1 + 1, W, Z, feed_cond=False), E - 1, steps=10, parts=5)


def tracks() -> Conductor:
    planner = TrackPlanner(T // BAR, own=1, shared=2, size=4)
    voice = Clock(LSTM(E - 1 + 2, W, 4, feed_cond=False), E - 1, steps=4, parts=2)
    return Conductor(voice, planner, BAR)


def voices(tail: int, cond_size: int, feed_cond: bool) -> Voices:
    """Two recurrences and a WaveNet, which share the tail; E and W are what they read and write together."""
    return Voices(
        [
            LSTM(2 + tail, 3, cond_size, feed_cond=feed_cond),
            LSTM(3 + tail, 1, cond_size, layers=2, feed_cond=feed_cond),
            WaveNet(1 + tail, 5, 7, 4, cond_size, (1, 2, 4, 1), 2, tail),
        ],
        tail,
    )


def conductor_of_voices() -> Conductor:
    planner = Planner(Z, T // BAR, width=7, segments=2, segment_size=3)
    torch.nn.init.normal_(planner.correction.weight)
    return Conductor(voices(3, planner.bar_size, feed_cond=False), planner, BAR, metre=2)


class Attending(SequenceModule):
    """An attention in its decoder, over sources of different lengths that the conditioning makes."""

    frames = 7

    def __init__(self, attention: Attention, hard: bool = False):
        super().__init__()
        self.input_size, self.output_size, self.hard = E, W, hard
        self.core = AttentionDecoder(E - 1, W, W, attention)
        self.source = torch.nn.Linear(Z, self.frames * W)

    def init_state(self, batch_size: int, cond: Tensor):
        values = self.source(cond).view(batch_size, self.frames, W)
        lengths = self.frames - 3 * (cond[:, 0] > 0).long()
        closed = torch.ones(batch_size, dtype=torch.bool)
        unit = (torch.arange(self.frames) // 2).expand(batch_size, -1)
        state = self.core.init_state(batch_size, cond, self.hard)
        return self.core.extend(state, values, lengths, closed, unit)

    def forward(self, x: Tensor, state, lengths: Tensor | None = None):
        x = torch.cat([x[..., :-1], (x[..., -1:] > 0).to(x.dtype)], -1)  # the last number is a flag
        return self.core(x, state, lengths)


def monotonic(kind: str, chunk: int = 1, **more) -> MonotonicAttention:
    return MonotonicAttention(W, W, 5, kind, chunk, scale=4.0, offset=0.0, **more)


CORES: dict[str, Callable] = {
    "lstm": lambda: LSTM(E, W, Z),
    "lstm-two-layers": lambda: LSTM(E, W, Z, layers=2, feed_cond=False),
    "conductor": classic_conductor,
    "conductor-carry": carrying_conductor,
    "conductor-direct": direct_conductor,
    "conductor-by-bar": conductor_by_bar,
    "attending-conductor": attending_conductor,
    "conductor-joined": conductor_joined,
    "flat-direct": flat_direct,
    "conductor-of-conductor": lambda: Conductor(
        Conductor(LSTM(E, W, 5), Planner(7, 2, width=5), 2), Planner(Z, T // BAR, width=7), BAR
    ),
    "recall": lambda: Recall(LSTM(E + 1, W - E, Z), 1),
    "residual-lstm": lambda: ResidualLSTM(E, W, 3),
    "wavenet": lambda: wavenet(E, Z),
    "wavenet-three-taps": lambda: wavenet(E, Z, kernel=3),
    "wavenet-guided": Following,
    "wavenet-local": lambda: wavenet(E, Z, local_size=2),
    "conductor-wavenet": conductor_wavenet,
    "voices": lambda: voices(0, Z, feed_cond=True),
    "conductor-voices": conductor_of_voices,
    "metre": lambda: Metre(LSTM(E, W, Z), 5),
    "metre-wavenet": lambda: Metre(wavenet(E, Z), 4),
    "clock": clock,
    "tracks": tracks,
    "soft-attention": lambda: Attending(SoftAttention(W, W, 5)),
    "wait-k": lambda: Attending(WaitK(W, W, 5, lag=2)),
    "hard": lambda: Attending(monotonic("hard"), hard=True),
    "hard-expected": lambda: Attending(monotonic("hard")),
    "hard-lossy": lambda: Attending(monotonic("hard", stop_at_end=False), hard=True),
    "hard-lossy-expected": lambda: Attending(monotonic("hard", stop_at_end=False)),
    "mocha": lambda: Attending(monotonic("mocha", 3), hard=True),
    "mocha-expected": lambda: Attending(monotonic("mocha", 3)),
    "milk": lambda: Attending(monotonic("milk"), hard=True),
    "milk-expected": lambda: Attending(monotonic("milk")),
}
HEADS: dict[str, Callable] = {
    "categorical": lambda: Categorical(W, 7, E),
    "events": lambda: Categorical(W, 7, E - 1, clock=range(2, 5)),
    "bernoulli": lambda: Bernoulli(W, 3, E),
    "logistic": lambda: LogisticMixture(W, 9, E, 3),
    "categorical-one-hot": lambda: Categorical(W, E, 0),
    "nade": lambda: Nade(W, 3, 4, E),
    "nade-bits": lambda: Nade(W, E, 4, 0),
    "groove": lambda: Groove(W, 2, E),
    "groove-mixture": lambda: GrooveMixture(W, 2, E, 2),
    "groove-given": lambda: GrooveMixture(W, 2, E, 2, given=True),
    "copying": lambda: CopyMixture(W - E, E - 1, lags=1, copies=2, fresh=3),
    "product": lambda: Product([Categorical(W, 3, 2), LogisticMixture(W, 4, 4, 2)]),
    "product-by-part": lambda: Product(
        [Categorical(3, 3, 2), Categorical(1, 2, 3), Bernoulli(4, 2, 1)], widths=(3, 1, 4)
    ),
}


def make(core: str, head: str) -> tuple[Decoder, Tensor]:
    """A decoder in float64, so that a law that fails is not rounding, and its conditioning [B, Z]."""
    torch.manual_seed(1)
    decoder = Decoder(CORES[core](), HEADS[head]()).double().eval()
    by_bar = core in ("conductor-by-bar", "attending-conductor", "conductor-joined")
    return decoder, torch.randn(B, 3 * Z if by_bar else Z, dtype=torch.float64)
