"""`sealock vex`: tell others, as OpenVEX, which known vulnerabilities the policy excuses, and why."""

from __future__ import annotations

import os
import re
import time
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from sealock.cli.cacheoptions import add_cache, cache_directory
from sealock.cli.output import Progress, complain, write
from sealock.errors import TargetError, UsageError
from sealock.formats.files import FileRefusedError
from sealock.model.report import ImageIdentity
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.files import read_start, read_text
from sealock.targets.outputs import write_output

if TYPE_CHECKING:
    from sealock.reports.openvex import Held

_REPORT: Final = re.compile(r'\s*\{\s*"sealock"\s*:\s*"[^"]{1,40}"\s*,\s*"schema"\s*:\s*\d+\s*,\s*"targets"')
_LARGEST: Final = 256 << 20
"""Bytes of the largest report that is read."""


class _Suppressed(Struct):
    reason: str
    until: str | None = None
    justification: str = ""
    ignored: bool = False


class _Package(Struct):
    purl: str | None = None


class _Finding(Struct):
    rule: str
    suppressed: _Suppressed | None = None
    package: _Package | None = None
    aliases: list[str] = []


class _Location(Struct):
    file: str


class _Problem(Struct):
    message: str
    location: _Location


class _Image(Struct):
    names: list[str] = []
    manifest: str | None = None


class _Told(Struct):
    findings: list[_Finding]
    errors: list[_Problem]
    image: _Image | None = None


class _Report(Struct):
    """A report as it is read back: no more of it than is used."""

    targets: list[_Told]


EPILOG: Final = """\
An ignore with a justification is told as not_affected, with it and the reason; one without claims nothing of the
kind, and is told as affected, with the reason as what is done about it. SOURCE_DATE_EPOCH sets the time.

exit status:
  0  a document was written
  1  no ignore excuses anything, so there is nothing to say
  2  something could not be read or analysed, or the command line is wrong
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="what is checked (an image, a root file system, a lock file …), or a report that was written by "
        "`sealock check --format json`",
    )
    parser.add_argument("--author", default="Unknown Author", metavar="WHO", help="who says so (default: %(default)s)")
    parser.add_argument("--id", default="", metavar="IRI", help="the document's id (default: one made of the products)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--product",
        action="append",
        default=[],
        metavar="ID",
        help="what the statements are about, such as a package URL (repeat; default: the image, by its digest)",
    )
    what.add_argument("--packages", action="store_true", help="let them be about the packages, in whatever product")
    parser.add_argument(
        "--only-justified", action="store_true", help="leave out what is ignored without a justification"
    )
    parser.add_argument("--policy", metavar="FILE", help="the policy (default: sealock.toml at or above the target)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="which image of a multi-platform index")
    parser.add_argument("--offline", action="store_true", help="fetch no advisories")
    add_cache(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="where to write it (default: standard output); what it said before keeps its times where nothing changed",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing beside")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 1 where there is nothing to say, 2 where something was not judged."""
    from sealock.reports.openvex import document, render  # noqa: PLC0415  configuring does without

    for one in (arguments.id, *arguments.product):
        if one and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,40}:\S{1,2000}", one):
            msg = f"{one[:100]!r} is no IRI, such as pkg:oci/app or https://example.com/vex/1"
            raise UsageError(msg)
    held, errors = _excused(arguments)
    for error in errors:
        complain(error)
    suppressed = [one for some in held for one in some.suppressed]
    claimed = sum(bool(one.justification) for one in suppressed)
    if not suppressed:
        if errors:
            return 2
        complain("no ignore of a known vulnerability excuses anything here, so there is nothing to say")
        return 1
    if claimed < len(suppressed) and not arguments.quiet:
        complain(
            f"{len(suppressed) - claimed} of {len(suppressed)} are ignored without a justification, and so are told as"
            " affected: `justification = ...` in the policy's [[ignore]] says why they do no harm"
        )
    text = render(document(held, arguments.author, arguments.id, _now(), _former(arguments.output)))
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text, exact=True)
    return 2 if errors else 0


def _excused(arguments: Namespace) -> tuple[list[Held], list[str]]:
    """What ignores excuse in each target, and what is wrong there."""
    from sealock.reports.openvex import Excused, Held, product_of  # noqa: PLC0415  configuring does without

    held: list[Held] = []
    errors: list[str] = []
    for target in _report(arguments).targets:
        errors += (f"{error.location.file}: {error.message}" for error in target.errors)
        products = tuple(arguments.product)
        if not products and not arguments.packages and target.image is not None:
            products = product_of(ImageIdentity(tuple(target.image.names), target.image.manifest or ""))
        suppressed = []
        for finding in target.findings:
            why, package = finding.suppressed, finding.package
            if why is None or package is None or not package.purl or not why.ignored:
                continue
            if why.justification or not arguments.only_justified:
                names = tuple(name for name in finding.aliases if name != finding.rule)
                suppressed.append(
                    Excused(finding.rule, names, package.purl, why.reason, why.until or "", why.justification)
                )
        if suppressed:
            held.append(Held(tuple(suppressed), products))
    return held, errors


def _report(arguments: Namespace) -> _Report:
    """The report that was named, or one of what was named, checked now."""
    text = _written(arguments.target)
    if text is not None and arguments.policy:
        msg = f"{arguments.target} is a report, which tells what its own policy excused: give --policy to the check"
        raise UsageError(msg)
    if text is None:
        from sealock import reports  # noqa: PLC0415  configuring does without

        settings = Settings(
            policy_file=arguments.policy,
            platform=arguments.platform,
            offline=arguments.offline,
            cache=cache_directory(arguments),
        )
        one = CheckRun(settings)
        with Progress("checked", quiet=arguments.quiet) as progress:
            text = reports.render("json", one.report(one.inputs([arguments.target]), progress))
    try:
        return msgspec.json.decode(text, type=_Report)
    except (msgspec.MsgspecError, RecursionError) as error:
        msg = f"{arguments.target} is no report of `sealock check --format json`: {error}"
        raise TargetError(msg) from None


def _written(target: str) -> str | None:
    """The text of a report in a file; None for anything else."""
    try:
        start = read_start(target, 4096)
        if not _REPORT.match(start.decode("utf-8", "replace")):
            return None
        return read_text(target, _LARGEST)
    except FileRefusedError:
        return None


def _former(path: str | None) -> object:
    """The document that is to be written anew, None where there is none."""
    if not path or path == "-":
        return None
    try:
        return msgspec.json.decode(read_text(path, _LARGEST))
    except (FileRefusedError, msgspec.MsgspecError, RecursionError):
        return None


def _now() -> str:
    """The time that statements are given: $SOURCE_DATE_EPOCH's, where it is set."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = min(int(given[:12]), 253_402_300_799) if given.isascii() and given.isdigit() else time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
