"""`sealock vex`: export the policy's ignores of known vulnerabilities as OpenVEX."""

from __future__ import annotations

import os
import re
import time
from argparse import ArgumentParser, Namespace
from typing import Final

import msgspec
from msgspec import Struct

from sealock import reports
from sealock.cli.cacheoptions import add_cache, cache_directory
from sealock.cli.output import Progress, complain, print_output
from sealock.errors import UNDECODABLE, TargetError, UsageError, decoding_fault
from sealock.formats.files import FileRefusedError
from sealock.model.profile import PHASES, Profile
from sealock.model.report import ImageIdentity
from sealock.patterns import compile_lazily
from sealock.reports.openvex import IgnoredVulnerability, TargetIgnores, document, product_of, render
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.scan.useevidence import exercise_of, file_gaps
from sealock.targets.files import read_start, read_text
from sealock.targets.profiles import open_profile

_REPORT: Final = compile_lazily(r'\s*\{\s*"sealock"\s*:\s*"[^"]{1,40}"\s*,\s*"schema"\s*:\s*\d+\s*,\s*"targets"')
NOT_IN_EXECUTE_PATH: Final = "vulnerable_code_not_in_execute_path"
_LARGEST: Final = 256 << 20
"""Most bytes of a report."""


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
    use: str | None = None
    aliases: list[str] = []


class _Location(Struct):
    file: str


class _Error(Struct):
    message: str
    location: _Location


class _Image(Struct):
    names: list[str] = []
    manifest: str | None = None


class _Target(Struct):
    findings: list[_Finding]
    errors: list[_Error]
    image: _Image | None = None


class _Report(Struct):
    """The part of a JSON report that is read back."""

    targets: list[_Target]


EPILOG: Final = """\
With --profile, vulnerabilities in packages no file of which a complete profile of this very image saw in use, and on
which none in use depends, become not_affected too, with vulnerable_code_not_in_execute_path and what the profile was
learned from.

An ignore with a justification becomes not_affected, with the justification and the reason. An ignore without one
becomes affected, with the reason as the action statement. SOURCE_DATE_EPOCH sets the time.

exit status:
  0  a document was written
  1  no ignore suppresses a known vulnerability: there is nothing to export
  2  something could not be read or analysed, or the command line is wrong
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="what to check (an image, a root file system, a lock file …), or a report of `sealock check --format "
        "json`",
    )
    parser.add_argument("--author", default="Unknown Author", metavar="WHO", help="the author (default: %(default)s)")
    parser.add_argument("--id", default="", metavar="IRI", help="the document's id (default: from the products)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--product",
        action="append",
        default=[],
        metavar="ID",
        help="the product of the statements, such as a package URL (repeat; default: the image, by its digest)",
    )
    what.add_argument("--packages", action="store_true", help="make the packages the products of the statements")
    parser.add_argument("--only-justified", action="store_true", help="leave out ignores without a justification")
    parser.add_argument("--profile", default="", metavar="FILE", help="a complete profile of the image")
    parser.add_argument("--policy", metavar="FILE", help="the policy (default: sealock.toml at or above the target)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="which image of a multi-platform index")
    parser.add_argument("--offline", action="store_true", help="fetch no advisories")
    add_cache(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="write to this file (default: standard output); unchanged statements of a former document keep their time",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 1 where there is nothing to export, 2 after an error."""
    for name in (arguments.id, *arguments.product):
        if name and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,40}:\S{1,2000}", name):
            msg = f"{name[:100]!r} is not an IRI, such as pkg:oci/app or https://example.com/vex/1"
            raise UsageError(msg)
    unused = _unused_reason(arguments.profile) if arguments.profile else ""
    targets, errors = _collect(arguments, unused)
    for error in errors:
        complain(error)
    ignored = [entry for target in targets for entry in target.ignored]
    justified = sum(bool(entry.justification) for entry in ignored)
    if not ignored:
        if errors:
            return 2
        more = ", and the profile shows none that is not in use" if unused else ""
        complain(f"no ignore suppresses a known vulnerability here{more}: there is nothing to export")
        return 1
    if justified < len(ignored) and not arguments.quiet:
        complain(
            f"{len(ignored) - justified} of {len(ignored)} are ignored without a justification and exported as"
            " affected: `justification = ...` in the policy's [[ignore]] makes them not_affected"
        )
    text = render(document(targets, arguments.author, arguments.id, _now(), _former(arguments.output)))
    print_output(text, arguments.output, exact=True)
    return 2 if errors else 0


