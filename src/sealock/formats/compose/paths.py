"""Rewrites the relative paths of a service that was defined in another folder, as Compose does."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from sealock.formats.compose.mounts import is_path
from sealock.formats.compose.tree import ComposeValue
from sealock.formats.compose.values import split


def rebased(service: ComposeValue, folder: str) -> ComposeValue:
    """The service with its paths as seen from elsewhere; `folder` leads there from where they are used."""
    if folder in {"", "."}:
        return service
    moved = dict(service.mapping)
    for key, rewrite in _REWRITERS.items():
        held = moved.get(key)
        if held is not None:
            moved[key] = rewrite(held, folder)
    return service.with_data(moved)


def rebased_project(model: ComposeValue, folder: str) -> ComposeValue:
    """A whole project's paths as seen from elsewhere."""
    if folder in {"", "."}:
        return model
    top = dict(model.mapping)
    for key in ("secrets", "configs"):
        if (held := top.get(key)) is not None:
            top[key] = held.with_data({name: _entry(one, folder, "file") for name, one in held.mapping.items()})
    if (services := top.get("services")) is not None:
        top["services"] = services.with_data({name: rebased(one, folder) for name, one in services.mapping.items()})
    return model.with_data(top)


def _moved(value: ComposeValue, folder: str) -> ComposeValue:
    path = value.data
    if not isinstance(path, str) or not path or path[0] in "/~" or "://" in path or path.startswith(("\\", "git@")):
        return value
    joined = posixpath.normpath(posixpath.join(folder, path))
    return value.with_data(joined if joined.startswith("..") else f"./{joined}")


def _entry(value: ComposeValue, folder: str, key: str) -> ComposeValue:
    held = value.mapping.get(key)
    return value if held is None else value.with_data({**value.mapping, key: _moved(held, folder)})


def _build(value: ComposeValue, folder: str) -> ComposeValue:
    if not isinstance(value.data, dict):
        return _moved(value, folder)
    if "context" not in value.data:
        return value.with_data({**value.data, "context": ComposeValue(f"./{folder}", value.place)})
    return _entry(value, folder, "context")


def _env_file(value: ComposeValue, folder: str) -> ComposeValue:
    if isinstance(value.data, list):
        return value.with_data([_env_file(item, folder) for item in value.data])
    return _entry(value, folder, "path") if isinstance(value.data, dict) else _moved(value, folder)


def _volumes(value: ComposeValue, folder: str) -> ComposeValue:
    moved = []
    for item in value.items:
        if isinstance(item.data, dict):
            bind = item.at("type")
            moved.append(_entry(item, folder, "source") if bind and bind.data == "bind" else item)
        elif isinstance(item.data, str) and len(parts := split(item.data, drives=True)) > 1 and is_path(parts[0]):
            moved.append(item.with_data(":".join([_moved(ComposeValue(parts[0]), folder).text, *parts[1:]])))
        else:
            moved.append(item)
    return value.with_data(moved)


_REWRITERS: dict[str, Callable[[ComposeValue, str], ComposeValue]] = {
    "build": _build,
    "env_file": _env_file,
    "label_file": _env_file,
    "volumes": _volumes,
    "extends": lambda value, folder: _entry(value, folder, "file"),
}
