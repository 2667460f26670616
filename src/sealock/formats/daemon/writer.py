"""Sets or removes a member of a JSON object, and keeps the layout of the rest."""

from __future__ import annotations

from typing import Final

from sealock.formats.jsontree import JsonNode
from sealock.model.change import Edit
from sealock.model.location import Place

_BLANK: Final = " \t\r\n"


def set_member(text: str, root: JsonNode, key: str, value: str) -> Edit:
    """Set a member to this JSON value; a new member goes last, on a line of its own if the others are."""
    node: JsonNode | None = root.value.get(key)
    if node is not None:
        return Edit(node.place, value)
    members = list(root.value.values())
    if not members:
        return Edit(Place(root.start, root.end), f'{{\n  "{key}": {value}\n}}')
    last = members[-1]
    lead = _lead(text, root.start + 1)
    return Edit(Place(last.end, last.end), f',{lead or " "}"{key}": {value}')


def drop_member(text: str, root: JsonNode, key: str) -> Edit:
    """Remove a member, with its comma and line."""
    names = list(root.value)
    at, node = names.index(key), root.value[key]
    if len(names) == 1:
        return Edit(Place(root.start, root.end), "{}")
    if at + 1 < len(names):
        # From its name to the next name, so that the next member gets the blanks before it.
        return Edit(Place(_name_start(text, node, key), _after_comma(text, node.end)), "")
    return Edit(Place(root.value[names[at - 1]].end, node.end), "")


def _lead(text: str, at: int) -> str:
    """The blanks before the first member: a line break and its indentation, or ""."""
    end = at
    while end < len(text) and text[end] in _BLANK:
        end += 1
    blanks = text[at:end]
    return blanks[blanks.rindex("\n") - (blanks[: blanks.rindex("\n")].endswith("\r")) :] if "\n" in blanks else ""


def _name_start(text: str, node: JsonNode, key: str) -> int:
    """Where the member's name begins, found by its quotes since a name may contain escapes."""
    colon = text.rindex(":", 0, node.start)
    end = text.rindex('"', 0, colon)
    start = end - 1
    while text[start] != '"' or _escaped(text, start):
        start -= 1
    assert start >= 0, key  # noqa: S101  the reader found the name there
    return start


def _escaped(text: str, at: int) -> bool:
    slashes = 0
    while at - slashes - 1 >= 0 and text[at - slashes - 1] == "\\":
        slashes += 1
    return slashes % 2 == 1


def _after_comma(text: str, at: int) -> int:
    """Past the comma and the blanks after it, up to the next member's name."""
    end = text.index(",", at) + 1
    while text[end] in _BLANK:
        end += 1
    return end
