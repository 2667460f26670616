"""Reads the bodies of requests within bounds."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from sealock.errors import UNDECODABLE
from sealock.service.web.errors import HttpError, explain
from sealock.text import format_size


async def read_body(request: Request, most: int) -> bytes:
    """The body; HttpError 413 as soon as it is larger than `most` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise _too_large(most)
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise _too_large(most)
            parts.append(chunk)
    except ClientDisconnect:
        message = "the connection ended before the body did: send it again"
        raise HttpError(400, message) from None
    return b"".join(parts)


def decode_body(data: bytes, kind: Any) -> Any:  # noqa: ANN401  any type that msgspec knows
    """The JSON of a body as a noun; HttpError 400 says where it does not fit."""
    try:
        noun = msgspec.json.decode(data, type=kind)
    except UNDECODABLE as error:
        message = f"the body does not fit: {explain(error)}"
        raise HttpError(400, message) from None
    if b"\\u0000" in data and _has_null(msgspec.to_builtins(noun)):
        message = "the body holds the character U+0000, which no name has"
        raise HttpError(400, message)
    return noun


def _has_null(value: object) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_has_null(part) for pair in value.items() for part in pair)
        case list() | tuple():
            return any(map(_has_null, value))
        case _:
            return False


def _too_large(most: int) -> HttpError:
    return HttpError(413, f"the body is larger than {format_size(most)}: send less at once")
