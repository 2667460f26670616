"""Errors of a run as its reports show them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from sealock.model.finding import InputError
from sealock.secrets.values import mask


def mask_errors(errors: Iterable[InputError]) -> tuple[InputError, ...]:
    """Mask the secrets of errors: many quote a value that is wrong as a file has it."""
    return tuple(replace(error, message=mask(error.message)) for error in errors)
