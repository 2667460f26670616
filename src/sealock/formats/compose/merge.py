"""Merges compose files: a later file into an earlier one, a service into the one that it extends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from sealock.formats.compose import mounts, ports
from sealock.formats.compose.tree import NOWHERE, ComposeValue, ReportFault, as_text

Pattern: TypeAlias = tuple[str, ...]


def merge(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern = ()) -> ComposeValue:
    """Merge `over` into `base`. `path` is their keys, with "*" for names of services, networks and so on."""
    if over.tag == "override":
        return over
    if base.is_mapping and over.is_mapping and path not in _SPECIAL:
        return _mappings(base, over, report, path)
    special = _SPECIAL.get(path)
    if special is not None and (over.data is not None or special is _replaced):
        return special(base, over, report, path)
    if over.data is None:
        return base
    if base.is_mapping or base.is_list:
        if type(base.data) is not type(over.data):
            report(f"{'.'.join(path)}: a {_kind(over)} cannot override a {_kind(base)}", over.whole())
            return over
        return over.with_data(base.items + over.items)
    return over


def _kind(value: ComposeValue) -> str:
    return {"dict": "mapping", "list": "list"}.get(type(value.data).__name__, "single value")


def _mappings(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    if not over.is_mapping or not (base.is_mapping or base.data is None):
        report(f"{'.'.join(path)}: a {_kind(over)} cannot override a {_kind(base)}", over.whole())
        return over
    merged = dict(base.mapping)
    for key, value in over.mapping.items():
        if value.tag == "reset":
            merged.pop(key, None)
        elif (earlier := merged.get(key)) is None or key.startswith("x-"):
            merged[key] = value
        else:
            merged[key] = merge(earlier, value, report, _next(path, key))
    return ComposeValue(merged, over.place, over.key)


def _next(path: Pattern, key: str) -> Pattern:
    """The pattern of a key below a path."""
    named = (len(path) == 1 and path[0] != "include") or (len(path) == 3 and path[2] == "ulimits")
    return (*path, "*") if named else (*path, key)


def _replaced(_base: ComposeValue, over: ComposeValue, _report: ReportFault, _path: Pattern) -> ComposeValue:
    return over


def _joined(base: ComposeValue, over: ComposeValue, _report: ReportFault, _path: Pattern) -> ComposeValue:
    return over.with_data(_kept(base, over) + as_items(over))


def _kept(base: ComposeValue, over: ComposeValue) -> list[ComposeValue]:
    """The items of the base without those that a tag of what overrides it takes away."""
    tagged = {key for key, value in over.mapping.items() if value.tag}
    if not base.is_mapping:
        return as_items(base)
    return as_items(base.with_data({key: value for key, value in base.mapping.items() if key not in tagged}))


def _hosts(base: ComposeValue, over: ComposeValue, _report: ReportFault, _path: Pattern) -> ComposeValue:
    items = _kept(base, over)
    known = {item.text for item in items}
    return over.with_data(items + [item for item in as_items(over) if item.text not in known])


def _named(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    return _mappings(as_mapping(base), as_mapping(over), report, path)


def _depends(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    def long(value: ComposeValue) -> ComposeValue:
        if not value.is_list:
            return value
        started = {"condition": ComposeValue("service_started"), "required": ComposeValue(data=True)}
        return value.with_data({item.text: ComposeValue(started, item.place, item.place) for item in value.items})

    return _mappings(long(base), long(over), report, path)


def _build(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    def long(value: ComposeValue) -> ComposeValue:
        return value if value.is_mapping else value.with_data({"context": value})

    return _mappings(long(base), long(over), report, path)


def _logging(base: ComposeValue, over: ComposeValue, report: ReportFault, path: Pattern) -> ComposeValue:
    drivers = [driver.text for value in (base, over) if (driver := value.at("driver"))]
    return over if len(drivers) == 2 and drivers[0] != drivers[1] else _mappings(base, over, report, path)


def as_items(value: ComposeValue) -> list[ComposeValue]:
    """A mapping as a list of NAME=VALUE, sorted by name; a single string as a list of it."""
    if value.is_list:
        return value.items
    if not value.is_mapping:
        return [] if value.data is None else [value]
    items: list[tuple[str, ComposeValue]] = []
    for key, entry in value.mapping.items():
        if entry.tag == "reset":
            continue
        for item in entry.items if entry.is_list else [entry]:
            text = key if item.data is None else f"{key}={as_text(item.data)}"
            written = f"{key}={item.written}" if item.unset else text
            items.append((text, ComposeValue(text, entry.whole(), NOWHERE, item.unset, written)))
    return [item for _, item in sorted(items, key=lambda pair: pair[0])]


def as_mapping(value: ComposeValue) -> ComposeValue:
    """A list of names as a mapping without values."""
    if not value.is_list:
        return value
    return value.with_data({item.text: ComposeValue(None, item.place, item.place) for item in value.items})


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
    """The tree without the entries that are tagged `!reset`."""
    if value.is_mapping:
        kept = {key: without_resets(entry) for key, entry in value.mapping.items() if entry.tag != "reset"}
        return value.with_data(kept)
    return value.with_data([without_resets(item) for item in value.items]) if value.is_list else value


def unique(service: ComposeValue) -> ComposeValue:
    """Drop items of a service's lists that a later item with the same name, target or port replaces."""
    entries = dict(service.mapping)
    for key, name_of in _UNIQUE.items():
        listed = entries.get(key)
        if listed is None or len(listed.items) < 2:
            continue
        places: dict[object, int] = {}
        kept: list[ComposeValue] = []
        for item in listed.items:
            name = name_of(item)
            if name in places:
                kept[places[name]] = item
            else:
                places[name] = len(kept)
                kept.append(item)
        if len(kept) < len(listed.items):
            entries[key] = listed.with_data(kept)
    return service.with_data(entries)


def _by_name(item: ComposeValue) -> object:
    return id(item) if item.is_mapping else (item.written or item.text).partition("=")[0]


def _by(parse: Callable[[ComposeValue], object]) -> Callable[[ComposeValue], object]:
    """Name an item by what it parses to; an invalid item is equal to no other."""

    def name_of(item: ComposeValue) -> object:
        try:
            return parse(item)
        except ValueError:
            return id(item)

    return name_of


def _published(item: ComposeValue) -> object:
    port = ports.port(item)
    return port.address or "0.0.0.0", port.host, port.container, port.protocol  # noqa: S104  compared, not bound


def _mounted(directory: str) -> Callable[[ComposeValue], object]:
    def name_of(item: ComposeValue) -> object:
        if item.is_mapping:
            target, source = item.at("target"), item.at("source")
            return target.text if target else f"{directory}/{source.text if source else ''}"
        return f"{directory}/{item.text}"

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
