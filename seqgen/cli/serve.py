"""`seqgen serve`: the service that music software talks to."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def serve(
    port: int = 7716,
    stream_port: int | None = 7717,
    osc_port: int | None = 7718,
    models: list[Path] | None = None,
    preload: list[str] | None = None,
    workers: int = 1,
    waiting: int = 32,
    rate: float = 200.0,
    log_level: Literal["debug", "info", "warning", "error"] = "info",
) -> int:
    """Serve music to the programs on this machine, until Ctrl-C: HTTP, WebSocket, a stream for the plugin and
    OSC, on the loopback only. Who asks must show the token of this user, which is made at first start and
    lies in the folder for settings.

    Args:
        port: for HTTP and WebSocket; 0 takes a free one.
        stream_port: for the native plugin; null leaves it out.
        osc_port: for OSC, over UDP; null leaves it out.
        models: folders of models beside the shipped ones, as a list: [runs/mine].
        preload: names of models to load at once; others load when they are first asked for.
        workers: requests that are computed at the same time.
        waiting: requests that may wait; more are told that the service is busy.
        rate: requests a second that are taken, of all clients together.
        log_level: how much is logged; lines of JSON on stderr.
    """
    try:
        from seqgen.serve.service import LOOPBACK, Ports
        from seqgen.serve.service import serve as run
    except ImportError as error:
        raise ValueError(f"serving needs more packages: pip install 'seqgen[serve]' ({error})") from None
    import asyncio
    import logging

    from seqgen.serve.catalogue import Catalogue
    from seqgen.serve.engine import Engine
    from seqgen.serve.log import to_stderr
    from seqgen.serve.token import home, token
    from seqgen.tasks.settings import check_count

    check_count("workers", workers, 1, 64)
    check_count("waiting", waiting, 1, 10_000)
    for name, number in (("port", port), ("stream_port", stream_port), ("osc_port", osc_port)):
        check_count(name, number or 0, 0, 65535)
    if not rate > 0:
        raise ValueError(f"rate must be above 0, got {rate}")
    to_stderr(logging.getLevelNamesMapping()[log_level.upper()])
    catalogue = Catalogue(models or [])
    for name in preload or []:
        if name not in catalogue.models:
            raise ValueError(f"preload: no model {name!r}; there are {', '.join(catalogue.models)}")
        catalogue.get(name)
    secret = token()

    def ready(found: Ports) -> None:
        also = [f"plugins on port {found.stream}"] if found.stream is not None else []
        also += [f"OSC on UDP port {found.osc}"] if found.osc is not None else []
        where = ", ".join([f"Serving on http://{LOOPBACK}:{found.http}", *also])
        print(f"{where}; the token is in {home() / 'token'}", flush=True)

    asyncio.run(
        run(Engine(catalogue, workers, waiting), secret, Ports(port, stream_port, osc_port), rate, ready)
    )
    return 0
