"""Distinguishes SPDX expressions from other names of licences."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from sealock.patterns import compile_lazily
from sealock.reports.sbom import _spdx

if TYPE_CHECKING:
    from license_expression import Licensing  # type: ignore[import-untyped]  # it has annotations, but no py.typed

_LONGEST: Final = 400
"""Maximum characters of an expression: a longer text is the licence itself."""
_WORD: Final = compile_lazily(r"[^\s()]+|[()]")
_GLUE: Final = frozenset({"and", "or", "with", "(", ")"})


class Licence(Struct, frozen=True):
    """A licence as the package states it, and as an SPDX expression, "" if it is none; `single` for one id."""

    text: str
    expression: str = ""
    single: bool = False


def licences(texts: tuple[str, ...]) -> tuple[Licence, ...]:
    """Each licence once, without blank ones."""
    return tuple(licence(text) for text in dict.fromkeys(text.strip() for text in texts) if text)


@cache
def _ids() -> dict[str, str]:
    """The current id by each spelling, in lower case."""
    return _by_spelling(_spdx.IDS)


@cache
def _exceptions() -> dict[str, str]:
    """The same of exceptions."""
    return _by_spelling(_spdx.EXCEPTIONS)


def _by_spelling(names: str) -> dict[str, str]:
    pairs = (word.rpartition("=") for word in names.split())
    return {(other or known.lower()): known for other, _, known in pairs}


@cache
def licence(text: str) -> Licence:
    """Read a licence. Old ids become current ones: "GPL-2.0+" is "GPL-2.0-or-later"."""
    if len(text) > _LONGEST or not text.isascii() or not text.isprintable():
        return Licence(text)
    lower = text.lower()
    # The library handles references and names of several words.
    return _parsed(text) if "licenseref" in lower or "gpl 2.0" in lower else _known(text, lower) or _parsed(text)


def _known(text: str, lower: str) -> Licence | None:
    """Read the common cases, None for all others: no expression, or ids that one word joins, each with an exception."""
    ids = _ids()
    words = _WORD.findall(lower)
    if words[:1] == ["("] and words[-1] == ")" and words.count("(") == words.count(")") == 1:
        words = words[1:-1]
    if any(word not in ids and word not in _GLUE and word not in _exceptions() for word in words):
        return Licence(text)
    if len(words) == 1 and words[0] in ids:
        return Licence(text, ids[words[0]], single=True)
    joints = {word for word in words if word in {"and", "or"}}
    if len(joints) > 1:
        return None
    parts: list[str] = []
    for part in " ".join(words).split(f" {joint} " if (joint := "".join(joints)) else "\0"):
        match part.split(" "):
            case [name] if name in ids and joint:
                parts.append(ids[name])
            case [name, "with", exception] if name in ids and exception in _exceptions():
                parts.append(f"{ids[name]} WITH {_exceptions()[exception]}")
            case _:
                return None
    return Licence(text, f" {joint.upper()} ".join(parts))


@cache
def _licensing() -> Licensing:
    from license_expression import get_spdx_licensing  # noqa: PLC0415  takes 0.1 seconds, and as long again to read its list

    return get_spdx_licensing()


def _parsed(text: str) -> Licence:
    try:
        parsed = _licensing().parse(text, validate=True, strict=True)
    except Exception:  # noqa: BLE001  the library also raises TypeError, AttributeError and others ("()")
        return Licence(text)
    if parsed is None or any(key.startswith("LicenseRef-") for key in parsed.objects):
        return Licence(text)
    single = parsed.isliteral and not hasattr(parsed, "license_symbol")
    if single and parsed.is_exception:
        return Licence(text)
    return Licence(text, parsed.render(), single)
