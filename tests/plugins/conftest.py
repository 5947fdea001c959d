"""What tests of several hosts share."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.plugins import live_host
from tests.plugins import live_stand_in as live
from tests.plugins import service_stand_in as stand_in
from tests.plugins.live_host import Host

LIVE_SCRIPT = Path(__file__).parents[2] / "plugins" / "live" / "seqgen"


@pytest.fixture(scope="session")
def real_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`seqgen serve` in a process of its own."""
    pytest.importorskip("uvicorn", reason="the [serve] extra is not installed")
    from tests.serve.conftest import Service

    service = Service(tmp_path_factory.mktemp("service"), "--preload", "[mel-2bar]")
    yield service
    service.end()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    for name, module in live_host.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    yield live_host.load(str(LIVE_SCRIPT))
    for name in [name for name in sys.modules if name.startswith("seqgen_live_script")]:
        del sys.modules[name]


@pytest.fixture
def song() -> live.Song:
    return live.Song()


@pytest.fixture
def start(
    script: ModuleType, song: live.Song, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def begin(port: int, token: str = stand_in.TOKEN) -> Host:
        monkeypatch.setenv("SEQGEN_HOME", str(stand_in.settings(tmp_path / "home", token)))
        monkeypatch.setenv("SEQGEN_PORT", str(port))
        hosts.append(Host(script, song))
        return hosts[-1]

    yield begin
    for host in hosts:
        host.surface.disconnect()
