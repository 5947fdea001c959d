"""What weights of less precision change in the music of the shipped models, beside float32.

The windows are those of the MIDI files in examples/ and tests/fixtures/tiny and of any given beside them;
codes are theirs, and some of the prior. Decoding is greedy, so that what differs is not luck. A language
model writes the second half of each window after the first: where one token turns out another, all that
follows may.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

import seqgen
from benchmarks.harness import Row
from seqgen.config import from_dict
from seqgen.core import GREEDY, DecoderState, Sampling
from seqgen.data.sources import MidiSources
from seqgen.evaluation.notes import note_scores
from seqgen.evaluation.reconstruction import exact_windows, hit_scores
from seqgen.io import MidiError, read_notes
from seqgen.kernels.packing import Precision
from seqgen.representation.converter import RepresentationConfig, make_converter
from seqgen.representation.vocoder import FeatureConfig, features_of
from seqgen.tasks.audio import AudioModel
from seqgen.tasks.language import ContinuationModel
from seqgen.tasks.music import MusicModel
from tests.core.kernel_divergence import MOST, divergence, drawn_divergence

HERE = Path(__file__).parents[1]
MIDI = (HERE / "examples", HERE / "tests/fixtures/tiny")
MODELS = ("mel-2bar", "mel-16bar", "drums-2bar", "melody-lm")
SOUND = ("digits-wavenet", "digits-vocoder")
LEAST_F1: dict[Precision, float] = {"bfloat16": 0.99, "int8": 0.95}
CODES = 256
TAKES, SAMPLES, PLACES = 5, 2000, 8
DIGITS = HERE / "tests/fixtures/digits"


def rows(midi: Iterable[Path] = (), device: str = "cpu") -> list[Row]:
    """KL a step, and F1 of notes (hits for drums) against those of float32.

    midi: more files, folders or archives to take windows from.
    """
    # cuDNN would round what torch reads to TF32, which float32 is not.
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        music = [row for name in MODELS for row in of_model(name, [*MIDI, *midi], device)]
        return music + [row for name in SOUND if device == "cpu" for row in of_sound(name)]


def of_model(name: str, midi: list[Path], device: str) -> list[Row]:
    model = seqgen.load(name, device)
    assert isinstance(model, MusicModel | ContinuationModel)
    token = windows(model, midi).to(device)
    return of_language(model, token) if isinstance(model, ContinuationModel) else of_vae(model, token)


def of_vae(model: MusicModel, token: Int[Tensor, "N T"]) -> list[Row]:
    """Codes of windows and of the prior; KL on the windows and on music drawn from the prior."""
    vae, result, drums = model.vae, [], model.converter.name == "drums"
    prior = torch.randn(CODES, vae.config.latent, generator=Generator().manual_seed(1)).to(token.device)
    codes, N = torch.cat([vae.encode(token).mean, prior]), len(token)
    drawn = vae.decode(prior, Sampling(), Generator().manual_seed(2))
    state, wanted = vae.decoder.init_state(len(codes), codes), vae.decode(codes)
    for precision in LEAST_F1:
        rounded = vae.decoder.init_state(len(codes), codes, precision)
        kl = divergence(vae.decoder, torch.cat([token, drawn]), state, rounded, precision)
        got = vae.decode(codes, precision=precision)
        result += [
            kl_row(model.name, precision, kl),
            f1_row(model.name, precision, f"{N} windows", wanted[:N], got[:N], drums),
        ]
        if not token.is_cuda:  # there torch encodes, in float32
            again = vae.decode(vae.encode(token, precision).mean, precision=precision)
            what = f"{N} windows, encoded so too"
            result.append(f1_row(model.name, precision, what, wanted[:N], again, drums))
        what = f"{len(prior)} codes of the prior"
        result.append(f1_row(model.name, precision, what, wanted[N:], got[N:], drums))
    return result


def of_language(model: ContinuationModel, token: Int[Tensor, "N T"]) -> list[Row]:
    """Continuations: the likeliest, and drawn with the same random numbers, which nothing is asked of.

    The likeliest hold few notes, so their F1 says little; in draws, one other token changes all that follows.
    """
    lm, result, half = model.lm, [], token.shape[1] // 2
    state = lm.init_state(len(token))
    drums, start = model.converter.name == "drums", token[:, :half]
    shape = (len(token), half, lm.decoder.head.draws)
    uniform = torch.rand(shape, generator=Generator().manual_seed(1))
    for precision in LEAST_F1:
        kl = divergence(lm.decoder, token, state, state, precision)
        result.append(kl_row(model.name, precision, kl))
        for how, said in ((GREEDY, "likeliest"), (Sampling(0.9), "drawn at 0.9")):
            wanted = lm.extend(start, half, how, uniform)
            got = lm.extend(start, half, how, uniform, precision)
            what = f"{len(token)} continuations, {said}"
            result.append(f1_row(model.name, precision, what, wanted, got, drums, asked=how.greedy))
    return result


def of_sound(name: str) -> list[Row]:
    """Takes of as many digits, by one speaker or after recordings, looked at in a few places."""
    model = seqgen.load(name)
    assert isinstance(model, AudioModel)
    decoder, state = model.wavenet.decoder, before_sound(model)
    token, _ = decoder.generate(state, SAMPLES, Sampling(), Generator().manual_seed(1))
    places = torch.randperm(SAMPLES, generator=Generator().manual_seed(2))[:PLACES].tolist()
    return [
        kl_row(model.name, precision, drawn_divergence(decoder, token, state, places, precision))
        for precision in LEAST_F1
    ]


def before_sound(model: AudioModel) -> DecoderState:
    """Of takes that last long enough."""
    wavenet, digit = model.wavenet, torch.arange(TAKES)
    if not wavenet.config.features:
        cond = wavenet.told(digit, torch.zeros_like(digit))
        return wavenet.init_state(cond, torch.full((TAKES,), 2 * SAMPLES))
    takes = [model.read(DIGITS / f"{number}_jackson_0.wav")[0][:SAMPLES] for number in range(TAKES)]
    columns = FeatureConfig(model.sample_rate, wavenet.config.features, wavenet.config.hop)
    unknown = torch.full((TAKES,), -1)
    features = features_of(torch.from_numpy(np.stack(takes)), columns)
    return wavenet.init_state(wavenet.told(unknown, unknown), features=features)


def kl_row(name: str, precision: Precision, kl: Float[Tensor, "N K"]) -> Row:
    worst = f"0.1% of steps are above {float(kl.flatten().float().kthvalue(int(0.999 * kl.numel()))[0]):.2g}"
    return Row(f"{name}, {precision}: KL", float(kl.mean()), "nats a step", MOST[precision], ratio=worst)


def f1_row(
    name: str,
    precision: Precision,
    what: str,
    wanted: Int[Tensor, "N T"],
    got: Int[Tensor, "N T"],
    drums: bool,
    asked: bool = True,
) -> Row:
    f1 = (hit_scores if drums else note_scores)(wanted, got).f1
    same = f"{100 * exact_windows(wanted, got):.1f}% unchanged"
    least = LEAST_F1[precision] if asked else None
    return Row(f"{name}, {precision}: F1, {what}", f1, "", least, True, same)


def windows(model: MusicModel | ContinuationModel, midi: list[Path]) -> Int[Tensor, "N T"]:
    """The different windows of all files that can be read, as the model was trained on them."""
    shape = from_dict(RepresentationConfig, model.sections["representation"], model.name)
    converter, found = make_converter(shape), []
    for file in MidiSources(midi):
        try:
            found.append(converter.extract(read_notes(file.data)).tokens)
        except MidiError:
            continue
    return torch.from_numpy(np.unique(np.concatenate(found), axis=0).astype(np.int64))
