"""The two ways of `seqgen translate`: what has arrived as a whole, and word by word."""

from __future__ import annotations

import json as to_json
import sys
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from seqgen.cli.results import tell
from seqgen.cli.translation_output import Pictures, Sentence, as_json, summary
from seqgen.io.text import read_lines, read_words
from seqgen.tasks.streams import Event
from seqgen.tasks.translation import TranslationModel


def line_by_line(model: TranslationModel, json: bool, plot: Path | None, beam: int, threshold: float) -> None:
    """What has arrived together is translated together; a line that is typed is answered at once."""
    pictures, first = Pictures(plot), 1
    for lines in read_lines(stdin(), lambda notice: tell([notice])):
        for translation in model.translations(lines, beam, threshold, first):
            print(as_json(translation) if json else translation.text)
            pictures.draw(translation)
        sys.stdout.flush()
        first += len(lines)


def follow(model: TranslationModel, trace: bool, json: bool, plot: Path | None, threshold: float) -> None:
    """Word by word."""
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
