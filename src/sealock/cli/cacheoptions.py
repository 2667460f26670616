"""The layer cache's options, for commands that read layers."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace, _ArgumentGroup

from sealock.scan.cache.location import default_directory


def add_cache(parser: ArgumentParser | _ArgumentGroup) -> None:
    """Add the options."""
    parser.add_argument("--no-cache", action="store_true", help="do not use the layer cache")
    parser.add_argument(
        "--cache-dir",
        metavar="DIR",
        default="",
        help="layer cache (default: $SEALOCK_CACHE_DIR, or below ~/.cache)",
    )


def cache_directory(arguments: Namespace) -> str:
    """The directory of the cache; "" with --no-cache."""
    return "" if arguments.no_cache else named_directory(arguments.cache_dir)


def named_directory(path: str) -> str:
    """The directory of --cache-dir, or the default one."""
    return os.path.abspath(path) if path else default_directory(os.environ)  # noqa: PTH100  pathlib costs 10 ms
