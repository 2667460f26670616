"""Takes parts out of JSON that comes from elsewhere: a part of another type than expected is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_object(value: Any) -> dict[str, Any]:  # noqa: ANN401  a JSON value
    """An object."""
    return value if isinstance(value, dict) else {}


def as_objects(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401  a JSON value
    """The objects of a list."""
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []


def as_texts(value: Any) -> list[str]:  # noqa: ANN401  a JSON value
    """The strings of a list."""
    return [element for element in value if isinstance(element, str)] if isinstance(value, list) else []


def text_of(parent: Any, key: str) -> str:  # noqa: ANN401  a JSON value
    """A string of an object."""
    value = parent.get(key) if isinstance(parent, dict) else None
    return value if isinstance(value, str) else ""


def labels_of(parent: Any) -> Mapping[str, str]:  # noqa: ANN401  a JSON value
    """The labels of an object."""
    labels = as_object(as_object(parent).get("Labels"))
    return {name: value for name, value in labels.items() if isinstance(value, str)}
