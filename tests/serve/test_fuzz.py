"""Ten thousand requests made from the schema, right ones and wrong ones: no failure, no growth."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import one_of
from schemathesis import GenerationMode

EXAMPLES = 2_500
"""of each of four routes"""
MOST_GROWTH = 50e6
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux says how much memory is used")
def test_no_request_made_from_the_schema_fails_the_service(service, client):
    document = schemathesis.openapi.from_dict(client.get("/v1/openapi.json").json())
    routes = {f"/v1/{name}" for name in ("interpolate", "sample", "continue", "humanize")}
    seen: Counter[int] = Counter()
    before = 0
    for path in sorted(routes):
        route = document[path]["POST"]
        cases = one_of(*(route.as_strategy(generation_mode=mode) for mode in GenerationMode))

        @seed(1)
        @QUICK
        @given(cases)
        def ask(case):
            wanted = case.as_transport_kwargs(base_url=str(client.base_url))
            response = client.request(
                case.method,
                path,
                json=wanted.get("json"),
                content=wanted.get("data"),
            )
            seen[response.status_code] += 1

        ask()
        before = before or service.memory()  # the first route has loaded what loads
    assert max(seen) < 500, seen
    assert sum(seen.values()) >= 4 * EXAMPLES
    assert seen[400] > 1000
    assert service.memory() - before < MOST_GROWTH