def _unused_reason(path: str) -> str:
    """Why what a profile never saw in use is not affected; TargetError for a profile that cannot say that."""
    profile = open_profile(path)
    if missing := file_gaps(profile):
        message = f"{path} shows not all that the image uses: {'; '.join(missing)}; only a complete profile is proof"
        raise TargetError(message)
    return f"no file of the package was opened, mapped or executed by the image in this exercise: {_learned(profile)}"


def _learned(profile: Profile) -> str:
    phases = ", ".join(phase for phase in PHASES if phase in profile.phases)
    runtimes = ", ".join(dict.fromkeys(f"{run.engine}, {run.runtime}, kernel {run.kernel}" for run in profile.runs))
    return f"{exercise_of(profile)} (phases: {phases}; {runtimes})"


def _collect(arguments: Namespace, unused: str = "") -> tuple[list[TargetIgnores], list[str]]:
    """The ignored vulnerabilities of each target, and the errors."""
    targets: list[TargetIgnores] = []
    errors: list[str] = []
    for target in _report(arguments).targets:
        errors += (f"{error.location.file}: {error.message}" for error in target.errors)
        products = tuple(arguments.product)
        if not products and not arguments.packages and target.image is not None:
            products = product_of(ImageIdentity(tuple(target.image.names), target.image.manifest or ""))
        ignored = []
        for finding in target.findings:
            why, package = finding.suppressed, finding.package
            names = tuple(name for name in finding.aliases if name != finding.rule)
            if unused and why is None and package is not None and package.purl and finding.use == "present":
                ignored.append(IgnoredVulnerability(finding.rule, names, package.purl, unused, "", NOT_IN_EXECUTE_PATH))
                continue
            if why is None or package is None or not package.purl or not why.ignored:
                continue
            if why.justification or not arguments.only_justified:
                ignored.append(
                    IgnoredVulnerability(
                        finding.rule, names, package.purl, why.reason, why.until or "", why.justification
                    )
                )
        if ignored:
            targets.append(TargetIgnores(tuple(ignored), products))
    return targets, errors


def _report(arguments: Namespace) -> _Report:
    """The given report, or a new one of the given target."""
    text = _read_report(arguments.target)
    if text is not None and arguments.profile:
        msg = f"{arguments.target} is a report, and says nothing of the image's files: name the image with --profile"
        raise UsageError(msg)
    if text is not None and arguments.policy:
        msg = f"{arguments.target} is a report and already has a policy applied: give --policy to the check"
        raise UsageError(msg)
    if text is None:
        settings = Settings(
            policy_file=arguments.policy,
            platform=arguments.platform,
            offline=arguments.offline,
            cache=cache_directory(arguments),
            profile=arguments.profile,
        )
        check = CheckRun(settings)
        with Progress(quiet=arguments.quiet) as progress:
            text = reports.render("json", check.report(check.inputs([arguments.target]), progress))
    try:
        return msgspec.json.decode(text, type=_Report)
    except UNDECODABLE as error:
        msg = f"{arguments.target} is not a report of `sealock check --format json`: {decoding_fault(error)}"
        raise TargetError(msg) from None


def _read_report(target: str) -> str | None:
    """The text of a report in a file; None for anything else."""
    try:
        start = read_start(target, 4096)
        if not _REPORT.match(start.decode("utf-8", "replace")):
            return None
        return read_text(target, _LARGEST)
    except FileRefusedError:
        return None


def _former(path: str | None) -> object:
    """The former version of the document, None where there is none."""
    if not path:
        return None
    try:
        return msgspec.json.decode(read_text(path, _LARGEST))
    except (FileRefusedError, *UNDECODABLE):
        return None


def _now() -> str:
    """The time of the statements: $SOURCE_DATE_EPOCH's, where it is set."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = min(int(given[:12]), 253_402_300_799) if given.isascii() and given.isdigit() else time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
