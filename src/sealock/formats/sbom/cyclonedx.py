"""Reads CycloneDX JSON, of any version 1.x: sealock's own properties, and those of Trivy and Syft."""

from __future__ import annotations

from typing import Any, Final

from sealock.formats.sbom.packages import CollectedPackages, PackageFacts, member, objects, texts
from sealock.model.inventory import Distribution, Layer

_NO_PACKAGES: Final = frozenset({"application", "container", "file", "device", "firmware", "platform", "data"})
"""Types of components that stand for something else than a package, unless they have a package URL."""
_TRIVY, _SYFT = "aquasecurity:trivy:", "syft:"
_SOURCES: Final = ("sealock:source", f"{_TRIVY}SrcName", f"{_SYFT}metadata:source", f"{_SYFT}metadata:originPackage")
_PATHS: Final = ("sealock:path", f"{_TRIVY}FilePath", f"{_SYFT}location:0:path")
_DIFFS: Final = ("sealock:diffId", f"{_TRIVY}DiffID")
_LAYERS: Final = 2000


def gather(document: dict[str, Any], into: CollectedPackages) -> None:
    """Read a document."""
    if not texts(document.get("specVersion")).startswith("1."):
        into.fault("CycloneDX of a version that is not known here", "/specVersion")
    root = member(document.get("metadata"), "component")
    _image(root, into)
    positions = {layer.diff_id: layer.index for layer in into.layers}
    # Components may hold components; a list of what is still to do needs no recursion.
    ahead = [
        ("/components", document.get("components")),
        ("/metadata/component/components", member(root, "components")),
    ]
    while ahead:
        pointer, listed = ahead.pop()
        for number, component in objects(listed):
            here = f"{pointer}/{number}"
            _component(component, here, positions, into)
            if component.get("components"):
                ahead.append((f"{here}/components", component["components"]))


def _image(root: Any, into: CollectedPackages) -> None:  # noqa: ANN401  a JSON value
    told = _properties(root)
    diffs = [value for name in _DIFFS for value in told.get(name, ())][:_LAYERS]
    if not told.get("sealock:diffId"):
        diffs = []  # others sort them, so their order says nothing
    blobs = told.get("sealock:layer", [])
    blobs = blobs if len(blobs) == len(diffs) else diffs
    into.layers = tuple(
        Layer(index, diff, "" if blob == diff else blob)
        for index, (diff, blob) in enumerate(zip(diffs, blobs, strict=True))
    )
    into.id = _first(told, "sealock:imageId", f"{_TRIVY}ImageID")
    into.manifest = _first(told, "sealock:manifest")
    into.platform = _first(told, "sealock:platform")
    name, version = texts(member(root, "name")), texts(member(root, "version"))
    into.names = (
        told.get("sealock:name") or told.get(f"{_TRIVY}RepoTag") or ([f"{name}:{version}"] if version else [name])
    )


def _component(component: dict[str, Any], pointer: str, positions: dict[str, int], into: CollectedPackages) -> None:
    kind, url = texts(component.get("type")), texts(component.get("purl"))
    if kind == "operating-system":
        name, version = texts(component.get("name")), texts(component.get("version"))
        own = _properties(component)
        like = tuple(own.get("sealock:like", ()))
        into.distribution = Distribution(
            name, version, _first(own, "sealock:codename"), texts(component.get("description")), like
        )
    elif url or kind not in _NO_PACKAGES:
        into.add(url, _told(component, positions), pointer)


def _told(component: dict[str, Any], positions: dict[str, int]) -> PackageFacts:
    own = _properties(component)
    told = PackageFacts(
        texts(component.get("name")),
        texts(component.get("version")),
        texts(member(component.get("supplier"), "name")),
        _licences(component.get("licenses")),
    )
    places = [texts(one.get("location")) for _, one in objects(member(component.get("evidence"), "occurrences"))]
    told.path = (_first(own, *_PATHS) or next(iter(places), "")).lstrip("/")
    told.found_by = _first(own, "sealock:foundBy")
    told.source = _first(own, *_SOURCES)
    told.source_version = _first(own, "sealock:sourceVersion", f"{_SYFT}metadata:sourceVersion")
    if told.source and not told.source_version:
        told.source_version = _trivy_version(own)
    told.removed = _first(own, "sealock:removed") == "true"
    told.development = _first(own, "sealock:development") == "true"
    told.owner = _first(own, "sealock:owner")
    number = _first(own, "sealock:layerIndex")
    told.layer = positions.get(_first(own, f"{_TRIVY}LayerDiffID"), -1)
    if number.isascii() and number.isdigit() and int(number[:9]) < len(positions):
        told.layer = int(number[:9])
    return told


def _trivy_version(own: dict[str, list[str]]) -> str:
    """Trivy keeps a source's epoch, version and release apart."""
    epoch, version, release = (_first(own, f"{_TRIVY}Src{part}") for part in ("Epoch", "Version", "Release"))
    if not version:
        return ""
    return f"{epoch}:" * bool(epoch and epoch != "0") + version + f"-{release}" * bool(release)


def _licences(value: Any) -> tuple[str, ...]:  # noqa: ANN401  a JSON value
    found = [
        texts(one.get("expression"))
        or texts(member(one.get("license"), "id"))
        or texts(member(one.get("license"), "name"))
        for _, one in objects(value)
    ]
    return tuple(one for one in found if one)


def _properties(component: Any) -> dict[str, list[str]]:  # noqa: ANN401  a JSON value
    found: dict[str, list[str]] = {}
    for _, one in objects(member(component, "properties")):
        found.setdefault(texts(one.get("name")), []).append(texts(one.get("value")))
    return found


def _first(own: dict[str, list[str]], *names: str) -> str:
    return next((own[name][0] for name in names if own.get(name)), "")
