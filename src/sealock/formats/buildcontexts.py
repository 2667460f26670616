"""The Dockerfiles that compose and bake files build, and the named contexts that these give to the builds."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from sealock.model.build import context_name
from sealock.model.document import Document
from sealock.model.project import Project, ServiceBuild

Contexts = tuple[tuple[str, str], ...]
"""Names as `context_name` writes them, each with what stands for it."""


def list_builds(document: Document, path: str) -> Iterator[tuple[str, Contexts]]:
    """Yield the path of each Dockerfile that a compose or bake file builds, with the named contexts of that build."""
    directory = posixpath.dirname(path.replace("\\", "/"))
    for subject in document.subjects:
        for service in subject.noun.services if isinstance(subject.noun, Project) else ():
            build = service.build
            if build is not None and build.inline is None and not is_remote(build.context):
                file = posixpath.join(directory, build.context, build.dockerfile or "Dockerfile")
                yield posixpath.normpath(file), contexts_of(build)


def has_inline(document: Document) -> bool:
    """Whether a compose or bake file holds a Dockerfile, or one whose text is not known."""
    return any(
        ("services", service.name, "build", "inline") in subject.where
        for subject in document.subjects
        if isinstance(subject.noun, Project)
        for service in subject.noun.services
    )


def contexts_of(build: ServiceBuild) -> Contexts:
    """The named contexts of a build."""
    return tuple((context_name(name), value) for name, value in build.additional_contexts)


def is_remote(context: str) -> bool:
    """Whether a build takes its context from elsewhere, such as a repository, and from no directory."""
    return "://" in context or context.startswith(("git@", "github.com/"))
