"""The OpenAPI 3.1 document of a table of endpoints, with the schemas of msgspec's types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from sealock import __version__
from sealock.patterns import compile_lazily
from sealock.service.web.api.endpoint import Endpoint, ErrorAnswer

_REF: Final = "#/components/schemas/{name}"
_ERRORS: Final = {
    400: "The request is malformed: the error says what to change.",
    401: "There is no token, or it is not valid.",
    403: "The token's role or scope does not allow it.",
    404: "There is no such thing, or not in the token's scope.",
    409: "The state does not allow it now.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many requests: Retry-After says how many seconds to wait.",
}
_ALWAYS: Final = (400, 401, 403, 429)
_PART: Final = compile_lazily(r"\{(\w+)(?::\w+)?\}")
PARTS: Final[dict[str, dict[str, Any]]] = {
    "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
    "number": {"type": "integer", "minimum": 1, "maximum": 2**53},
    "name": {"type": "string", "minLength": 1, "maxLength": 400},
    "id": {"type": "string", "minLength": 1, "maxLength": 200},
    "host": {"type": "string", "minLength": 1, "maxLength": 255},
}
"""The schemas of the parts of addresses."""


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The document."""
    bodies = [kind for endpoint in endpoints for kind in (endpoint.answers, endpoint.takes) if kind is not None]
    queries = [endpoint.query for endpoint in endpoints]
    (_, *refs), components = msgspec.json.schema_components([ErrorAnswer, *bodies, *queries], ref_template=_REF)
    schemas = dict(zip([id(kind) for kind in [*bodies, *queries]], refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = _PART.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schemas, components)
    for query in queries:  # parameters stand in the operations
        components.pop(query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sealock serve",
            "version": __version__,
            "description": "What is in every image, what became unsafe since yesterday, and where it runs.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "slk_… of a token"}},
        },
    }


def _operation(endpoint: Endpoint, schemas: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    codes = {*_ALWAYS, *endpoint.errors, *((413, 415) if endpoint.takes is not None else ())}
    name = _PART.sub(r"by_\1", endpoint.path).removeprefix("/api/v1/").replace("/", "_")
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}_{name}",
        "summary": endpoint.about,
        "description": f"For the role {endpoint.role}"
        + (", with a token for all repositories." if endpoint.everything else "."),
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": PARTS[name]} for name in parts(endpoint)),
            *_parameters(components[endpoint.query.__name__]),
        ],
        "responses": {
            str(endpoint.status): _answer(endpoint, schemas),
            **{
                str(code): {
                    "description": _ERRORS[code],
                    "content": {"application/json": {"schema": {"$ref": _REF.format(name="ErrorAnswer")}}},
                }
                for code in sorted(codes)
            },
        },
    }
    if endpoint.takes is not None:
        content = {"application/json": {"schema": schemas[id(endpoint.takes)]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _answer(endpoint: Endpoint, schemas: dict[int, Any]) -> dict[str, Any]:
    if endpoint.answers is None:
        return {"description": "Done."}
    content = {"application/json": {"schema": schemas[id(endpoint.answers)]}}
    return {"description": "The answer.", "content": content}


def _parameters(schema: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for name, kind in schema.get("properties", {}).items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": kind}


def parts(endpoint: Endpoint) -> list[str]:
    """The names of the parts of an address."""
    return _PART.findall(endpoint.path)
