"""Makes a document of the run lines in a text, and edits of the changes to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.errors import FormatError
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.runargs.quotes import quoting_style
from sealock.formats.runargs.reader import read_words
from sealock.formats.runargs.spot import RunLineText
from sealock.formats.scripts import RunCommand, find_created_networks, find_run_commands, refusal
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET, given
from sealock.model.change import Change, Edit, FieldChange, On, changed
from sealock.model.container import FIELDS, Container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source
from sealock.model.project import Project, ProjectFile, ProjectNetwork, Service
from sealock.model.shell import Word

MAX_LENGTH: Final = 1_000_000
"""Characters of a text in which run lines are looked for."""
MAX_RUN_LINES: Final = 10_000
"""How many run lines of one text are read, at most."""
_TRUE: Final = frozenset({"1", "t", "true"})
_ORDERED: Final = frozenset({"command", "entrypoint"})
_NOTHING: Final = (UNSET, False, ())


def read(source: Source, files: FileWindow = NOTHING) -> Document:
    """Read every run line of a text; together they make a project, be it of one."""
    subjects: list[Subject] = []
    errors: list[InputError] = []
    if len(source.text) > MAX_LENGTH:
        message = f"larger than {MAX_LENGTH} characters, the most that is looked through for run lines"
        return Document("run", {"": source}, (), (InputError(message, source.location(Place(0, 0))),))
    if why := refusal(source):
        errors.append(InputError(why, source.location(Place(0, 0))))
    for name, spot in _spots(source):
        line = spot.line
        if len(subjects) == MAX_RUN_LINES:
            message = f"there are more than {MAX_RUN_LINES} run lines; the rest was not read"
            errors.append(InputError(message, source.location(spot.place)))
            break
        where = {(): spot.place, **line.where}
        subjects.append(Subject(name, line.container, where, line.unresolved, line.silent))
        errors += [
            InputError(error.message, source.location(error.place if error.place.start >= 0 else spot.place))
            for error in line.errors
        ]
    if subjects:
        subjects.append(_project(source, subjects, files))
    return Document("run", {"": source}, tuple(subjects), tuple(errors))


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Spell a change in the run line that the subject was read from."""
    if isinstance(change, Edit):
        return (change,)
    from sealock.formats.runargs.editor import edits_of  # noqa: PLC0415  reading does not need it, and start-up counts
    from sealock.formats.runargs.newnetwork import create_networks  # noqa: PLC0415  likewise

    name, inner = (change.subject, change.change) if isinstance(change, On) else (subject.name, change)
    for index, (one, spot) in enumerate(_spots(document.source)):
        if one == name:
            made = edits_of(spot, inner)
            made = (*create_networks(document.source, spot, inner), *made) if made else ()
            _prove(document.source, index, spot, inner, made)
            return made
    msg = f'there is no run line "{name}" to change'
    raise FormatError(msg)


def _prove(source: Source, index: int, spot: RunLineText, change: FieldChange, made: tuple[Edit, ...]) -> None:
    """Refuse what would not read back as the change: a line inside other quotes, say, that new quotes would end."""
    after = list(_spots(Source(source.name, apply_edits(source.text, made)))) if made else []
    if made and (
        index >= len(after) or not _same(after[index][1].line.container, changed(spot.line.container, change))
    ):
        msg = "the line stands in words that do not let it be written there"
        raise FormatError(msg)


def _same(container: Container, other: Container) -> bool:
    """Whether two containers are alike; what is false by default is as good as not there, and so is an empty list."""
    for field in FIELDS:
        left, right = getattr(container, field), getattr(other, field)
        if left == right or (left in _NOTHING and right in _NOTHING):
            continue
        # Where some options come from an array, new ones cannot stand behind them.
        if field in _ORDERED or not isinstance(left, tuple) or sorted(map(repr, left)) != sorted(map(repr, right)):
            return False
    return True


def _spots(source: Source) -> Iterator[tuple[str, RunLineText]]:
    """Each run line with its name."""
    names: set[str] = set()
    host = quoting_style(source.name)
    prose = source.name.lower().endswith((".md", ".markdown"))
    for found in find_run_commands(source):
        words = found.arguments if host != "make" else tuple(map(_unmade, found.arguments))
        if prose and not words:
            continue  # the command is only spoken of
        line = read_words(words, found.engine, found.verb, trust=_trust(found))
        if line.line.help:
            continue
        name = f"{found.engine} {found.verb} {_called(line.container, line.line.image.text if line.line.image else '')}"
        name = name.strip()
        if name in names:
            name = _unique(name, source.position(found.place.start), names)
        names.add(name)
        verb = found.command.words[found.first - 1]
        yield name, RunLineText(source.text, verb, words, line, found.place, found.engine, host)


def _unmade(word: Word) -> Word:
    """A word as the shell gets it from make, which reads $$ as a dollar."""
    return word if word.literal else Word(word.text.replace("$$", "$"), word.place, literal=False)


def _called(container: Container, image: str) -> str:
    name = container.name
    return " ".join((name if isinstance(name, str) else image).split())[:100]


def _unique(name: str, position: tuple[int, int], names: set[str]) -> str:
    line, column = position
    numbered = f"{name} (line {line})"
    return numbered if numbered not in names else f"{name} (line {line}, column {column})"


def _trust(found_fragments: RunCommand) -> bool | None:
    """What DOCKER_CONTENT_TRUST before the command says."""
    for assignment in found_fragments.command.assignments:
        if assignment.name == "DOCKER_CONTENT_TRUST" and assignment.value is not None and assignment.value.literal:
            return assignment.value.text.lower() in _TRUE
    return None


def _project(source: Source, subjects: list[Subject], files: FileWindow) -> Subject:
    """The run lines of one text as what they are together."""
    where: dict[At, Place] = {(): subjects[0].place(())}
    services: list[Service] = []
    taken: set[str] = set()
    facts: dict[str, ProjectFile] = {}
    for subject in subjects:
        if not isinstance(subject.noun, Container):
            continue
        name = subject.name.partition(" ")[2].partition(" ")[2] or subject.name
        name = subject.name if name in taken else name
        taken.add(name)
        services.append(Service(name, subject.name, subject.noun))
        for at, place in subject.where.items():
            where["services", name, *at] = place
        for path in given(subject.noun.env_files, ()):
            facts.setdefault(path, files.fact(path))
    networks: dict[str, ProjectNetwork] = {}
    for network, place, internal in find_created_networks(source):
        networks.setdefault(network, ProjectNetwork(network, internal=internal))
        where.setdefault(("networks", network), place)
    project = Project("script", tuple(services), tuple(networks.values()), files=tuple(facts.values()))
    return Subject("script", project, where, silent="the run lines do not say")
