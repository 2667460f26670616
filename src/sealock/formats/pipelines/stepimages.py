"""CI systems in which each step names its own image: Drone, Woodpecker, Google Cloud Build and Buildkite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.optionkeys.table import OptionKey
from sealock.formats.pipelines.described import CiContainer, CiSystem, Table, entries, items, named, sharing
from sealock.model.container import FIELDS
from sealock.patterns import compile_lazily

_NAMED_VOLUMES: Final = OptionKey("volumes", "mount", "list", writable=False)
"""A list of names and paths, whose names the pipeline declares."""
_ENVIRONMENT: Final = OptionKey("environment", "env", "pairs")
DRONE: Final = (
    _ENVIRONMENT,
    OptionKey("privileged", "privileged", "switch", value="true"),
    OptionKey("network_mode", "network", "text"),
    OptionKey("user", "user", "text"),
    _NAMED_VOLUMES,
    OptionKey("command", shape="command"),
)
WOODPECKER: Final = (
    _ENVIRONMENT,
    OptionKey("privileged", "privileged", "switch", value="true"),
    OptionKey("volumes", "volume", "list"),
    OptionKey("backend_options.docker.user", "user", "text"),
    OptionKey("dns", "dns", "list"),
    OptionKey("dns_search", "dns-search", "list"),
)
CLOUD_BUILD: Final = (
    OptionKey("env", "env", "list"),
    OptionKey("entrypoint", "entrypoint", "text"),
    OptionKey("args", shape="command"),
    _NAMED_VOLUMES,
)
BUILDKITE: Final = (
    OptionKey("environment", "env", "list"),
    OptionKey("env-file", "env-file", "list"),
    OptionKey("privileged", "privileged", "switch", value="true"),
    OptionKey("add-caps", "cap-add", "list"),
    OptionKey("drop-caps", "cap-drop", "list"),
    OptionKey("security-opts", "security-opt", "list"),
    OptionKey("devices", "device", "list"),
    OptionKey("volumes", "volume", "list"),
    OptionKey("tmpfs", "tmpfs", "list"),
    OptionKey("publish", "publish", "list"),
    OptionKey("network", "network", "text"),
    OptionKey("pid", "pid", "text"),
    OptionKey("ipc", "ipc", "text"),
    OptionKey("userns", "userns", "text"),
    OptionKey("user", "user", "text"),
    OptionKey("additional-groups", "group-add", "list"),
    OptionKey("add-host", "add-host", "list"),
    OptionKey("sysctls", "sysctl", "list"),
    OptionKey("ulimits", "ulimit", "list"),
    OptionKey("memory", "memory", "text"),
    OptionKey("memory-swap", "memory-swap", "text"),
    OptionKey("cpus", "cpus", "text"),
    OptionKey("shm-size", "shm-size", "text"),
    OptionKey("init", "init", "switch", value="true"),
    OptionKey("entrypoint", "entrypoint", "text"),
    OptionKey("command", shape="command"),
)
_DOCKER_PLUGIN: Final = compile_lazily(r"(?:.*/)?(?:buildkite-plugins/)?docker(?:-buildkite-plugin)?(?:\.git)?(?:#.*)?")


def _drone(root: ManifestValue) -> Iterator[CiContainer]:
    """The steps and services of a pipeline that runs in containers."""
    if root.word("kind") in {"pipeline", ""} and root.word("type") in {"docker", "kubernetes", ""}:
        volumes = {item.word("name"): _source(item) for item in items(root.at("volumes"))}
        yield from sharing(_steps(root, root.word("name"), DRONE, volumes=volumes), root, (_ENVIRONMENT,))


def _source(volume: ManifestValue) -> str:
    """Where a volume that Drone's pipeline declares comes from, as the start of an option `--mount`."""
    host = volume.word("host", "path")
    memory = volume.word("temp", "medium") == "memory"
    return f"type=bind,source={host}" if host else "type=tmpfs" if memory else "type=volume"


def _woodpecker(root: ManifestValue) -> Iterator[CiContainer]:
    """The steps, `pipeline` in old files, the services, and the steps that clone."""
    yield from _steps(root, "", WOODPECKER)


def _steps(root: ManifestValue, pipeline: str, table: Table, **more: object) -> Iterator[CiContainer]:
    """The containers of lists and mappings of steps and services."""
    of = f" of {pipeline}" if pipeline else ""
    groups = (("steps", "step"), ("pipeline", "step"), ("services", "service"), ("clone", "clone step"))
    for group, kind in groups:
        value = root.at(group)
        listed = ((item.word("name") or str(at + 1), item) for at, item in enumerate(items(value)))
        for name, step in (*listed, *entries(value)):
            if step.is_mapping and step.at("image") is not None:
                yield from named(f"{kind} {name}{of}", step, "image", table, **more)


def _cloud_build(root: ManifestValue) -> Iterator[CiContainer]:
    """The builder that each step names."""
    for at, step in enumerate(items(root.at("steps"))):
        yield from named(f"step {step.word('id') or at + 1}", step, "name", CLOUD_BUILD)


def _buildkite(root: ManifestValue) -> Iterator[CiContainer]:
    """What the plugin "docker" starts, of steps and of the steps of groups."""
    for number, step in enumerate(_each_step(root.at("steps") if root.is_mapping else root), 1):
        plugins = step.at("plugins")
        listed = [pair for item in items(plugins) for pair in item.entries.items()]
        for plugin, value in (*listed, *entries(plugins)):
            if value.is_mapping and _DOCKER_PLUGIN.fullmatch(plugin):
                name = f"step {step.word('key') or step.word('label') or number}"
                yield from named(name, value, "image", BUILDKITE)


def _each_step(steps: ManifestValue | None) -> Iterator[ManifestValue]:
    for step in items(steps):
        yield step
        yield from _each_step(step.at("steps"))


_OF_STEP: Final = ("image", "command", "entrypoint", "environment", "name", "user", "platform")
_MOUNTS: Final = ("mounts", "volumes_from")
"""All that is mounted: no step takes volumes from another container."""
SYSTEMS: Final = (
    CiSystem(
        "drone",
        compile_lazily(r"(?:.*/)?\.drone(?:\.[^/]*)?\.ya?ml"),
        _drone,
        compile_lazily(r"\$"),
        (*_OF_STEP, "privileged", *_MOUNTS, "network_mode"),
        "Drone's runner decides this",
    ),
    CiSystem(
        "woodpecker",
        compile_lazily(r"(?:.*/)?\.?woodpecker[^/]*\.ya?ml|(?:.*/)?\.woodpecker/.*\.ya?ml"),
        _woodpecker,
        compile_lazily(r"\$"),
        (*_OF_STEP, "privileged", *_MOUNTS, "dns", "dns_search"),
        "Woodpecker's agent decides this",
    ),
    CiSystem(
        "cloudbuild",
        compile_lazily(r"(?:.*/)?cloudbuild[^/]*\.(?:ya?ml|json)"),
        _cloud_build,
        compile_lazily(r"\$"),
        (*_OF_STEP, *_MOUNTS),
        "Cloud Build decides this",
    ),
    CiSystem(
        "buildkite",
        compile_lazily(r"(?:.*/)?\.buildkite/.*\.(?:ya?ml|json)|(?:.*/)?\.?buildkite[^/]*\.ya?ml"),
        _buildkite,
        compile_lazily(r"\$"),
        FIELDS,
        "the plugin leaves this to the engine",
    ),
)
