"""pom.xml: the direct dependencies of a Maven project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory._data import word
from sealock.inventory._xml import Element, document
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

PROPERTY: Final = compile_lazily(r"\$\{([^${}]{1,200})\}")
NEWEST: Final = frozenset({"LATEST", "RELEASE"})
UNSET: Final = frozenset("$[](){}@%*, ")
"""Signs of a range, or of a value that a build puts in."""
MOST_STEPS: Final = 8
"""Times that a property may name another one."""


class Maven(LockFile):
    """A project's own file. A version that a parent or an imported list sets is unknown, and so is a range."""

    name = "pom.xml"
    version = 4
    patterns = FilePatterns(names=("pom.xml",), limit=8 << 20)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the dependencies; a file that a jar carries of itself lists none."""
        return () if "/META-INF/" in f"/{file.path}" else packages(document(file.data), file.path)


def packages(project: Element, path: str) -> Iterator[Package]:
    """The dependencies, with the versions that the file itself sets."""
    properties = _properties(project)
    managed: dict[tuple[str, str], tuple[str, str]] = {}
    for entry in _entries(project, "dependencyManagement", "dependencies"):
        group, artifact, version, scope = _fields(entry, properties)
        if scope != "import":
            managed.setdefault((group, artifact), (version, scope))
    profiles = project.first("profiles")
    for part in (project, *(profiles.all("profile") if profiles else ())):
        for entry in _entries(part, "dependencies"):
            group, artifact, version, scope = _fields(entry, properties)
            default = managed.get((group, artifact), ("", ""))
            version, scope = version or default[0], scope or default[1]
            if group and artifact and scope != "system":
                exact = version.strip("[]") if version[:1] == "[" and "," not in version else version
                known = "" if exact in NEWEST or set(exact) & UNSET else exact
                yield Package("maven", artifact, known, path, namespace=group, development=scope == "test")


def _entries(element: Element, *path: str) -> Iterator[Element]:
    parent = element.first(*path)
    return parent.all("dependency") if parent else iter(())


def _fields(entry: Element, properties: dict[str, str]) -> tuple[str, str, str, str]:
    group, artifact, version, scope = (
        _resolved(entry.value(name), properties) for name in ("groupId", "artifactId", "version", "scope")
    )
    return group, artifact, version, scope


def _properties(project: Element) -> dict[str, str]:
    """The properties of a project, with those that Maven itself sets."""
    parent = project.first("properties")
    own: dict[str, str] = {}
    for name in ("groupId", "artifactId", "version"):
        value = project.value(name) or project.value("parent", name)
        own |= {name: value, f"parent.{name}": project.value("parent", name)}  # of Maven 2
        own |= {
            f"project.{name}": value,
            f"pom.{name}": value,
            f"project.parent.{name}": project.value("parent", name),
        }
    known = {name: value for name, value in own.items() if value}
    # An empty one has a value: "${revision}${changelist}".
    return known | {child.name: word(child.text) for child in (parent.children if parent else ())}


def _resolved(text: str, properties: dict[str, str]) -> str:
    """Put values in place of properties; one that is unknown, or too deep, stays."""
    for _ in range(MOST_STEPS):
        if "${" not in text:
            break
        text = word(PROPERTY.sub(lambda match: properties.get(match[1], match[0]), text))
    return text
