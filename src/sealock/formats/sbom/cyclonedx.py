"""Reads CycloneDX JSON, of any version 1.x: sealock's own properties, and those of Trivy and Syft."""

from __future__ import annotations

from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.sbom.packages import TYPES, CollectedPackages, PackageFacts
from sealock.model.inventory import Distribution, Layer

_NO_PACKAGES: Final = frozenset({"application", "container", "file", "device", "firmware", "platform", "data"})
"""Types of components that are not packages, unless they have a package URL."""
_PROGRAMS: Final = frozenset({"application", "container", "firmware", "platform"})
"""Those of them that are something to be matched where they have a version."""
_TRIVY, _SYFT = "aquasecurity:trivy:", "syft:"
_SOURCES: Final = ("sealock:source", f"{_TRIVY}SrcName", f"{_SYFT}metadata:source", f"{_SYFT}metadata:originPackage")
_PATHS: Final = ("sealock:path", f"{_TRIVY}FilePath", f"{_SYFT}location:0:path")
_DIFFS: Final = ("sealock:diffId", f"{_TRIVY}DiffID")
_LAYERS: Final = 2000


def gather(document: JsonObject, into: CollectedPackages) -> None:
    """Read a document."""
    if not document.text("specVersion").startswith("1."):
        into.fault("unsupported CycloneDX version", "/specVersion")
    root = document.child("metadata").child("component")
    _image(root, into)
    positions = {layer.diff_id: layer.index for layer in into.layers}
    url = root.text("purl")
    if into.has_subject and url.partition(":")[2].partition("/")[0].lower() in TYPES - {"generic"}:
        into.add(url, _facts(root, positions), "/metadata/component")
    # Components may contain components; a list of pending ones needs no recursion.
    pending = [("/components", document), ("/metadata/component/components", root)]
    while pending:
        pointer, parent = pending.pop()
        for number, component in into.entries(parent, "components", pointer):
            here = f"{pointer}/{number}"
            _component(component, here, positions, into)
            if component.members.get("components"):
                pending.append((f"{here}/components", component))


def _image(root: JsonObject, into: CollectedPackages) -> None:
    properties = _properties(root)
    diffs = [value for name in _DIFFS for value in properties.get(name, ())][:_LAYERS]
    if not properties.get("sealock:diffId"):
        diffs = []  # other tools sort them, so their order has no meaning
    blobs = properties.get("sealock:layer", [])
    blobs = blobs if len(blobs) == len(diffs) else diffs
    into.layers = tuple(
        Layer(index, diff, "" if blob == diff else blob)
        for index, (diff, blob) in enumerate(zip(diffs, blobs, strict=True))
    )
    into.id = _first(properties, "sealock:imageId", f"{_TRIVY}ImageID")
    into.manifest = _first(properties, "sealock:manifest")
    into.platform = _first(properties, "sealock:platform")
    name, version = root.text("name"), root.text("version")
    own_name = [f"{name}:{version}" if version else name]
    into.names = properties.get("sealock:name") or properties.get(f"{_TRIVY}RepoTag") or own_name


def _component(component: JsonObject, pointer: str, positions: dict[str, int], into: CollectedPackages) -> None:
    kind, url = component.text("type"), component.text("purl")
    if kind == "operating-system":
        properties = _properties(component)
        into.distribution = Distribution(
            component.text("name"),
            component.text("version"),
            _first(properties, "sealock:codename"),
            component.text("description"),
            tuple(properties.get("sealock:like", ())),
        )
    elif url or kind not in _NO_PACKAGES or (kind in _PROGRAMS and component.text("version")):
        into.add(url, _facts(component, positions), pointer)


def _facts(component: JsonObject, positions: dict[str, int]) -> PackageFacts:
    properties = _properties(component)
    facts = PackageFacts(
        component.text("name"),
        component.text("version"),
        component.child("supplier").text("name"),
        _licenses(component),
    )
    places = (occurrence.text("location") for occurrence in component.child("evidence").objects("occurrences"))
    facts.path = (_first(properties, *_PATHS) or next(places, "")).lstrip("/")
    facts.found_by = _first(properties, "sealock:foundBy")
    facts.source = _first(properties, *_SOURCES)
    facts.source_version = _first(properties, "sealock:sourceVersion", f"{_SYFT}metadata:sourceVersion")
    if facts.source and not facts.source_version:
        facts.source_version = _trivy_version(properties)
    facts.removed = _first(properties, "sealock:removed") == "true"
    facts.development = _first(properties, "sealock:development") == "true"
    facts.owner = _first(properties, "sealock:owner")
    number = _first(properties, "sealock:recordRemovedIn")
    if number.isascii() and number.isdigit() and int(number[:9]) < len(positions):
        facts.record_removed_in = int(number[:9])
    number = _first(properties, "sealock:layerIndex")
    facts.layer = positions.get(_first(properties, f"{_TRIVY}LayerDiffID"), -1)
    if number.isascii() and number.isdigit() and int(number[:9]) < len(positions):
        facts.layer = int(number[:9])
    return facts


def _trivy_version(properties: dict[str, list[str]]) -> str:
    """Join a source's epoch, version and release, for which Trivy has a property each."""
    epoch, version, release = (_first(properties, f"{_TRIVY}Src{part}") for part in ("Epoch", "Version", "Release"))
    if not version:
        return ""
    return f"{epoch}:" * bool(epoch and epoch != "0") + version + f"-{release}" * bool(release)


def _licenses(component: JsonObject) -> tuple[str, ...]:
    licenses = [(choice.text("expression"), choice.child("license")) for choice in component.objects("licenses")]
    names = (expression or license_.text("id") or license_.text("name") for expression, license_ in licenses)
    return tuple(filter(None, names))


def _properties(component: JsonObject) -> dict[str, list[str]]:
    properties: dict[str, list[str]] = {}
    for entry in component.objects("properties"):
        properties.setdefault(entry.text("name"), []).append(entry.text("value"))
    return properties


def _first(properties: dict[str, list[str]], *names: str) -> str:
    return next((properties[name][0] for name in names if properties.get(name)), "")
