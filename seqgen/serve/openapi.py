"""The routes as an OpenAPI document, made from the protocol: for clients, and for tools that try them."""

from __future__ import annotations

from typing import Any

import msgspec

from seqgen.serve.protocol import VERSION, Failed, Models, Result

REFUSED = {400: "not a request", 401: "no token", 403: "host or origin", 404: "unknown", 409: "cancelled"}
REFUSED |= {413: "too large", 422: "a clip the model cannot read", 429: "busy"}


def document(kinds: dict[str, Any]) -> dict[str, Any]:
    """kinds: the request of each POST route."""
    messages = (*kinds.values(), Models, Result, Failed)
    refs, parts = msgspec.json.schema_components(messages, ref_template="#/components/schemas/{name}")
    schema = dict(zip(messages, refs, strict=True))
    refused = {
        str(status): {"description": said, "content": {"application/json": {"schema": schema[Failed]}}}
        for status, said in REFUSED.items()
    }
    paths = {
        f"/v1/{name}": {
            "post": {
                "operationId": name,
                "requestBody": {"required": True, "content": {"application/json": {"schema": schema[kind]}}},
                "responses": {"200": _found(schema[Result]), **refused},
            }
        }
        for name, kind in kinds.items()
    }
    paths["/v1/models"] = {
        "get": {"operationId": "models", "responses": {"200": _found(schema[Models]), **refused}}
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "seqgen", "version": str(VERSION)},
        "paths": paths,
        "components": {
            "schemas": parts,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _found(schema: Any) -> dict[str, Any]:
    return {"description": "done", "content": {"application/json": {"schema": schema}}}
