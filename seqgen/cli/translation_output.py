"""What `seqgen translate` says of a sentence when it has ended: JSON, a summary, a picture."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqgen.tasks.streams import Event
    from seqgen.tasks.translation import Translation

KEPT = 10_000
"""words of a sentence; of a longer one nothing is said at its end, so that a stream may go on for ever"""
MAX_PICTURES = 64


class Sentence:
    """The moves of one sentence so far."""

    def __init__(self) -> None:
        self.written = 0
        self._source: list[str] = []
        self._writes: list[Event] = []

    def add(self, event: Event) -> None:
        self.written += event.action == "WRITE"
        if len(self._source) <= KEPT and len(self._writes) <= KEPT:
            if event.action == "READ":
                self._source.append(event.word)
            else:
                self._writes.append(event)

    def translation(self) -> Translation | None:
        """The whole of it; None if it was too long to keep."""
        from seqgen.tasks.translation import Translation

        if len(self._source) > KEPT or len(self._writes) > KEPT:
            return None
        words, delays = [event.word for event in self._writes], [event.read for event in self._writes]
        return Translation(self._source, words, delays)


class Pictures:
    """Alignments as PNG files; what cannot be drawn is said."""

    def __init__(self, path: Path | None):
        self._path, self._count = path, 0

    def draw(self, translation: Translation) -> None:
        from seqgen.cli.results import tell
        from seqgen.io.alignment_plot import write_alignment

        if self._path is None or not translation.source:
            return
        self._count += 1
        if self._count > MAX_PICTURES:
            if self._count == MAX_PICTURES + 1:
                tell([f"no more than {MAX_PICTURES} pictures are drawn"])
            return
        path = self._path
        if self._count > 1:
            path = path.with_name(f"{path.stem}_{self._count}{path.suffix}")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                write_alignment(translation.source, translation.words, translation.delays, path)
            except ImportError as error:
                tell([f"no picture: {error}"])
                self._path = None
            except ValueError as error:
                tell([f"no picture: {error}"])
        tell(str(warning.message) for warning in caught)


def as_json(translation: Translation) -> str:
    """One line: `source`, `translation`, its `words`, and the `delays` of these in source words."""
    data = {
        "source": " ".join(translation.source),
        "translation": translation.text,
        "words": translation.words,
        "delays": translation.delays,
    }
    return json.dumps(data, ensure_ascii=False)


def summary(translation: Translation | None) -> str:
    """The translation and its latency, and an empty line, at the end of a trace; of nothing, that alone."""
    if translation is None:
        return f"= (more than {KEPT} words)\n"
    if not translation.source:
        return ""
    read, written = len(translation.source), len(translation.words)
    lines = [f"= {translation.text}".rstrip()]
    if written:
        lines.append(f"  {read} words read, {written} written, {lags(translation)}")
    return "\n".join(lines) + "\n"


def lags(translation: Translation) -> str:
    """Latencies with the translation's own length as the reference's."""
    import numpy as np

    from seqgen.evaluation.latency import measure

    delays = np.array(translation.delays, float)
    lagging, _, differentiable, *_ = measure(delays, float(len(translation.source)), len(delays))
    return f"the first after {translation.delays[0]}: AL {lagging:.2f}, DAL {differentiable:.2f} words"
