"""Reads the engine commands of a file of any kind: extracts its shell scripts and parses each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from sealock import shell
from sealock.formats.detection import is_plain_dockerfile, sniff
from sealock.formats.runcalls import interpreter, may_name_engine, sources_engine
from sealock.formats.scripts import ci, commandlists, makefile, markdown, programs, systemd, windows
from sealock.formats.scripts.carried import MAX_DEPTH, CarriedText, find_inner_call, find_texts, move
from sealock.formats.scripts.engines import parse_engine_call
from sealock.formats.scripts.fragment import Fragment
from sealock.formats.scripts.templates import fill_in
from sealock.formats.scripts.variables import resolve
from sealock.formats.scripts.wrappers import Wrappers
from sealock.model.location import Place, Source
from sealock.model.shell import Command, Script, Word
from sealock.patterns import compile_lazily

_UNIT: Final = compile_lazily(r"^[ \t]*\[(?:Unit|Service|Install)\]", re.MULTILINE)
_FENCE: Final = compile_lazily(r"^[ >]{0,8}(?:```|~~~)", re.MULTILINE)
_DROP_IN: Final = compile_lazily(r"(?:.*[/.])?(?:service|timer|socket)\.d/[^/]*\.conf")
_ENDING: Final = compile_lazily(r"\.[A-Za-z]\w*$")
_SHELL: Final = compile_lazily(
    r".*\.(?:sh|bash|zsh|ksh|dash|bats|ebuild|command|env|envrc|profile|bashrc|zshrc)|\.[^.]*", re.IGNORECASE
)
_RULE: Final = compile_lazily(r"^(?:\.PHONY[ \t]*:|[A-Za-z][\w./-]*[ \t]*:(?!=)[^\n]*\n\t)", re.MULTILINE)
_STEPS: Final = compile_lazily(
    r"^[ \t]*(?:- )?(?:run|script|before_script|after_script|steps|jobs)[ \t]*:", re.MULTILINE
)
_WITH_ARRAYS: Final = frozenset({"json", "yaml", "settings"})
"""Kinds of texts that may hold a command as an array."""
_MAKE_VARIABLE: Final = compile_lazily(r"\$[({](?:call[ \t]+)?([A-Za-z_]\w*)[,)}]")
_FILLED: Final = compile_lazily(r"\$\{_+\}")
"""What stands for something to be filled in."""
_QUOTES: Final = frozenset("\"'\\")
_NAMES: Final = tuple(
    (compile_lazily(pattern), kind)
    for pattern, kind in (
        (
            r".*\.(rst|adoc|asciidoc|org|txt|text)|(.*/)?(readme|install|notes|changelog|contributing|news|todo|license)",
            "markdown",
        ),
        (r".*\.(ps1|psm1|bat|cmd)", "windows"),
        (
            r".*\.(pyi?|go|[mc]?jsx?|[mc]?tsx?|rs|java|kts?|scala|cs|fs|swift|dart|rb|php|p[lm]|lua|exs?|c|cc|cpp|vue|clj)",
            "program",
        ),
        (r".*\.(tf|tfvars|hcl|nomad)", "terraform"),
        (r".*\.jsonc?", "json"),
        (r"(.*/)?procfile([._-][^/]*)?", "procfile"),
        (r"(.*/)?crontab([._-][^/]*)?|(.*/)?(cron\.d|crontabs)/[^/]+|.*\.(cron|crontab)", "cron"),
        (r".*\.(conf|ini|cfg|desktop|toml)", "settings"),
        (r"(.*/)?[^/]*jenkinsfile[^/]*|.*\.(groovy|jenkins)", "groovy"),
        (r"(.*/)?\.?justfile|.*\.just", "just"),
    )
)


def read_engine_commands(
    source: Source, depth: int = 0, unread: list[Place] | None = None
) -> tuple[tuple[Command, bool], ...]:
    """Read all commands of a text that mentions an engine, with variables resolved, and whether each is loose.

    `depth` is the number of commands that carry the text. `unread` gets the parts of its scripts that no command was
    read from: nested too deeply, behind too many commands, or against the grammar.
    """
    if source.text.startswith("\ufeff"):  # a byte order mark, which is no part of the first command
        source = Source(source.name, f" {source.text[1:]}", source.included)
    if not any(may_name_engine(each.text) for each in (source, *source.included)) and not sources_engine(source.text):
        return ()
    commands: list[tuple[Command, bool]] = []
    kind = detect_kind(source)
    if kind == "systemd":
        for script in systemd.scripts(source):
            _note_unread(script, unread)
            commands.extend((command, False) for command in script.commands())
        return tuple(commands)
    if kind in _WITH_ARRAYS:
        toml = source.name.lower().endswith(".toml")
        if kind != "settings" or toml:
            from sealock.formats.scripts import arrays  # noqa: PLC0415  8 ms for YAML, which `sealock run` saves

            commands.extend((command, False) for command in arrays.commands(source, "toml" if toml else kind))
    if kind == "dockerfile":
        from sealock.formats.scripts import dockerfiles  # noqa: PLC0415  most texts are none

        fragments, scripts, files = dockerfiles.read(source)
        for fragment, script in zip(fragments, scripts, strict=True):
            _note_unread(script, unread)
            commands.extend(_resolved(script, fragment, source, depth))
        for file in files if depth < MAX_DEPTH else ():
            commands.extend(_moved(file, depth, set()))
        return tuple(commands)
    if kind == "program" or (depth and kind == "shell"):  # a here-document may be for any interpreter
        commands.extend((command, False) for command in programs.commands(source))
    for fragment in map(fill_in, _READERS[kind](source)):
        script = shell.parse(fragment.text, fragment.offsets, shell=fragment.shell)
        if not fragment.loose:
            _note_unread(script, unread)
        commands.extend(_resolved(script, fragment, source, depth))
    return tuple(commands)


def _note_unread(script: Script, unread: list[Place] | None) -> None:
    if unread is not None:
        unread += (*script.broken, *script.unread_within())


def _resolved(script: Script, fragment: Fragment, source: Source, depth: int) -> Iterator[tuple[Command, bool]]:
    """The commands of a script of a fragment, with what they carry."""
    # A shell script has those of the files that it sources too.
    included = source.included if fragment.text is source.text else ()
    wrappers = Wrappers([*(each.text for each in reversed(included)), fragment.text])
    for written, resolved, piped in resolve(script, source, fragment.presets):
        command = wrappers.unwrap(resolved)
        yield (
            (_as_written(_placed(command, fragment), source, fragment) if fragment.rewritten else command),
            fragment.loose,
        )
        if not fragment.loose:
            yield from _carried(command, written, source, depth, piped=piped)


def _carried(
    command: Command, written: Command, source: Source, depth: int, *, piped: bool
) -> Iterator[tuple[Command, bool]]:
    """The engine commands that another command carries, once each, and whether each is loose."""
    if (inner := find_inner_call(command)) is not None:
        yield inner, True
    if depth < MAX_DEPTH:
        # The shell itself runs what it expands in a text, and these commands are found as those of the script.
        expanded = (nested.script for nested in written.nested if nested.kind == "substitution")
        seen = {inner.place.start for script in expanded for inner in script.commands()}
        for carried in find_texts(written, source, piped=piped):
            yield from _moved(carried, depth, seen)


def _moved(carried: CarriedText, depth: int, seen: set[int]) -> Iterator[tuple[Command, bool]]:
    """The engine commands of a carried text at their places in the source, each once."""
    for each, loose in read_engine_commands(Source(carried.name or "carried.sh", carried.text), depth + 1):
        moved = move(each, carried.offsets)
        # What wraps a command is none of its own, which only `each` shows.
        if parse_engine_call(each) is not None and moved.place.start not in seen:
            seen.add(moved.place.start)
            yield moved, loose or not carried.written


def comments(source: Source) -> tuple[Place, ...]:
    """The comments of a file of any kind, in order."""
    kind = detect_kind(source)
    if kind == "shell":
        return shell.comments(source.text, shell=_interpreter(source.text))
    finders = {"systemd": systemd, "markdown": markdown, "make": makefile, "yaml": ci, "windows": windows}
    if kind == "json":
        from sealock.formats import jsontext  # noqa: PLC0415  as above

        return jsontext.comments(source.text)
    return tuple(finders.get(kind, commandlists).comments(source))


def detect_kind(source: Source) -> str:
    """The kind of a text, by its name or else its content: one of `_READERS`, "dockerfile" or "systemd"."""
    path = source.name.replace("\\", "/").lower()
    base = path.rpartition("/")[2]
    if is_plain_dockerfile(base):
        return "dockerfile"
    if path.endswith(".conf") and _DROP_IN.fullmatch(path):
        return "systemd"
    for pattern, named in _NAMES:
        if pattern.fullmatch(path):
            return named
    head = source.text[:200_000]
    if base.endswith((".service", ".timer", ".socket")) or (not base.endswith(".md") and _UNIT.search(head)):
        return "systemd"
    if base.endswith((".md", ".markdown", ".mdx")):
        return "markdown"
    if base in {"makefile", "gnumakefile"} or base.endswith((".mk", ".mak")) or base.startswith("makefile."):
        return "make"
    if base.endswith((".yml", ".yaml")):
        return "yaml"
    if base.endswith((".sh", ".bash", ".ksh", ".zsh")) or head.startswith("#!"):
        return "shell"
    if "FROM" in head and sniff(base, source.text) == "dockerfile":
        return "dockerfile"
    if _FENCE.search(head):
        return "markdown"
    if _RULE.search(head):
        return "make"
    return "yaml" if _STEPS.search(head) else "shell"


_READERS: Final[dict[str, Callable[[Source], Iterable[Fragment]]]] = {
    "markdown": markdown.fragments,
    "make": makefile.fragments,
    "yaml": ci.fragments,
    "windows": windows.fragments,
    "program": programs.fragments,
    "terraform": programs.terraform_fragments,
    "json": commandlists.json_fragments,
    "procfile": commandlists.process_fragments,
    "cron": commandlists.cron_fragments,
    "settings": commandlists.setting_fragments,
    "groovy": commandlists.groovy_fragments,
    "just": commandlists.just_fragments,
    "shell": lambda source: (Fragment(source.text, 0, _interpreter(source.text), loose=_is_of_unknown_kind(source)),),
}


def is_guessed(source: Source) -> bool:
    """Whether run lines of a text may be missed for want of anything that says what its lines are.

    That is a text of no known kind, plain text, a program, and settings or YAML, whose keys may have any meaning.
    """
    base = source.name.replace("\\", "/").rpartition("/")[2]
    kind = detect_kind(source)
    if kind == "shell":
        return not source.text.startswith("#!") and not _SHELL.fullmatch(base)
    return kind in {"settings", "program", "terraform", "yaml"} or base.lower().endswith(
        (".txt", ".text", ".adoc", ".asciidoc", ".org")
    )


def _is_of_unknown_kind(source: Source) -> bool:
    """Whether the ending of a file's name is not that of a shell, and no shebang makes it one."""
    base = source.name.replace("\\", "/").rpartition("/")[2]
    named = _ENDING.search(base) if not source.name.startswith("run:") else None
    return named is not None and not source.text.startswith("#!") and not _SHELL.fullmatch(base)


