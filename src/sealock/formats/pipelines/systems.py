"""The CI systems whose containers are read: the table of each one's keys, and where it describes a container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.gitlabshape import has_jobs
from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.optionkeys.table import OptionKey
from sealock.formats.pipelines import stepimages
from sealock.formats.pipelines.described import CiContainer, CiSystem, entries, items, named, sharing
from sealock.formats.yamltree import Scalar, YamlTree
from sealock.model.container import FIELDS
from sealock.patterns import compile_lazily

_OPTIONS: Final = OptionKey("options", shape="arguments", value="text")
GITHUB: Final = (
    OptionKey("env", "env", "pairs"),
    OptionKey("volumes", "volume", "list"),
    OptionKey("ports", "publish", "list"),
    OptionKey("entrypoint", "entrypoint", "text"),
    _OPTIONS,
    OptionKey("command", shape="command"),
)
GITHUB_STEP: Final = (
    OptionKey("with.entrypoint", "entrypoint", "text"),
    OptionKey("with.args", shape="command"),
    OptionKey("env", "env", "pairs"),
)
ACTION: Final = (
    OptionKey("entrypoint", "entrypoint", "text"),
    OptionKey("args", shape="command"),
    OptionKey("env", "env", "pairs"),
)
GITLAB_IMAGE: Final = (
    OptionKey("docker.platform", "platform", "text"),
    OptionKey("docker.user", "user", "text"),
    OptionKey("kubernetes.user", "user", "text", writable=False),
)
# `alias` of GitLab and `name` of CircleCI are names of hosts, which may be shorter than those of containers.
GITLAB: Final = (
    *GITLAB_IMAGE,
    OptionKey("command", shape="command"),
    OptionKey("variables", "env", "pairs"),
)
_VARIABLES: Final = (OptionKey("variables", "env", "pairs"),)
CIRCLE: Final = (
    OptionKey("user", "user", "text"),
    OptionKey("environment", "env", "pairs"),
    OptionKey("command", shape="command"),
)
AZURE: Final = (
    OptionKey("env", "env", "pairs"),
    OptionKey("volumes", "volume", "list"),
    OptionKey("mapDockerSocket", "volume", "switch", value="/var/run/docker.sock:/var/run/docker.sock"),
    OptionKey("ports", "publish", "list"),
    _OPTIONS,
)
BITBUCKET_IMAGE: Final = (OptionKey("run-as-user", "user", "text", writable=False),)
BITBUCKET: Final = (OptionKey("variables", "env", "pairs"),)
_DOCKER: Final = "docker://"


def _github(root: ManifestValue) -> Iterator[CiContainer]:
    """`container`, `services` and steps that are images, of jobs and of composite actions; an action's own image."""
    for job, value in entries(root.at("jobs")):
        yield from named(f"container of job {job}", value.at("container"), "image", GITHUB)
        for service, inner in entries(value.at("services")):
            yield from named(f"service {service} of job {job}", inner, "image", GITHUB)
        yield from _steps(value.at("steps"), f" of job {job}")
    runs = root.at("runs")
    if runs is None:
        return
    yield from _steps(runs.at("steps"), "")
    image = runs.at("image")
    if image is not None and runs.word("image").startswith(_DOCKER):
        yield CiContainer("action", runs, image, ACTION, _DOCKER, says=_BASIC)


def _steps(steps: ManifestValue | None, where: str) -> Iterator[CiContainer]:
    for index, step in enumerate(items(steps)):
        if step.word("uses").startswith(_DOCKER):
            name = f"step {index + 1}{where}"
            yield CiContainer(name, step, step.at("uses"), GITHUB_STEP, _DOCKER, says=_BASIC)


def _gitlab(root: ManifestValue) -> Iterator[CiContainer]:
    """`image` and `services` at the top, in `default`, and in jobs, with the variables of a job and of all of them."""
    yield from sharing(_gitlab_jobs(root), root, _VARIABLES)


def _gitlab_jobs(root: ManifestValue) -> Iterator[CiContainer]:
    yield from _gitlab_containers("the pipeline", root)
    for name, value in entries(root):
        if value.is_mapping and name != "variables":
            own = "jobs by default" if name == "default" else f"job {name}"
            yield from sharing(_gitlab_containers(own, value), value, _VARIABLES)


def _gitlab_containers(own: str, value: ManifestValue) -> Iterator[CiContainer]:
    yield from named(f"image of {own}", value.at("image"), "name", GITLAB_IMAGE)
    for index, service in enumerate(items(value.at("services"))):
        yield from named(f"service {index + 1} of {own}", service, "name", GITLAB)


