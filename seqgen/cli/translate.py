"""`seqgen translate`: stdin to stdout, line by line, or word by word while they arrive."""

from __future__ import annotations

import sys
from pathlib import Path


def translate(
    model: str,
    stream: bool = False,
    trace: bool = False,
    json: bool = False,
    plot: Path | None = None,
    beam: int = 1,
    threshold: float = 0.5,
) -> None:
    """Translate text from stdin to stdout, a line for each line:

    echo "Ich habe gestern einen alten Freund getroffen." | seqgen translate de-en

    Args:
        model: a shipped model's name or a model's folder.
        stream: write each word as soon as it is decided, while words arrive; a line's end ends the sentence.
        trace: write what is read and written, in order: a READ or WRITE a line, with the number of source
            words read by then; at the end of a sentence its latency, in words.
        json: write JSON, an object a line: for each sentence its source, its translation and the delay of
            each word; before it, with --stream, each WRITE, and with --trace each READ, too.
        plot: a PNG to draw how the first sentence was read and written; those after it get numbers (_2, _3,
            up to 64).
        beam: hypotheses that are kept, for models that read the whole sentence first; 1 is greedy.
        threshold: for models that learnt when to read: probability from which on they stop reading; below .5
            they write earlier and worse.
    """
    if beam > 1 and (stream or trace):
        raise ValueError("beam: a search knows its words only at the end: leave --stream and --trace away")
    if plot is not None and plot.suffix != ".png":
        raise ValueError(f"plot: expected the name of a .png file, got {str(plot)!r}")
    if sys.stdin is None or not hasattr(sys.stdin, "buffer"):
        raise ValueError("there is no text on stdin: pipe some into seqgen translate")
    from seqgen.cli.model import load_translator
    from seqgen.cli.results import tell
    from seqgen.cli.translating import follow, line_by_line

    loaded = load_translator(model)
    for pipe in (sys.stdout, sys.stderr):  # out as it came in, whatever the locale is
        pipe.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    if stream and not loaded.translator.config.streams:
        tell([f"{loaded.name} has to read a sentence to its end before it writes"])
    try:
        if stream or trace:
            follow(loaded, trace, json, plot, threshold)
        else:
            line_by_line(loaded, json, plot, beam, threshold)
    finally:
        sys.stdout.flush()
