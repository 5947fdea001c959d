"""Figures in columns, for a terminal."""

from __future__ import annotations


def table(head: list[str], rows: list[list[str]]) -> str:
    """Columns aligned: the first to the left, the numbers to the right."""
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        ).rstrip()
        for line in lines
    )
