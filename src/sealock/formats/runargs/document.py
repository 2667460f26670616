"""Reads the run lines of a text as a document, and expresses changes as edits of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from sealock.errors import FormatError
from sealock.formats import scripts
from sealock.formats.envfiles import describe_env_file
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.runargs.editor import edits_of
from sealock.formats.runargs.newnetwork import create_networks
from sealock.formats.runargs.quotes import quoting_style
from sealock.formats.runargs.reader import RunLine, RunLineText, read_words
from sealock.formats.runargs.verbs import VERBS
from sealock.formats.scripts import (
    EngineVerb,
    RunCommand,
    find_built_images,
    find_created_networks,
    find_run_commands,
    refusal,
    with_included,
)
from sealock.formats.steps import edits_in_steps
from sealock.formats.textedits import apply_edits
from sealock.formats.verification import is_same
from sealock.model.absent import given
from sealock.model.change import Edit, FieldChange, On, SubjectChange, changed
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source
from sealock.model.project import Project, ProjectFile, ProjectNetwork, Service
from sealock.model.shell import Word
from sealock.patterns import compile_lazily

MAX_LENGTH: Final = 4_000_000
"""Characters of a text with run lines: changelogs in Markdown come to more than a million."""
MAX_RUN_LINES: Final = 10_000
"""Run lines of one text."""
_TO_FILL_IN: Final = compile_lazily(r"[A-Z][A-Z0-9_-]{2,}[/:]|(?:YOUR|MY)[_-][A-Z0-9_-]+$")
_IN_CAPITALS: Final = compile_lazily(r"[A-Z][A-Z0-9_-]*")
_CAPITAL: Final = compile_lazily(r"[A-Z]")
_NAME_END: Final = compile_lazily(r"[:@]")
_OF_COMPOSE: Final[dict[EngineVerb, EngineVerb]] = {"run": "compose run", "exec": "compose exec"}
_TRUE: Final = frozenset({"1", "t", "true"})


def read(source: Source, files: FileWindow = NOTHING) -> Document:
    """Read every run line of a text, and the settings of one that is a Kubernetes manifest."""
    lines = read_lines(source, files)
    subjects, faults = _settings(source)
    return replace(lines, subjects=(*lines.subjects, *subjects), errors=(*lines.errors, *faults))


def read_lines(source: Source, files: FileWindow = NOTHING) -> Document:
    """Read every run line of a text; together they form a project."""
    source = with_included(source, files)
    subjects: list[Subject] = []
    services: list[tuple[str, Subject]] = []
    errors: list[InputError] = []
    if len(source.text) > MAX_LENGTH:
        message = f"larger than {MAX_LENGTH} characters, the limit for a text with run lines"
        return Document("run", {"": source}, (), (InputError(message, source.location(Place(0, 0))),))
    if why := refusal(source):
        errors.append(InputError(why, source.location(Place(0, 0))))
    for name, line in filter(lambda named: _says_something(named[1]), _run_lines(source)):
        run = line.run
        if len(subjects) == MAX_RUN_LINES:
            message = f"there are more than {MAX_RUN_LINES} run lines; the rest was not read"
            errors.append(InputError(message, source.location(line.place)))
            break
        where = {(): line.place, **run.where}
        makes = VERBS[line.subcommand].makes
        subjects.append(Subject(name, run.container, where, run.unresolved, run.skip_reason, partial=not makes))
        if makes:
            services.append((name.removeprefix(f"{line.engine} {line.subcommand} "), subjects[-1]))
        errors += [
            InputError(error.message, source.location(error.place if error.place.start >= 0 else line.place))
            for error in run.errors
        ]
    if services:
        subjects.append(_project(source, services, files))
    return Document("run", {"": source}, tuple(subjects), tuple(errors))


def _settings(source: Source) -> tuple[list[Subject], tuple[InputError, ...]]:
    """The settings of a Kubernetes manifest, whose values may hold run lines, and its errors."""
    if not any(kind in source.text for kind in ("ConfigMap", "Secret")):
        return [], ()
    from sealock.formats import kubernetes, recognition  # noqa: PLC0415  few texts with run lines are manifests

    if not recognition.is_manifest_of_settings(source.name, source.text):
        return [], ()
    manifest = kubernetes.read_resources(source)
    return [subject for subject in manifest.subjects if isinstance(subject.noun, Project)], manifest.errors


def comments(source: Source) -> tuple[Place, ...]:
    """Find the comments of a text with run lines, as its language has them."""
    return scripts.comments(source) if len(source.text) <= MAX_LENGTH else ()


def edits(document: Document, subject: Subject, change: SubjectChange) -> tuple[Edit, ...]:
    """Express a change as edits of the subject's run line."""
    if isinstance(change, Edit):
        return (change,)
    name, inner = (change.subject, change.change) if isinstance(change, On) else (subject.name, change)
    lines = _RunLines.of(document.source)
    lines.after({name: inner})
    return lines.planned({name: inner})


