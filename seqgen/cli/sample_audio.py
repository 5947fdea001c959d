"""`seqgen sample` for a model of sound: a digit as a WAV file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.cli.precision import Precision

if TYPE_CHECKING:
    from rich.progress import Progress


def sample(
    model: str,
    out: Path,
    digit: str | None = None,
    speaker: str | None = None,
    seed: int = 1,
    temperature: float = 1.0,
    top_p: float = 1.0,
    seconds: float | None = None,
    precision: Precision = "bfloat16",
) -> None:
    """Say a digit: a WAV file, one channel, 16 bit. The same seed gives the same bytes on one machine.

    Args:
        model: name of a shipped model of sound, or folder of another one.
        out: file to write, for example seven.wav.
        digit: what is said; the model's choice if not given.
        speaker: who says it; the model's choice if not given.
        seed: another seed, another take. It stands in the file, as a comment.
        temperature: below 1 with less noise and less life, 1 as the model was trained.
        top_p: draw from the most likely codes that have this probability together.
        seconds: how long it lasts; drawn if not given.
        precision: of the weights, where the native kernels compute (CPU); less is faster. It is stored too.
    """
    check_out(out, "seven.wav")
    import torch

    from seqgen.cli.stamp import stamped_wav
    from seqgen.core import Sampling
    from seqgen.io.atomic import write_bytes
    from seqgen.io.wav import wav_bytes
    from seqgen.tasks.audio import load_audio

    torch.set_num_threads(1)
    loaded = load_audio(model)
    with bar() as shown:
        task = shown.add_task("samples", total=None)
        samples = loaded.sample(
            digit,
            speaker,
            seed,
            temperature,
            top_p,
            seconds,
            lambda done, total: shown.update(task, completed=done, total=total),
            precision,
        )
    said = (
        f"digit {digit or '(any)'}, speaker {speaker or '(any)'}, {len(samples) / loaded.sample_rate:.2f} s"
    )
    comment = f"seqgen sample: model {loaded.name}, {said}, seed {seed}, temperature {temperature:g}"
    comment += f", {loaded.precision_of(precision, Sampling(temperature, top_p=top_p))}"
    if top_p < 1:
        comment += f", top_p {top_p:g}"
    write_bytes(out, stamped_wav(wav_bytes(samples, loaded.sample_rate), comment))
    print(f"{out}: {said}, seed {seed}")


def check_out(out: Path, example: str) -> None:
    """Before a model is loaded: whether the result has a place."""
    if out.is_dir() or not out.parent.is_dir():
        what = "a folder" if out.is_dir() else "in a folder that is not there"
        raise ValueError(f"out: {out} is {what}: expected a file to write, for example {example}")


def bar() -> Progress:
    """A progress bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
