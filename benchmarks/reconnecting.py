"""The plugin when its service was killed and is back: from its listening to its being asked for music."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Row

KILLS = 20
WITHIN = 1.0


def rows() -> list[Row]:
    """In the tests' LV2 host, with the tests' service, a process that is killed (SIGKILL)."""
    from tests.plugins.native.conftest import NATIVE, TOKEN, Built, Host, Service

    built = Built(NATIVE / "build")
    if not built.host("lv2_host").exists():
        print("tests/plugins/native did not run, so there is no host: nothing was measured", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "token").write_text(TOKEN)
        service = Service(home, 0, 0)
        plugin = Host(built.host("lv2_host"), built.lv2 / "bridge.so", home=home, port=service.port)
        plugin.do("run 512 0")
        service.wait_until_asked()
        took = []
        for _ in range(KILLS):
            service.kill()
            service = Service(home, service.port, 0)  # once it listens
            begin = time.perf_counter()
            service.wait_until_asked()
            took.append(time.perf_counter() - begin)
        plugin.end()
        service.kill()
    return [
        Row(
            f"the plugin asks the service that is back, median of {KILLS}",
            statistics.median(took),
            "s",
            WITHIN,
        ),
        Row(f"the plugin asks the service that is back, most of {KILLS}", max(took), "s", WITHIN),
    ]
