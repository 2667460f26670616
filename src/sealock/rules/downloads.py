"""Downloads in scripts: the commands that download, what they print or save, and the interpreters that run it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from sealock.model.shell import Command, Pipeline, Script, Word
from sealock.patterns import compile_lazily

SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
INTERPRETERS: Final = SHELLS | {"python", "perl", "ruby", "node", "php", "lua", "Rscript", "pwsh", "powershell"}
DOWNLOADERS: Final = frozenset({"curl", "wget", "aria2c", "axel", "fetch", "http", "https", "lwp-download"})
_VALUED: Final = {"-o", "+o", "-O", "+O", "--rcfile", "--init-file", "-W", "-X", "-I", "-r", "--require"}
_INLINE: Final = {"python": "cm", "perl": "eEnp", "ruby": "enp", "node": "ep", "php": "rf", "lua": "e", "Rscript": "e"}
"""The short options that make an interpreter run something other than its standard input."""
_EXPRESSION: Final = compile_lazily(r"(?<![\w-])[Ii](?:[Ee][Xx]|nvoke-[Ee]xpression)(?![\w-])")
_POWERSHELL: Final = compile_lazily(
    r"DownloadString|(?<![\w-])(?:Invoke-WebRequest|Invoke-RestMethod|iwr|irm)(?![\w-])", re.IGNORECASE
)


def program(command: Command) -> str:
    """The program's name without its version: "python" for python3.11, "pip" for pip3."""
    name = command.name.removesuffix(".exe")
    stem = name.rstrip("0123456789.-")
    return stem if stem in {"python", "pip", "pypy", "php", "perl", "ruby", "lua", "node", "gpg", "gcc"} else name


def addresses(command: Command) -> Iterator[Word]:
    """The words that contain a URL."""
    for word in command.words[1:]:
        if "://" in word.text:
            yield word


def option_text(command: Command, *names: str) -> str | None:
    """The value of an option as text, or None if the command does not have the option."""
    value = command.value(*names)
    return value if isinstance(value, str) or value is None else value.text


