"""Options that limit how much of an image is read."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace, _ArgumentGroup
from typing import Final

_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LAYERS: Final = 3
"""The limit of all layers together, as a multiple of the largest layer."""


def size(text: str) -> int:
    """A number of bytes: 500M, 20G, 20GiB."""
    short = text.strip().upper().removesuffix("B").removesuffix("I")
    number, unit = (short[:-1], short[-1]) if short[-1:] in _UNITS and short else (short, "")
    if not number.isascii() or not number.isdigit() or not 0 < int(number[:20]) * _UNITS[unit] < 1 << 60:
        msg = f"{text!r} is not a size: write 500M or 20G"
        raise ArgumentTypeError(msg)
    return int(number) * _UNITS[unit]


def count(text: str) -> int:
    """A positive number."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:20]) < 1 << 60:
        msg = f"{text!r} is not a number from 1 on"
        raise ArgumentTypeError(msg)
    return int(text)


def add_limits(parser: ArgumentParser | _ArgumentGroup) -> None:
    """Add the options."""
    parser.add_argument(
        "--max-layer-size",
        type=size,
        metavar="SIZE",
        help="maximum uncompressed size of a layer (default: 16G; 256M at suspicious compression ratios)",
    )
    parser.add_argument(
        "--max-file-size",
        type=size,
        metavar="SIZE",
        help="maximum size of a file in an image (default: 1M to 256M, by kind of file)",
    )
    parser.add_argument(
        "--max-entries", type=count, metavar="COUNT", help="maximum number of entries in all layers (default: 2000000)"
    )
    parser.add_argument(
        "--max-depth",
        type=count,
        metavar="COUNT",
        help="maximum nesting of indexes and Java archives (default: 8)",
    )


def limits(arguments: Namespace) -> dict[str, int]:
    """The given limits, as fields of `Bounds`."""
    given: dict[str, int] = {}
    if arguments.max_layer_size is not None:
        layer = arguments.max_layer_size
        given |= {"layer": layer, "calm": layer, "total": _LAYERS * layer}
    if arguments.max_file_size is not None:
        given["file"] = arguments.max_file_size
    if arguments.max_entries is not None:
        given["entries"] = arguments.max_entries
    if arguments.max_depth is not None:
        given["depth"] = arguments.max_depth
    return given