def used_options(source: Source) -> tuple[tuple[str, str], ...]:
    """The options in all run lines of a text, in order: each name as the table has it first, with its value."""
    lines = (line.run.parsed.options for _, line in _run_lines(source))
    return tuple((option.spec.name.partition(" ")[0], option.text) for options in lines for option in options)


def edits_together(
    document: Document, changes: Iterable[tuple[Subject, FieldChange | On]], *, check: bool = True
) -> tuple[Edit, ...]:
    """Return the edit for several changes of run lines; FormatError where one cannot be made."""
    del check
    return edits_in_steps(_RunLines.of(document.source), changes, _RunLines.after, lambda lines: lines.source.text)


class _RunLines:
    """The run lines of a text in their order; `names` are those that they had before the first change."""

    def __init__(self, source: Source, names: Mapping[str, int], lines: list[RunLineText]) -> None:
        self.source, self.names, self.lines = source, names, lines

    @classmethod
    def of(cls, source: Source) -> _RunLines:
        named = list(_run_lines(source))
        return cls(source, {name: index for index, (name, _) in enumerate(named)}, [line for _, line in named])

    def planned(self, wanted: Mapping[str, FieldChange]) -> tuple[Edit, ...]:
        """The edits for one change of each of these lines, not read back yet."""
        planned: list[Edit] = []
        for name, change in wanted.items():
            if name not in self.names:
                msg = f'there is no run line "{name}" to change'
                raise FormatError(msg)
            line = self.lines[self.names[name]]
            if result := edits_of(line, change):
                planned += (*create_networks(self.source, line, change), *result)
        return tuple(planned)

    def after(self, wanted: Mapping[str, FieldChange]) -> _RunLines:
        """The lines after one change of each of these.

        FormatError where the text does not read back as that, for example with new quotes inside a quoted line.
        """
        planned = self.planned(wanted)
        source = Source(self.source.name, apply_edits(self.source.text, planned), self.source.included)
        lines = [line for _, line in _run_lines(source)] if planned else self.lines
        for name, change in wanted.items():
            index = self.names[name]
            before = self.lines[index]
            expected, partial = changed(before.run.container, change), not VERBS[before.subcommand].makes
            if index >= len(lines) or not is_same(lines[index].run.container, expected, partial=partial):
                msg = "the text around the line does not allow this change"
                raise FormatError(msg)
        return _RunLines(source, self.names, lines)


def _run_lines(source: Source) -> Iterator[tuple[str, RunLineText]]:
    """Each run line with a unique name."""
    names: set[str] = set()
    style = quoting_style(source.name)
    is_page = scripts.detect_kind(source) == "markdown"
    built = find_built_images(source)
    for command in find_run_commands(source):
        words = command.arguments if style != "make" else tuple(map(_undo_make_escapes, command.arguments))
        if is_page:
            if not words:
                continue  # prose that mentions the command
            words = tuple(map(_fill_in, words))
        verb, run = _read_command(command, words)
        if is_page and (filled := _with_image(words, run)) is not None:
            words = filled
            verb, run = _read_command(command, words)
        if run.parsed.help or (command.loose and not _is_certain(run)) or (command.guessed and run.errors):
            continue
        image = run.parsed.image.text if run.parsed.image else ""
        if image in built:
            run = replace(run, container=replace(run.container, image_role="built"))
        operand = run.parsed.operands[0].text if run.parsed.operands else image
        name = f"{command.engine} {verb} {_short_name(run.container, operand)}".strip()
        if name in names:
            name = _unique_name(name, source.position(command.place.start), names)
        names.add(name)
        word = command.command.words[command.first - 1]
        yield name, RunLineText(source.text, word, words, run, command.place, command.engine, verb, style)


