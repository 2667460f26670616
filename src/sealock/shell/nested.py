"""Finds what runs inside a command: sudo, env and the like, `sh -c`, eval, here-documents for a shell, find -exec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from sealock.model.location import Place
from sealock.model.shell import BOURNE, Command, Nested, Pipeline, Script, Word
from sealock.model.wrappers import MAX_WRAPPERS, WRAPPERS, Wrapper, find_inner
from sealock.patterns import compile_lazily

_SSH_OPTIONS: Final = frozenset("BbcDEeFIiJLlmOopQRSWw")
"""The options of ssh that take a value."""
_TAKE_TEXT: Final = frozenset({"su", "runuser", "sg", "script", "vagrant", "gcloud"})
"""Programs that run the text after `-c` or `--command`."""
_FIND_ACTIONS: Final = frozenset({"-exec", "-execdir", "-ok", "-okdir"})

_ESCAPING: Final = frozenset({"sh", "dash"})
"""Shells whose echo reads escapes: dash, which is sh on Debian. bash and BusyBox need -e."""
_ECHO_OPTION: Final = compile_lazily(r"-[neE]{1,9}")
_ESCAPES: Final = {r"\n": "\n", r"\t": "\t", r"\r": " ", r"\\": "\\"}
_JOINING: Final = frozenset({"watch", "parallel"})
"""Wrappers that give their words to a shell, as one text."""
_ADDING: Final = frozenset({"xargs", "parallel"})
"""Wrappers that add words to the command, those of their input."""
_REPLACING: Final = ("-I", "-i", "--replace")
"""Options of xargs with which it puts its input in place of a sign instead: {}, or the one that is named."""
_PARALLEL_INPUTS: Final = (":::", ":::+", "::::", "::::+")
"""What GNU parallel has before the words of its input."""
_DAEMON_STARTERS: Final = frozenset({"start-stop-daemon", "supervise-daemon"})
"""Programs that run the value of `--exec` with the arguments after `--`."""


class WordSource(Protocol):
    """Where the words of a command come from."""

    def offsets(self, word: Word, /) -> Sequence[int] | int:
        """Map each character of a word's value to the file."""

    def heredoc_value(self, delimiter: Word, /) -> tuple[str, Sequence[int] | int]:
        """The value of a here-document, and the offsets of its characters in the file."""

    def parse_nested(self, text: str, offsets: Sequence[int] | int, shell: str, /) -> Script:
        """Parse the script in a word; without a `shell` for the one that the word is in."""


def add_nested(command: Command, source: WordSource, depth: int = 0) -> Command:
    """Add to a command the scripts that run inside it."""
    words = command.words
    if not words:
        return command
    name = words[0].text.rpartition("/")[2]
    nested: list[Nested] = []
    if name in BOURNE and name != "busybox":
        _add_shell_script(command, name, source, nested)
    elif (wrapper := WRAPPERS.get(name)) is not None:
        if depth < MAX_WRAPPERS:
            _add_wrapped(command, wrapper, source, nested, depth)
    elif name == "eval" and len(words) > 1:
        nested.append(Nested("argument", _parse_joined(words[1:], source, "")))
    elif name == "ssh":
        _add_remote(command, source, nested)
    elif name in _DAEMON_STARTERS:
        _add_daemon(words, source, nested, depth)
    elif name == "find":
        _add_find_exec(words, source, nested, depth)
    elif name == "trap" and len(words) > 2:
        action = 2 if words[1].text == "--" else 1
        nested.append(Nested("argument", _parse_joined(words[action : action + 1], source, "")))
    elif name == "tmux" and " " in words[-1].text:
        nested.append(Nested("argument", _parse_joined(words[-1:], source, "bash")))
    if name in _TAKE_TEXT:
        _add_text(words, source, nested)
    return replace(command, nested=(*command.nested, *nested)) if nested else command


def _find_script(words: Sequence[Word]) -> tuple[int, bool, bool]:
    """What a shell runs: the index of the first word after the options, whether -c is among them, whether its input."""
    index, has_c, reads_stdin = 1, False, False
    while index < len(words):
        text = words[index].text
        if text == "--" or len(text) < 2 or text[0] not in "-+":
            index += text in {"--", "-"}
            break
        if text.startswith("--"):
            index += 2 if text in {"--rcfile", "--init-file"} else 1
            continue
        has_c |= text[0] == "-" and "c" in text
        reads_stdin |= "s" in text
        index += 1 + text.count("o") + text.count("O")
    return index, has_c, not has_c and (reads_stdin or index >= len(words))


