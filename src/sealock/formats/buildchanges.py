"""What changes of builds make of a project, and whether a changed text reads back as that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from sealock.errors import FormatError
from sealock.model.change import OnBuild, changed
from sealock.model.document import Document
from sealock.model.project import Project, ServiceBuild


def builds_of(document: Document) -> dict[str, ServiceBuild]:
    """How each service of a document is built."""
    projects = document.nouns(Project)
    return {service.name: service.build for project in projects for service in project.services if service.build}


def expected_builds(document: Document, changes: Iterable[OnBuild]) -> dict[str, ServiceBuild]:
    """The builds that change, as they are after it; FormatError for a service that is not built."""
    builds = builds_of(document)
    expected: dict[str, ServiceBuild] = {}
    for each in changes:
        if each.service not in builds:
            msg = f"{each.service} is not built in {document.source.name}"
            raise FormatError(msg)
        expected[each.service] = changed(expected.get(each.service, builds[each.service]), each.change)
    return expected


def refuse_other_builds(document: Document, after: Document, expected: Mapping[str, ServiceBuild]) -> None:
    """Refuse a text of which a build is not what was asked for, or that has a new error.

    One that is not to change may lose the rights that it had from another.
    """
    if len(after.errors) > len(document.errors):
        msg = f"the text would become invalid: {after.errors[-1].message}"
        raise FormatError(msg)
    new = builds_of(after)
    for name, build in builds_of(document).items():
        if name not in new:
            msg = f"{name} would not be built any more"
            raise FormatError(msg)
        wanted = expected.get(name, build)
        if new[name] != wanted and (name in expected or not _differs_in_rights(build, new[name])):
            msg = f"the build of {name} would be another, since another place sets the same"
            raise FormatError(msg)


def _differs_in_rights(old: ServiceBuild, new: ServiceBuild) -> bool:
    """Whether builds are the same but for their rights, of which nothing was added to the text."""
    return replace(old, entitlements=new.entitlements, privileged=new.privileged, network=new.network) == new