def _read_command(command: RunCommand, words: tuple[Word, ...]) -> tuple[EngineVerb, RunLine]:
    """Read a command by its verb, or by Compose's where only that fits: `"${docker[@]}" run` may be Compose's."""
    trust = _content_trust(command)
    run = read_words(words, command.engine, command.verb, trust=trust)
    other = _OF_COMPOSE.get(command.verb)
    if other is not None and run.parsed.errors and not command.command.words[0].literal:
        composed = read_words(words, command.engine, other, trust=trust)
        if not composed.errors:
            return other, composed
    return command.verb, run


def _says_something(line: RunLineText) -> bool:
    """Whether a command says more than what it runs in, changes or builds; variables of a build hardly do."""
    run = line.run
    return (
        VERBS[line.subcommand].makes
        or bool(run.settings.values or run.parsed.image or run.errors)
        or bool(run.parsed.opaque and line.subcommand != "build")
    )


def _is_certain(run: RunLine) -> bool:
    """Whether words from a text that may be about a command are a whole one: an option, and what it is for."""
    parsed = run.parsed
    named = parsed.image or next(iter(parsed.operands), None)
    return not run.errors and bool(parsed.options) and named is not None and named.literal


def _fill_in(word: Word) -> Word:
    """A word of a page: capitals before a slash or colon, or after YOUR_, are for the reader to fill in."""
    return replace(word, literal=False) if word.literal and _TO_FILL_IN.match(word.text) else word


def _with_image(words: tuple[Word, ...], run: RunLine) -> tuple[Word, ...] | None:
    """The words of a page with the image for the reader to fill in, where it is in capitals or left out."""
    named = run.parsed.image
    if named is not None:
        is_open = _is_to_fill_in(named.text)
        return tuple(replace(word, literal=False) if word is named else word for word in words) if is_open else None
    if len(run.errors) != 1 or run.parsed.opaque or not run.parsed.options:
        return None  # something else is wrong, too, or the command needs no image
    end = words[-1].place
    return (*words, Word("…", Place(end.end, end.end, end.pointer, end.file), literal=False))


def _is_to_fill_in(image: str) -> bool:
    """Whether an image has a part in capitals, or a capital in its path: no repository has them, and a registry may."""
    if any(_IN_CAPITALS.fullmatch(_NAME_END.split(part, 1)[0]) for part in image.split("/")):
        return True
    registry, slash, path = image.partition("/")
    if not slash or not ("." in registry or ":" in registry):
        path = image
    return _CAPITAL.search(_NAME_END.split(path, 1)[0]) is not None


def _undo_make_escapes(word: Word) -> Word:
    """A word as make passes it to the shell: $$ is a dollar."""
    return word if word.literal else Word(word.text.replace("$$", "$"), word.place, literal=False)


def _short_name(container: Container, image: str) -> str:
    name = container.name
    return " ".join((name if isinstance(name, str) else image).split())[:100]


def _unique_name(name: str, position: tuple[int, int], names: set[str]) -> str:
    line, column = position
    numbered = f"{name} (line {line})"
    return numbered if numbered not in names else f"{name} (line {line}, column {column})"


def _content_trust(command: RunCommand) -> bool | None:
    """The value of DOCKER_CONTENT_TRUST before the command."""
    for assignment in command.command.assignments:
        if assignment.name == "DOCKER_CONTENT_TRUST" and assignment.value is not None and assignment.value.literal:
            return assignment.value.text.lower() in _TRUE
    return None


def _project(source: Source, lines: list[tuple[str, Subject]], files: FileWindow) -> Subject:
    """The run lines of one text as a project, each with its short name."""
    where: dict[At, Place] = {(): lines[0][1].place(())}
    services: list[Service] = []
    taken: set[str] = set()
    facts: dict[str, ProjectFile] = {}
    for short, subject in lines:
        if not isinstance(subject.noun, Container):
            continue
        name = short or subject.name
        name = subject.name if name in taken else name
        taken.add(name)
        services.append(Service(name, subject.name, subject.noun))
        for at, place in subject.where.items():
            where["services", name, *at] = place
        for path in given(subject.noun.env_files, ()):
            if path not in facts:
                facts[path] = describe_env_file(files, path)
    networks: dict[str, ProjectNetwork] = {}
    for network, place, internal in find_created_networks(source):
        networks.setdefault(network, ProjectNetwork(network, internal=internal))
        where.setdefault(("networks", network), place)
    project = Project("script", tuple(services), tuple(networks.values()), files=tuple(facts.values()))
    return Subject("script", project, where, silent="the run lines do not set this")
