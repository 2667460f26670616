"""Single values: numbers, sizes, durations and words. Parsers raise ValueError for invalid text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from sealock.formats.csvfields import split_fields
from sealock.model.durations import parse_duration

SettingValue: TypeAlias = Any
"""The value of a setting, or of a field of the container; each has its own type."""
_UNITS: Final = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50}
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_MAX_DIGITS: Final = 32


def invalid(text: str, fault: str) -> ValueError:
    """The error for a text that an option does not accept."""
    return ValueError(f'"{text}" {fault}')


def holds_expansion(text: str) -> bool:
    """Whether the text has a mark of an unresolved expansion (see `expansions`)."""
    return any("\ue000" <= char <= "\uf8ff" for char in text)


def parse_fields(text: str) -> list[str]:
    """Split a list of key=value, as the client does."""
    try:
        return split_fields(text)
    except ValueError as error:
        raise invalid(text, str(error)) from None


def parse_boolean(text: str) -> bool:
    """Parse a boolean as Go's strconv does."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise invalid(text, "is neither true nor false")


def parse_integer(text: str) -> int:
    """Parse an integer: decimal, or with Go's prefixes 0x, 0o, 0b."""
    if len(text) > _MAX_DIGITS or not text.isascii() or text != text.strip():
        raise invalid(text, "is not a whole number")
    try:
        digits = text.lstrip("+-")
        return int(text, 8 if digits.startswith("0") and digits.isdigit() else 0)
    except ValueError:
        raise invalid(text, "is not a whole number") from None


def parse_uint16(text: str) -> int:
    """Parse an integer from 0 to 65535."""
    number = parse_integer(text)
    if 0 <= number < 1 << 16:
        return number
    raise invalid(text, "is not a number from 0 to 65535")


def parse_size(text: str) -> int:
    """Parse a size in bytes as the engine does: 512m, 1.5GiB, 1 kb, 1073741824; all units are binary."""
    cut = max(text.rfind(char) for char in "0123456789. ") + 1
    number, unit = text[:cut].removesuffix(" "), text[cut:].lower()
    factor = "" if unit == "b" else unit[:1]
    try:
        if factor not in _UNITS or unit[1:] not in {"", "b", "ib"} or len(number) > _MAX_DIGITS or "_" in number:
            raise ValueError  # noqa: TRY301  the same message for every fault
        amount = int(float(number) * (1 << _UNITS[factor]))
    except (ValueError, OverflowError):
        raise invalid(text, "is not a size such as 512m or 2g") from None
    if amount < 0 or not number.isascii():
        raise invalid(text, "is not a size such as 512m or 2g")
    return amount


def parse_swap(text: str) -> int:
    """Parse a size or -1."""
    return -1 if text == "-1" else parse_size(text)


def spell_size(amount: int) -> str:
    """Spell bytes in the largest unit that divides them."""
    for unit, power in (("g", 30), ("m", 20), ("k", 10)):
        if amount > 0 and amount % (1 << power) == 0:
            return f"{amount >> power}{unit}"
    return str(amount)


def parse_cpus(text: str) -> float:
    """Parse a number of CPUs: a decimal of at most nine places, or a fraction."""
    above, slash, below = text.partition("/")
    whole, _, decimals = above.removeprefix("+").removeprefix("-").partition(".")
    digits = whole + decimals
    if not (digits.isascii() and digits.isdigit() and len(text) <= _MAX_DIGITS) or (slash and not _is_digits(below)):
        raise invalid(text, "is not a number of CPUs")
    billionths = int(digits) * 10**9
    divisor = int("1" + "0" * len(decimals)) * (int(below) if slash else 1)
    if not divisor or billionths % divisor:
        raise invalid(text, "is too precise: nine decimals at most")
    return (-1 if text[0] == "-" else 1) * (billionths // divisor) / 10**9


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def spell_number(number: float) -> str:
    """Spell a number without needless decimals."""
    return f"{number:.9f}".rstrip("0").rstrip(".")


def parse_seconds(text: str) -> float:
    """Parse a Go duration (1m30s, 1.5h, 300ms, 0) into seconds."""
    seconds = parse_duration(text)
    if seconds is None or text[0] == "-":
        raise invalid(text, "is not a duration such as 30s or 1m30s")
    return seconds


def spell_duration(seconds: float) -> str:
    """Spell seconds as Go reads them."""
    if seconds and seconds % 60 == 0:
        return f"{int(seconds // 60)}m"
    return f"{spell_number(seconds)}s"


def choice_parser(*known: str) -> Callable[[str], str]:
    """Make a parser for one of these words."""

    def parse(text: str) -> str:
        if text in known or holds_expansion(text):
            return text
        raise invalid(text, f"is none of {', '.join(filter(None, known))}")

    return parse


def namespace_parser(*known: str) -> Callable[[str], str]:
    """Make a parser for a namespace: one of these words, or that of another container."""

    def parse(text: str) -> str:
        shared = text.startswith(("container:", "ns:", "pod")) and len(text) > len("container:")
        if text in known or not text or shared or text.startswith(("pod", "ns:")) or holds_expansion(text):
            return text
        raise invalid(text, f"is none of {', '.join(known)}, container:NAME")

    return parse


def single_word(words: tuple[str, ...], option: str) -> str:
    """Spell an option that takes one word; ValueError for several."""
    if len(words) > 1:
        msg = f"{option} takes one word; the others belong after the image"
        raise ValueError(msg)
    return words[0] if words else ""


def parse_stream(text: str) -> str:
    """Check the name of a standard stream."""
    if text.lower() in {"stdin", "stdout", "stderr"} or holds_expansion(text):
        return text
    raise invalid(text, "is none of stdin, stdout, stderr")


def parse_gpus(text: str) -> str:
    """Check a request for GPUs: all, a number, or key=value,…; one field of CSV, so a value with commas has quotes."""
    if len(text) > 2 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        text = text[1:-1]
    if text == "all" or "=" in text or _is_digits(text) or holds_expansion(text):
        return text
    raise invalid(text, "is neither all nor a number of GPUs")


def spell_gpus(value: str) -> str:
    """Write a request for GPUs; Docker takes what follows a comma without quotes for a field of its own."""
    return f'"{value}"' if value.startswith("device=") and "," in value else value
