"""Makes untrusted text safe to print: nothing in it controls a terminal, hides, or changes the reading direction."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category, combining, east_asian_width

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}


def _spelled(character: str) -> str:
    """The character as an escape sequence."""
    number = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def visible(text: str, keep: str = "") -> str:
    """Escape what is invisible: controls, line breaks, bidi marks, lone surrogates; except the characters in `keep`."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep or category(char) == "Zs" else _spelled(char) for char in text
    )


def fold_key(name: str) -> str:
    """A key as Go's JSON reader compares it: without letter case, with the long s as s and the Kelvin sign as k."""
    return name.replace("\u017f", "s").replace("\u212a", "k").lower()


def clip(text: str, limit: int) -> str:
    """The text, without its middle where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = (limit - 1) // 2
    return f"{text[: limit - 1 - half]}…{text[-half:] if half else ''}"


def line(text: str, limit: int = 600) -> str:
    """The text as one line without invisible characters, of at most about `limit` characters."""
    return clip(visible(clip(text.strip(" "), limit)), limit)


def well_formed(text: str) -> str:
    """The text with lone surrogates replaced, so that it can be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def width(text: str) -> int:
    """The text's width in columns of a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(columns, text))


def columns(character: str) -> int:
    """The character's width: 0 for a combining character, 2 for a wide one."""
    if character < "\x7f":
        return 1
    if combining(character) or category(character) in {"Mn", "Me"}:
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1


def shorten(text: str, room: int) -> str:
    """The text, without its end where it is wider than `room` columns."""
    if width(text) <= room:
        return text
    return f"{_head(text, room - 1).rstrip()}…"


def fit(text: str, room: int) -> str:
    """The text, without its middle where it takes more columns than the room has."""
    if width(text) <= room:
        return text
    tail = ""
    for char in reversed(text):
        if width(char + tail) > (room - 1) // 2:
            break
        tail = char + tail
    head = _head(text, left := room - 1 - width(tail))
    return f"{head if width(head) <= left else ''}…{tail}"


def wrap(text: str, room: int) -> list[str]:
    """Break a line between words, and within words that are wider than the room."""
    room = max(room, 8)
    lines: list[str] = []
    current, used = "", 0
    for word in text.split(" "):
        rest, wide = word, width(word)
        if current and used + 1 + wide <= room:
            current, used = f"{current} {rest}", used + 1 + wide
            continue
        if current:
            lines.append(current)
        while wide > room:
            head = _head(rest, room)
            lines.append(head)
            rest = rest[len(head) :]
            wide = width(rest)
        current, used = rest, wide
    if current or not lines:
        lines.append(current)
    return lines


def _head(text: str, room: int) -> str:
    """As much of the start of the text as fits into the room."""
    used = 0
    for index, char in enumerate(text):
        used += columns(char)
        if used > room:
            return text[: max(index, 1)]
    return text


def sentence(text: str) -> str:
    """The text with a capital and a full stop, except where its first word or last sign must stay."""
    text = text.strip()
    if not text:
        return ""
    first = text.partition(" ")[0]
    # "docker-compose.yml" or "--privileged" keeps its spelling at the start of a sentence too.
    if first.isalpha() and first.islower() and first != "sealock":
        text = text[0].upper() + text[1:]
    return text if _is_ended(text) else f"{text}."


def _is_ended(text: str) -> bool:
    """Whether the text ends a sentence: by its last sign, within quotes, or in brackets around a whole sentence."""
    if text[-1] in ".!?:…":
        return True
    if text[-2:-1] not in {".", "!", "?"}:
        return False
    before = text[: text.rfind("(")].rstrip() if text[-1] == ")" else ""
    return text[-1] == '"' or (text[-1] == ")" and (not before or before[-1] in ".!?…"))


def read_number(text: str) -> int | None:
    """The number that at most ten ASCII digits write; None of any other text, some of which `int` refuses."""
    return int(text) if len(text) <= 10 and text.isascii() and text.isdecimal() else None


def count(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun: "1 finding", "2 findings"."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def is_or_are(number: int) -> str:
    """The verb after a number of things: "is" for 1."""
    return "is" if number == 1 else "are"


def only_first(most: int, total: int, noun: str) -> str:
    """How many of some are read: "only the first of 3 layers is read", "only the first 2 of 3 layers are read"."""
    first = "the first" if most == 1 else f"the first {most}"
    return f"only {first} of {count(total, noun)} {is_or_are(most)} read"


def list_first(names: Sequence[str], limit: int) -> str:
    """List at most `limit` names, and count the others: "a, b and 3 more"."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")


def format_size(number: float) -> str:
    """The number of bytes in binary units: "512 B", "64 MiB", "10.2 GiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1023.95:  # what is rounded up from here reads better in the next unit
            return f"{number:.1f}".removesuffix(".0") + f" {unit}"
        number /= 1024
    return f"{number:.1f}".removesuffix(".0") + " TiB"
