"""Finds the images of compose files and Kubernetes manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from sealock.formats import yamltree
from sealock.formats.compose.dotenv import parse as parse_dotenv
from sealock.formats.compose.interpolation import fill
from sealock.formats.files import FileRefusedError, FileWindow
from sealock.formats.kubernetes.images import ImageField, find_images
from sealock.formats.yamltree import Mapping as Table
from sealock.formats.yamltree import Scalar, Sequence, YamlNode, target
from sealock.model.location import Place, Source
from sealock.pin import dockerfiles
from sealock.pin.digestplaces import seat
from sealock.pin.spot import FoundReferences, ReferenceSpot, placed
from sealock.targets.composefiles import DEFAULT_NAMES, OVERRIDE_NAMES

_IMAGE_CONTEXT: Final = "docker-image://"
_TEMPLATE: Final = "it is a template and not YAML until it is rendered: pin its values, or the rendered file"


def find_kubernetes(source: Source) -> FoundReferences:
    """Find the images of pods and workloads."""
    if "{{" in source.text and (tree := yamltree.parse(source.text)).flaws:
        at = tree.flaws[0].start
        return FoundReferences((ReferenceSpot("{{…}}", "", Place(at, at), None, _TEMPLATE),))
    fields, flaws = find_images(source.text)
    spots = tuple(
        literal(source.text, field.scalar, field.container) if field.known else _unknown(source.text, field)
        for field in fields
    )
    # Clusters accept duplicate keys, and no image is missed.
    relevant = [flaw for flaw in flaws if not flaw.message.startswith(yamltree.DUPLICATE_KEY)]
    return FoundReferences(spots, tuple((flaw.message, Place(flaw.start, flaw.end)) for flaw in relevant))


def _unknown(text: str, field: ImageField) -> ReferenceSpot:
    scalar = field.scalar
    place = _inner(text, scalar) or Place(scalar.start, scalar.end)
    why = f"it may be an image that a {field.kind} runs, in a place that sealock does not know"
    return ReferenceSpot(scalar.text, "", place, None, why, field.container)


def literal(text: str, scalar: Scalar, user: str, prefix: str = "") -> ReferenceSpot:
    """The reference of a scalar after a prefix; a variable in it is a mistake, or for another program to fill in."""
    written = scalar.text.removeprefix(prefix)
    place = _inner(text, scalar)
    open_ = not _OPEN.isdisjoint(written)
    if place is None:
        return ReferenceSpot(written, "" if open_ else written, Place(scalar.start, scalar.end), None, _FOLDED, user)
    place = Place(place.end - len(written), place.end)
    if open_:
        return ReferenceSpot(written, "", place, None, "another program, or you, must fill it in", user)
    return placed(written, written, place, seat(written, place.start, lambda _: None), user)


_OPEN: Final = frozenset("${}<>")
_FOLDED: Final = "it is written with escapes or over several lines"


def _inner(text: str, scalar: Scalar) -> Place | None:
    """The place of the scalar's text, without quotes, anchor and tag; None where it is written otherwise."""
    quotes = scalar.style if scalar.style in {'"', "'"} else ""
    end = scalar.end - len(quotes)
    start = end - len(scalar.text)
    if start < scalar.start or text[start:end] != scalar.text or scalar.style in {"|", ">"}:
        return None
    return Place(start, end)


def find_compose(source: Source, files: FileWindow) -> FoundReferences:
    """Find the images of a compose file's services; `built` are those that it builds."""
    tree = yamltree.parse(source.text)
    broken = tuple((flaw.message, Place(flaw.start, flaw.end)) for flaw in tree.flaws)
    finder = _Compose(source, _variables(files), _built_in_override(source.name, files))
    spots: dict[tuple[int, str], ReferenceSpot] = {}
    for document in tree.documents:
        for spot in finder.spots(document):
            spots.setdefault((spot.place.start, spot.written), spot)
    return FoundReferences(
        tuple(spots[at] for at in sorted(spots)), broken, frozenset(finder.built), frozenset(finder.pulled)
    )


def _variables(files: FileWindow) -> dict[str, str]:
    """Compose's variables: the environment's, then those of .env."""
    environment = dict(files.environment)
    try:
        text = files.text(".env")
    except FileRefusedError:
        return environment
    lines, _ = parse_dotenv(text, environment)
    return {name: value for name, value, _ in lines if value is not None} | environment


def _built_in_override(name: str, files: FileWindow) -> frozenset[str]:
    """The services that the compose file's override builds, or that the override's compose file does."""
    base = name.replace("\\", "/").rpartition("/")[2]
    others = DEFAULT_NAMES if base in OVERRIDE_NAMES else OVERRIDE_NAMES if base in DEFAULT_NAMES else ()
    for path in others:
        try:
            text = files.text(path)
        except FileRefusedError:
            continue
        services = [get(document, "services") for document in yamltree.parse(text).documents]
        return frozenset(
            name for service in services for name, value in _entries(service) if get(value, "build") is not None
        )
    return frozenset()


