"""Fills in the parameters of an OpenShift template by their values: ${NAME} in a string, ${{NAME}} as what it is."""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from typing import Final

from msgspec.structs import replace

from sealock.formats.yamltree import Alias, Mapping, Scalar, Sequence, YamlNode, target
from sealock.patterns import compile_lazily

_PARAMETER: Final = compile_lazily(r"\$\{([A-Za-z0-9_]{1,100})\}")
_WHOLE: Final = compile_lazily(r"\$\{\{([A-Za-z0-9_]{1,100})\}\}")
_MOST: Final = 1_000_000
"""Characters that the values of one template may come to."""


def with_parameters(root: YamlNode) -> YamlNode:
    """The document with the values of its parameters, if it is a template; those without a value stay as written."""
    top = target(root)
    if not isinstance(top, Mapping) or _word(top, "kind") != "Template" or not (values := _values(top)):
        return root
    filler = _Filler(values)
    entries = tuple(
        (key, filler.filled(value) if isinstance(key, Scalar) and key.text == "objects" else value)
        for key, value in top.entries
    )
    return replace(top, entries=entries)


def _values(top: Mapping) -> dict[str, str]:
    listed = top.get("parameters")
    parameters = target(listed) if listed is not None else None
    values: dict[str, str] = {}
    for item in parameters.items if isinstance(parameters, Sequence) else ():
        parameter = target(item)
        if isinstance(parameter, Mapping) and parameter.get("value") is not None:
            values[_word(parameter, "name")] = _word(parameter, "value")
    return values


def _word(mapping: Mapping, key: str) -> str:
    node = mapping.get(key)
    inner = target(node) if node is not None else None
    return inner.text if isinstance(inner, Scalar) else ""


class _Filler:
    def __init__(self, values: Table[str, str]) -> None:
        self.values = values
        self.left = _MOST
        self.done: dict[int, YamlNode] = {}
        """The nodes that aliases refer to, each filled in once."""

    def filled(self, node: YamlNode) -> YamlNode:
        """The node with the values in all its scalars, at the same places."""
        match node:
            case Scalar():
                return self._scalar(node)
            case Sequence():
                return replace(node, items=tuple(map(self.filled, node.items)))
            case Mapping():
                return replace(node, entries=tuple((key, self.filled(value)) for key, value in node.entries))
            case Alias():
                if id(node.target) not in self.done:
                    self.done[id(node.target)] = self.filled(node.target)
                return replace(node, target=self.done[id(node.target)])

    def _scalar(self, node: Scalar) -> Scalar:
        if "${" not in node.text:
            return node
        whole = _WHOLE.fullmatch(node.text)
        if whole is not None:
            value = self.values.get(whole[1])
            return node if value is None or len(value) > self.left else self._take(node, value)
        text = _PARAMETER.sub(self._value, node.text)
        return node if text == node.text else replace(node, text=text, style=node.style or '"')

    def _take(self, node: Scalar, value: str) -> Scalar:
        self.left -= len(value)
        return replace(node, text=value, style="", tag=None)

    def _value(self, match: re.Match[str]) -> str:
        value = self.values.get(match[1])
        if value is None or len(value) > self.left:
            return match[0]
        self.left -= len(value)
        return value
