"""Texts that a command carries and another program runs: quoted words, here-documents and what echo writes to a file.

For example `aws ssm send-command --parameters 'commands=["docker run …"]'`, `echo '@daily docker run …' | crontab`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.scripts.engines import engine_of, parse_engine_call
from sealock.model.location import Place, Source
from sealock.model.shell import Command, Redirect, Word
from sealock.patterns import compile_lazily
from sealock.shell.words import IN_HEREDOC, ShellValue, map_offsets

MAX_DEPTH: Final = 4
"""Texts in texts."""
_MAX_TRIED: Final = 8
"""Engines' names among the words of one command."""
_MENTION: Final = compile_lazily(
    r"\b(?:docker|podman|nerdctl)\b[^\n]{0,200}?[ \t\"',](?:run|create|exec|update|build)\b"
)
_SUBSTITUTION: Final = compile_lazily(r"\$\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|`[^`]*`")
"""A command in a word, which the shell's reader finds itself."""
_SPEAKERS: Final = compile_lazily(
    r"(?:echo|e?print\w*|puts|cat|say|log\w*|info|warn\w*|err|error|fatal|die|fail|msg|note|debug|usage|help)"
)
"""Commands whose output is their words or input: it is for people, unless it goes to a file or a program."""
_SILENT: Final = compile_lazily(
    r"(?:e?grep|rg|ag|sed|man|which|type|complete|compgen|test|\[+|for|case|p?kill\w*|pgrep|ps|apt\S*|yum|dnf|apk|pip\S*|brew|expr"
    r"|assert\w*|notify-send|wall|zenity|dialog|whiptail|unset|read|cd|ls|rm|mkdir)"
)
"""Commands that never run a word: they compare, search, show or install it."""
_TEXT_OPTIONS: Final = frozenset(
    {"-m", "--message", "--msg", "--title", "--text", "--body", "--description", "--label"}
)
_OPTION: Final = compile_lazily(r"-(?![a-z]*c$)")
"""An option of an engine, but not the `-c` of a shell in the container."""
_FILE_OPERATORS: Final = frozenset({">", ">>", ">|", "&>", "&>>"})
_ESCAPED: Final = compile_lazily(r"(?s)\\.|.")
_CONTROLS: Final = {"\\n": "\n", "\\r": " ", "\\t": " "}
_NO_FILES: Final = compile_lazily(r"/dev/(?:null|std\w+|tty|fd/.*)")
_WRITERS: Final = frozenset({"tee", "sponge", "dd", "install", "cp"})
_BEFORE: Final = compile_lazily(
    r"\s*(?:[\w.-]{1,100}[=:](?=[^\s=:/])|!|(?:@(?:reboot|yearly|annually|monthly|weekly|daily|midnight|hourly)"
    r"|(?:[\d*][\d,*/-]*[ \t]+){4}[\d*][\d,*/A-Za-z-]*)[ \t]+(?:root[ \t]+)?)"
)
"""What stands before a command in an argument: `commands=…`, git's `!…`, the time of a crontab."""
_QUOTED: Final = compile_lazily(
    r"([\"'`])((?:(?:sudo|exec)[ \t]+)?(?:/[\w/.-]{0,100})?(?:docker|podman|nerdctl)[ \t](?:(?!\1)[^\n]){0,4000})\1"
)
"""A command in the quotes of another language: `system("docker run …")`."""


class CarriedText(Struct, frozen=True):
    """A text in a command, the name of the file that it is written to ("" for a shell), and its offsets in the source.

    Where `written`, it is the whole content of that file.
    """

    text: str
    name: str
    offsets: Sequence[int]
    written: bool = False


def find_texts(command: Command, source: Source, *, piped: bool) -> Iterator[CarriedText]:
    """The texts of a command that another program may run; `piped` if a command reads its output."""
    if any(nested.kind in {"argument", "wrapped"} for nested in command.nested):
        # What its words run is known, and what a wrapped command reads is found there.
        if command.name == "ssh":
            yield from _unread_heredocs(command, source)
        return
    target = _target(command)
    speaks = _SPEAKERS.fullmatch(command.name) is not None
    if speaks and not target and not piped:
        return
    runs = _SILENT.fullmatch(command.name) is None
    if runs or command.name == "read":  # into a variable, which another command may run
        yield from _heredocs(command, source, target)
    # What an unknown file gets may be for people, as a log is.
    written = speaks and target != "" and "$" not in target
    if runs:
        engine = bool(command.words) and engine_of(command.words[0]) != ""
        for before, word in pairwise((Word("", Place()), *command.words)):
            is_value = before.text in _TEXT_OPTIONS or (engine and _OPTION.match(before.text) is not None)
            text = word.text if word.literal else _SUBSTITUTION.sub(lambda match: " " * len(match[0]), word.text)
            offsets = _align(word, source) if command.name == "printf" and "\\" in text else ()
            if offsets:
                text, offsets = _printed(text, offsets)
            if " " in text and not is_value and _MENTION.search(text):
                yield from _pieces(CarriedText(text, target, offsets or _align(word, source), written))
    for assignment in command.assignments:
        value = assignment.value
        if assignment.name == "PROMPT_COMMAND" and value is not None:
            yield CarriedText(value.text, "", _align(value, source))


