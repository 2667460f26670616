"""What a format makes of a text: subjects to evaluate, and the place of each field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, TypeVar

from msgspec import Struct

from sealock.model.build import Build
from sealock.model.container import Container
from sealock.model.daemon import Daemon
from sealock.model.enforced import Enforced
from sealock.model.finding import InputError, View
from sealock.model.host import Host
from sealock.model.inventory import Inventory
from sealock.model.location import At, Place, Source
from sealock.model.network import EngineNetwork
from sealock.model.project import Project

Noun: TypeAlias = Container | Build | Project | Inventory | Daemon | Host | EngineNetwork | Enforced
SubjectKind: TypeAlias = Literal["container", "build", "project", "image", "daemon", "host", "network", "enforced"]
DocumentKind: TypeAlias = Literal[
    "dockerfile",
    "compose",
    "kubernetes",
    "quadlet",
    "pipeline",
    "devcontainer",
    "bake",
    "run",
    "image-config",
    "inventory",
    "image",
    "daemon",
    "container",
    "host",
    "observed",
]
_Noun = TypeVar("_Noun")


class Unevaluated(Struct, frozen=True):
    """Something that a file holds, that sealock recognises and does not evaluate, and why not."""

    kind: str
    reason: str


class Recognition(Struct, frozen=True):
    """What a file is: the kind of document that sealock reads it as, if any, and what of it is not evaluated."""

    kind: DocumentKind | None = None
    unevaluated: tuple[Unevaluated, ...] = ()


class Subject(Struct, frozen=True):
    """One noun of a document.

    `name` is unique in the document and fit for people: "service web", "docker run (line 4)", "final stage". `where`
    leads from a field's path to its place; () is the noun as a whole. `unresolved` names fields in which some part
    could not be resolved, with the words of the text: a rule on such a field that finds nothing is skipped.
    `silent` says why fields are UNKNOWN: "a Dockerfile has no run-time settings".
    """

    name: str
    noun: Noun
    where: Mapping[At, Place]
    unresolved: Mapping[str, str] = {}
    silent: str = "this source has no such setting"
    view: View = ""
    container: str = ""
    """The name of the engine's container, "" for any other subject."""
    partial: bool = False
    """Whether no source of this kind has these fields, so that their absence is no news about this one."""
    reported_by: Mapping[str, str] = {}
    """The fields that another subject of the document has too, from the same words, and that subject: it reports their
    faults."""
    decided_in: Mapping[str, str] = {}
    """The fields that a service leaves to the image that it builds, each with the path of the Dockerfile."""

    @property
    def kind(self) -> SubjectKind:
        """Which rules apply to it."""
        match self.noun:
            case Container():
                return "container"
            case Build():
                return "build"
            case Project():
                return "project"
            case Inventory():
                return "image"
            case Daemon():
                return "daemon"
            case Host():
                return "host"
            case EngineNetwork():
                return "network"
            case Enforced():
                return "enforced"

    def place(self, at: At) -> Place:
        """The place of a field, or of its nearest parent that has one."""
        for length in range(len(at), -1, -1):
            if (place := self.where.get(at[:length])) is not None:
                return place
        return Place()


class Document(Struct, frozen=True):
    """A text that was read. `sources` holds every text that it was read from, its own under "".

    `inheriting` are the names of subjects that take fields from others, like a compose service that extends another.
    `run_lines` are the names of the containers of run lines in the commands and scripts of a text of another kind.
    """

    kind: DocumentKind
    sources: Mapping[str, Source]
    subjects: tuple[Subject, ...]
    errors: tuple[InputError, ...] = ()
    inheriting: frozenset[str] = frozenset()
    run_lines: frozenset[str] = frozenset()

    def nouns(self, kind: type[_Noun]) -> Iterator[_Noun]:
        """The nouns of its subjects that are of this kind."""
        return (subject.noun for subject in self.subjects if isinstance(subject.noun, kind))

    @property
    def source(self) -> Source:
        """The document's own text."""
        return self.sources[""]
