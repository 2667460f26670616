"""Rewrites the relative paths of a service that is defined in another directory, as Compose does."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from sealock.formats.compose.mounts import is_path
from sealock.formats.compose.tree import ComposeValue
from sealock.formats.compose.values import split


def rebased(service: ComposeValue, directory: str) -> ComposeValue:
    """The service with its paths relative to another directory, from which `directory` leads to the service's."""
    if directory in {"", "."}:
        return service
    moved = dict(service.mapping)
    for key, rewrite in _REWRITERS.items():
        if (value := moved.get(key)) is not None:
            moved[key] = rewrite(value, directory)
    return service.with_data(moved)


def rebased_project(model: ComposeValue, directory: str) -> ComposeValue:
    """The same for a whole project."""
    if directory in {"", "."}:
        return model
    top = dict(model.mapping)
    for key in ("secrets", "configs"):
        if (section := top.get(key)) is not None:
            entries = {name: _entry(entry, directory, "file") for name, entry in section.mapping.items()}
            top[key] = section.with_data(entries)
    if (services := top.get("services")) is not None:
        top["services"] = services.with_data(
            {name: rebased(service, directory) for name, service in services.mapping.items()}
        )
    return model.with_data(top)


def _moved(value: ComposeValue, directory: str) -> ComposeValue:
    path = value.string
    if not path or path[0] in "/~" or "://" in path or path.startswith(("\\", "git@")):
        return value
    if path[0].isalpha() and path[1:3] in {":/", ":\\"}:
        return value  # a directory of Windows
    joined = posixpath.normpath(posixpath.join(directory, path))
    return value.with_data(joined if joined.startswith("..") else f"./{joined}")


def _entry(value: ComposeValue, directory: str, key: str) -> ComposeValue:
    path = value.mapping.get(key)
    return value if path is None else value.with_data({**value.mapping, key: _moved(path, directory)})


def _build(value: ComposeValue, directory: str) -> ComposeValue:
    if not value.is_mapping:
        return _moved(value, directory)
    if "context" not in value.mapping:
        return value.with_data({**value.mapping, "context": ComposeValue(f"./{directory}", value.place)})
    return _entry(value, directory, "context")


def _env_file(value: ComposeValue, directory: str) -> ComposeValue:
    if value.is_list:
        return value.with_data([_env_file(item, directory) for item in value.items])
    return _entry(value, directory, "path") if value.is_mapping else _moved(value, directory)


def _volumes(value: ComposeValue, directory: str) -> ComposeValue:
    moved = []
    for item in value.items:
        if item.is_mapping:
            bind = item.at("type")
            moved.append(_entry(item, directory, "source") if bind and bind.data == "bind" else item)
        elif len(parts := split(item.string, drives=True)) > 1 and is_path(parts[0]):
            moved.append(item.with_data(":".join([_moved(ComposeValue(parts[0]), directory).text, *parts[1:]])))
        else:
            moved.append(item)
    return value.with_data(moved)


_REWRITERS: dict[str, Callable[[ComposeValue, str], ComposeValue]] = {
    "build": _build,
    "env_file": _env_file,
    "label_file": _env_file,
    "volumes": _volumes,
    "extends": lambda value, directory: _entry(value, directory, "file"),
}
