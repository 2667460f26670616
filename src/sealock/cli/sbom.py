"""`sealock sbom`: list what is in an image."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from msgspec.structs import replace

from sealock.cli.caching import add_cache, cache_folder
from sealock.cli.limits import add_limits, limits
from sealock.cli.output import Progress, colour, complain, knows_unicode, width, write
from sealock.cli.registries import registries
from sealock.image.entry import Bounds
from sealock.listing import How, inventories
from sealock.reports import sbom
from sealock.targets.resolve import image_of
from sealock.targets.writing import write_output

FORMATS: Final = ("table", "cyclonedx", "spdx", "json")


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="an image archive (docker save, OCI), an OCI layout, a root file system (a folder or a tar), or an image "
        "in its registry, as REF or image:REF",
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="how to tell (default: table)")
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="which image of a multi-platform index")
    parser.add_argument("--no-verify", action="store_true", help="do not check digests")
    add_cache(parser)
    add_limits(parser)
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 2 where something could not be read."""
    target = image_of(arguments.target)
    how = How(arguments.platform, not arguments.no_verify, Bounds(**limits(arguments)), cache=cache_folder(arguments))
    if target.startswith("image:"):
        how = replace(how, access=registries(None))
    with Progress("layers read", quiet=arguments.quiet) as progress:
        found = inventories(target, how, progress)
    if len(found) > 1:
        names = ", ".join(name for one in found for name in one.names)
        complain(f"{target} holds {len(found)} images ({names}); the first is listed")
    first = found[0]
    if arguments.format == "table":
        text = sbom.render(
            "table",
            first,
            width=width(),
            colour=colour(arguments.color) and not arguments.output,
            unicode=bool(arguments.output) or knows_unicode(),
        )
    else:
        text = sbom.render(arguments.format, first)
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text, exact=arguments.format != "table")
    for problem in first.problems:
        complain(f"{problem.location.file}: {problem.message}")
    return 2 if first.problems else 0