def _circle(root: ManifestValue) -> Iterator[CiContainer]:
    """The images of docker executors, of jobs and of executors that jobs share."""
    for group, kind in (("jobs", "job"), ("executors", "executor")):
        for name, value in entries(root.at(group)):
            for index, item in enumerate(items(value.at("docker"))):
                yield from named(f"container {index + 1} of {kind} {name}", item, "image", CIRCLE)


def _azure(root: ManifestValue) -> Iterator[CiContainer]:
    """Containers of resources, and those that jobs name by their image; an alias is a container of the resources."""
    resources = root.at("resources", "containers")
    aliases = {item.word("container") for item in items(resources)}
    for item in items(resources):
        yield from named(f"container {item.word('container')}", item, "image", AZURE)
    jobs = [("the pipeline", root), *_jobs(root)]
    for stage in items(root.at("stages")):
        jobs += _jobs(stage)
    for name, job in jobs:
        container = job.at("container")
        if container is not None and job.word("container") not in aliases:
            yield from named(f"container of {name}", container, "image", AZURE)
        for service, value in entries(job.at("services")):
            if not (isinstance(value.node, Scalar) and value.node.text in aliases):
                yield from named(f"service {service} of {name}", value, "image", AZURE)


def _jobs(value: ManifestValue) -> list[tuple[str, ManifestValue]]:
    jobs = items(value.at("jobs"))
    return [(f"job {job.word('job') or job.word('deployment') or index + 1}", job) for index, job in enumerate(jobs)]


def _bitbucket(root: ManifestValue) -> Iterator[CiContainer]:
    """`image` at the top and of steps, and the services that are defined."""
    yield from named("image of the pipeline", root.at("image"), "name", BITBUCKET_IMAGE)
    for name, value in entries(root.at("definitions", "services")):
        yield from named(f"service {name}", value.at("image"), "name", BITBUCKET_IMAGE, more=((value, BITBUCKET),))
    pending = [("", value) for _, value in entries(root.at("pipelines"))]
    steps = 0
    while pending:
        name, value = pending.pop(0)
        if name == "step":
            steps += 1
            yield from named(f"image of step {value.word('name') or steps}", value.at("image"), "name", BITBUCKET_IMAGE)
        pending += [("", item) for item in value.items] + [(key, inner) for key, inner in value.entries.items()
                                                           if not isinstance(inner.node, Scalar)]  # fmt: skip


_BASIC: Final = ("image", "command", "entrypoint", "environment", "name", "user", "platform")
_OF_RUNNER: Final = tuple(field for field in FIELDS if field not in {"network_mode", "networks"})
"""Runners and agents make a network for each job."""
_EXPRESSION: Final = compile_lazily(r"\$\{\{")
SYSTEMS: Final = (
    CiSystem(
        "github",
        compile_lazily(r"(?:.*/)?\.(?:github|gitea|forgejo)/workflows/[^/]*\.ya?ml|(?:.*/)?action\.ya?ml"),
        _github,
        _EXPRESSION,
        _OF_RUNNER,
        "a workflow leaves this to the runner",
    ),
    CiSystem(
        "gitlab",
        compile_lazily(r"(?:.*/)?[^/]*gitlab-ci[^/]*\.ya?ml|(?:.*/)?\.?gitlab/.*\.ya?ml"),
        _gitlab,
        compile_lazily(r"\$"),
        _BASIC,
        "the settings of GitLab's runner decide this",
        repeats=True,
    ),
    CiSystem(
        "circleci",
        compile_lazily(r"(?:.*/)?\.circleci/[^/]*\.ya?ml"),
        _circle,
        compile_lazily(r"<<"),
        _BASIC,
        "CircleCI decides this",
    ),
    CiSystem(
        "azure",
        compile_lazily(r"(?:.*/)?\.?azure-pipelines[^/]*\.ya?ml|(?:.*/)?\.azure-pipelines/[^/]*\.ya?ml"),
        _azure,
        compile_lazily(r"\$\{\{|\$\(|\$\["),
        _OF_RUNNER,
        "a pipeline leaves this to the agent",
    ),
    CiSystem(
        "bitbucket",
        compile_lazily(r"(?:.*/)?bitbucket-pipelines\.ya?ml"),
        _bitbucket,
        compile_lazily(r"\$"),
        _BASIC,
        "Bitbucket decides this",
    ),
    *stepimages.SYSTEMS,
)


def system_of(path: str, tree: YamlTree | None = None) -> CiSystem | None:
    """The CI system whose pipeline a file is, by its path, or by what is read of it: GitLab's may have any name.

    A backslash may part directories, or be one of a name.
    """
    paths = (path, path.replace("\\", "/"))
    named = next((system for system in SYSTEMS if any(map(system.path.fullmatch, paths))), None)
    if named is None and tree is not None and has_jobs(tree):
        return next(system for system in SYSTEMS if system.name == "gitlab")
    return named
