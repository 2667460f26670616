"""Merges a compose service with the image that it builds: the Dockerfile sets what the service leaves unset."""

from __future__ import annotations

import posixpath
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.buildcontexts import is_remote
from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.model.absent import UNKNOWN, UNSET, Absent
from sealock.model.build import Build, Stage
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.imagename import default_user, drops_root_for_workers
from sealock.model.location import Source
from sealock.model.project import Project, ServiceBuild

_FIELDS: Final = ("user", "health")
"""The fields of a service that its image decides where it leaves them unset."""


class _BuiltImage(Struct, frozen=True):
    """The stage that becomes a service's image; `path` is that of the Dockerfile whose final stage it is, else ""."""

    stage: Stage
    path: str


def over_images(document: Document, files: FileWindow, path: str) -> Document:
    """Fill in what the services' Dockerfiles set; a Dockerfile that cannot be read leaves its service as it is.

    `path` is that of the compose file, "" where it has none.
    """
    project = next(document.nouns(Project), None)
    builds = {service.subject: service.build for service in project.services if service.build} if project else {}
    if not builds:
        return document
    images = _BuiltImages(files, path)
    subjects = tuple(
        _over(subject, images.of(build)) if (build := builds.get(subject.name)) else subject
        for subject in document.subjects
    )
    return replace(document, subjects=subjects)


def _over(subject: Subject, built: _BuiltImage | None) -> Subject:
    if built is None or not isinstance(subject.noun, Container):
        return subject
    image = built.stage.container
    user = image.user
    if user is UNSET and isinstance(image.image, str) and not drops_root_for_workers(image.image):
        user = default_user(image.image)
    own = {"user": user, "health": image.health}
    left = [field for field in _FIELDS if getattr(subject.noun, field) is UNSET]
    # Where the Dockerfile does not decide either, the field stays UNSET: the base image decides.
    filled = {field: own[field] for field in left if not isinstance(own[field], Absent)}
    decided = dict.fromkeys(left, built.path) if built.path else {}
    return replace(subject, noun=replace(subject.noun, **filled), decided_in=decided)


class _BuiltImages:
    """The stages that become images, each Dockerfile read once for the same arguments."""

    def __init__(self, files: FileWindow, path: str) -> None:
        self._files = files
        self._path = path
        self._images: dict[tuple[object, ...], dict[str | None, _BuiltImage]] = {}

    def of(self, build: ServiceBuild) -> _BuiltImage | None:
        """The stage that becomes a service's image; None where its Dockerfile cannot be read."""
        key = build.context, build.dockerfile, build.inline, build.args
        if key not in self._images:
            self._images[key] = self._read(build)
        return self._images[key].get(build.target and build.target.lower())

    def _read(self, build: ServiceBuild) -> dict[str | None, _BuiltImage]:
        """The stages of a Dockerfile by name in lower case, and the last by None."""
        path = ""
        if build.inline is not None:
            text = build.inline
        elif is_remote(build.context):
            return {}
        else:
            name = posixpath.join(build.context, build.dockerfile or "Dockerfile")
            path = posixpath.join(posixpath.dirname(self._path), name) if self._path else ""
            try:
                text = self._files.text(name)
            except FileRefusedError:
                return {}
        from sealock.formats import dockerfile  # noqa: PLC0415  a compose file that builds nothing does not load it

        # An argument without a value comes from the environment of whoever builds.
        given = {name: UNKNOWN if value is None else value for name, value in build.args}
        document = dockerfile.read(Source("Dockerfile", text), NOTHING, given)
        noun = next(document.nouns(Build), None)
        if noun is None or noun.final is None or document.errors:
            return {}
        images: dict[str | None, _BuiltImage] = {
            stage.name.lower(): _BuiltImage(stage, path if stage is noun.final else "")
            for stage in reversed(noun.stages)
        }
        images[None] = _BuiltImage(noun.final, path)
        return images
