"""Which licences are SPDX expressions, and which are only names that a package uses."""

from __future__ import annotations

from functools import cache
from typing import Final

from license_expression import (  # type: ignore[import-untyped]  # it has annotations, but no py.typed
    Licensing,
    get_spdx_licensing,
)
from msgspec import Struct

_LONGEST: Final = 400
"""Characters: what is longer is a licence's text, not an expression."""


class Licence(Struct, frozen=True):
    """A licence as a package says it. `expression` is the SPDX expression, "" where it is none; `single` for one id."""

    text: str
    expression: str = ""
    single: bool = False


def licences(texts: tuple[str, ...]) -> tuple[Licence, ...]:
    """Each licence once, blank ones left out."""
    return tuple(licence(text) for text in dict.fromkeys(one.strip() for one in texts) if text)


@cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


@cache
def licence(text: str) -> Licence:
    """Read one licence. Old ids become today's: "GPL-2.0+" is "GPL-2.0-or-later"."""
    if len(text) > _LONGEST or not text.isascii() or not text.isprintable():
        return Licence(text)
    try:
        found = _licensing().parse(text, validate=True, strict=True)
    except Exception:  # noqa: BLE001  beside its own errors it lets TypeError, AttributeError and others out ("()")
        return Licence(text)
    if found is None or any(key.startswith("LicenseRef-") for key in found.objects):
        return Licence(text)
    single = found.isliteral and not hasattr(found, "license_symbol")
    if single and found.is_exception:
        return Licence(text)
    return Licence(text, found.render(), single)
