"""`sealock sbom`: list what is in an image."""

from __future__ import annotations

import gc
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

from sealock.cli.cacheoptions import add_cache, cache_directory
from sealock.cli.limits import add_limits, limits
from sealock.cli.output import PageStyle, Progress, complain, page_style, print_output
from sealock.errors import UsageError
from sealock.scan.cache.directory import CacheDirectory
from sealock.scan.cache.listings import recall_listing
from sealock.scan.cache.renderings import recall_rendering, render_with_cache
from sealock.scan.garbage import without_garbage_collection
from sealock.targets.projects import has_policy

if TYPE_CHECKING:
    from sealock.model.inventory import Inventory

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
    with without_garbage_collection():
        status = _run(arguments)
        # The list stays until the program ends: there is no garbage to look for in it, which would take 18 ms.
        gc.freeze()
    return status


def _run(arguments: Namespace) -> int:
    is_table = arguments.format == "table"
    style: PageStyle | dict[str, bool] = page_style(arguments.output, arguments.color) if is_table else {}
    text = _known(arguments, style)
    problems: tuple[str, ...] = ()
    if text is None:
        inventory = _listed(arguments)
        if arguments.vulnerabilities:
            text, problems = _with_vulnerabilities(inventory, arguments)
        else:
            text = render_with_cache(arguments.format, inventory, cache_directory(arguments), **style)
        problems = (*(f"{error.location.file}: {error.message}" for error in inventory.errors), *problems)
    print_output(text, arguments.output, exact=not is_table)
    for problem in problems:
        complain(problem)
    return 2 if problems else 0


def _known(arguments: Namespace, style: PageStyle | dict[str, bool]) -> str | None:
    """What an earlier run printed for the same archive, None where this one has to look: a third of the time of that.

    Where a policy applies, it may allow the image something. A name like "host" may mean something else than a file.
    """
    target, cache = arguments.target, cache_directory(arguments)
    is_path = ":" not in target and ("/" in target or "." in target)
    if not cache or not is_path or limits(arguments) or arguments.vulnerabilities or has_policy("."):
        return None
    directory = CacheDirectory(cache, make=False)
    digest = recall_listing(target, arguments.platform, directory, files=arguments.format not in _PACKAGES_ONLY)
    return recall_rendering(arguments.format, digest, directory, **style) if digest else None


def _listed(arguments: Namespace) -> Inventory:
    """The contents of the target's first image."""
    from sealock.scan.inventories import inventory as list_contents  # noqa: PLC0415  a known archive does without
    from sealock.scan.settings import Settings  # noqa: PLC0415  as above

    settings = Settings(
        platform=arguments.platform,
        verify=not arguments.no_verify,
        cache=cache_directory(arguments),
        engine=arguments.engine,
        limits=limits(arguments),
    )
    files = arguments.format not in _PACKAGES_ONLY
    with Progress(quiet=arguments.quiet) as progress:
        inventories = list_contents(arguments.target, settings=settings, files=files, progress=progress)
    if len(inventories) > 1:
        names = ", ".join(name for inventory in inventories for name in inventory.names or (inventory.id[:19],))
        complain(f"{arguments.target} holds {len(inventories)} images ({names}); the first is listed")
    for note in inventories[0].notes:
        complain(f"{arguments.target} {note}")
    return inventories[0]


def _with_vulnerabilities(inventory: Inventory, arguments: Namespace) -> tuple[str, tuple[str, ...]]:
    """The bill of materials with its known vulnerabilities, and why some could not be matched."""
    from sealock.reports import sbom  # noqa: PLC0415  5 ms, for one option
    from sealock.scan.vulnerabilities import look_up_inventory  # noqa: PLC0415  as above

    with Progress(quiet=arguments.quiet) as progress:
        vulnerabilities, skipped = look_up_inventory(inventory, progress, complain, offline=arguments.offline)
    return sbom.render(arguments.format, inventory, vulnerabilities=vulnerabilities), skipped
