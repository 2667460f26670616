"""Which objects a caller may see and touch: its own (`own`), and those in its reach (names, images, labels).

What a caller creates bears its label. Pulled images and the engine's own networks bear none: these every caller sees,
and only a caller without `own` deletes them. `check_object` is for every object that exists, whether the path, the
query or the body names it; `check_new` for what a request would create.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sealock.guard.decision.case import Case
from sealock.guard.decision.exchange import AnswerFilter
from sealock.guard.decision.jsonvalues import as_object, as_texts, labels_of, text_of
from sealock.guard.decision.reach import ObjectKind, beyond, described_of, entry_of, reach_in_words
from sealock.guard.decision.requestbodies import BodyError, parse_strictly
from sealock.guard.decision.routes import ApiRoute
from sealock.policy.guard import GuardCaller, Reach, matches_image

_INSPECT: Final[Mapping[ObjectKind, str]] = {
    "containers": "/containers/{}/json",
    "exec": "/exec/{}/json",
    "images": "/images/{}/json",
    "volumes": "/volumes/{}",
    "networks": "/networks/{}",
    "services": "/services/{}",
    "tasks": "/tasks/{}",
    "nodes": "/nodes/{}",
    "secrets": "/secrets/{}",
    "configs": "/configs/{}",
}
"""Where the engine describes the object that a path names, by the path's first segment."""
_FILTERED: Final = frozenset({
    "GET /containers/json", "GET /volumes", "GET /networks", "GET /services", "GET /secrets", "GET /configs",
    "GET /events", "POST /containers/prune", "POST /volumes/prune", "POST /networks/prune", "POST /images/prune",
})  # fmt: skip
"""Lists and prunes that the engine narrows by a label."""
_SIEVED: Final[Mapping[str, ObjectKind]] = {
    "GET /images/json": "images", "GET /containers/json": "containers", "GET /services": "services",
    "GET /tasks": "tasks", "GET /nodes": "nodes",
}  # fmt: skip
"""Lists that the guard narrows in the answer, of these objects; of the two that the engine narrows too (`_FILTERED`)
only where the reach has names or images."""
_DISK: Final = "GET /system/df"
_NETWORK: Final = "GET /networks/{id}"
_BLANKED: Final[Mapping[str, dict[str, Any]]] = {
    _NETWORK: {"Containers": {}},
    "GET /swarm": {"JoinTokens": {"Worker": "", "Manager": ""}},
}
"""What the guard writes over in answers about one object."""
_CACHE: Final = frozenset({"POST /build/prune", "POST /build/cancel"})
"""Routes on builds of all callers, which bear no labels."""
_PREDEFINED: Final = frozenset({"bridge", "host", "none"})
_RENAMED: Final = frozenset({"containers", "networks", "services", "secrets", "configs"})
"""What the engine knows by an id too: the request goes on with it, so that no other object takes the name meanwhile."""
_USED: Final[tuple[tuple[str, str, ObjectKind], ...]] = (
    ("Containers", "ContainerUsage", "containers"), ("Volumes", "VolumeUsage", "volumes"),
    ("Images", "ImageUsage", "images"),
)  # fmt: skip
"""What the disk usage lists, in its older and its newer form."""
_REMEDY: Final = "name an object that this caller created through the guard"


def check_objects(case: Case) -> None:
    """Deny what is not the caller's to see or touch, and narrow lists to what is."""
    setting, route = case.setting, case.target.route
    if not setting.own and setting.reach == Reach():
        return
    if case.object:
        _check_named(case)
    elif route.name in _FILTERED or route.name in _SIEVED or route.name == _DISK:
        _narrow(case)
    elif route.name in _CACHE and (setting.own or setting.reach.labels):
        case.deny("G005", f"{route.name} is about objects of all callers, and {setting.name} has only its own")


def explain_reach(route: ApiRoute, setting: GuardCaller) -> str:
    """What of the engine's objects the caller reaches by this route, "" where the policy does not limit that."""
    named = len(route.segments) > 1 and route.segments[1].startswith("{")
    kind = next((kind for kind in _INSPECT if kind == route.segments[0]), None)
    if not (kind is not None and named) and route.name not in _FILTERED | set(_SIEVED) | {_DISK}:
        return ""
    # An exec is its container's, and a task its service's.
    whose: ObjectKind | None = "containers" if kind == "exec" else "services" if kind == "tasks" and named else kind
    deletes = route.method == "DELETE" or route.segments[-1] == "prune"
    words = reach_in_words(setting, whose, named=named, deletes=deletes)
    return words and f"{words}; {'others are denied (G005)' if named else 'others are left out'}"


def owns(case: Case, labels: Mapping[str, Any]) -> bool:
    """Whether labels are those of an object that the caller created."""
    return labels.get(case.guard.policy.label) == case.setting.name


