"""Merges compose files: a later file over an earlier one, a service over the one that it extends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from sealock.formats.compose import mounts, ports
from sealock.formats.compose.tree import NOWHERE, ComposeValue, ReportFault, as_text

Pattern: TypeAlias = tuple[str, ...]


def merge(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern = ()) -> ComposeValue:
    """Return `over` laid on `base`. `path` is where both stand, names of services and the like written as "*"."""
    if over.tag == "override":
        return over
    if isinstance(base.data, dict) and isinstance(over.data, dict) and path not in _SPECIAL:
        return _mappings(base, over, report, path)
    special = _SPECIAL.get(path)
    if special is not None and (over.data is not None or special is _replaced):
        return special(base, over, report, path)
    if over.data is None:
        return base
    if isinstance(base.data, dict | list):
        if type(base.data) is not type(over.data):
            report(f"{'.'.join(path)}: a {_kind(over)} cannot override a {_kind(base)}", over.whole())
            return over
        return over.with_data(base.items + over.items)
    return over


def _kind(value: ComposeValue) -> str:
    return {"dict": "mapping", "list": "list"}.get(type(value.data).__name__, "single value")


def _mappings(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    merged = dict(base.mapping)
    for key, value in over.mapping.items():
        if value.tag == "reset":
            merged.pop(key, None)
        elif (held := merged.get(key)) is None or key.startswith("x-"):
            merged[key] = value
        else:
            merged[key] = merge(held, value, report, _next(path, key))
    return ComposeValue(merged, over.place, over.key)


def _next(path: Pattern, key: str) -> Pattern:
    """The pattern of a key below a path."""
    named = (len(path) == 1 and path[0] != "include") or (len(path) == 3 and path[2] == "ulimits")
    return (*path, "*") if named else (*path, key)


def _replaced(_base: ComposeValue, over: ComposeValue, _report: ReportFault, _path: Pattern) -> ComposeValue:
    return over


def _joined(base: ComposeValue, over: ComposeValue, _report: ReportFault, _path: Pattern) -> ComposeValue:
    tagged = {key for key, value in over.mapping.items() if value.tag}
    if tagged and isinstance(base.data, dict):
        base = base.with_data({key: value for key, value in base.data.items() if key not in tagged})
    return over.with_data(as_items(base) + as_items(over))


def _hosts(base: ComposeValue, over: ComposeValue, _report: ReportFault, _path: Pattern) -> ComposeValue:
    held = as_items(base)
    known = {item.text for item in held}
    return over.with_data(held + [item for item in as_items(over) if item.text not in known])


def _named(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    return _mappings(as_mapping(base), as_mapping(over), report, path)


def _depends(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    def long(value: ComposeValue) -> ComposeValue:
        if not isinstance(value.data, list):
            return value
        started = {"condition": ComposeValue("service_started"), "required": ComposeValue(data=True)}
        return value.with_data({item.text: ComposeValue(started, item.place, item.place) for item in value.data})

    return _mappings(long(base), long(over), report, path)


def _build(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    def long(value: ComposeValue) -> ComposeValue:
        return value if isinstance(value.data, dict) else value.with_data({"context": value})

    return _mappings(long(base), long(over), report, path)


def _logging(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    drivers = [driver.text for value in (base, over) if (driver := value.at("driver"))]
    return over if len(drivers) == 2 and drivers[0] != drivers[1] else _mappings(base, over, report, path)


def as_items(value: ComposeValue) -> list[ComposeValue]:
    """A mapping as a list of NAME=VALUE, in order of name; a single text as a list of it."""
    if isinstance(value.data, list):
        return value.data
    if not isinstance(value.data, dict):
        return [] if value.data is None else [value]
    found: list[tuple[str, ComposeValue]] = []
    for key, held in value.data.items():
        if held.tag == "reset":
            continue
        for one in held.items if isinstance(held.data, list) else [held]:
            text = key if one.data is None else f"{key}={as_text(one.data)}"
            shown = f"{key}={one.shown}" if one.words else text
            found.append((text, ComposeValue(text, held.whole(), NOWHERE, one.words, shown)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def as_mapping(value: ComposeValue) -> ComposeValue:
    """A list of names as a mapping without values."""
    if not isinstance(value.data, list):
        return value if isinstance(value.data, dict) else value.with_data({})
    return value.with_data({item.text: ComposeValue(None, item.place, item.place) for item in value.data})


_SPECIAL: Final[dict[Pattern, Callable[[ComposeValue, ComposeValue, ReportFault, Pattern], ComposeValue]]] = {
    **{("services", "*", key): _replaced for key in ("command", "entrypoint")},
    ("services", "*", "healthcheck", "test"): _replaced,
    ("services", "*", "ulimits", "*"): _replaced,
    **{
        ("services", "*", key): _joined
        for key in (
            "annotations", "dns", "dns_opt", "dns_search", "env_file", "environment", "label_file", "labels", "sysctls",
            "tmpfs",
        )
    },
    **{("services", "*", "build", key): _joined for key in ("args", "additional_contexts", "labels")},
    ("services", "*", "deploy", "labels"): _joined,
    ("networks", "*", "labels"): _joined,
    ("volumes", "*", "labels"): _joined,
    ("services", "*", "extra_hosts"): _hosts,
    ("services", "*", "build", "extra_hosts"): _hosts,
    ("services", "*", "depends_on"): _depends,
    ("services", "*", "networks"): _named,
    ("services", "*", "build"): _build,
    ("services", "*", "logging"): _logging,
}  # fmt: skip


def without_resets(value: ComposeValue) -> ComposeValue:
    """The tree without the entries that are marked `!reset`."""
    if isinstance(value.data, dict):
        kept = {key: without_resets(one) for key, one in value.data.items() if one.tag != "reset"}
        return value.with_data(kept)
    return value.with_data([without_resets(one) for one in value.data]) if isinstance(value.data, list) else value


def unique(service: ComposeValue) -> ComposeValue:
    """Drop the items of a service's lists that a later item of the same name, target or port takes the place of."""
    entries = dict(service.mapping)
    for key, name_of in _UNIQUE.items():
        held = entries.get(key)
        if held is None or not isinstance(held.data, list) or len(held.data) < 2:
            continue
        places: dict[object, int] = {}
        kept: list[ComposeValue] = []
        for item in held.data:
            name = name_of(item)
            if name in places:
                kept[places[name]] = item
            else:
                places[name] = len(kept)
                kept.append(item)
        if len(kept) < len(held.data):
            entries[key] = held.with_data(kept)
    return service.with_data(entries)


