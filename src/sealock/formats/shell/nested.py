"""What runs inside a command: sudo, env and their like, `sh -c`, eval, here-documents fed to a shell, find -exec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.location import Place
from sealock.model.shell import Command, Nested, Pipeline, Script, Word

BOURNE: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "hush", "busybox"})
_WRAPPERS_DEEP: Final = 20
_FIND: Final = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


class WordSource(Protocol):
    """What nesting needs of the text around it."""

    def offsets(self, word: Word, /) -> Sequence[int] | int:
        """Lead from each character of a word's value to the file."""

    def document(self, delimiter: Word, /) -> tuple[str, Sequence[int] | int]:
        """What a shell makes of a here-document, and where its characters stand in the file."""

    def script(self, text: str, offsets: Sequence[int] | int, shell: str, /) -> Script:
        """Read a text that stands in a word."""


class _Wrapper(Struct, frozen=True):
    """How a program that runs another takes its arguments.

    `short` and `long` are the options that take the next word; `before` counts the words before the inner command;
    `silent` are options with which no command is run.
    """

    short: str = ""
    long: frozenset[str] = frozenset()
    before: int = 0
    assignments: bool = False
    silent: frozenset[str] = frozenset()


def _long(names: str) -> frozenset[str]:
    return frozenset("--" + name for name in names.split())


_PLAIN: Final = _Wrapper()
_WRAPPERS: Final[dict[str, _Wrapper]] = {
    "sudo": _Wrapper(
        "ugprtCDhTRU",
        _long("user group prompt role type close-from chdir host command-timeout chroot other-user"),
        assignments=True,
        silent=frozenset({"-l", "-v", "-e", "-k", "-K", "--list", "--validate", "--edit"}),
    ),
    "doas": _Wrapper("uC", assignments=False),
    "env": _Wrapper("uC", _long("unset chdir"), assignments=True),
    "exec": _Wrapper("a"),
    "command": _Wrapper(silent=frozenset({"-v", "-V"})),
    "builtin": _PLAIN,
    "time": _Wrapper("fo", _long("format output")),
    "nice": _Wrapper("n", _long("adjustment")),
    "ionice": _Wrapper("cnpPu", _long("class classdata")),
    "nohup": _PLAIN,
    "setsid": _PLAIN,
    "timeout": _Wrapper("ks", _long("kill-after signal"), 1),
    "chroot": _Wrapper("", _long("userspec groups"), 1),
    "gosu": _Wrapper(before=1),
    "su-exec": _Wrapper(before=1),
    "setpriv": _Wrapper(
        "",
        _long("reuid ruid euid regid rgid egid groups inh-caps ambient-caps bounding-set securebits pdeathsig")
        | _long("selinux-label apparmor-profile landlock-access landlock-rule seccomp-filter"),
    ),
    "runuser": _Wrapper("ugG", _long("user group supp-group"), silent=frozenset({"-", "-l", "--login", "-c"})),
    "stdbuf": _Wrapper("ioe", _long("input output error")),
    "unshare": _Wrapper("SGRw", _long("setuid setgid root wd map-user map-group propagation setgroups")),
    "nsenter": _Wrapper("tSG", _long("target setuid setgid")),
    "xargs": _Wrapper("adEILnPs", _long("arg-file delimiter max-args max-procs max-lines max-chars replace")),
    "busybox": _PLAIN,
    "taskset": _Wrapper(before=1),
    "chrt": _Wrapper("TPD", before=1),
    "flock": _Wrapper("wE", _long("timeout wait conflict-exit-code"), 1),
    "dumb-init": _Wrapper("r", _long("rewrite")),
    "tini": _Wrapper("pe"),
    "catatonit": _PLAIN,
    "fakeroot": _Wrapper("lisb", _long("lib faked")),
    "eatmydata": _PLAIN,
    "watch": _Wrapper("n", _long("interval")),
    "systemd-run": _Wrapper("pMHEut", _long("unit property description slice uid gid nice setenv machine host")),
}


def add_nested(command: Command, reading: WordSource, depth: int = 0) -> Command:
    """Add to a command what runs inside it."""
    words = command.words
    if not words:
        return command
    name = words[0].text.rpartition("/")[2]
    found: list[Nested] = []
    if name in BOURNE and name != "busybox":
        _shell(command, name, reading, found)
    elif (wrapper := _WRAPPERS.get(name)) is not None:
        if depth < _WRAPPERS_DEEP:
            _wrapped(command, wrapper, reading, found, depth)
    elif name == "eval" and len(words) > 1:
        found.append(Nested("argument", _joined(words[1:], reading, "sh")))
    elif name == "su":
        _su(words, reading, found)
    elif name == "find":
        _find(words, reading, found, depth)
    if name == "runuser":
        _su(words, reading, found)
    return replace(command, nested=(*command.nested, *found)) if found else command