def owner_of(case: Case, labels: Mapping[str, Any]) -> str:
    """The caller whose label an object bears, "" for none."""
    owner = labels.get(case.guard.policy.label, "")
    return owner if isinstance(owner, str) else ""


def bears_owner(case: Case, described: Any) -> bool:  # noqa: ANN401  a JSON value
    """Whether what is made of an image or a container inherits a caller's label of it.

    The proxy replaces the label in any case; a plugin denies, and only where there is one.
    """
    return case.guard.rewrites or owner_of(case, labels_of(described)) != ""


def check_object(case: Case, kind: ObjectKind, described: Mapping[str, Any], what: str) -> bool:
    """Whether an object that exists is the caller's to touch; denied otherwise. `what` names it in the denial."""
    setting = case.setting
    if kind == "networks" and case.target.route.method != "DELETE" and text_of(described, "Name") in _PREDEFINED:
        return True
    name, image, labels = described_of(kind, described)
    if setting.own and not owns(case, labels):
        case.deny("G005", f"{what} was not created by {setting.name}", _REMEDY)
    elif why := beyond(setting.reach, kind, name, image, labels):
        case.deny("G005", f"{what} is out of the reach of {setting.name}: {why}")
    else:
        return True
    return False


def check_new(case: Case, kind: ObjectKind, name: str, labels: Mapping[str, str], image: str = "") -> None:
    """Deny to create what would be out of the caller's own reach."""
    if why := beyond(case.setting.reach, kind, name, image, labels):
        what = f"the {kind.removesuffix('s')} {name[:80]}".rstrip()
        remedy = "create it with this label" if why.startswith("it lacks") else ""
        case.deny("G005", f"{what} is out of the reach of {case.setting.name}: {why}", remedy)


def _check_named(case: Case) -> None:
    """Check the object that the path names."""
    kind = next((kind for kind in _INSPECT if kind == case.target.route.segments[0]), None)
    if kind is None:
        return
    described = case.engine(_INSPECT[kind].format(case.object))
    if not described:  # not known yet, or no such object: the engine says so
        return
    if kind == "exec":
        container = case.engine(f"/containers/{text_of(described, 'ContainerID')}/json")
        if container:
            check_object(case, "containers", container, "the container of this exec")
    elif kind == "tasks":
        service = case.engine(f"/services/{text_of(described, 'ServiceID')}")
        if service is not None:
            check_object(case, "services", service, f"the service of task {case.object}")
    elif kind == "images":
        _check_image(case, labels_of(described.get("Config")))
    elif check_object(case, kind, described, f"{kind.removesuffix('s')} {case.object}"):
        if kind in _RENAMED:
            case.use_id(text_of(described, "Id") or text_of(described, "ID"))
        if case.target.route.name == _NETWORK and text_of(described, "Name") in _PREDEFINED:
            _sieve(case)  # of the containers on it


def _check_image(case: Case, labels: Mapping[str, str]) -> None:
    """Any caller may use an image without the label, and only a caller that is not limited to its own may delete it.

    A caller whose reach has labels, and no images, may delete those that bear the labels.
    """
    deletes = case.target.route.method == "DELETE"
    shared = not owner_of(case, labels) and not deletes
    if case.setting.own and not shared and not owns(case, labels):
        case.deny("G005", f"image {case.object} was not made by {case.setting.name}", _REMEDY)
    elif deletes and not case.setting.own and not case.setting.reach.images:
        if why := beyond(Reach(labels=case.setting.reach.labels), "images", "", "", labels):
            what = f"image {case.object} is out of the reach of {case.setting.name}"
            case.deny(
                "G005", f"{what}: {why}", "delete images that were built with the label, or add images to the policy"
            )
    elif case.setting.reach.images and not matches_image(case.setting.reach.images, case.object):
        case.deny("G005", f"image {case.object} is out of the reach of {case.setting.name}")


def _narrow(case: Case) -> None:
    """Narrow a list, a prune, the events or the disk usage to what the caller may see."""
    setting, route = case.setting, case.target.route
    by_name = setting.reach.names or setting.reach.images
    if route.name not in _FILTERED or (by_name and route.name in _SIEVED):
        _sieve(case)
    elif by_name and (route.name == "GET /events" or route.method == "POST"):
        why = f"{route.name} cannot be narrowed to the names or images of this caller"
        case.deny("G005", why, "narrow it by labels")
    if route.name not in _FILTERED:
        return
    wanted = [f"{case.guard.policy.label}={setting.name}"] if setting.own else []
    for name, value in setting.reach.labels:
        wanted.append(name if value == "*" else f"{name}={value}")
        if any(character in value for character in "*?[") and value != "*":
            case.deny(
                "G005", f"the label {name}={value} of this caller has a pattern, by which no list can be narrowed"
            )
    if not wanted:
        return
    try:
        filters = _filters(case.query.get("filters", ""))
    except BodyError as error:
        case.deny("G003", f"the filters cannot be read: {error.why}", 'write filters={"label": ["name=value"]}')
        return
    # Of two labels of one name in a filter, a swarm takes either.
    names = {text.partition("=")[0] for text in wanted}
    asked = [text for text in filters.get("label", []) if text.partition("=")[0] in names]
    if others := [text for text in asked if "=" in text and text not in wanted]:
        case.deny("G005", f"the filter {others[0][:80]!r} asks for what is not of {setting.name}", "leave it out")
    filters["label"] = [*(text for text in filters.get("label", []) if text not in asked), *wanted]
    case.query["filters"] = json.dumps({name: dict.fromkeys(values, True) for name, values in filters.items()})
    if not case.guard.rewrites:
        case.deny("G005", f"{route.name} must be narrowed to this caller's own, which only the proxy can do")


