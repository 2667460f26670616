"""YAML that programs write, as texts, lists and mappings, within bounds."""

from __future__ import annotations

from typing import Final

import yaml

from sealock.inventory.analyzer import Broken

LARGEST: Final = 24 << 20
LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Knows no types (1.10 stays a text) and no merge keys, so that an alias never costs more than its few characters.

libyaml bounds the nesting; aliases share what they stand for, and nobody here walks into what they did not ask for.
"""


def documents(data: bytes) -> list[object]:
    """The documents of a stream."""
    if len(data) >= LARGEST:
        message = f"is larger than {LARGEST >> 20} MiB"
        raise Broken(message)
    try:
        return list(yaml.load_all(data, Loader=LOADER))
    except (yaml.YAMLError, ValueError) as error:  # what is not UTF-8 is a ValueError
        message = f"is no valid YAML: {' '.join(str(error).split())}"
    except RecursionError:
        message = "is YAML that is nested too deeply"
    raise Broken(message)
