"""Structured logs: a line of JSON for each thing that happened."""

from __future__ import annotations

import json
import logging
import time

LOG = logging.getLogger("seqgen.serve")


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(record.created)),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        said.update(getattr(record, "fields", {}))
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)


def log(event: str, level: int = logging.INFO, **fields: object) -> None:
    LOG.log(level, event, extra={"fields": fields})


def to_stderr(level: int) -> None:
    """Say what the service says from `level` on as lines on stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    LOG.handlers[:] = [handler]
    LOG.propagate = False
    LOG.setLevel(level)
