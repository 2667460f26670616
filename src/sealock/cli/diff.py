"""`sealock diff`: compare two images or SBOMs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from sealock.cli.cacheoptions import add_cache, cache_directory
from sealock.cli.limits import add_limits, limits
from sealock.cli.output import Progress, complain, page_style, print_output
from sealock.errors import UsageError
from sealock.model.finding import Severity
from sealock.reports import imagediff
from sealock.reports.imagediff.words import failures
from sealock.scan.diff import diff, own_image
from sealock.scan.settings import Settings

FORMATS: Final = ("terminal", "json", "markdown")
_EXIT_STATUS: Final = """\
exit status:
  0  everything was compared, and nothing new reaches --fail-on-new
  1  something new reaches --fail-on-new
  2  something could not be read or compared, or the command line is wrong
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = _EXIT_STATUS
    target = (
        "an image archive, OCI layout, root file system, SBOM (CycloneDX, SPDX, sealock's own), image in its registry "
        "(REF or image:REF), image of the engine (docker:NAME), or container with what it changed (container:NAME)"
    )
    parser.add_argument("old", metavar="TARGET", help=f"the old one: {target}")
    parser.add_argument(
        "new",
        metavar="TARGET",
        nargs="?",
        default="",
        help="the new one, of any of these kinds (default for a container: the image that its registry has under its "
        "tag now)",
    )
    parser.add_argument(
        "--own-image", action="store_true", help="compare a container with the image that it was started from"
    )
    parser.add_argument(
        "--fail-on-new",
        choices=[severity.word for severity in Severity],
        help="lowest severity of a new vulnerability or finding that makes the exit status 1 (default: none does)",
    )
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="output format (default: terminal)")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file (default: standard output)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="which image of a multi-platform index")
    parser.add_argument(
        "--engine", default="", metavar="WHERE", help="the engine's address or context (default: Docker's own)"
    )
    parser.add_argument("--no-verify", action="store_true", help="do not check digests")
    parser.add_argument("--no-vulnerabilities", action="store_true", help="do not match packages with advisories")
    parser.add_argument("--offline", action="store_true", help="fetch no advisories (also: SEALOCK_OFFLINE=1)")
    parser.add_argument("--policy", metavar="FILE", help="policy file (default: sealock.toml at or above the target)")
    parser.add_argument("--no-policy", action="store_true", help="ignore sealock.toml")
    add_cache(parser)
    add_limits(parser)
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    settings = Settings(
        fail_on=Severity[arguments.fail_on_new.upper()] if arguments.fail_on_new else None,
        policy_file="" if arguments.no_policy else arguments.policy,
        platform=arguments.platform,
        verify=not arguments.no_verify,
        engine=arguments.engine,
        cache=cache_directory(arguments),
        limits=limits(arguments),
        vulnerabilities=not arguments.no_vulnerabilities,
        offline=arguments.offline,
    )
    old, new = arguments.old, arguments.new
    if arguments.own_image:
        if new:
            msg = "--own-image is the second target"
            raise UsageError(msg)
        old, new = own_image(old, arguments.engine), old
    with Progress(quiet=arguments.quiet) as progress:
        made = diff(old, new, settings, progress=progress)
    if arguments.format == "terminal":
        text = imagediff.render(
            "terminal",
            made,
            **page_style(arguments.output, arguments.color),
        )
    else:
        text = imagediff.render(arguments.format, made)
    print_output(text, arguments.output, exact=arguments.format != "terminal")
    if arguments.output or arguments.format != "terminal":
        for failure in failures(made):
            complain(failure)
    return made.status
