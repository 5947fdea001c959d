"""Magenta's MusicVAE in NumPy, one step of one row after another: what an imported model must compute.

Written from its conventions (Roberts et al. 2018; magenta 2.1.4): the gates of an LSTM are input, candidate,
forget, output, and the forget gate has 1 added at run time; initial states are tanh(dense(code)) in the order
c, h, layer by layer; a decoder reads the event before, the code, the control; a conductor reads a zero, and
its output plays the part of the code for a segment; the event before crosses the segment's border.

Weights are under Magenta's names, events are vectors (one-hot, of several parts side by side, bits, or a
groove's numbers), zeros past their lengths and before the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from seqgen.tasks.magenta.known import TRIO, Known

Array = np.ndarray
Weights = Mapping[str, Array]
Choose = Callable[[Array], Array]
"""from what the output layer gave to the event that is fed back"""

DRUMS, SEGMENTS = 9, {"multitrack": 8}


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def dense(w: Weights, scope: str, x: Array) -> Array:
    return x @ w[f"{scope}/kernel"] + w[f"{scope}/bias"]


def step(w: Weights, cell: str, x: Array, c: Array, h: Array) -> tuple[Array, Array]:
    """One frame of one LSTM layer: the new c and h."""
    i, j, f, o = np.split(dense(w, f"{cell}/lstm_cell", np.concatenate([x, h])), 4)
    c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(j)
    return c, sigmoid(o) * np.tanh(c)


def stack(w: Weights, cell: str) -> list[str]:
    """The layers whose names are `cell` with a number in it."""
    names: list[str] = []
    while f"{cell.format(len(names))}/lstm_cell/kernel" in w:
        names.append(cell.format(len(names)))
    return names


def run(w: Weights, cell: str, x: Array) -> Array:
    """All outputs of one layer that starts from zeros."""
    c = h = np.zeros(len(w[f"{cell}/lstm_cell/bias"]) // 4)
    outputs = []
    for frame in x:
        c, h = step(w, cell, frame, c, h)
        outputs.append(h)
    return np.array(outputs).reshape(len(x), len(h))


def both_ways(w: Weights, scope: str, x: Array) -> Array:
    """The last states of a stack of bidirectional layers; zeros where there is nothing to read."""
    for layer in stack(w, f"{scope}/cell_{{}}/bidirectional_rnn/fw/multi_rnn_cell/cell_0"):
        back = layer.replace("/fw/", "/bw/")
        forth_and_back = run(w, layer, x), run(w, back, x[::-1])[::-1]
        x = np.concatenate(forth_and_back, 1)
    width = x.shape[1] // 2
    return np.concatenate([x[-1, :width], x[0, width:]]) if len(x) else np.zeros(2 * width)


def encode(w: Weights, known: Known, x: Array, lengths: Array) -> tuple[Array, Array]:
    """mu and sigma of one row. lengths: one, or one for each segment."""
    if known.encoder == "flat":
        state = both_ways(w, "encoder", x[: int(lengths)])
    else:
        lengths = lengths if lengths.ndim else np.full(16, 16 if lengths else 0)
        segments = zip(np.split(x, len(lengths)), lengths, strict=True)
        each = [both_ways(w, "encoder/hierarchical_level_0", part[:n]) for part, n in segments]
        state = both_ways(w, "encoder/hierarchical_level_1", np.array(each))
    return dense(w, "encoder/mu", state), np.log1p(np.exp(dense(w, "encoder/sigma", state)))


def initial(w: Weights, scope: str, code: Array, layers: int) -> list[list[Array]]:
    """c and h of each layer."""
    return [list(np.split(part, 2)) for part in np.split(np.tanh(dense(w, scope, code)), layers)]


def write(
    w: Weights, scope: str, code: Array, before: Array, events: Array | None, told: Array, choose: Choose
) -> tuple[Array, Array]:
    """What a decoder's output layer gives at each step, and the events: given ones, or those chosen."""
    cells = stack(w, f"{scope}/multi_rnn_cell/cell_{{}}")
    states = initial(w, f"{scope}/z_to_initial_state", code, len(cells))
    outputs, written = [], []
    for t, control in enumerate(told):
        x = np.concatenate([before, code, control])
        for n, cell in enumerate(cells):
            states[n] = list(step(w, cell, x, *states[n]))
            x = states[n][1]
        outputs.append(dense(w, f"{scope}/output_projection", x))
        before = choose(outputs[-1]) if events is None else events[t]
        written.append(before)
    return np.array(outputs), np.array(written)


