"""`seqgen transcribe`: what is said in a recording, at its end or while it goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from seqgen.tasks.recognition import RecognitionModel

BLOCK = 0.04  # seconds


def transcribe(files: list[Path], model: str = "digits-mocha", stream: bool = False) -> None:
    """Write what is said in recordings (WAV, FLAC, ...), a line each; several are told apart by their names.

    The shipped model knows the ten digits, in English. A rate other than its own is resampled, several
    channels are mixed.

    Args:
        files: recordings; - reads raw samples from stdin (16 bit, one channel, at the model's rate), as in
            arecord -q -t raw -f S16_LE -r 8000 | seqgen transcribe - --stream
        model: a shipped model's name or a model's folder.
        stream: write each word as soon as it is decided, on a line with the seconds of sound heard by then.
    """
    if not files:
        raise ValueError("files: expected a recording, for example one.wav (seqgen transcribe --help)")
    import torch

    from seqgen.cli.results import tell
    from seqgen.tasks.recognition import load_recognizer

    torch.set_num_threads(1)
    loaded = load_recognizer(model)
    if stream and not loaded.streams:
        tell([f"{loaded.name} has to hear the end of a recording before it writes"])
    for path in files:
        words = []
        blocks, notices = open_sound(path, loaded)
        for word in loaded.stream(blocks):
            words.append(word.text)
            if stream:
                print(f"{word.seconds:.2f}\t{word.text}", flush=True)
        if not stream:
            text = " ".join(words)
            print(f"{path}\t{text}" if len(files) > 1 else text)
        tell(notices)


def open_sound(path: Path, model: RecognitionModel) -> tuple[Iterator[np.ndarray], list[str]]:
    """Blocks of samples, and a list of sentences that is complete when the blocks are."""
    from seqgen.io.speech import SpeechFile, raw_blocks

    if str(path) == "-":
        notices: list[str] = []
        return raw_blocks(sys.stdin.buffer, round(BLOCK * model.sample_rate), notices), notices
    file = SpeechFile(path, model.sample_rate)
    return file.blocks(BLOCK), file.notices
