"""Finds the images of jobs and services in GitLab CI and GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats import yamltree
from sealock.formats.yamltree import Mapping, Scalar, Sequence, YamlNode, target
from sealock.model.location import Source
from sealock.pin.spot import ReferenceSpot
from sealock.pin.yamls import get, literal

_DOCKER: Final = "docker://"


def find(source: Source, *, workflow: bool) -> tuple[ReferenceSpot, ...]:
    """Find the images; `lines` finds those in a job's script."""
    fields = _workflow if workflow else _gitlab
    spots: dict[int, ReferenceSpot] = {}
    for document in yamltree.parse(source.text).documents:
        for scalar in fields(document):
            prefix = _DOCKER if scalar.text.startswith(_DOCKER) else ""
            if isinstance(scalar.value, str) and scalar.text != prefix:
                spot = literal(source.text, scalar, "", prefix)
                spots.setdefault(spot.place.start, spot)
    return tuple(spots[at] for at in sorted(spots))


def _gitlab(document: YamlNode | None) -> Iterator[Scalar]:
    """`image` and `services` at the top, in `default`, and in jobs: a text, or a mapping with its `name`."""
    tables = [document, get(document, "default"), *_values(document)]
    for table in tables:
        services = get(table, "services")
        for item in (get(table, "image"), *(services.items if isinstance(services, Sequence) else ())):
            yield from _named(item, "name")


def _workflow(document: YamlNode | None) -> Iterator[Scalar]:
    """`container`, `services` and steps that are images (docker://…), of jobs and of composite actions."""
    for job in _values(get(document, "jobs")):
        yield from _named(get(job, "container"), "image")
        for service in _values(get(job, "services")):
            yield from _named(get(service, "image"), "image")
        yield from _steps(get(job, "steps"))
    runs = get(document, "runs")
    yield from _steps(get(runs, "steps"))
    image = get(runs, "image")
    if isinstance(image, Scalar) and image.text.startswith(_DOCKER):
        yield image


def _steps(yaml_node: YamlNode | None) -> Iterator[Scalar]:
    for step in yaml_node.items if isinstance(yaml_node, Sequence) else ():
        uses = get(step, "uses")
        if isinstance(uses, Scalar) and uses.text.startswith(_DOCKER):
            yield uses


def _named(yaml_node: YamlNode | None, key: str) -> Iterator[Scalar]:
    node = target(yaml_node) if yaml_node is not None else None
    inner = get(node, key) if isinstance(node, Mapping) else node
    if isinstance(inner, Scalar) and inner.text:
        yield inner


def _values(yaml_node: YamlNode | None) -> Iterator[YamlNode]:
    node = target(yaml_node) if yaml_node is not None else None
    for key, value in node.entries if isinstance(node, Mapping) else ():
        name = target(key)
        if not (isinstance(name, Scalar) and name.text == "<<"):
            yield target(value)