def _add_shell_script(command: Command, name: str, source: WordSource, nested: list[Nested]) -> None:
    """Add the script of `sh -c TEXT`, or the standard input of a shell without a script file."""
    words = command.words
    index, has_c, reads_stdin = _find_script(words)
    if has_c and index < len(words):
        word = words[index]
        nested.append(Nested("argument", source.parse_nested(word.text, source.offsets(word), name)))
    elif reads_stdin:
        _add_stdin_script(command, name, source, nested)


def _add_stdin_script(command: Command, name: str, source: WordSource, nested: list[Nested]) -> None:
    for redirect in command.redirects:
        if redirect.fd not in {None, 0} or redirect.target is None:
            continue
        if redirect.body is not None:
            nested.append(Nested("argument", source.parse_nested(*source.heredoc_value(redirect.target), name)))
        elif redirect.operator == "<<<":
            target = redirect.target
            nested.append(Nested("argument", source.parse_nested(target.text, source.offsets(target), name)))


def add_piped_input(commands: list[Command], source: WordSource, shell: str) -> None:
    """Add the script that `cat <<EOF | sh` or `echo TEXT | sh` pipes into a shell, also one inside sudo and the like.

    `shell` is the one that runs the pipeline.
    """
    for index in range(1, len(commands)):
        feeder, fed = commands[index - 1], commands[index]
        if fed.name not in BOURNE and fed.name not in WRAPPERS:
            continue
        if feeder.name == "cat" and len(feeder.words) == 1:
            inner = add_nested(Command(fed.words, fed.place, (), feeder.redirects), source)
            # What its words alone say was added before.
            before = [nested for nested in fed.nested if nested.kind != "wrapped" and nested not in inner.nested]
            commands[index] = replace(fed, nested=(*before, *inner.nested))
        elif (printed := _printed(feeder, source, shell)) is not None:
            commands[index] = _feed(fed, *printed, source)


def _feed(command: Command, text: str, offsets: Sequence[int], source: WordSource) -> Command:
    """The command with the script that it reads on its input, where it is a shell or runs one."""
    if any(redirect.fd in {None, 0} and redirect.operator.startswith("<") for redirect in command.redirects):
        return command
    if command.name in BOURNE and command.name != "busybox":
        if not _find_script(command.words)[2]:
            return command
        script = source.parse_nested(text, offsets, command.name)
        return replace(command, nested=(*command.nested, Nested("argument", script)))
    if command.name in _ADDING:
        return command
    return replace(command, nested=tuple(_feed_wrapped(nested, text, offsets, source) for nested in command.nested))


def _feed_wrapped(nested: Nested, text: str, offsets: Sequence[int], source: WordSource) -> Nested:
    if nested.kind != "wrapped" or len(nested.script.pipelines) != 1:
        return nested
    pipeline = nested.script.pipelines[0]
    first = _feed(pipeline.commands[0], text, offsets, source)
    changed = replace(pipeline, commands=(first, *pipeline.commands[1:]))
    return replace(nested, script=replace(nested.script, pipelines=(changed,)))


def _printed(command: Command, source: WordSource, shell: str) -> tuple[str, Sequence[int]] | None:
    """What echo or printf prints of its own words, and the offsets of the characters; None for anything else."""
    words = command.words
    match command.name:
        case "echo" if len(words) > 1 and not command.redirects:
            index = 1
            while index < len(words) and _ECHO_OPTION.fullmatch(words[index].text):
                index += 1
            escapes = shell in _ESCAPING or any("e" in word.text for word in words[1:index])
            return _join(words[index:], " ", source, escapes=escapes)
        case "printf" if len(words) > 1 and not command.redirects:
            form, arguments = words[1].text, words[2:]
            if "%" not in form:
                return _join(words[1:2], "", source, escapes=True)
            if form.removesuffix("\\n") in {"%s", "%b"}:
                return _join(arguments, "\n" if form[2:] else "", source, escapes=form[1] == "b")
    return None


def _join(words: Sequence[Word], between: str, source: WordSource, *, escapes: bool) -> tuple[str, list[int]]:
    """The words as one text, and the offset of each character; with `escapes`, those of line feeds and tabs."""
    text, offsets = "", list[int]()
    for index, word in enumerate(words):
        own = source.offsets(word)
        places = range(own, own + len(word.text)) if isinstance(own, int) else own
        if index:
            text += between
            offsets += offsets[-1:] * len(between) or list(places[:1])
        at = 0
        while at < len(word.text):
            char = _ESCAPES.get(word.text[at : at + 2]) if escapes else None
            text += char or word.text[at]
            offsets.append(places[at])
            at += 2 if char else 1
    return text, offsets


def _parse_joined(words: Sequence[Word], source: WordSource, shell: str) -> Script:
    """Parse words joined by blanks as a script, as eval does."""
    if len(words) == 1:
        return source.parse_nested(words[0].text, source.offsets(words[0]), shell)
    offsets: list[int] = []
    for word in words:
        own = source.offsets(word)
        if offsets:
            offsets.append(offsets[-1] + 1)
        offsets.extend(range(own, own + len(word.text)) if isinstance(own, int) else own)
    return source.parse_nested(" ".join(word.text for word in words), offsets, shell)


