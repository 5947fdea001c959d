"""What a streamed word costs, and how that grows with the stream.

python -m benchmarks.streaming [--model NAME_OR_FOLDER --text FILE] [--words 2000] [--plot FILE.png]: Markdown
on standard output. Without a model all kinds of attention run at the shipped size with random weights, one
word read and one or two written in turns.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness import Row, device_name, p95, table
from seqgen.core.monotonic import HardState
from seqgen.models.translator import Translator, TranslatorConfig
from seqgen.representation.subword import END, Subwords
from seqgen.tasks.streams import Session
from seqgen.tasks.translation import TranslationModel, load

TEXT = Path(__file__).parents[1] / "tests/fixtures/text"
KINDS = ("hard", "mocha", "milk", "wait_k", "soft")
NAMES = {"hard": "hard monotonic", "mocha": "MoChA", "milk": "MILk", "wait_k": "wait-k", "soft": "soft"}
WORDS = 2000
WINDOW = 100
TARGET = 10.0
"""ms of one core, p95"""


def rows(words: int = WORDS, plot: Path | None = None) -> list[Row]:
    """p95 of a word of one endless sentence for each kind, and its cost at the end against the beginning."""
    result, curves = [], {}
    for kind in KINDS:
        model = random_model(kind)
        ms = stream(model, single_pieces(model.subwords), words)
        curves[NAMES[kind]] = ms
        early, late = np.median(ms[WINDOW : 3 * WINDOW]), np.median(ms[-2 * WINDOW :])
        begin = f"words {WINDOW} to {3 * WINDOW}"
        ratio = f"median {late:.2f} ms at the end, {late / early:.2f} times that of {begin}"
        name = f"{NAMES[kind]}: a word of a stream of {words}, p95"
        result.append(Row(name, p95(ms.tolist()), "ms", TARGET, ratio=ratio))
    if plot:
        draw(curves, plot)
    return result


def sentences(model: TranslationModel, lines: list[str]) -> list[Row]:
    """What a word of real text costs: each word read, with all that it decides, and each word written."""
    read, each, total, written = [], [], 0.0, 0
    for line in lines:
        session = model.session()
        for word in [*line.split(), None]:
            start = time.process_time()
            new = len(session.finish() if word is None else session.push(word))
            read.append(1000 * (time.process_time() - start))
            total += read[-1]
            written += new
            each += [read[-1] / new] * new if new else []
    return [
        Row(f"{model.name}: a word read, with all it lets out, p95", p95(read), "ms", TARGET),
        Row(f"{model.name}: a word written, p95", p95(each), "ms", TARGET),
        Row(f"{model.name}: a word read, with all it lets out, median", statistics.median(read), "ms"),
        Row(f"{model.name}: a word written, mean", total / max(1, written), "ms"),
    ]


def stream(model: TranslationModel, words: list[str], count: int) -> np.ndarray:
    """Milliseconds of one core for each word of a sentence without end."""
    rng, session = np.random.default_rng(1), model.session()
    ms = []
    for index in rng.integers(len(words), size=count):
        start = time.process_time()
        session.push(words[index])
        ms.append(1000 * (time.process_time() - start))
        keep_up(session)
    return np.array(ms)


def keep_up(session: Session) -> None:
    """Look at the next word from now on: random weights would look at one place for ever."""
    streams = session._streams
    decoder = streams._state.decoder
    attention = decoder.core.attention
    if isinstance(attention, HardState):
        start = attention.memory.offset + attention.memory.length
        core = decoder.core._replace(attention=attention._replace(start=start))
        streams._state = streams._state._replace(decoder=decoder._replace(core=core))


def random_model(kind: str) -> TranslationModel:
    """The size of a shipped model. Every frame is a stop, and no sentence ends: it writes 1.5 times as many
    words as it reads, the most that a stream may."""
    with tempfile.TemporaryDirectory() as folder:
        files = (TEXT / "train.de", TEXT / "train.en")
        subwords = Subwords.train(files, 500, Path(folder) / "subwords.model", coverage=0.99)
    torch.manual_seed(1)
    config = TranslatorConfig(attention=kind, scale=0.0, offset=1.0)  # type: ignore[arg-type]
    model = Translator(config).eval().requires_grad_(False)
    model.head.ends[: len(subwords.ends)] = torch.from_numpy(subwords.ends)
    model.head.bias[len(subwords.ends) :] = -100.0
    model.head.bias[END] = -100.0
    model.head.bias[: len(subwords.ends)][torch.from_numpy(subwords.ends)] += 1.0
    return TranslationModel(kind, model, subwords, {}, "")


def single_pieces(subwords: Subwords) -> list[str]:
    """Words of one subword."""
    words = [subwords.decode([int(i)]) for i in np.flatnonzero(subwords.ends)]
    return [word for word in words if word and len(subwords.encode_word(word)) == 1]


def draw(curves: dict[str, np.ndarray], path: Path) -> None:
    """The median of each hundred words."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    for name, ms in curves.items():
        blocks = ms[: len(ms) // WINDOW * WINDOW].reshape(-1, WINDOW)
        axis.plot((np.arange(len(blocks)) + 0.5) * WINDOW, np.median(blocks, 1), label=name)
    axis.set_xlabel("words of the stream so far")
    axis.set_ylabel("ms of one core a word")
    axis.set_ylim(bottom=0)
    axis.legend(frameon=False, ncols=2)
    figure.savefig(path, dpi=150, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model")
    parser.add_argument("--text", type=Path, default=TEXT / "test.de")
    parser.add_argument("--words", type=int, default=WORDS)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"Measured on {device_name('cpu')}.\n")
    if arguments.model:
        lines = arguments.text.read_text(encoding="utf-8").splitlines()
        print(table("Streaming real text", sentences(load(arguments.model), lines)))
    else:
        print(table("Streaming without end", rows(arguments.words, arguments.plot)))


if __name__ == "__main__":
    main()
