"""`sealock check`: check targets, fix them with --fix, and write the reports."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace, _ArgumentGroup
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from sealock.cli.cacheoptions import add_cache, cache_directory
from sealock.cli.helptext import EXIT_STATUS
from sealock.cli.limits import add_limits, limits
from sealock.cli.output import Progress, colour, comment, complain, pairs, write, write_reports
from sealock.cli.reporting import add_reporting, reporting_token, send
from sealock.cli.vulnerabilityoptions import add_vulnerabilities
from sealock.errors import TargetError, UsageError
from sealock.model.advisory import STATES, DistributionState
from sealock.model.finding import InputError, Severity
from sealock.model.location import Location
from sealock.model.report import Report, TargetReport
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.inputs import FileInput, Input
from sealock.text import count, line, list_first

FORMATS: Final = ("terminal", "concise", "json", "sarif", "junit", "html", "markdown", "github", "gitlab", "azure")

_NAMES: Final = 12
"""Fixed files that are named."""
_NO_FIX: Final = "No file was changed: nothing has such a fix."


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EXIT_STATUS
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="a file, directory (walked), image archive, OCI layout or SBOM; an image reference or image:REF; "
        "docker:NAME (an image of the engine); rootfs:DIRECTORY; container:NAME (container:* for all); pid:N; self; "
        'host (this machine and its engine); run:"docker run …"; or - for standard input',
    )
    checking = parser.add_argument_group("checks")
    checking.add_argument(
        "--fail-on",
        choices=[severity.word for severity in Severity],
        help="lowest severity that makes the exit status 1 (default: the policy's, or high)",
    )
    checking.add_argument(
        "--fail-on-skipped",
        action="store_true",
        help="exit with status 2 if a file is recognised and not evaluated, such as a Helm chart",
    )
    checking.add_argument("--pedantic", action="store_true", help="also run pedantic rules")
    checking.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="RULE",
        help="run only these rules, by their ids here or in other tools, or by the beginning of ids: C001,DL3057,B0 "
        "(may repeat)",
    )
    checking.add_argument(
        "--skip", action="append", default=[], metavar="RULE", help="do not run these rules, named as with --only"
    )
    checking.add_argument(
        "--min-severity",
        choices=[severity.word for severity in Severity],
        help="lowest severity to report; what makes the exit status 1 is always reported (default: info)",
    )
    checking.add_argument(
        "--exit-zero", action="store_true", help="exit with status 0 in spite of findings; errors still give 2"
    )
    checking.add_argument("--policy", metavar="FILE", help="policy file (default: sealock.toml at or above the target)")
    checking.add_argument("--no-policy", action="store_true", help="ignore sealock.toml")
    checking.add_argument(
        "--no-inline-ignores", action="store_true", help="ignore the sealock: ignore comments in files"
    )
    checking.add_argument(
        "--since",
        default="",
        metavar="COMMIT",
        help="report only what is new since the merge base with a branch or commit, in files of a Git repository",
    )
    checking.add_argument("--baseline", metavar="FILE", default="", help="suppress the findings in this baseline")
    checking.add_argument("--write-baseline", metavar="FILE", help="write the findings of this run as a baseline")
    add_vulnerabilities(parser)
    reading = parser.add_argument_group("input")
    reading.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave these paths out of a directory, relative to it: 'vendor/**', '*.md' (may repeat)",
    )
    reading.add_argument(
        "--hook",
        action="store_true",
        help="the targets are the files that a hook names: check those that sealock knows, as in the directory",
    )
    reading.add_argument(
        "--no-examples",
        action="store_true",
        help="leave documentation, examples and tests out of a directory: README.md, docs/, examples/, tests/ and "
        "the like; otherwise their findings have a severity less",
    )
    reading.add_argument(
        "--require-targets", action="store_true", help="exit with status 2 if a directory has nothing to check"
    )
    reading.add_argument(
        "-f",
        "--compose-file",
        action="append",
        default=[],
        metavar="FILE",
        help="compose file; several are merged as docker compose does (may repeat)",
    )
    reading.add_argument(
        "--use-environment", action="store_true", help="interpolate environment variables in compose files"
    )
    _add_what_else_is_read(reading)
    reading.add_argument(
        "--platform", default="", metavar="OS/ARCH", help="platform of a multi-platform image (default: this machine's)"
    )
    reading.add_argument("--no-verify", action="store_true", help="do not verify the digests of images")
    reading.add_argument(
        "--engine", default="", metavar="WHERE", help="engine address or context (default: Docker's current context)"
    )
    reading.add_argument(
        "--containers", action="store_true", help="with the target host: also check all its containers"
    )
    reading.add_argument(
        "--benchmark",
        default="",
        metavar="NAME",
        help="report by a benchmark: on the target host by cis-docker-1.6.0 or cis-docker-1.7.0, on manifests by "
        "pod-security-baseline or pod-security-restricted (terminal or json)",
    )
    add_cache(reading)
    add_limits(reading)
    fixing = parser.add_argument_group("fixes")
    fixing.add_argument("--fix", action="store_true", help="apply the safe fixes, and report what is left")
    fixing.add_argument("--unsafe", action="store_true", help="with --fix: also apply the unsafe fixes")
    fixing.add_argument(
        "--diff",
        action="store_true",
        help="print what --fix would change (exit status 1 if there is anything)",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--format",
        action="append",
        default=[],
        choices=FORMATS,
        metavar="FORMAT",
        help=f"report format: {', '.join(FORMATS)} (may repeat; default: terminal)",
    )
    output.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help="report file (may repeat, in the order of --format; without --format, its extension selects the format)",
    )
    output.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="when to use colours (default: auto)"
    )
    output.add_argument("--all", action="store_true", help="list every known vulnerability")
    output.add_argument("--show-suppressed", action="store_true", help="also show suppressed findings")
    output.add_argument(
        "-v", "--verbose", action="store_true", help="list each skipped check, and what was not looked into"
    )
    output.add_argument("-q", "--quiet", action="store_true", help="print nothing if nothing fails")
    add_reporting(output)


def _add_what_else_is_read(reading: _ArgumentGroup) -> None:
    """Add the options that let a check use more than the files that were named."""
    reading.add_argument(
        "--allow-outside", action="store_true", help="follow references of files outside the target's directory"
    )
    reading.add_argument(
        "--render",
        action="store_true",
        help="check what kustomize (or kubectl) makes of kustomizations and helm of charts, run without a network",
    )


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    targets = arguments.targets
    token = reporting_token(arguments)
    if arguments.benchmark:
        from sealock.cli.benchmark import run_benchmark  # noqa: PLC0415  seldom needed

        return run_benchmark(arguments, settings_of(arguments))
    if not targets and not arguments.compose_file:
        msg = 'nothing to check: name a file, a directory (. for this one), or run:"docker run …"'
        raise UsageError(msg)
    if arguments.render and (arguments.fix or arguments.diff):
        msg = "--render cannot be used with --fix and --diff: change the files that the manifests are rendered from"
        raise UsageError(msg)
    tuple(pairs(arguments.format, arguments.output))  # an error in them should come before any file is changed
    if arguments.unsafe and not (arguments.fix or arguments.diff):
        msg = "--unsafe needs --fix or --diff"
        raise UsageError(msg)
    if arguments.vex and (arguments.no_vulnerabilities or arguments.only):
        msg = "--vex needs known vulnerabilities, which --no-vulnerabilities and --only leave out"
        raise UsageError(msg)
    if arguments.since:
        from sealock.cli.since import run_since  # noqa: PLC0415  seldom needed

        return run_since(arguments, settings_of(arguments))
    check_run = CheckRun(settings_of(arguments))
    inputs: Iterable[Input] = check_run.inputs(targets)
    notes: list[str] = []
    unwritten: dict[str, InputError] = {}
    stdout_taken = False
    if arguments.fix or arguments.diff:
        inputs, changed = _fix(check_run, inputs, arguments, notes, unwritten)
        if arguments.diff:
            return 1 if changed else 0
        # The fixed text of standard input goes to standard output: the report must not mix with it.
        stdout_taken = any(isinstance(input_, FileInput) and not input_.path for input_ in inputs)
    with Progress(quiet=arguments.quiet) as progress:
        report = check_run.report(inputs, progress)
    if arguments.write_baseline:
        _write_baseline(arguments.write_baseline, report)
    reports = tuple(_with_error(target, unwritten) for target in report.targets)
    exit_zero = "--exit-zero" if arguments.exit_zero else "--write-baseline" if arguments.write_baseline else ""
    report = replace(report, targets=reports, notes=(*report.notes, *notes), exit_zero=exit_zero)
    write_reports(report, arguments, stdout_taken=stdout_taken)
    if token:
        send(report, arguments, token)
    return report.status


def settings_of(arguments: Namespace) -> Settings:
    """The settings that the options of `sealock check` ask for."""
    return Settings(
        fail_on=_severity(arguments.fail_on),
        min_severity=_severity(arguments.min_severity),
        require_targets=arguments.require_targets,
        exclude=tuple(arguments.exclude),
        examples=not arguments.no_examples,
        found=arguments.hook,
        skip=tuple(arguments.skip),
        fail_on_skipped=arguments.fail_on_skipped,
        pedantic=arguments.pedantic,
        only=tuple(arguments.only),
        policy_file="" if arguments.no_policy else arguments.policy,
        inline_ignores=not arguments.no_inline_ignores,
        baseline=arguments.baseline,
        compose_files=tuple(arguments.compose_file),
        environment=dict(os.environ) if arguments.use_environment else {},
        outside=arguments.allow_outside,
        render=arguments.render,
        platform=arguments.platform,
        verify=not arguments.no_verify,
        engine=arguments.engine,
        containers=arguments.containers,
        cache=cache_directory(arguments),
        limits=limits(arguments),
        vulnerabilities=not arguments.no_vulnerabilities,
        offline=arguments.offline,
        in_use=arguments.in_use,
        profile=arguments.profile,
        only_fixed=arguments.only_fixed,
        ignore_states=_states(arguments.ignore_states),
        vex=tuple(arguments.vex),
        attached_vex=not arguments.no_attached_vex,
    )


def _severity(word: str | None) -> Severity | None:
    return None if word is None else Severity[word.upper()]


def _states(given: list[str]) -> tuple[DistributionState, ...]:
    words = [word.strip() for words in given for word in words.split(",") if word.strip()]
    for word in words:
        if word not in STATES:
            msg = f"--ignore-states: unknown state {word!r}; the states are {', '.join(STATES)}"
            raise UsageError(msg)
    return tuple(state for state in STATES if state in words)


def _fix(
    check_run: CheckRun,
    inputs: Iterable[Input],
    arguments: Namespace,
    notes: list[str],
    unwritten: dict[str, InputError],
) -> tuple[list[Input], bool]:
    """Fix every text; return the inputs as they are afterwards, and whether anything changed.

    A file that cannot be written stays as it is, and is added to `unwritten` by its target, with the reason.
    """
    from sealock.reports import diff  # noqa: PLC0415  only for --fix
    from sealock.scan.fix import FixedFile, fix_inputs  # noqa: PLC0415  only for --fix
    from sealock.targets.outputs import replace_text  # noqa: PLC0415  only for --fix

    after: list[Input] = []
    faults, files = 0, list[str]()
    for result in fix_inputs(check_run, inputs, unsafe=arguments.unsafe):
        if not isinstance(result, FixedFile):
            after.append(result)
            continue
        input_, old, new = result.input, result.input.source.text, result.text
        if result.changed and input_.path and not arguments.diff:
            try:
                replace_text(input_.path, old, new)
            except TargetError as error:
                unwritten[input_.target] = InputError(str(error), Location(input_.target))
                after.append(input_)
                continue
        after.append(result.after)
        for finding, why in result.failed:
            notes.append(f"{finding.location.file}:{finding.location.line}: {finding.rule} was not fixed: {why}")
        if not result.changed:
            continue
        notes += [
            f"{input_.target}: {name} has no value any more: set it in .env or in the environment."
            for name in result.unset
        ]
        faults += result.removed
        files.append(input_.target)
        if arguments.diff:
            ink = colour(arguments.color)
            write(diff.render(input_.target, old, new, colour=ink, terminal=sys.stdout.isatty()))
        elif not input_.path:
            write(new if new.endswith("\n") else new + "\n", exact=True)
    done = "would be fixed" if arguments.diff else "fixed"
    names = list_first([line(name, 200) for name in files], _NAMES)
    notes.insert(0, f"{count(faults, 'finding')} {done} in {count(len(files), 'file')}: {names}." if files else _NO_FIX)
    if arguments.diff:
        comment("".join(f"{line(note)}\n" for note in notes))
    return after, bool(files)


def _with_error(report: TargetReport, unwritten: dict[str, InputError]) -> TargetReport:
    """The report on a target, with the error of a file that could not be written."""
    error = unwritten.get(report.target)
    return report if error is None else replace(report, errors=(*report.errors, error))


def _write_baseline(path: str, report: Report) -> None:
    from sealock.model.identity import identify, repository  # noqa: PLC0415  seldom needed
    from sealock.policy.baseline import needed, write_baseline  # noqa: PLC0415  seldom needed
    from sealock.targets.outputs import write_output  # noqa: PLC0415  seldom needed

    findings = needed(finding for target in report.targets for finding in target.findings)
    identities = [
        identify(finding, subject)
        for target in report.targets
        if target.image is not None and (subject := repository(target.image.names))
        for finding in needed(target.findings)
    ]
    write_output(path, write_baseline(findings, identities))
    complain(f"wrote {count(len(findings), 'finding')} to {path}")
