"""`sealock sbom`: list what is in an image."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from msgspec.structs import replace

from sealock.cli.cacheoptions import add_cache, cache_folder
from sealock.cli.limits import add_limits, limits
from sealock.cli.output import Progress, colour, complain, knows_unicode, width, write
from sealock.cli.registries import registries
from sealock.errors import UsageError
from sealock.image.entry import Bounds
from sealock.model.advisory import Vulnerability
from sealock.model.inventory import Inventory
from sealock.reports import sbom
from sealock.scan.images import How, inventories
from sealock.targets.outputs import write_output
from sealock.targets.resolve import image_of

FORMATS: Final = ("table", "cyclonedx", "spdx", "json")
_PACKAGES_ALONE: Final = frozenset({"cyclonedx", "spdx"})
"""Standards that have no room for risky files."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="an image archive (docker save, OCI), an OCI layout, a root file system (a folder or a tar), or an image "
        "in its registry, as REF or image:REF, or of a running engine, as docker:NAME",
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="how to tell (default: table)")
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="which image of a multi-platform index")
    parser.add_argument(
        "--engine", default="", metavar="WHERE", help="which engine: an address or a context (default: Docker's own)"
    )
    parser.add_argument("--no-verify", action="store_true", help="do not check digests")
    parser.add_argument(
        "--vulnerabilities",
        action="store_true",
        help="tell what is known to be vulnerable as well (CycloneDX has room for it)",
    )
    parser.add_argument("--offline", action="store_true", help="with --vulnerabilities: fetch no advisories")
    add_cache(parser)
    add_limits(parser)
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 2 where something could not be read."""
    if arguments.vulnerabilities and arguments.format != "cyclonedx":
        msg = "--vulnerabilities goes with --format cyclonedx; `sealock check` tells of them in every other way"
        raise UsageError(msg)
    target = image_of(arguments.target)
    bounds = Bounds(**limits(arguments))
    how = How(
        arguments.platform,
        not arguments.no_verify,
        bounds,
        cache=cache_folder(arguments),
        engine=arguments.engine,
        files=arguments.format not in _PACKAGES_ALONE,
    )
    if target.startswith("image:"):
        how = replace(how, access=registries(None))
    with Progress("layers read", quiet=arguments.quiet) as progress:
        found = inventories(target, how, progress)
    if len(found) > 1:
        names = ", ".join(name for one in found for name in one.names)
        complain(f"{target} holds {len(found)} images ({names}); the first is listed")
    first = found[0]
    unjudged: tuple[str, ...] = ()
    if arguments.format == "table":
        text = sbom.render(
            "table",
            first,
            width=width(),
            colour=colour(arguments.color) and not arguments.output,
            unicode=bool(arguments.output) or knows_unicode(),
        )
    else:
        vulnerabilities, unjudged = _known(first, arguments) if arguments.vulnerabilities else ((), ())
        text = sbom.render(arguments.format, first, vulnerabilities=vulnerabilities)
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text, exact=arguments.format != "table")
    errors = [f"{error.location.file}: {error.message}" for error in first.errors]
    for error in (*errors, *unjudged):
        complain(error)
    return 2 if errors or unjudged else 0


def _known(inventory: Inventory, arguments: Namespace) -> tuple[tuple[Vulnerability, ...], tuple[str, ...]]:
    """What is known to be vulnerable, and what could not be judged though it ought to be."""
    from sealock.scan.vulnerabilities import look_up_inventory  # noqa: PLC0415  most bills are written without

    with Progress("feeds fetched", quiet=arguments.quiet) as progress:
        found, unjudged = look_up_inventory(inventory, progress, complain, offline=arguments.offline)
    return found, unjudged
