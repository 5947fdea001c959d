"""What tests of several hosts share."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def real_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`seqgen serve` in a process of its own."""
    pytest.importorskip("uvicorn", reason="the [serve] extra is not installed")
    from tests.serve.conftest import Service

    service = Service(tmp_path_factory.mktemp("service"), "--preload", "[mel-2bar]")
    yield service
    service.end()