def _shell(command: Command, name: str, reading: WordSource, found: list[Nested]) -> None:
    """Find the text of `sh -c TEXT`, or what is fed to a shell that has no script to run."""
    words = command.words
    index, given, stdin = 1, False, False
    while index < len(words):
        text = words[index].text
        if text == "--" or len(text) < 2 or text[0] not in "-+":
            index += text in {"--", "-"}
            break
        if text.startswith("--"):
            index += 2 if text in {"--rcfile", "--init-file"} else 1
            continue
        given |= text[0] == "-" and "c" in text
        stdin |= "s" in text
        index += 1 + text.count("o") + text.count("O")
    if given:
        if index < len(words):
            word = words[index]
            found.append(Nested("argument", reading.script(word.text, reading.offsets(word), name)))
    elif stdin or index >= len(words):
        _fed(command, name, reading, found)


def _fed(command: Command, name: str, reading: WordSource, found: list[Nested]) -> None:
    for redirect in command.redirects:
        if redirect.fd not in {None, 0} or redirect.target is None:
            continue
        if redirect.body is not None:
            found.append(Nested("argument", reading.script(*reading.document(redirect.target), name)))
        elif redirect.operator == "<<<":
            target = redirect.target
            found.append(Nested("argument", reading.script(target.text, reading.offsets(target), name)))


def add_piped_input(commands: list[Command], reading: WordSource) -> None:
    """Add to a shell what `cat <<EOF | sh` feeds to it."""
    for index in range(1, len(commands)):
        feeder, shell = commands[index - 1], commands[index]
        if feeder.name == "cat" and len(feeder.words) == 1 and shell.name in BOURNE:
            fed = add_nested(Command(shell.words, shell.place, (), feeder.redirects), reading)
            if fed.nested:
                commands[index] = replace(shell, nested=(*shell.nested, *fed.nested))


def _joined(words: Sequence[Word], reading: WordSource, shell: str) -> Script:
    """Read words that are joined by blanks into a script, as eval does."""
    if len(words) == 1:
        return reading.script(words[0].text, reading.offsets(words[0]), shell)
    offsets: list[int] = []
    for word in words:
        own = reading.offsets(word)
        if offsets:
            offsets.append(offsets[-1] + 1)
        offsets.extend(range(own, own + len(word.text)) if isinstance(own, int) else own)
    return reading.script(" ".join(word.text for word in words), offsets, shell)


def _su(words: Sequence[Word], reading: WordSource, found: list[Nested]) -> None:
    for index, word in enumerate(words[1:-1], 1):
        if word.text in {"-c", "--command"}:
            text = words[index + 1]
            found.append(Nested("argument", reading.script(text.text, reading.offsets(text), "sh")))
            return


def _find(words: Sequence[Word], reading: WordSource, found: list[Nested], depth: int) -> None:
    start = -1
    for index, word in enumerate(words):
        if start < 0 and word.text in _FIND:
            start = index + 1
        elif start >= 0 and (word.text == ";" or (word.text == "+" and words[index - 1].text == "{}")):
            _inner(words[start:index], reading, found, depth)
            start = -1
    if start >= 0:
        _inner(words[start:], reading, found, depth)


def _wrapped(command: Command, wrapper: _Wrapper, reading: WordSource, found: list[Nested], depth: int) -> None:
    """Find the command inside a wrapper's words."""
    words = command.words
    before = wrapper.before
    index = 1
    while index < len(words):
        text = words[index].text
        if text == "--":
            index += 1
            break
        if text in wrapper.silent:
            return
        if text in {"-S", "--split-string"} and command.name == "env" and index + 1 < len(words):
            found.append(Nested("wrapped", _joined(words[index + 1 :], reading, "sh")))
            return
        if len(text) > 1 and text[0] == "-":
            index += 1 + _takes_next(text, wrapper)
        elif wrapper.assignments and "=" in text and text.partition("=")[0].isidentifier():
            index += 1
        elif before > 0:
            before -= 1
            index += 1
        else:
            break
    _inner(words[index + before :], reading, found, depth, command)


def _takes_next(option: str, wrapper: _Wrapper) -> bool:
    """Whether an option's value is the next word."""
    if option.startswith("--"):
        return option in wrapper.long
    takes = next((index for index, letter in enumerate(option) if index and letter in wrapper.short), 0)
    return takes == len(option) - 1 > 0


def _inner(
    words: Sequence[Word], reading: WordSource, found: list[Nested], depth: int, around: Command | None = None
) -> None:
    """Add the command that these words make. It shares the redirects of the one around it, where it is fed by them."""
    if not words:
        return
    first, last = words[0].place, words[-1].place
    place = Place(first.start, max(first.start, last.end), first.pointer, first.file)
    redirects = around.redirects if around is not None else ()
    inner = add_nested(Command(tuple(words), place, (), redirects), reading, depth + 1)
    found.append(Nested("wrapped", Script((Pipeline((inner,)),))))