def _add_remote(command: Command, source: WordSource, nested: list[Nested]) -> None:
    """Add the script of `ssh [OPTION]… HOST COMMAND…`, whose words the remote shell joins, or that of its input."""
    words = command.words
    index, host = 1, False
    while index < len(words):
        text = words[index].text
        if len(text) > 1 and text[0] == "-":
            takes = next((at for at, letter in enumerate(text) if at and letter in _SSH_OPTIONS), 0)
            index += 2 if takes == len(text) - 1 else 1
        elif host:
            break
        else:
            host = True
            index += 1
    if index < len(words):
        nested.append(Nested("argument", _parse_joined(words[index:], source, "bash")))
    if index >= len(words) or words[index].text.rpartition("/")[2] in BOURNE:
        _add_stdin_script(command, "sh", source, nested)


def _add_text(words: Sequence[Word], source: WordSource, nested: list[Nested]) -> None:
    for index, word in enumerate(words[1:-1], 1):
        if word.text in {"-c", "--command"}:
            nested.append(Nested("argument", _parse_joined(words[index + 1 : index + 2], source, "bash")))
            return


def _add_daemon(words: Sequence[Word], source: WordSource, nested: list[Nested], depth: int) -> None:
    program, arguments = words[:0], words[:0]
    for index, word in enumerate(words[1:], 1):
        if word.text == "--":
            arguments = words[index + 1 :]
            break
        if word.text in {"-x", "-a", "--exec", "--startas"}:
            program = words[index + 1 : index + 2]
    _add_command((*program, *arguments), source, nested, depth)


def _add_find_exec(words: Sequence[Word], source: WordSource, nested: list[Nested], depth: int) -> None:
    start = -1
    for index, word in enumerate(words):
        if start < 0 and word.text in _FIND_ACTIONS:
            start = index + 1
        elif start >= 0 and (word.text == ";" or (word.text == "+" and words[index - 1].text == "{}")):
            _add_command(_filled(words[start:index]), source, nested, depth)
            start = -1
    if start >= 0:
        _add_command(_filled(words[start:]), source, nested, depth)


def _add_wrapped(command: Command, wrapper: Wrapper, source: WordSource, nested: list[Nested], depth: int) -> None:
    """Add the command in a wrapper's words."""
    words = command.words
    texts = [word.text for word in words]
    index, is_text = find_inner(texts, command.name, wrapper)
    if is_text and index < len(words):
        nested.append(Nested("wrapped", _parse_joined(words[index:], source, "sh")))
        return
    inner = words[index:]
    if command.name == "parallel":
        end = next((at for at, word in enumerate(inner) if word.text in _PARALLEL_INPUTS), len(inner))
        inner = inner[:end]
    if command.name in _JOINING and inner and " " in inner[0].text:
        nested.append(Nested("argument", _parse_joined(inner, source, "sh")))
        return
    if command.name in _ADDING and inner:
        sign = _replaced_sign(texts[1:index])
        adds = not sign and not any("{" in word.text for word in inner)
        inner = (*inner, _added(inner)) if adds else _filled(inner, sign or "{")
    _add_command(inner, source, nested, depth, command)


def _replaced_sign(options: Sequence[str]) -> str:
    """What xargs replaces with its input; "" where it adds that to the command."""
    for index, text in enumerate(options):
        if text == "-I":
            return options[index + 1] if index + 1 < len(options) else "{}"
        if text.startswith(_REPLACING):
            return (text[2:] if text[1] != "-" else text.partition("=")[2]) or "{}"
    return ""


def _filled(words: Sequence[Word], sign: str = "{}") -> tuple[Word, ...]:
    """The words of a command, in which this sign stands for what a program fills in."""
    return tuple(replace(word, literal=False) if sign in word.text else word for word in words)


def _added(words: Sequence[Word]) -> Word:
    """The words that a wrapper adds to a command: any number, after the last."""
    place = words[-1].place
    return Word('"$@"', Place(place.end, place.end, place.pointer, place.file), literal=False)


def _add_command(
    words: Sequence[Word], source: WordSource, nested: list[Nested], depth: int, around: Command | None = None
) -> None:
    """Add the command of these words, with the redirects of the command around it."""
    if not words:
        return
    first, last = words[0].place, words[-1].place
    place = Place(first.start, max(first.start, last.end), first.pointer, first.file)
    redirects = around.redirects if around is not None else ()
    inner = add_nested(Command(tuple(words), place, (), redirects), source, depth + 1)
    nested.append(Nested("wrapped", Script((Pipeline((inner,)),))))