def _by_name(item: ComposeValue) -> object:
    return (item.shown or item.text).partition("=")[0] if not isinstance(item.data, dict) else id(item)


def _by(parse: Callable[[ComposeValue], object]) -> Callable[[ComposeValue], object]:
    """Name an item by what it parses to; one that does not parse is like no other."""

    def name_of(item: ComposeValue) -> object:
        try:
            return parse(item)
        except ValueError:
            return id(item)

    return name_of


def _published(item: ComposeValue) -> object:
    port = ports.port(item)
    return port.address or "0.0.0.0", port.host, port.container, port.protocol  # noqa: S104  compared, not bound


def _mounted(folder: str) -> Callable[[ComposeValue], object]:
    def name_of(item: ComposeValue) -> object:
        if isinstance(item.data, dict):
            where = item.at("target")
            source = item.at("source")
            return where.text if where else f"{folder}/{source.text if source else ''}"
        return f"{folder}/{item.text}"

    return name_of


def _path(item: ComposeValue) -> object:
    return (item.at("path") or item).text


_UNIQUE: Final[dict[str, Callable[[ComposeValue], object]]] = {
    **dict.fromkeys(
        (
            "annotations", "cap_add", "cap_drop", "dns", "dns_opt", "dns_search", "environment", "expose", "labels",
            "links", "profiles", "sysctls", "tmpfs",
        ),
        _by_name,
    ),
    "devices": _by(lambda item: mounts.device(item).target),
    "volumes": _by(lambda item: mounts.mount(item).target),
    "ports": _by(_published),
    "env_file": _path,
    "label_file": _path,
    "secrets": _mounted("/run/secrets"),
    "configs": _mounted(""),
}  # fmt: skip