def conduct(w: Weights, code: Array, segments: int) -> Array:
    """A vector for each segment."""
    level = "decoder/hierarchical_level_0"
    cells = stack(w, f"{level}/cell_{{}}")
    states = initial(w, f"{level}/initial_state", code, len(cells))
    outputs = []
    for _ in range(segments):
        x = np.zeros(1)
        for n, cell in enumerate(cells):
            states[n] = list(step(w, cell, x, *states[n]))
            x = states[n][1]
        outputs.append(x)
    return np.array(outputs)


def decode(w: Weights, known: Known, code: Array, events: Array | None, told: Array) -> tuple[Array, Array]:
    """Outputs [T, D] and events [T, E] of one row; events: teacher forcing, None to decode greedily."""
    choose = chooser(w, known)
    depth = sum(known.writes)
    if known.decoder in ("flat", "nade"):
        return write(w, "decoder", code, np.zeros(depth), events, told, choose)
    segments = SEGMENTS.get(known.music, 16)
    scopes = ["core_decoder/decoder"]
    if known.decoder == "parts":
        scopes = [f"core_decoder/core_decoder_{part}/decoder" for part in range(len(known.writes))]
    edges = np.cumsum(known.writes)[:-1]
    before = np.split(np.zeros(depth), edges)
    outputs, written = [], []
    pieces = [None] * segments if events is None else np.split(events, segments)
    for plan, piece, control in zip(
        conduct(w, code, segments), pieces, np.split(told, segments), strict=True
    ):
        parts = [None] * len(scopes) if piece is None else np.split(piece, edges, 1)
        each = [
            write(w, scope, plan, last, own, control, one_hot)
            for scope, last, own in zip(scopes, before, parts, strict=True)
        ]
        before = [one[1][-1] for one in each]
        outputs.append(np.concatenate([one[0] for one in each], 1))
        written.append(np.concatenate([one[1] for one in each], 1))
    return np.concatenate(outputs), np.concatenate(written)


def one_hot(logits: Array) -> Array:
    return np.eye(len(logits))[logits.argmax()]


def chooser(w: Weights, known: Known) -> Choose:
    """The greedy choice of a flat decoder's event."""
    if known.decoder == "nade":
        return lambda out: nade(w, out, None)[0]
    if known.music == "groove":
        return groove
    edges = np.cumsum(TRIO)[:-1] if known.music == "trio" else []
    return lambda out: np.concatenate([one_hot(part) for part in np.split(out, edges)])


def groove(out: Array) -> Array:
    hit, velocity, offset = np.split(out, 3)
    return np.concatenate([hit > 0, sigmoid(velocity), np.tanh(offset)])


def nade(w: Weights, out: Array, given: Array | None) -> tuple[Array, Array]:
    """The bits, given or the likelier ones, and the probability that each is set."""
    encode, decode = w["decoder/nade/w_enc"][:, 0], w["decoder/nade/w_dec_t"][:, :, 0]
    a, b = out[: encode.shape[1]], out[encode.shape[1] :]
    bits, p = np.zeros(len(b)), np.zeros(len(b))
    for i in range(len(b)):
        p[i] = sigmoid(b[i] + sigmoid(a) @ decode[i])
        bits[i] = p[i] > 0.5 if given is None else given[i]
        a = a + bits[i] * encode[i]
    return bits, p


