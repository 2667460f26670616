"""What the client (or the engine behind it) refuses though each value by itself can be read.

Contradictions that a rule judges (swap below memory, kernel parameters of the whole host) are left to the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from sealock.formats.runargs.mounts import PROPAGATIONS
from sealock.formats.runargs.words import OptionError, ParsedOption, RunWords
from sealock.model.absent import UNKNOWN
from sealock.model.container import Mount, Network
from sealock.model.imagename import parse

Pairs = dict[str, list[tuple[Any, ParsedOption]]]

_SMALLEST_MEMORY: Final = 6 << 20
_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_REPOSITORY: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.-/")
_DOMAIN: Final = _NAME - frozenset("_")
_MODES: Final = frozenset({"z", "Z", "nocopy", "consistent", "cached", "delegated"})
_FROM: Final = frozenset({"", "ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated"}) | PROPAGATIONS
_SPACES: Final = {
    "pid": ("", "host"),
    "uts": ("", "host"),
    "userns": ("", "host"),
    "cgroupns": ("", "host", "private"),
    "ipc": ("", "host", "private", "shareable", "none"),
    "pull": ("always", "missing", "never"),
}
"""The words of docker's own; `container:NAME` besides for pid and ipc."""


def find_refusals(line: RunWords, pairs: Pairs, engine: str) -> Iterator[OptionError]:
    """Tell what would be refused, each with its place."""
    for slot, holds, message in _EACH:
        for value, one in pairs.get(slot, ()):
            if value is not UNKNOWN and one.literal and not holds(value):
                yield OptionError(message.format(value), one.place)
    yield from _together(pairs)
    if engine == "docker":
        yield from _docker(line, pairs)


def _name(text: str) -> bool:
    return len(text) > 1 and text[0] not in "_.-" and set(text) <= _NAME


def _domain(text: str) -> bool:
    labels = text.rstrip(".").split(".")
    return text == "." or all(label and label.strip("-") == label and set(label) <= _DOMAIN for label in labels)


_EACH: Final[tuple[tuple[str, Callable[[Any], bool], str], ...]] = (
    ("name", _name, '"{0}" is not a container\'s name'),
    ("dns_search", _domain, '"{0}" is not a domain'),
    ("health.retries", lambda number: number >= 0, "a number of retries cannot be negative"),
    ("health.interval", lambda time: time == 0 or time >= 0.001, "a health check's times are a millisecond at least"),
    ("health.timeout", lambda time: time == 0 or time >= 0.001, "a health check's times are a millisecond at least"),
    ("memory", lambda size: size == 0 or size >= _SMALLEST_MEMORY, "a container needs 6 MB of memory at least"),
    ("memory_swappiness", lambda number: -1 <= number <= 100, "swappiness is from 0 to 100, not {0}"),
    ("oom_score_adj", lambda number: -1000 <= number <= 1000, "the score is adjusted by -1000 to 1000, not by {0}"),
    ("blkio_weight", lambda number: number == 0 or 10 <= number <= 1000, "a block weight is from 10 to 1000, not {0}"),
    ("volumes_from", lambda text: not set(text.partition(":")[2].split(",")) - _FROM, '"{0}": that is not a mode'),
    ("cpus", lambda number: number >= 0, "there is no negative number of processors"),
    ("working_dir", lambda path: path.startswith("/") or ":" in path, 'the working directory "{0}" is not absolute'),
)


def _last(pairs: Pairs, slot: str) -> Any:  # noqa: ANN401  values of every field
    said = pairs.get(slot)
    return said[-1][0] if said else None


def _together(pairs: Pairs) -> Iterator[OptionError]:
    """Options that exclude each other."""
    if _last(pairs, "auto_remove") is True and getattr(_last(pairs, "restart"), "policy", "no") != "no":
        yield OptionError("--rm and --restart exclude each other", pairs["restart"][-1][1].place)
    checks = [slot for slot in pairs if slot.startswith("health.") and slot != "health.disabled"]
    if _last(pairs, "health.disabled") is True and checks:
        place = pairs["health.disabled"][-1][1].place
        yield OptionError("--no-healthcheck and the other health options exclude each other", place)
    if _last(pairs, "logging.driver") == "none" and "logging.options" in pairs:
        yield OptionError("the log driver none takes no options", pairs["logging.options"][-1][1].place)


def _docker(line: RunWords, pairs: Pairs) -> Iterator[OptionError]:
    """What docker refuses, while podman or nerdctl may take it."""
    for slot, words in _SPACES.items():
        for value, one in pairs.get(slot, ()):
            shared = slot in {"pid", "ipc"} and isinstance(value, str) and value.startswith("container:")
            if value is not UNKNOWN and one.literal and value not in words and not shared:
                yield OptionError(
                    f'--{one.option.name}: "{value}" is none of {", ".join(filter(None, words))}', one.place
                )
    for value, one in pairs.get("mounts", ()):
        if one.literal and one.option.name == "volume" and (wrong := _mode(value)):
            yield OptionError(f'"{one.text}": "{wrong}" is not a mode of a volume', one.place)
    yield from _networks(pairs)
    if line.image is not None and line.image.literal and line.image_certain:
        name = parse(line.image.text)
        if name is None or not set(name.repository) <= _REPOSITORY or name.repository.rpartition("/")[2][:1] in "-._":
            yield OptionError(f'"{line.image.text}" is not an image\'s name', line.image.place)


def _mode(mount: Mount) -> str:
    """The first mode that docker does not know, or that it knows but once."""
    seen: set[str] = set()
    for option in mount.options:
        kind = "label" if option in {"z", "Z"} else "consistency" if option[0] in "cd" else option
        if option not in _MODES or kind in seen:
            return option
        seen.add(kind)
    if mount.kind == "volume" and mount.propagation in PROPAGATIONS:
        return mount.propagation or ""
    return "nocopy" if mount.kind == "bind" and "nocopy" in mount.options else ""


def _networks(pairs: Pairs) -> Iterator[OptionError]:
    joined = pairs.get("net", [])
    own = [one for value, one in joined if isinstance(value, Network)]
    modes = [one for value, one in joined if isinstance(value, str)]
    if own and modes:
        yield OptionError("user-defined networks and the modes bridge, host, none do not go together", modes[-1].place)
    if "net.alias" in pairs and not own and all(mode.literal for mode in modes):
        yield OptionError("network aliases need a user-defined network", pairs["net.alias"][-1][1].place)
