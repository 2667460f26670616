"""The named contexts that compose and bake files give to builds: `FROM base` may then be no image of a registry.

A run learns of them after it has read a Dockerfile, which is then evaluated again.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from sealock.model.build import Build, BuildText, Copy, Stage, context_name
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.project import Project, ServiceBuild

Contexts = tuple[tuple[str, str], ...]
"""Names as `context_name` writes them, each with what stands for it."""
RULES: Final = frozenset({"B010", "B062", "B192", "C046", "C080", "C081", "C086", "T001"})
"""The rules that go by the names of images in a Dockerfile."""
_IMAGE: Final = "docker-image://"
_OF_IMAGE: Final = 2
"""The first subjects of a Dockerfile: the build, and the image's configuration; run lines come after them."""


def list_builds(document: Document, path: str) -> Iterator[tuple[str, Contexts]]:
    """Yield the path of each Dockerfile that a compose or bake file builds, with the named contexts of that build."""
    directory = posixpath.dirname(path.replace("\\", "/"))
    for subject in document.subjects:
        for service in subject.noun.services if isinstance(subject.noun, Project) else ():
            build = service.build
            if build is not None and build.inline is None and "://" not in build.context:
                file = posixpath.join(directory, build.context, build.dockerfile or "Dockerfile")
                yield posixpath.normpath(file), _contexts(build)


def _contexts(build: ServiceBuild) -> Contexts:
    return tuple((context_name(name), value) for name, value in build.additional_contexts)


def join_builds(builds: Iterable[tuple[str, Contexts]]) -> dict[str, Contexts]:
    """The contexts that all builds of a Dockerfile give, by its path; without those of which some build has none."""
    joined: dict[str, Mapping[str, str]] = {}
    for path, contexts in builds:
        names = dict(contexts)
        known = joined.get(path)
        joined[path] = names if known is None else {name: known[name] for name in known if name in names}
    return {path: tuple(names.items()) for path, names in joined.items() if names}


def with_contexts(document: Document, contexts: Contexts) -> Document:
    """The document of a Dockerfile as a build with these contexts reads it: a name may stand for another image."""
    read = next((subject.noun for subject in document.subjects if isinstance(subject.noun, Build)), None)
    if read is None or read.final is None:
        return document
    build = _in_build(read, dict(contexts))
    image = build.stages[-1].container.image
    subjects = tuple(
        replace(subject, noun=build if isinstance(subject.noun, Build) else replace(subject.noun, image=image))
        if at < _OF_IMAGE and isinstance(subject.noun, Build | Container)
        else subject
        for at, subject in enumerate(document.subjects)
    )
    return replace(document, subjects=subjects)


def _in_build(build: Build, contexts: Mapping[str, str]) -> Build:
    stages: list[Stage] = []
    for stage in build.stages:
        start = stage.start
        value = contexts.get(context_name(start.image.text)) if start.stage is None else None
        if value is not None:
            image = _image(start.image, value)
            start = replace(start, image=image or start.image, context=image is None)
        below = stages[start.stage] if start.stage is not None and start.stage < len(stages) else None
        container = stage.container
        if below is not None:
            container = replace(container, image=below.container.image)
        elif start.image is not stage.start.image:
            container = replace(container, image=start.image.value)
        instructions = tuple(
            replace(copy, source_image=_image(copy.source_image, given) or copy.source_image)
            if isinstance(copy, Copy)
            and copy.stage is None
            and copy.source_image is not None
            and (given := contexts.get(context_name(copy.source_image.text))) is not None
            else copy
            for copy in stage.instructions
        )
        stages.append(replace(stage, start=start, instructions=instructions, container=container))
    opaque = frozenset(name for name, value in contexts.items() if not value.startswith(_IMAGE))
    return replace(build, stages=tuple(stages), contexts=opaque)


def _image(text: BuildText, value: str) -> BuildText | None:
    """The image that a context is, None where it is none."""
    return replace(text, value=value.removeprefix(_IMAGE)) if value.startswith(_IMAGE) else None