class _Compose:
    def __init__(self, source: Source, variables: Mapping[str, str], elsewhere: frozenset[str]) -> None:
        self.source, self.text, self.variables, self.elsewhere = source, source.text, variables, elsewhere
        self.built: set[str] = set()
        self.pulled: set[str] = set()

    def spots(self, document: YamlNode | None) -> Iterator[ReferenceSpot]:
        services = get(document, "services")
        for name, value in _entries(services):
            image, build = get(value, "image"), get(value, "build")
            if isinstance(image, Scalar) and isinstance(image.value, str) and image.text:
                yield self._spot(image, name, "")
                if build is not None or name in self.elsewhere:
                    filled = fill(image.text, self.variables).value
                    self.built.add(filled)
                    # Compose pulls such an image, and builds it only where that fails.
                    policy = get(value, "pull_policy")
                    if not (isinstance(policy, Scalar) and policy.text in {"build", "never"}):
                        self.pulled.add(filled)
            tags = get(build, "tags")
            self.built |= {
                fill(tag.text, self.variables).value
                for tag in (tags.items if isinstance(tags, Sequence) else ())
                if isinstance(tag, Scalar)
            }
            yield from self._volumes(get(value, "volumes"), name)
            yield from self._initial(get(value, "pre_start"), name)
            yield from self._contexts(build, name)

    def _volumes(self, volumes: YamlNode | None, service: str) -> Iterator[ReferenceSpot]:
        """The images that a service mounts."""
        for item in volumes.items if isinstance(volumes, Sequence) else ():
            kind, source = get(item, "type"), get(item, "source")
            if isinstance(kind, Scalar) and kind.text == "image" and isinstance(source, Scalar) and source.text:
                yield replace(self._spot(source, service, ""), runs=False)

    def _initial(self, hooks: YamlNode | None, service: str) -> Iterator[ReferenceSpot]:
        """The images of containers that run before a service starts."""
        for item in hooks.items if isinstance(hooks, Sequence) else ():
            image = get(item, "image")
            if isinstance(image, Scalar) and isinstance(image.value, str) and image.text:
                yield self._spot(image, service, "")

    def _contexts(self, build: YamlNode | None, service: str) -> Iterator[ReferenceSpot]:
        """The images that a build uses: additional_contexts, and an inline Dockerfile."""
        contexts = get(build, "additional_contexts")
        values = [value for _, value in contexts.entries] if isinstance(contexts, Table) else []
        values += contexts.items if isinstance(contexts, Sequence) else ()
        for value in map(target, values):
            if isinstance(value, Scalar) and _IMAGE_CONTEXT in value.text:
                yield replace(self._spot(value, service, _IMAGE_CONTEXT), runs=False)
        inline = get(build, "dockerfile_inline")
        if isinstance(inline, Scalar):
            text = fill(inline.text, self.variables).written
            yield from dockerfiles.find_within(self.source, Place(inline.start, inline.end), text, service)

    def _spot(self, scalar: Scalar, service: str, prefix: str) -> ReferenceSpot:
        written = scalar.text.partition(prefix)[2] if prefix else scalar.text
        place = _inner(self.text, scalar)
        filled = fill(written, self.variables)
        reference = "" if filled.unset or filled.wrong else filled.value
        if place is None:
            return ReferenceSpot(written, reference, Place(scalar.start, scalar.end), None, _FOLDED, service)
        place = Place(place.end - len(written), place.end)
        if not reference:
            words = ", ".join(filled.unset)
            return ReferenceSpot(
                written, "", place, None, f"{words} has no value here" if words else filled.wrong, service
            )
        return placed(written, reference, place, seat(written, place.start, self._define), service)

    def _define(self, name: str) -> str | None:
        if name not in self.variables:
            return None
        return f"${name} has its value from .env or the environment: write the digest there"


def _entries(node: YamlNode | None) -> Iterator[tuple[str, YamlNode]]:
    """A table's entries by name, with aliases resolved, and after them those that `<<` merges into it."""
    table = target(node) if node is not None else None
    if not isinstance(table, Table):
        return
    names: set[str] = set()
    merged: YamlNode | None = None
    for key, value in table.entries:
        name = target(key)
        if isinstance(name, Scalar) and name.text == "<<":
            merged = target(value)
        elif isinstance(name, Scalar):
            names.add(name.text)
            yield name.text, value
    for item in merged.items if isinstance(merged, Sequence) else (merged,):
        for text, value in _entries(item):
            if text not in names:
                names.add(text)
                yield text, value


def get(node: YamlNode | None, key: str) -> Scalar | Sequence | Table | None:
    """An entry's value, with aliases resolved and `<<` merged."""
    table = target(node) if node is not None else None
    if not isinstance(table, Table):
        return None
    own = table.get(key)
    if own is not None:
        return target(own)
    merged = table.get("<<")
    other = target(merged) if merged is not None else None
    for item in other.items if isinstance(other, Sequence) else (other,):
        if item is not None and (value := get(item, key)) is not None:
            return value
    return None
