"""`seqgen translate`: stdin to stdout, line by line, or word by word while they arrive."""

from __future__ import annotations

import json as to_json
import sys
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from seqgen.tasks.streams import Event
    from seqgen.tasks.translation import TranslationModel


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
    from seqgen.cli.model import load_translator
    from seqgen.cli.results import tell

    if beam > 1 and (stream or trace):
        raise ValueError("beam: a search knows its words only at the end: leave --stream and --trace away")
    if plot is not None and plot.suffix != ".png":
        raise ValueError(f"plot: expected the name of a .png file, got {str(plot)!r}")
    if sys.stdin is None or not hasattr(sys.stdin, "buffer"):
        raise ValueError("there is no text on stdin: pipe some into seqgen translate")
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


def line_by_line(model: TranslationModel, json: bool, plot: Path | None, beam: int, threshold: float) -> None:
    """What has arrived together is translated together; a line that is typed is answered at once."""
    from seqgen.cli.results import tell
    from seqgen.cli.translation_output import Pictures, as_json
    from seqgen.io.text import read_lines

    pictures, first = Pictures(plot), 1
    for lines in read_lines(stdin(), lambda notice: tell([notice])):
        for translation in model.translations(lines, beam, threshold, first):
            print(as_json(translation) if json else translation.text)
            pictures.draw(translation)
        sys.stdout.flush()
        first += len(lines)


def follow(model: TranslationModel, trace: bool, json: bool, plot: Path | None, threshold: float) -> None:
    """Word by word."""
    from seqgen.cli.results import tell
    from seqgen.cli.translation_output import Pictures, Sentence, as_json, summary
    from seqgen.io.text import read_words

    pictures, sentence, session = Pictures(plot), Sentence(), model.session(threshold)
    for word in read_words(stdin(), lambda notice: tell([notice])):
        if word is not None:
            session.push(word)
        else:
            session.finish()
        for event in session.events:
            show(event, trace, json, first=not sentence.written)
            sentence.add(event)
        if word is not None:
            continue
        translation = sentence.translation()
        if json:
            print(as_json(translation) if translation else to_json.dumps({"error": "too long to keep"}))
        else:
            print(summary(translation) if trace else "")
        sys.stdout.flush()
        if translation:
            pictures.draw(translation)
        sentence, session = Sentence(), model.session(threshold)


def stdin() -> BufferedIOBase:
    return cast(BufferedIOBase, sys.stdin.buffer)


def show(event: Event, trace: bool, json: bool, first: bool) -> None:
    """One move; written words alone stand on a line, with spaces between."""
    if not trace and event.action == "READ":
        return
    if json:
        print(to_json.dumps(event._asdict(), ensure_ascii=False), flush=True)
    elif trace:
        print(
            f"{event.action:<5} {event.read:>4}  {'' if event.action == 'READ' else '    '}{event.word}",
            flush=True,
        )
    else:
        print(event.word if first else f" {event.word}", end="", flush=True)