_HTTPIE: Final = frozenset({"http", "https"})
_STDOUT: Final = frozenset({"", "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})


def saved_as(command: Command) -> tuple[str, ...]:
    """The files that a download is saved as: -o FILE, > FILE, or the last part of the address."""
    files = _named_files(command)
    if not files and not _prints_by_default(command):
        files = [word.text.partition("?")[0].rstrip("/").rpartition("/")[2] for word in addresses(command)]
    return tuple(file for file in files if file not in _STDOUT and file != "/dev/null")


def prints_download(command: Command) -> bool:
    """Whether the command is a downloader, and what it downloads goes to its standard output and not to a file."""
    if command.name not in DOWNLOADERS:
        return False
    files = _named_files(command)
    return all(file in _STDOUT for file in files) if files else _prints_by_default(command)


def _prints_by_default(command: Command) -> bool:
    """Whether a downloader prints what no option or redirection names a file for."""
    if command.name == "curl":
        return not (bundled(command, "O", CURL_VALUED) or command.option("--remote-name", "--remote-name-all"))
    return command.name in _HTTPIE and not command.option("-d", "--download")


def _named_files(command: Command) -> list[str]:
    """The files that the options and redirections of a downloader name."""
    output = _output_of(command)
    return [
        *([] if output is None else [output]),
        *(
            redirect.target.text
            for redirect in command.redirects
            if redirect.target and redirect.operator in {">", ">>", ">|", "&>", "&>>"} and redirect.fd in {None, 1}
        ),
    ]


def _output_of(command: Command) -> str | None:
    """The file that a downloader's option names: -o FILE, -oFILE, -fsSLo FILE, --output=FILE; None without one."""
    letter, name, valued = "o", "--output", CURL_VALUED
    if command.name in {"wget", "wget2"}:
        letter, name, valued = "O", "--output-document", _WGET_VALUED
    word = bundled(command, letter, valued)
    if word is None:
        return option_text(command, name)
    if rest := word.text.partition(letter)[2]:
        return rest
    following = command.words[command.words.index(word) + 1 :]
    return following[0].text if following else None


_WGET_VALUED: Final = "aABDeiIloPQRtTUwX"
"""wget's short options that take a value, as CURL_VALUED."""
CURL_VALUED: Final = "AbcCdDeEFHKmoPQrtTuUwxXyYz"
"""curl's short options that take a value: letters after one are its value, not options."""


def bundled(command: Command, letter: str, valued: str = "") -> Word | None:
    """The word with a short option, by itself or in a bundle (-fsSLk); `valued` are the letters that take a value."""
    for word in command.words[1:]:
        if word.text == "--":
            return None
        if word.text[:1] == "-" and word.text[1:2] != "-":
            for option in word.text[1:]:
                if option == letter:
                    return word
                if option in valued:
                    break
    return None


class DownloadRun(NamedTuple):
    """A command that runs a download; `interpreter` is its name, "" where that is no plain word."""

    command: Command
    interpreter: str
    piped: bool


def find_download_run(pipeline: Pipeline) -> DownloadRun | None:
    """The first command of a pipeline that runs a download: `curl … | sh`, `sh -c "$(curl …)"`; None for none."""
    streams = False
    for command in pipeline.commands:
        if streams and (interpreter := _interpreter(command)) is not None:
            return DownloadRun(command, program(interpreter), piped=True)
        if command.nested and _runs_substituted(command):
            return DownloadRun(command, command.name if command.name.isalnum() else "", piped=False)
        streams = streams or any(map(prints_download, command.walk()))
    return None


def find_invoked_download(text: str) -> re.Match[str] | None:
    """The Invoke-Expression of a PowerShell text that also downloads: `iwr … | iex`; None for none."""
    match = _EXPRESSION.search(text)
    return match if match is not None and _POWERSHELL.search(text) else None


def _interpreter(command: Command) -> Command | None:
    """The interpreter that runs its standard input, also inside sudo, env or a subshell."""
    if program(command) in INTERPRETERS and _reads_stdin(command):
        return command
    if command.name in {"source", "."} and command.arguments[:1] == ("/dev/stdin",):
        return command
    for nested in command.nested:
        if nested.kind in {"wrapped", "subshell"}:
            for pipeline in nested.script.pipelines:
                # The first command of a pipeline in a group reads the standard input of the group.
                if pipeline.commands and (inner := _interpreter(pipeline.commands[0])) is not None:
                    return inner
    return None


def _reads_stdin(command: Command) -> bool:
    name, words = program(command), iter(command.arguments)
    inline = _INLINE.get(name, "")
    for text in words:
        if text in _VALUED and text[1:] not in {*inline}:
            next(words, None)
        elif text in {"-", "--", "-s", "/dev/stdin", "/proc/self/fd/0"}:
            return True
        elif text[:1] in {"-", "+"}:
            short = text[1:] if text[1:2] != "-" else ""
            if name in SHELLS and "s" in short and "c" not in short:
                return True
            if (name in SHELLS and "c" in short) or any(letter in short for letter in inline):
                return False
            if text in {"--eval", "--print", "--version", "--help"}:
                return False
        else:
            return False
    return True


def _runs_substituted(command: Command) -> bool:
    """Whether the command runs text that a download prints: "$(curl …)" or <(curl …)."""
    name, words = program(command), command.words
    first = words[0].text if words else ""
    fetches = {nested.kind for nested in command.nested if nested.kind != "wrapped" and _fetches(nested.script)}
    if first.startswith(("$(", "`")) and "substitution" in fetches:
        return True
    if name in INTERPRETERS | {"source", "."} and "process" in fetches:
        return True
    if "substitution" not in fetches:
        return False
    if name == "eval":
        return True
    fed = any(redirect.operator == "<<<" for redirect in command.redirects)
    inline = any(word.text.startswith(("-c", "-e", "-lc", "-ec", "-xc", "--eval")) for word in words[1:])
    return name in INTERPRETERS and (fed or (inline and any(word.text.startswith(("$(", "`")) for word in words[1:])))


def _fetches(script: Script) -> bool:
    """Whether what the script prints comes from a download."""
    return any(
        prints_download(nested)
        for pipeline in script.pipelines
        for command in pipeline.commands
        for nested in command.walk()
    )
