"""Finds valid-looking options that the client or the engine rejects.

Rules check other contradictions, such as swap below memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from sealock.formats.runargs.mounts import PROPAGATIONS
from sealock.formats.runargs.networks import NO_NAME_SERVERS
from sealock.formats.runargs.scalars import SettingValue
from sealock.formats.runargs.values import ULIMITS_OF_HOST
from sealock.formats.runargs.words import OptionError, ParsedOption, RunWords
from sealock.model.absent import UNKNOWN
from sealock.model.container import Mount, Network
from sealock.model.imagename import is_id, parse, reference_fault

Pairs = dict[str, list[tuple[SettingValue, ParsedOption]]]

_SMALLEST_MEMORY: Final = 6 << 20
_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_DOMAIN: Final = _NAME - frozenset("_")
_PODMAN_MOUNTS: Final = frozenset({"glob", "artifact", "ramfs", "devpts"})
_VOLUME_MODES: Final = frozenset({"z", "Z", "nocopy", "consistent", "cached", "delegated"})
_VOLUMES_FROM_MODES: Final = (
    frozenset({"", "ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated"}) | PROPAGATIONS
)
_DOCKER_VALUES: Final = {
    "pid": ("", "host"),
    "uts": ("", "host"),
    "userns": ("", "host"),
    "cgroupns": ("", "host", "private"),
    "ipc": ("", "host", "private", "shareable", "none"),
    "pull": ("always", "missing", "never"),
}
"""The values that docker accepts; pid and ipc also accept `container:NAME`."""


def find_refusals(line: RunWords, pairs: Pairs, engine: str) -> Iterator[OptionError]:
    """Find what would be rejected, each with its place."""
    for setting, is_valid, message in _VALUE_CHECKS:
        for value, option in pairs.get(setting, ()):
            if value is not UNKNOWN and option.literal and not is_valid(value):
                yield OptionError(message.format(value), option.place)
    yield from _check_exclusive(pairs)
    if engine == "docker":
        yield from _check_docker(line, pairs)


def _is_container_name(text: str) -> bool:
    return text[:1] not in {"", *"_.-"} and set(text) <= _NAME


def _is_domain(text: str) -> bool:
    labels = text.rstrip(".").split(".")
    return text == "." or all(label and label.strip("-") == label and set(label) <= _DOMAIN for label in labels)


_VALUE_CHECKS: Final[tuple[tuple[str, Callable[[SettingValue], bool], str], ...]] = (
    ("name", _is_container_name, '"{0}" is not a container\'s name'),
    ("dns_search", _is_domain, '"{0}" is not a domain'),
    ("health.retries", lambda number: number >= 0, "a number of retries cannot be negative"),
    ("health.interval", lambda time: time == 0 or time >= 0.001, "a health check's durations are at least 1ms"),
    ("health.timeout", lambda time: time == 0 or time >= 0.001, "a health check's durations are at least 1ms"),
    ("memory", lambda size: size == 0 or size >= _SMALLEST_MEMORY, "a container needs at least 6 MB of memory"),
    ("memory_swappiness", lambda number: -1 <= number <= 100, "swappiness is from 0 to 100, not {0}"),
    ("oom_score_adj", lambda number: -1000 <= number <= 1000, "the score is adjusted by -1000 to 1000, not by {0}"),
    ("blkio_weight", lambda number: number == 0 or 10 <= number <= 1000, "a block weight is from 10 to 1000, not {0}"),
    (
        "volumes_from",
        lambda text: not set(text.partition(":")[2].split(",")) - _VOLUMES_FROM_MODES,
        '"{0}": that is not a mode',
    ),
    ("cpus", lambda number: number >= 0, "the number of CPUs cannot be negative"),
    ("working_dir", lambda path: path[:1] in {"", "/"} or ":" in path, 'the working directory "{0}" is not absolute'),
)


def _last(pairs: Pairs, setting: str) -> SettingValue:
    values = pairs.get(setting)
    return values[-1][0] if values else None


def _check_exclusive(pairs: Pairs) -> Iterator[OptionError]:
    """Find options that exclude each other."""
    if _last(pairs, "auto_remove") is True and getattr(_last(pairs, "restart"), "policy", "no") != "no":
        yield OptionError("conflicting options: --rm and --restart", pairs["restart"][-1][1].place)
    checks = [setting for setting in pairs if setting.startswith("health.") and setting != "health.disabled"]
    if _last(pairs, "health.disabled") is True and checks:
        place = pairs["health.disabled"][-1][1].place
        yield OptionError("conflicting options: --no-healthcheck and other health options", place)
    if _last(pairs, "logging.driver") == "none" and "logging.options" in pairs:
        yield OptionError("the log driver none takes no options", pairs["logging.options"][-1][1].place)


def _check_docker(line: RunWords, pairs: Pairs) -> Iterator[OptionError]:
    """Find what docker rejects, though podman or nerdctl may accept it."""
    for setting, words in _DOCKER_VALUES.items():
        for value, option in pairs.get(setting, ()):
            shared = setting in {"pid", "ipc"} and isinstance(value, str) and value.startswith("container:")
            if value is not UNKNOWN and option.literal and value not in words and not shared:
                yield OptionError(
                    f'--{option.spec.name}: "{value}" is none of {", ".join(filter(None, words))}', option.place
                )
    for value, option in pairs.get("name", ()):
        if option.literal and isinstance(value, str) and len(value) == 1:
            yield OptionError(f'"{value}" is not a container\'s name, which has at least 2 characters', option.place)
    for value, option in pairs.get("dns", ()):
        if value == NO_NAME_SERVERS:
            yield OptionError(f'--dns: "{value}" is not an IP address', option.place)
    for value, option in pairs.get("mounts", ()):
        if option.literal and option.spec.name == "volume" and (unknown_mode := _invalid_mode(value)):
            yield OptionError(f'"{option.text}" has the unknown mode "{unknown_mode}"', option.place)
        if option.literal and value.kind in _PODMAN_MOUNTS:
            yield OptionError(f'"{option.text}" has the type {value.kind}, which only Podman has', option.place)
    yield from _check_networks(pairs)
    yield from _check_ulimits(line)
    if line.image is not None and line.image.literal and line.image_certain:
        text = line.image.text
        name = parse(text)
        # Engines take capitals before the first slash for a registry, whose name no DNS server knows.
        capitals = name is None or name.repository != name.repository.lower()
        if capitals or (reference_fault(text) and not is_id(text)):
            yield OptionError(f'"{text}" is not an image\'s name', line.image.place)


def _check_ulimits(line: RunWords) -> Iterator[OptionError]:
    for option in line.options:
        if option.spec.name == "ulimit" and option.text == ULIMITS_OF_HOST:
            yield OptionError(f'--ulimit: "{option.text}" is a value that only Podman has', option.place)


def _invalid_mode(mount: Mount) -> str:
    """The first unknown or repeated mode of a volume, "" for none."""
    kinds: set[str] = set()
    for option in mount.options:
        kind = "label" if option in {"z", "Z"} else "consistency" if option[0] in "cd" else option
        if option not in _VOLUME_MODES or kind in kinds:
            return option
        kinds.add(kind)
    if mount.kind == "volume" and mount.propagation in PROPAGATIONS:
        return mount.propagation or ""
    return "nocopy" if mount.kind == "bind" and "nocopy" in mount.options else ""


def _check_networks(pairs: Pairs) -> Iterator[OptionError]:
    values = pairs.get("net", [])
    networks = [option for value, option in values if isinstance(value, Network)]
    modes = [option for value, option in values if isinstance(value, str)]
    if networks and modes:
        yield OptionError("user-defined networks exclude the modes bridge, host and none", modes[-1].place)
    if "net.alias" in pairs and not networks and all(mode.literal for mode in modes):
        yield OptionError("network aliases need a user-defined network", pairs["net.alias"][-1][1].place)