def _sieve(case: Case) -> None:
    """Let the guard narrow the answer."""
    setting, route = case.setting, case.target.route
    case.answer_filter = AnswerFilter(case.guard.policy.label, setting.name, setting.own, setting.reach)
    if not case.guard.rewrites:
        case.deny("G005", f"{route.name} must be narrowed to this caller's own, which only the proxy can do")
    if setting.own and route.name == "GET /nodes":
        case.deny("G005", f"{route.name} is about objects of all callers, and {setting.name} has only its own")
    if setting.reach.names and route.name == "GET /tasks":
        case.deny("G005", f"{route.name} cannot be narrowed to the names of this caller", "narrow it by labels")


def _filters(text: str) -> dict[str, list[str]]:
    """Filters in either of the engine's spellings: lists, or objects whose keys count."""
    value = parse_strictly(text.encode()) if text else {}
    if not isinstance(value, dict):
        message = "it is no object"
        raise BodyError(message)
    filters: dict[str, list[str]] = {}
    for name, given in value.items():
        values: list[Any] = list(given) if isinstance(given, dict | list) else [None]
        if not all(isinstance(element, str) for element in values):
            message = f"{name} should be a list of strings"
            raise BodyError(message)
        filters[name] = values
    return filters


def filter_answer(route: str, value: Any, keep: AnswerFilter) -> Any:  # noqa: ANN401  a JSON value
    """What the caller may see of the engine's answer to this route ("GET /system/df")."""
    if (kind := _SIEVED.get(route)) is not None:
        return [entry for entry in value if _is_visible(entry, keep, kind)] if isinstance(value, list) else []
    if not isinstance(value, dict):
        return {}
    if route in _BLANKED:
        return value | _BLANKED[route]
    kept: dict[str, Any] = {}
    for key, usage, kind in _USED:
        entries = value.get(key)
        if isinstance(entries, list):
            kept[key] = [entry for entry in entries if _is_visible(entry, keep, kind)]
        entries = as_object(value.get(usage)).get("Items")
        if isinstance(entries, list):
            items = [entry for entry in entries if _is_visible(entry, keep, kind)]
            kept[usage] = {"TotalCount": len(items), "Items": items}
    if "LayersSize" in value:
        # Clients subtract from it what containers use, so it is that of the images in the list.
        sizes = [image.get("Size") for image in kept.get("Images", ())]
        kept["LayersSize"] = sum(size for size in sizes if isinstance(size, int))
    return kept | ({} if "BuildCacheUsage" in value else {"BuildCache": []})


def _is_visible(entry: Any, keep: AnswerFilter, kind: ObjectKind) -> bool:  # noqa: ANN401  a JSON value
    if not isinstance(entry, dict):
        return False
    names, image, labels = entry_of(kind, entry)
    reach, images = keep.reach, kind == "images"
    if keep.own and labels.get(keep.label) != keep.value and not (images and not labels.get(keep.label)):
        return False
    if images:
        return not reach.images or any(matches_image(reach.images, tag) for tag in as_texts(entry.get("RepoTags")))
    return any(not beyond(reach, kind, name, image, labels) for name in names)


def label_created(case: Case, holder: dict[str, Any], setting: GuardCaller, *, inherits: bool = False) -> None:
    """Mark what a request creates as the caller's; no client may set the label itself.

    What `inherits` labels, of an image or a container, gets the label empty where the caller has no `own`, so that
    none which it inherits makes it another caller's.
    """
    label = case.guard.policy.label
    given = holder.get("Labels") or {}
    labels = {name: value for name, value in given.items() if name != label or not value}
    if setting.own:
        labels[label] = setting.name
    elif inherits and case.guard.owned:
        labels[label] = ""
    if labels == given:
        return
    if not case.guard.rewrites and not setting.own and label in labels:
        case.deny("G005", f"would inherit the label {label} of another caller", f"set it empty: --label {label}=")
    elif not case.guard.rewrites:
        case.deny("G005", "what this caller creates must be labelled, which only the proxy can do")
    if setting.own or label in given:
        case.change(f"label {label}={setting.name}" if setting.own else f"label {label} removed")
    holder["Labels"] = labels
