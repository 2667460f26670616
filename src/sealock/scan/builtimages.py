"""Merges a compose service with the image that it builds: the Dockerfile sets what the service leaves unset."""

from __future__ import annotations

from msgspec.structs import replace

from sealock import formats
from sealock.formats.files import FileRefusedError, FileWindow
from sealock.model.absent import UNSET, Absent
from sealock.model.build import Build, Stage
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.imagename import default_user, drops_root_for_workers
from sealock.model.location import Source
from sealock.model.project import Project, ServiceBuild


def over_images(document: Document, files: FileWindow) -> Document:
    """Fill in what the services' Dockerfiles set; a Dockerfile that cannot be read leaves its service as it is."""
    project = next((subject.noun for subject in document.subjects if isinstance(subject.noun, Project)), None)
    builds = {service.subject: service.build for service in project.services if service.build} if project else {}
    if not builds:
        return document
    stages = _BuiltStages(files)
    subjects = tuple(
        _over(subject, stages.of(build)) if (build := builds.get(subject.name)) else subject
        for subject in document.subjects
    )
    return replace(document, subjects=subjects)


def _over(subject: Subject, stage: Stage | None) -> Subject:
    if stage is None or not isinstance(subject.noun, Container):
        return subject
    image = stage.container
    user = image.user
    if user is UNSET and isinstance(image.image, str) and not drops_root_for_workers(image.image):
        user = default_user(image.image)
    # Where the Dockerfile does not decide either, the field stays UNSET: the base image decides.
    filled = {
        field: value
        for field, value in (("user", user), ("health", image.health))
        if getattr(subject.noun, field) is UNSET and not isinstance(value, Absent)
    }
    return replace(subject, noun=replace(subject.noun, **filled))


class _BuiltStages:
    """The stages that become images, each Dockerfile read once."""

    def __init__(self, files: FileWindow) -> None:
        self._files = files
        self._stages: dict[tuple[str, str | None, str | None], dict[str | None, Stage]] = {}

    def of(self, build: ServiceBuild) -> Stage | None:
        """The stage that becomes a service's image; None where its Dockerfile cannot be read."""
        key = build.context, build.dockerfile, build.inline
        if key not in self._stages:
            self._stages[key] = self._read(build)
        return self._stages[key].get(build.target and build.target.lower())

    def _read(self, build: ServiceBuild) -> dict[str | None, Stage]:
        """The stages of a Dockerfile by name in lower case, and the last by None."""
        if build.inline is not None:
            text = build.inline
        elif "://" in build.context or build.context.startswith(("git@", "github.com/")):
            return {}
        else:
            try:
                text = self._files.text(f"{build.context.rstrip('/')}/{build.dockerfile or 'Dockerfile'}")
            except FileRefusedError:
                return {}
        document = formats.read("dockerfile", Source("Dockerfile", text))
        noun = next((subject.noun for subject in document.subjects if isinstance(subject.noun, Build)), None)
        if noun is None or noun.final is None or document.errors:
            return {}
        return {None: noun.final, **{stage.name.lower(): stage for stage in reversed(noun.stages)}}