def _interpreter(text: str) -> str:
    """The interpreter of the shebang; bash without one, since the text may be for any shell."""
    return interpreter(text) or "bash"


def _placed(command: Command, fragment: Fragment) -> Command:
    """The command, each word of a pasted value at the place of the reference to it."""
    ends = fragment.pasted
    if not any(word.place.start in ends for word in command.words):
        return command

    def placed(place: Place) -> Place:
        return replace(place, end=ends[place.start]) if place.start in ends else place

    words = tuple(replace(word, place=placed(word.place)) for word in command.words)
    return replace(command, words=words, place=placed(command.place))


def _as_written(command: Command, source: Source, fragment: Fragment) -> Command:
    """Restore the file's text of unresolved words, which the fragment may have changed."""
    if all(word.literal for word in command.words):
        return command
    words = tuple(word if word.literal else _original(word, source, fragment) for word in command.words)
    return replace(command, words=words)


def _original(word: Word, source: Source, fragment: Fragment) -> Word:
    text = source.excerpt(word.place)
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    match = _MAKE_VARIABLE.match(text)
    if match is not None and match.group(1) in fragment.presets and "${_}" not in word.text:
        return word  # a part of the variable's value
    if text.startswith("@"):
        return word  # PowerShell's array, which is a variable and no text
    if text in {"$@", "$*"} and word.text == "${_}":
        return replace(word, text=f"$({text[1]})")  # make's name for a target, not the arguments of a script
    if text.startswith(("{{", "<")) and _FILLED.fullmatch(word.text):
        return replace(word, text=text)
    return word if not text or not _QUOTES.isdisjoint(text) else replace(word, text=text)
