"""The Dockerfiles that compose and bake files build, and the named contexts that these give to the builds."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator
from typing import NamedTuple

from sealock.model.build import context_name
from sealock.model.document import Document
from sealock.model.project import Project, ServiceBuild

Contexts = tuple[tuple[str, str], ...]
"""Names as `context_name` writes them, each with what stands for it."""


class NamedBuild(NamedTuple):
    """The Dockerfile that a compose or bake file builds, and the named contexts of the build.

    Buildx looks for the paths of a bake file in the directory where it is called, mostly that of the file or one above:
    `paths` has them all, and the first that is there counts.
    """

    paths: tuple[str, ...]
    contexts: Contexts

    def path(self, known: Collection[str]) -> str:
        """The path of the Dockerfile among those that are known; "" for none."""
        return next((path for path in self.paths if path in known), "")


def list_builds(document: Document, path: str) -> Iterator[NamedBuild]:
    """Yield each Dockerfile that a compose or bake file builds."""
    directories = [posixpath.dirname(path.replace("\\", "/"))]
    while document.kind == "bake" and directories[-1].strip("/."):
        directories.append(posixpath.dirname(directories[-1]))
    for subject in document.subjects:
        for service in subject.noun.services if isinstance(subject.noun, Project) else ():
            build = service.build
            if build is not None and build.inline is None and not is_remote(build.context):
                file = posixpath.join(build.context, build.dockerfile or "Dockerfile")
                paths = (posixpath.normpath(posixpath.join(directory, file)) for directory in directories)
                yield NamedBuild(tuple(dict.fromkeys(paths)), contexts_of(build))


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
