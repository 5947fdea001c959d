"""python -m tests.kernels.interpret_decoding [--bugs]: the decoding kernels in Triton's interpreter.

Against the definition, on the weights rounded as the kernel has them. A process of its own, as for
`tests.kernels.interpret`. --bugs plants bugs in the kernels, each of which must be seen.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType

os.environ["TRITON_INTERPRET"] = "1"

import torch

from seqgen.kernels import lstm_decode as lstm
from seqgen.kernels import triton_head
from seqgen.kernels import wavenet_decode as wavenet
from seqgen.kernels.lstm_decode import naive as lstm_naive
from seqgen.kernels.lstm_decode import triton_kernel as lstm_kernel
from seqgen.kernels.packing import PRECISIONS
from seqgen.kernels.wavenet_decode import naive as wavenet_naive
from seqgen.kernels.wavenet_decode import triton_kernel as wavenet_kernel
from tests.kernels.decoding import SHAPES, WAVENETS, decoder, inputs, wavenet_inputs
from tests.kernels.decoding import wavenet as wavenet_weights

HELD = {"hold": 2, "place": 3}


def equal(name: str, got: tuple, wanted: tuple) -> bool:
    """Tokens, and the state to rounding."""
    errors = [float((a - b).abs().max()) for a, b in zip(got[1], wanted[1], strict=True)]
    good = torch.equal(got[0], wanted[0]) and max(errors) < 1e-5
    if not good:
        print(f"{name}: {(got[0] != wanted[0]).sum()} other tokens, errors {errors}")
    return good


def lstm_shapes() -> bool:
    T = 3
    for shape in SHAPES:
        weights = decoder(shape)
        state, uniform, plan = inputs(weights, 3, T)
        for precision in PRECISIONS if shape == "ragged width" else PRECISIONS[:1]:
            w = lstm.on_device(weights, precision)
            for temperature in (1.0, 0.0):
                got = lstm.lstm_decode(w, state, uniform, temperature, plan, **HELD)
                wanted = lstm_naive.lstm_decode(w.weights(), state, uniform, temperature, plan, **HELD)
                if not equal(f"{shape}, {precision}, temperature {temperature}", got, wanted):
                    return False
    return True


def lstm_cut() -> bool:
    """In two calls, neither of which begins where the buffers of h are as they were made."""
    weights = decoder("ragged width")
    state, uniform, plan = inputs(weights, 2, 4)
    w = lstm.on_device(weights)
    whole = lstm.lstm_decode(w, state, uniform, 0.7, plan, **HELD)
    first, state = lstm.lstm_decode(w, state, uniform[:, :1], 0.7, plan, **HELD)
    rest, state = lstm.lstm_decode(w, state, uniform[:, 1:], 0.7, plan, hold=2, place=4)
    none, state = lstm.lstm_decode(w, state, uniform[:, :0], 0.7)
    return exact("cut in calls", (torch.cat([first, rest, none], 1), state), whole)


def lstm_ended() -> bool:
    weights = decoder("one layer")._replace(position=None)
    state, uniform, _ = inputs(weights, 5, 6)
    state.previous.fill_(0)[4] = 6  # has ended before
    w = lstm.on_device(weights)
    got = lstm.lstm_decode(w, state, uniform, end=6)
    free, _ = lstm.lstm_decode(w, state, uniform)
    if not (free[:4, :-1] == 6).any():
        print("no row ended before the last frame, so nothing was tested")
        return False
    return equal("ended rows", got, lstm_naive.lstm_decode(weights, state, uniform, end=6))


def lstm_rows() -> bool:
    """More rows than a program has; each is the same alone."""
    weights = decoder("one layer")
    state, uniform, plan = inputs(weights, 18, 2)
    w = lstm.on_device(weights, "bfloat16")
    whole = lstm.lstm_decode(w, state, uniform, 1.0, plan)
    good = True
    for row in (0, 17):
        one = slice(row, row + 1)
        alone = lstm.lstm_decode(w, lstm.State(*(x[one] for x in state)), uniform[one], 1.0, plan[one])
        good &= exact(f"row {row} alone", alone, (whole[0][one], lstm.State(*(x[one] for x in whole[1]))))
    return good


def exact(name: str, got: tuple, wanted: tuple) -> bool:
    good = all(torch.equal(a, b) for a, b in zip((got[0], *got[1]), (wanted[0], *wanted[1]), strict=True))
    if not good:
        print(f"{name}: not the same to the last bit")
    return good


def plant(module: ModuleType, wrong: tuple[str, str]) -> ModuleType:
    """The module with a text replaced. Triton reads a kernel's source from its file."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert wrong[0] in source
    path = Path(tempfile.mkdtemp()) / "planted.py"
    path.write_text(source.replace(*wrong), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("planted", path)
    assert spec is not None
    assert spec.loader is not None
    planted = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(planted)
    return planted


CELLS = {
    "one buffer": ("new = (t + 1) % 2", "new = t % 2"),
    "the last frame's layer below": ("H, new + at - D", "H, old + at - D"),
    "gates in another order": ("f, o = tl.split", "o, f = tl.split"),
    "a plan of one segment": ("// tl.load(NUMBERS + HOLD)", "* 0"),
}
LAYERS = {
    "held rows that move on": ("mask=going)", "mask=on)"),
    "rings too short": ("slots = (K - 1) * dilation + 1", "slots = (K - 1) * dilation"),
    "every layer's plan is the first's": ("(segment * L + n)", "(segment * L)"),
}
DRAWS = {
    "not held at its end": ("before == tl.load(NUMBERS + END)", "before < 0"),
    "bits the other way round": ("<< j", "<< V - 1 - j"),
    "the first row's uniform numbers": ("uniform + b * steps", "uniform"),
}


def of_wavenet(w: wavenet.OnDevice, inputs: tuple, *how: object, **options: object) -> bool:
    state, uniform = inputs
    token, after = wavenet.wavenet_decode(w, state, uniform, *how, **options)
    wanted, new = wavenet_naive.wavenet_decode(w.weights(), state, uniform, *how, **options)
    return equal(f"WaveNet, {w.precision}, {options}", (token, after.past), (wanted, new.past))


def wavenet_shapes() -> bool:
    for shape in WAVENETS:
        weights = wavenet_weights(shape)
        state, uniform, plan = wavenet_inputs(weights, 3, 4)
        for precision in PRECISIONS if shape == "three taps" else PRECISIONS[:1]:
            w = wavenet.on_device(weights, precision)
            if not all(of_wavenet(w, (state, uniform), t, plan, **HELD) for t in (1.0, 0.0)):
                return False
    return True


def wavenet_cut() -> bool:
    """Between calls the rings turn to their beginning."""
    weights = wavenet_weights("three taps")
    state, uniform, plan = wavenet_inputs(weights, 2, 9)
    w = wavenet.on_device(weights)
    whole = wavenet.wavenet_decode(w, state, uniform, 0.7, plan, **HELD)
    first, state = wavenet.wavenet_decode(w, state, uniform[:, :4], 0.7, plan, **HELD)
    rest, state = wavenet.wavenet_decode(w, state, uniform[:, 4:], 0.7, plan, hold=2, place=7)
    return exact("WaveNet cut", (torch.cat([first, rest], 1), state.past), (whole[0], whole[1].past))


def wavenet_ended() -> bool:
    weights = wavenet_weights("narrow")._replace(position=None)
    state, uniform, _ = wavenet_inputs(weights, 5, 6)
    w = wavenet.on_device(weights)
    free, _ = wavenet.wavenet_decode(w, state, uniform)
    end = int(free[0, 2])
    state.previous[4] = end  # has ended before
    return of_wavenet(w, (state, uniform), end=end)


LSTM = (lstm_shapes, lstm_cut, lstm_ended, lstm_rows)
WAVENET = (wavenet_shapes, wavenet_cut, wavenet_ended)


def seen(bugs: dict[str, tuple[str, str]], file: ModuleType, name: str, checks: tuple) -> bool:
    """Whether every bug, planted in the `name` of `file`, is caught."""
    true = getattr(file, name)
    for bug, wrong in bugs.items():
        setattr(file, name, getattr(plant(file, wrong), name))
        if all(check() for check in checks):
            print(f"not caught: {bug}")
            return False
    setattr(file, name, true)
    return True


def main() -> int:
    torch.manual_seed(0)
    if sys.argv[1:] == ["--bugs"]:
        good = seen(CELLS, lstm_kernel, "layer_kernel", LSTM)
        good &= seen(DRAWS, triton_head, "draw_kernel", LSTM)
        good &= seen(LAYERS, wavenet_kernel, "layers_kernel", WAVENET)
        print("all caught" if good else "not caught")
    else:
        good = all(check() for check in (*LSTM, *WAVENET))
        print("equal" if good else "not equal")
    return not good


if __name__ == "__main__":
    sys.exit(main())
