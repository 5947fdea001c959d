"""Ten thousand requests, made from the schema and made from right ones by accident: no failure, no growth."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("schemathesis", reason="schemathesis is not installed")

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import one_of, sampled_from
from schemathesis import GenerationMode

from tests.serve.conftest import beat, blend, melody

FROM_SCHEMA, FROM_RIGHT_ONES = 200, 1_800
"""requests of each route"""
MOST_GROWTH = 50e6
QUICK = settings(
    max_examples=FROM_SCHEMA,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
RIGHT = {
    "interpolate": blend(amounts={"note_density": 1}),
    "sample": {"type": "sample", "id": "s", "model": "mel-2bar", "num": 2},
    "continue": {"type": "continue", "id": "c", "model": "melody-lm", "clip": melody(), "bars": 2},
    "humanize": {"type": "humanize", "id": "h", "model": "groove", "clip": beat()},
    "attribute": {
        "type": "attribute",
        "id": "a",
        "model": "mel-2bar",
        "clip": melody(),
        "amounts": {"note_density": 1},
    },
}
ODD = (
    None,
    True,
    0,
    -1,
    1,
    127,
    128,
    0.5,
    1e-300,
    1e300,
    2**31,
    2**64,
    "",
    "x" * 300,
    "\0",
    "é☃",
    [],
    {},
    [[]],
)
linux = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="only Linux tells a process's memory"
)


@linux
@pytest.mark.parametrize("name", RIGHT)
def test_no_request_made_from_the_schema_fails_the_service(service, client, name):
    document = schemathesis.openapi.from_dict(client.get("/v1/openapi.json").json())
    route, path = document[f"/v1/{name}"]["POST"], f"/v1/{name}"
    cases = one_of(*(route.as_strategy(generation_mode=mode) for mode in GenerationMode))
    seen: Counter[int] = Counter()

    @seed(1)
    @QUICK
    @given(cases, sampled_from(["", str(RIGHT[name]["model"])]))
    def ask(case, model):
        wanted = case.as_transport_kwargs(base_url=str(client.base_url))
        body = wanted.get("json")
        if model and isinstance(body, dict) and "model" in body:
            body["model"] = model  # or nearly all would be of models that are not here
        seen[client.post(path, json=body, content=wanted.get("data")).status_code] += 1

    ask()
    assert max(seen) < 500, seen
    assert sum(seen.values()) >= FROM_SCHEMA
    assert seen[400] > FROM_SCHEMA / 10


@linux
def test_no_right_request_gone_wrong_fails_the_service(service, client):
    rng, seen = random.Random(1), Counter()
    before = 0
    for number in range(FROM_RIGHT_ONES):
        for name, right in RIGHT.items():
            body = json.loads(json.dumps(right))
            for _ in range(rng.randrange(4)):
                spoil(body, rng)
            data = json.dumps(body).encode()
            if rng.random() < 0.2:
                data = torn(data, rng)
            seen[client.post(f"/v1/{name}", content=data).status_code] += 1
        if number == FROM_RIGHT_ONES // 10:
            before = service.memory()
    assert max(seen) < 500, seen
    assert min(seen[200], seen[400], seen[404]) > FROM_RIGHT_ONES / 10, seen
    assert service.memory() - before < MOST_GROWTH


def spoil(value: object, rng: random.Random) -> None:
    """Put something odd at a random place, take something away, or repeat it."""
    keys = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    if not keys:
        return
    key = rng.choice(keys)
    inner = value[key]
    if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
        spoil(inner, rng)
        return
    what = rng.random()
    if what < 0.7:
        value[key] = copy.deepcopy(rng.choice(ODD))
    elif what < 0.85:
        del value[key]
    elif isinstance(value, list):
        value.extend([inner] * rng.randrange(50))
    else:
        value[rng.choice(["x", "type", "notes", "", "version"])] = inner


def torn(data: bytes, rng: random.Random) -> bytes:
    """Cut off, or with some bytes changed."""
    if rng.random() < 0.3:
        return data[: rng.randrange(len(data))]
    spoilt = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
    return bytes(spoilt)
