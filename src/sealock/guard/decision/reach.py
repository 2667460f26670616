"""What a caller's reach (names, images, labels) says of each kind of object.

All three are about containers, and about services, whose tasks are containers. Of other objects the labels count:
volumes, networks, secrets, configs and nodes have no name or image of a container. Images bear no labels of a caller,
and are reached by their names (see `imagechecks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, TypeAlias

from sealock.guard.decision.jsonvalues import as_object, as_texts, labels_of, text_of
from sealock.policy.guard import GuardCaller, Reach, has_labels, matches_image

ObjectKind: TypeAlias = Literal[
    "containers", "exec", "images", "volumes", "networks", "services", "tasks", "nodes", "secrets", "configs"
]
"""Objects of an engine, by the first segment of their paths."""
_NAMED: Final = frozenset({"containers", "services"})
"""What `names` is about."""
_MADE: Final = _NAMED | {"tasks"}
"""What `images` is about."""


def beyond(reach: Reach, kind: ObjectKind, name: str, image: str, labels: Mapping[str, str]) -> str:
    """Why an object of this kind is out of a caller's reach, "" where it is not."""
    if reach.names and kind in _NAMED and not any(fnmatchcase(name, pattern) for pattern in reach.names):
        return f"its name {name!r} matches none of {', '.join(reach.names)}"
    if reach.images and kind in _MADE and not matches_image(reach.images, image):
        return f"its image {image!r} matches none of {', '.join(pattern.text for pattern in reach.images)}"
    if not has_labels(reach.labels, labels):
        return f"it lacks the label {', '.join(f'{name}={value}' for name, value in reach.labels)}"
    return ""


def reach_in_words(setting: GuardCaller, kind: ObjectKind | None, *, named: bool, deletes: bool) -> str:
    """Which objects of a kind (None for all kinds) a caller may touch, "" for all.

    `named` is for a route about one object, else it is a list or a prune.
    """
    reach, is_image = setting.reach, kind == "images"
    parts: list[str] = []
    if setting.own:
        parts.append(f"created by {setting.name}" + (" or by no caller" if is_image and not deletes else ""))
    if reach.labels and (not is_image or (deletes and not (named and (setting.own or reach.images)))):
        parts.append(f"with the label {' and '.join(f'{name}={value}' for name, value in reach.labels)}")
    if reach.names and (kind is None or kind in _NAMED):
        parts.append(f"named {' or '.join(reach.names)}")
    if reach.images and (kind is None or is_image or kind in _MADE):
        images = " or ".join(pattern.text for pattern in reach.images)
        parts.append(f"named {images}" if is_image else f"of images named {images}")
    if not parts:
        return ""
    predefined = ", or bridge, host and none" if kind == "networks" and named and not deletes else ""
    what = kind or ("objects" if setting.own or reach.labels else "containers")
    return f"only {what} {', '.join(parts)}{predefined}"


def described_of(kind: ObjectKind, described: Mapping[str, Any]) -> tuple[str, str, Mapping[str, str]]:
    """Name, image and labels of an object as the engine describes it; "" for what counts for no object of its kind."""
    if kind == "containers":
        config = described.get("Config")
        return text_of(described, "Name").removeprefix("/"), text_of(config, "Image"), labels_of(config)
    if kind in _MADE:
        (name, *_), image, labels = entry_of(kind, described)
        return name, image, labels
    return "", "", labels_of(described.get("Spec") if "Spec" in described else described)


def entry_of(kind: ObjectKind, entry: Mapping[str, Any]) -> tuple[list[str], str, Mapping[str, str]]:
    """Names, image and labels of an object in a list of the engine's."""
    if kind == "containers":
        names = as_texts(entry.get("Names")) or [text_of(entry, "Name")]
        return [name.removeprefix("/") for name in names], text_of(entry, "Image"), labels_of(entry)
    spec = as_object(entry.get("Spec"))
    if kind == "services":
        image = text_of(as_object(as_object(spec.get("TaskTemplate")).get("ContainerSpec")), "Image")
        return [text_of(spec, "Name")], image, labels_of(spec)
    if kind == "tasks":
        container = as_object(spec.get("ContainerSpec"))
        return [""], text_of(container, "Image"), labels_of(container)
    return [""], "", labels_of(spec or entry)