def _printed(written: str, offsets: Sequence[int]) -> tuple[str, Sequence[int]]:
    r"""What printf prints of a word: a line feed for `\n`, a blank for `\t`, and what a backslash quotes."""
    pieces = list(_ESCAPED.finditer(written))
    text = "".join(_CONTROLS.get(piece[0], piece[0][-1]) for piece in pieces)
    return text, [offsets[piece.start()] for piece in pieces]


def find_inner_call(command: Command) -> Command | None:
    """The engine command that a container gets from an engine's: `docker exec dind docker run …`."""
    words = command.words
    if not words or not engine_of(words[0]):
        return None
    named = (at for at in range(3, len(words) - 1) if words[at].literal and engine_of(words[at]))
    for at in islice(named, _MAX_TRIED):
        inner = replace(command, words=words[at:], nested=())
        if parse_engine_call(inner) is not None:
            return inner
    return None


def move(command: Command, offsets: Sequence[int]) -> Command:
    """A command of a carried text with the places of the source."""

    def moved(word: Word) -> Word:
        return replace(word, place=_moved(word.place, offsets))

    assignments = tuple(
        replace(
            each,
            value=None if each.value is None else moved(each.value),
            items=tuple(map(moved, each.items)),
            place=_moved(each.place, offsets),
        )
        for each in command.assignments
    )
    return Command(tuple(map(moved, command.words)), _moved(command.place, offsets), assignments)


def _moved(place: Place, offsets: Sequence[int]) -> Place:
    if not offsets or place.start < 0:
        return place
    last = len(offsets) - 1
    return Place(offsets[min(place.start, last)], offsets[min(max(place.end - 1, 0), last)] + 1)


def _target(command: Command) -> str:
    """The file that a command writes its words or its input to; "" for none."""
    for redirect in command.redirects:
        if redirect.operator in _FILE_OPERATORS and redirect.target is not None and redirect.fd in {None, 1}:
            name = redirect.target.text
            if _NO_FILES.fullmatch(name) is None:
                return name
    if command.name in _WRITERS:
        names = [word.text.removeprefix("of=") for word in command.words[1:] if word.text[:1] != "-"]
        return next((name for name in reversed(names) if name != "/dev/stdin"), "")
    return "crontab" if command.name == "crontab" else ""


def _heredocs(command: Command, source: Source, target: str) -> Iterator[CarriedText]:
    for redirect in command.redirects:
        if redirect.target is None or redirect.fd not in {None, 0}:
            continue
        if redirect.body is not None and _MENTION.search(redirect.body):
            text, offsets = redirect.body, _body_offsets(redirect, redirect.target, source.text)
            if "\\" in text and redirect.target.literal:
                value = ShellValue()
                value.add_quoted(text, 0, len(text), IN_HEREDOC)
                text, offsets = value.text, map_offsets(value.offsets, offsets)
            yield CarriedText(text, target, offsets, target != "")
        elif redirect.operator == "<<<" and _MENTION.search(redirect.target.text):
            yield from _pieces(CarriedText(redirect.target.text, target, _align(redirect.target, source)))


def _unread_heredocs(command: Command, source: Source) -> Iterator[CarriedText]:
    """The here-documents of a command in which no script was found: `ssh host 'bash -s' <<EOF`."""
    for carried in _heredocs(command, source, ""):
        first, last = carried.offsets[0], carried.offsets[-1]
        scripts = (nested.script for nested in command.nested if nested.kind == "argument")
        starts = (inner.place.start for script in scripts for inner in islice(script.commands(), 1))
        if not any(first <= start <= last for start in starts):
            yield carried


def _body_offsets(redirect: Redirect, delimiter: Word, text: str) -> Sequence[int]:
    """The offsets of a here-document's characters; those of lines that differ from the source are the delimiter's."""
    body, end = redirect.body or "", max(delimiter.place.end, 0)
    start = text.find(body, end, end + len(body) + 4000)
    if start >= 0:
        return range(start, start + len(body))
    offsets: list[int] = []
    at = text.find("\n", end) + 1
    for line in body.splitlines(keepends=True):
        stop = text.find("\n", at) + 1 or len(text)
        fits = at > 0 and text.startswith(line, stop - len(line))
        offsets += range(stop - len(line), stop) if fits else [delimiter.place.start] * len(line)
        at = stop
    return offsets


def _align(word: Word, source: Source) -> Sequence[int]:
    """The offsets of a word's characters; all have those of the whole word where it is written otherwise."""
    # A word that nothing closes ends with the line feed that stands behind each line, also where the file ends without.
    start, end = word.place.start, min(word.place.end, len(source.text))
    offsets: list[int] = []
    at = max(start, 0)
    for char in word.text:
        while at < end and source.text[at] != char and source.text[at] in "\\\"'$\n":
            at += 1
        if at >= end or source.text[at] != char:
            return [start] * (len(word.text) - 1) + [max(end - 1, start)]
        offsets.append(at)
        at += 1
    return offsets


def _pieces(carried: CarriedText) -> Iterator[CarriedText]:
    """A text without what stands before its command, and what it quotes."""
    text, offsets = carried.text, carried.offsets
    before = _BEFORE.match(text)
    at = before.end() if before is not None else 0
    yield CarriedText(text[at:], "", offsets[at:]) if at else carried
    for match in _QUOTED.finditer(text):
        start, end = match.span(2)
        yield CarriedText(text[start:end], "", offsets[start:end])
