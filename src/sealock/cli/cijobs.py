"""What the environment of a CI system says of a job: what to compare with, and which reports the system takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from sealock.reports import ReportFormat

_PREFIX: Final = "refs/heads/"
_CUT: Final = 200
"""Characters of a name from the environment that messages show."""


class CiJob(Struct, frozen=True):
    """A job. `target` is the branch that a change goes into, "" where the job is for no pull request.

    `branch` and `default` are the job's own branch and the repository's main one, "" where the system does not say.
    `log` is the format for standard output, `reports` are further formats with their files; `after` are lines for the
    log that make the system take these.
    """

    system: str
    target: str = ""
    branch: str = ""
    default: str = ""
    log: ReportFormat = "terminal"
    reports: tuple[tuple[ReportFormat, str], ...] = ()
    after: tuple[str, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    """Outputs of a step of GitHub Actions."""


Reader = Callable[[str], str]
"""Reads a file that the environment names; "" where it cannot."""


def read_job(environment: Mapping[str, str], read: Reader = lambda _path: "") -> CiJob:
    """Read the job from the environment. An unknown system, or none, gives a job without any names."""
    for variable, make in _SYSTEMS.items():
        if environment.get(variable, "").lower() not in {"", "false", "0"}:
            return make(environment, read)
    return CiJob("no CI system that sealock knows")


def _github(environment: Mapping[str, str], read: Reader) -> CiJob:
    event = _object(read(environment.get("GITHUB_EVENT_PATH", "")))
    repository = event.get("repository")
    default = repository.get("default_branch") if isinstance(repository, dict) else ""
    reference = environment.get("GITHUB_REF", "")
    sarif = _in(environment.get("RUNNER_TEMP", ""), "sealock.sarif")
    return CiJob(
        "GitHub Actions",
        environment.get("GITHUB_BASE_REF", ""),
        reference.removeprefix(_PREFIX) if reference.startswith(_PREFIX) else "",
        default if isinstance(default, str) else "",
        log="github",
        reports=(("sarif", sarif),),
        outputs=(("sarif", sarif),),
    )


def _gitlab(environment: Mapping[str, str], _read: Reader) -> CiJob:
    return CiJob(
        "GitLab CI",
        environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""),
        environment.get("CI_COMMIT_BRANCH", ""),
        environment.get("CI_DEFAULT_BRANCH", ""),
        reports=(("gitlab", _in(environment.get("CI_PROJECT_DIR", ""), "gl-code-quality-report.json")),),
    )


def _azure(environment: Mapping[str, str], _read: Reader) -> CiJob:
    directory = environment.get("AGENT_TEMPDIRECTORY", "")
    sarif, summary = _in(directory, "sealock.sarif"), _in(directory, "sealock.md")
    return CiJob(
        "Azure Pipelines",
        environment.get("SYSTEM_PULLREQUEST_TARGETBRANCH", "").removeprefix(_PREFIX),
        environment.get("BUILD_SOURCEBRANCH", "").removeprefix(_PREFIX),
        log="azure",
        reports=(("sarif", sarif), ("markdown", summary)),
        after=(
            f"##vso[task.uploadsummary]{_of_command(summary)}",
            f"##vso[artifact.upload artifactname=CodeAnalysisLogs]{_of_command(sarif)}",
        ),
    )


def _circle(environment: Mapping[str, str], _read: Reader) -> CiJob:
    return CiJob(
        "CircleCI",
        branch=environment.get("CIRCLE_BRANCH", ""),
        reports=(("junit", "test-results/sealock/results.xml"),),
    )


def _jenkins(environment: Mapping[str, str], _read: Reader) -> CiJob:
    branch = environment.get("BRANCH_NAME", "") or environment.get("GIT_BRANCH", "").removeprefix("origin/")
    sarif = _in(environment.get("WORKSPACE", ""), "sealock.sarif")
    return CiJob("Jenkins", environment.get("CHANGE_TARGET", ""), branch, reports=(("sarif", sarif),))


def _bitbucket(environment: Mapping[str, str], _read: Reader) -> CiJob:
    return CiJob(
        "Bitbucket Pipelines",
        environment.get("BITBUCKET_PR_DESTINATION_BRANCH", ""),
        environment.get("BITBUCKET_BRANCH", ""),
        reports=(("junit", "test-results/sealock.xml"),),
    )


_SYSTEMS: Final[Mapping[str, Callable[[Mapping[str, str], Reader], CiJob]]] = {
    "GITHUB_ACTIONS": _github,
    "GITLAB_CI": _gitlab,
    "TF_BUILD": _azure,
    "CIRCLECI": _circle,
    "JENKINS_URL": _jenkins,
    "BITBUCKET_BUILD_NUMBER": _bitbucket,
}
"""The systems, by the variable that each sets in its jobs."""


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _in(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}" if directory else name


def _of_command(path: str) -> str:
    """A path in a line of Azure's log, which nothing may end."""
    return path.replace("\r", "").replace("\n", "")[: _CUT * 20]
