"""`sealock ci`: check what changed against the base branch, in the way that the CI system at hand wants it."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from typing import Final

from msgspec.structs import replace

from sealock.cli import check
from sealock.cli.cijobs import CiJob, read_job
from sealock.cli.commandparser import CommandParser
from sealock.cli.output import complain, write
from sealock.cli.since import refuse_with_since, run_since
from sealock.errors import SealockError, reason_of
from sealock.targets.files import read_text
from sealock.targets.git import GitRepository

EPILOG: Final = """\
sealock ci reads the environment of GitHub Actions, GitLab CI, CircleCI, Azure
Pipelines, Jenkins or Bitbucket Pipelines. In a pull request, and on a branch
other than the default one, only what is new since the merge base counts; on
the default branch, everything. It takes all options of `sealock check`, whose
help has those that are not here; with --format or --output it writes only those
reports.

  system         log          files
  GitHub         annotations  the job's summary; sealock.sarif, as output sarif
  GitLab         text         gl-code-quality-report.json (codequality)
  Azure          annotations  summary; sealock.sarif in CodeAnalysisLogs
  CircleCI       text         test-results/sealock/results.xml (JUnit)
  Jenkins        text         sealock.sarif, for Warnings Next Generation
  Bitbucket      text         test-results/sealock.xml (JUnit)

exit status:
  0  nothing new at or above --fail-on
  1  new findings at or above --fail-on
  2  an input could not be read, or the commit to compare with is not here
"""

_OWN: Final = {
    "targets": "a file or directory (default: .), or what else `sealock check` takes",
    "format": "report format (may repeat; default: what the system takes)",
    "since": "the branch or commit to compare with (default: the one into which the change goes)",
}
"""What this command says of arguments that are others to `sealock check`."""
_SHOWN: Final = frozenset({"help", "targets", "since", "everything", "format", "output", "fail_on", "policy"})
"""What the help of this command lists; that of `sealock check` has the rest."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    check.configure(parser)
    parser.epilog = EPILOG
    parser.add_argument("--everything", action="store_true", help="check all files, and not what changed")
    for action in parser._actions:  # noqa: SLF001  argparse has no other way to change what `check` says of it
        action.help = _OWN.get(action.dest, action.help)
    if isinstance(parser, CommandParser):
        parser.shown_in_help = _SHOWN


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    refuse_with_since(arguments)
    arguments.targets = arguments.targets or ["."]
    job = read_job(os.environ, _read)
    given = bool(arguments.format or arguments.output)
    if not given:
        arguments.format = [*(form for form, _ in job.reports), job.log]
        arguments.output = [*(path for _, path in job.reports), "-"]
        for _, path in job.reports:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)  # noqa: PTH103, PTH120  pathlib costs 10 ms
    named = bool(arguments.since)
    why = _choose_base(arguments, job)
    if not arguments.quiet:
        complain(f"{job.system}: {why}")
    status = (
        run_since(arguments, check.settings_of(arguments), remote_first=not named)
        if arguments.since
        else check.run(arguments)
    )
    if not given:
        _hand_over(job)
    return status


def _choose_base(arguments: Namespace, job: CiJob) -> str:
    """Set the commit to compare with, "" for none, and say why."""
    if arguments.everything:
        arguments.since = ""
        return "everything is checked (--everything)"
    if arguments.since:
        return f"what changed since {arguments.since} is checked"
    if job.target:
        arguments.since = job.target
        return f"what changed since {job.target}, into which the change goes, is checked"
    try:
        repository = GitRepository(".")
        job = replace(job, default=job.default or repository.default_branch())
        branch = job.branch or repository.branch()
        if not job.default or branch == job.default:
            return f"everything is checked, on {branch or 'a commit without a branch'}"
        # A commit that the default branch has is compared with nothing: that would pass in silence.
        base = repository.find(job.default, remote_first=True)
        if repository.merge_base(base) == repository.find("HEAD"):
            return f"everything is checked, since {job.default} has this commit"
    except SealockError as error:
        if arguments.targets == ["."] and not os.path.lexists(".git"):
            return f"everything is checked: {error}"
        raise
    arguments.since = job.default
    return f"what changed since {job.default} is checked"


def _read(path: str) -> str:
    try:
        return read_text(path) if path else ""
    except SealockError:
        return ""


def _hand_over(job: CiJob) -> None:
    """Name the files that the system takes."""
    if job.after:
        write("".join(f"{row}\n" for row in job.after))
    path = os.environ.get("GITHUB_OUTPUT", "")
    if job.outputs and path:
        try:
            with open(path, "a", encoding="utf-8") as handle:  # noqa: PTH123  pathlib costs 10 ms
                handle.write("".join(f"{name}={value}\n" for name, value in job.outputs if "\n" not in value))
        except OSError as error:
            complain(f"the outputs {path} could not be written: {reason_of(error)}")