def loss(w: Weights, known: Known, out: Array, event: Array) -> float:
    """Of one step, in nats."""
    if known.decoder == "nade":
        p = nade(w, out, event)[1]
        return float(-(event * np.log(p + 1e-6) + (1 - event) * np.log(1 - p + 1e-6)).sum())
    if known.music == "groove":
        hit, velocity, offset = np.split(event, 3)
        p = sigmoid(out[:DRUMS])
        _, v, o = np.split(groove(out), 3)
        hits = -(hit * np.log(p + 1e-7) + (1 - hit) * np.log(1 - p + 1e-7)).sum()
        return float(hits + ((v - velocity) ** 2).sum() + ((o - offset) ** 2).sum())
    edges = np.cumsum(TRIO)[:-1] if known.music == "trio" else []
    total = 0.0
    for logits, one in zip(np.split(out, edges), np.split(event, edges), strict=True):
        total += np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits @ one
    return float(total)


def losses(w: Weights, known: Known, outputs: Array, events: Array, valid: Array) -> float:
    """Of one row: the sum over its valid steps."""
    return sum(loss(w, known, out, event) for out, event in zip(outputs[valid], events[valid], strict=True))


def valid_steps(lengths: Array, steps: int) -> Array:
    """Which of the steps of one row are within its lengths."""
    per = np.arange(steps if lengths.ndim == 0 else steps // len(lengths))
    return (per < lengths[..., None]).ravel()


def expected(
    weights: Weights, known: Known, arrays: Mapping[str, Array], cases: Sequence[Sequence[float]]
) -> dict[str, Array]:
    """All numbers of a batch, under the names that `parity` reads. cases: free bits, beta."""
    w = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    x = np.concatenate([arrays["inputs"], arrays["controls"]], 2).astype(np.float64)
    events, told = (arrays[name].astype(np.float64) for name in ("outputs", "controls"))
    steps = events.shape[1]
    rows = zip(x, arrays["lengths"], strict=True)
    mu, sigma = (np.array(part) for part in zip(*(encode(w, known, *row) for row in rows), strict=True))
    z = mu + sigma * arrays["eps"]
    logits = np.array([decode(w, known, *row)[0] for row in zip(z, events, told, strict=True)])
    valid = np.array([valid_steps(n, steps) for n in arrays["lengths"]])
    r_loss = np.array([losses(w, known, *row) for row in zip(logits, events, valid, strict=True)])
    kl = (0.5 * (mu**2 + sigma**2 - 1) - np.log(sigma)).sum(1)
    charged = np.array([np.maximum(kl - bits * np.log(2), 0) for bits, _ in cases])
    totals = [r_loss.mean() + beta * part.mean() for (_, beta), part in zip(cases, charged, strict=True)]
    decoded, again = [], []
    for code in arrays["z_decode"]:
        out, written = decode(w, known, code, None, arrays["controls_decode"].astype(np.float64))
        decoded.append(written)
        again.append(losses(w, known, out, written, np.ones(steps, bool)))
    return {
        "mu": mu,
        "sigma": sigma,
        "logits": logits * valid[..., None],
        "r_loss": r_loss,
        "kl_nats": kl,
        "case_kl_cost": charged,
        "case_beta": np.array([beta for _, beta in cases]),
        "case_loss": np.array(totals),
        **as_decoded(known, np.array(decoded)),
        "decode_r_loss": np.array(again),
    }


def as_decoded(known: Known, events: Array) -> dict[str, Array]:
    """Events [B, T, E] as classes of each part [B, T, P], or as they are where they are no classes."""
    if known.decoder == "nade" or known.music == "groove":
        return {"decode": events.astype(np.float32)}
    edges = np.cumsum(TRIO)[:-1] if known.music == "trio" else []
    return {"decode_tokens": np.stack([part.argmax(2) for part in np.split(events, edges, 2)], 2)}
