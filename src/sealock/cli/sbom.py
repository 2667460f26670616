"""`sealock sbom`: list what is in an image."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from sealock.cli.cacheoptions import add_cache, cache_directory
from sealock.cli.limits import add_limits, limits
from sealock.cli.output import Progress, complain, page_style, print_output
from sealock.errors import UsageError
from sealock.model.advisory import Vulnerability
from sealock.model.inventory import Inventory
from sealock.reports import sbom
from sealock.scan.cache.renderings import render_with_cache
from sealock.scan.inventories import inventory as list_contents
from sealock.scan.settings import Settings

FORMATS: Final = ("table", "cyclonedx", "spdx", "json")
_PACKAGES_ONLY: Final = frozenset({"cyclonedx", "spdx"})
"""Standards that cannot express risky files."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="an image archive (docker save, OCI), an OCI layout, a root file system (directory or tar), an image in "
        "its registry (REF or image:REF), or an image of the engine (docker:NAME)",
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="output format (default: table)")
    parser.add_argument("--output", metavar="FILE", help="write to a file (default: standard output)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="which image of a multi-platform index")
    parser.add_argument(
        "--engine", default="", metavar="WHERE", help="the engine's address or context (default: Docker's own)"
    )
    parser.add_argument("--no-verify", action="store_true", help="do not check digests")
    parser.add_argument(
        "--vulnerabilities",
        action="store_true",
        help="include known vulnerabilities (only with --format cyclonedx)",
    )
    parser.add_argument("--offline", action="store_true", help="with --vulnerabilities: fetch no advisories")
    add_cache(parser)
    add_limits(parser)
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 2 where something could not be read."""
    if arguments.vulnerabilities and arguments.format != "cyclonedx":
        msg = "--vulnerabilities needs --format cyclonedx; use `sealock check` for other formats"
        raise UsageError(msg)
    settings = Settings(
        platform=arguments.platform,
        verify=not arguments.no_verify,
        cache=cache_directory(arguments),
        engine=arguments.engine,
        limits=limits(arguments),
    )
    packages_only = arguments.format in _PACKAGES_ONLY
    with Progress(quiet=arguments.quiet) as progress:
        inventories = list_contents(arguments.target, settings=settings, files=not packages_only, progress=progress)
    if len(inventories) > 1:
        names = ", ".join(name for inventory in inventories for name in inventory.names or (inventory.id[:19],))
        complain(f"{arguments.target} holds {len(inventories)} images ({names}); the first is listed")
    inventory = inventories[0]
    for note in inventory.notes:
        complain(f"{arguments.target} {note}")
    skipped: tuple[str, ...] = ()
    if arguments.format == "table":
        style = page_style(arguments.output, arguments.color)
        text = render_with_cache("table", inventory, settings.cache, **style)
    elif arguments.vulnerabilities:
        vulnerabilities, skipped = _vulnerabilities(inventory, arguments)
        text = sbom.render(arguments.format, inventory, vulnerabilities=vulnerabilities)
    else:
        text = render_with_cache(arguments.format, inventory, settings.cache)
    print_output(text, arguments.output, exact=arguments.format != "table")
    errors = [f"{error.location.file}: {error.message}" for error in inventory.errors]
    for error in (*errors, *skipped):
        complain(error)
    return 2 if errors or skipped else 0


def _vulnerabilities(inventory: Inventory, arguments: Namespace) -> tuple[tuple[Vulnerability, ...], tuple[str, ...]]:
    """The known vulnerabilities, and why some could not be matched."""
    from sealock.scan.vulnerabilities import look_up_inventory  # noqa: PLC0415  5 ms, for one option

    with Progress(quiet=arguments.quiet) as progress:
        return look_up_inventory(inventory, progress, complain, offline=arguments.offline)
