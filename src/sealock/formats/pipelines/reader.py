"""Reads a pipeline into subjects: a container for each that it describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats import scripts, yamltree
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.kubernetes.settings import settings_subject
from sealock.formats.optionkeys.reading import read_container
from sealock.formats.optionkeys.runlines import with_run_lines
from sealock.formats.optionkeys.table import KeyWord
from sealock.formats.optionkeys.trees import TreeWords, image_word
from sealock.formats.pipelines.described import CiContainer, CiSystem
from sealock.formats.pipelines.systems import system_of
from sealock.formats.runargs.reader import RunLine
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source
from sealock.model.shell import Word

_LOGINS: Final = (
    ("credentials", "password"), ("auth", "password"), ("password",), ("aws_auth", "aws_secret_access_key"),
    ("aws", "secret-key"),
)  # fmt: skip
"""Where GitHub, CircleCI and Bitbucket take the login to the registry of an image."""


class CiLine(Struct, frozen=True):
    """A container of a pipeline as a run line, and where it stands."""

    run: RunLine
    described: CiContainer
    root: ManifestValue


class PipelineDocument(Document, frozen=True):
    """A pipeline that can be changed: its containers by the names of their subjects."""

    lines: Mapping[str, CiLine] = {}


def read(source: Source, files: FileWindow = NOTHING) -> PipelineDocument:
    """Read every container of a pipeline, and the run lines of its scripts."""
    tree = yamltree.parse(source.text)
    system = system_of(source.name, tree)
    errors = [
        InputError(flaw.message, source.location(Place(flaw.start, flaw.end)))
        for flaw in tree.flaws
        if system is None or not system.repeats or not flaw.message.startswith(yamltree.DUPLICATE_KEY)
    ]
    subjects: list[Subject] = []
    lines: dict[str, CiLine] = {}
    logins: list[tuple[str, str, Place]] = []
    if system is not None:
        for document in tree.documents:
            root = ManifestValue(document, Place(document.start, document.end))
            for described in system.find(root):
                reader = _CiReader(source, system, described)
                name = described.name if described.name not in lines else f"{described.name} ({len(lines) + 1})"
                subjects.append(reader.subject(name))
                lines[name] = CiLine(reader.run, described, root)
                errors += reader.errors
                logins += _logins(name, described)
    subjects += settings_subject(logins)
    read_ = PipelineDocument("pipeline", {"": source}, tuple(subjects), tuple(errors), lines=lines)
    return with_run_lines(read_, files)


def comments(source: Source) -> tuple[Place, ...]:
    """Find the comments of a pipeline, in its scripts too."""
    return scripts.comments(source)


def _logins(name: str, described: CiContainer) -> Iterator[tuple[str, str, Place]]:
    """What a pipeline writes out to log in to an image's registry: name, setting and place of each."""
    for value in {id(value): value for value in (described.value, described.image) if value is not None}.values():
        for path in _LOGINS:
            setting = value.at(*path)
            if setting is not None and isinstance(setting.node, yamltree.Scalar):
                yield f"{'.'.join(path)} of {name}", f"{path[-1]}={setting.node.text}", setting.place


class _CiWords(TreeWords):
    """The words of one container, whose volumes the pipeline may declare elsewhere."""

    volumes: Mapping[str, str] = {}

    def mount_text(self, value: ManifestValue) -> str:
        """A volume by its name, at a path; one that is declared nowhere is made for the pipeline."""
        name, path = value.word("name"), value.word("path")
        source = self.volumes.get(name, "type=volume")
        return f"{source},source={name},target={path}" if source == "type=volume" else f"{source},target={path}"


class _CiReader:
    """Reads one container."""

    def __init__(self, source: Source, system: CiSystem, described: CiContainer) -> None:
        self.source, self.system = source, system
        self.errors: list[InputError] = []
        words: list[KeyWord] = []
        command: list[KeyWord] = []
        # What is set for many comes first: its own says otherwise.
        for value, table in (*described.more, (described.value, described.table)):
            if not value.is_mapping:
                continue
            tree = _CiWords(source.text, value, table, system.open)
            tree.volumes = described.volumes
            words += tree.options()
            command += tree.command
            self.errors += [InputError(fault.message, source.location(fault.place)) for fault in tree.faults]
        image = (
            image_word(source.text, described.image, system.open, described.prefix)
            if described.image is not None
            else None
        )
        self.place = described.image.place if described.image is not None else described.value.place
        words, entrypoint = _entrypoint(described.value, words)
        run = read_container(words, image or self.missing(described), command, says=described.says or system.says)
        if entrypoint:
            run = replace(run, container=replace(run.container, entrypoint=entrypoint))
        self.errors += [
            InputError(error.message, source.location(error.place if error.place.start >= 0 else self.place))
            for error in run.errors
        ]
        self.run = run

    @staticmethod
    def missing(described: CiContainer) -> Word:
        """The word for an image that is not there, or no text."""
        place = described.image.place if described.image is not None else described.value.place
        return Word("an image that is no text", place, literal=False)

    def subject(self, name: str) -> Subject:
        """The container."""
        where: dict[At, Place] = {(): self.place, **self.run.where}
        reason = self.run.skip_reason
        silent = reason if "could not be resolved" in reason else self.system.silent
        return Subject(name, self.run.container, where, self.run.unresolved, silent, partial=True)


def _entrypoint(value: ManifestValue, words: list[KeyWord]) -> tuple[list[KeyWord], tuple[str, ...]]:
    """An entrypoint of several words, which no option can say."""
    listed = value.at("entrypoint")
    if listed is None or not listed.is_list:
        return words, ()
    return words, tuple(item.node.text for item in listed.items if isinstance(item.node, yamltree.Scalar))
