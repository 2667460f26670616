"""Commands that download, in scripts: their addresses, and what they print or save."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sealock.model.shell import Command, Redirect, Word

SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
INTERPRETERS: Final = SHELLS | {"python", "perl", "ruby", "node", "php", "lua", "Rscript", "pwsh", "powershell"}
DOWNLOADERS: Final = frozenset({"curl", "wget", "aria2c", "axel", "fetch", "http", "https", "lwp-download"})


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
_STREAMS: Final = {"/dev/stdout": 1, "/dev/fd/1": 1, "/proc/self/fd/1": 1, "/dev/stderr": 2, "/dev/fd/2": 2, "/proc/self/fd/2": 2}  # fmt: skip  # noqa: E501  a table of names
_NO_FILES: Final = _STDOUT | _STREAMS.keys() | {"/dev/null", "/dev/tty"}


def saved_as(command: Command) -> tuple[str, ...]:
    """The files that a download is saved as: -o FILE, > FILE, or the last part of the address."""
    output = _output_of(command)
    files = [] if output is None else [output]
    files += [
        redirect.target.text
        for redirect in command.redirects
        if redirect.target is not None and redirect.fd in {None, 1} and _opens_output(redirect)
    ]
    if not files and not _prints_by_default(command):
        files = [word.text.partition("?")[0].rstrip("/").rpartition("/")[2] for word in addresses(command)]
    return tuple(file for file in files if file not in _NO_FILES)


def prints_download(command: Command) -> bool:
    """Whether the command is a downloader, and what it downloads goes to its standard output and not to a file."""
    if command.name not in DOWNLOADERS or not prints_onward(command.redirects):
        return False
    output = _output_of(command)
    return _prints_by_default(command) if output is None else output in _STDOUT


def prints_onward(redirects: Sequence[Redirect]) -> bool:
    """Whether a command's standard output still goes to what reads it around the command, a pipe or a substitution.

    Redirections apply in their order: `2>&1 >FILE` prints errors only, and `3>&1 >FILE 1>&3` prints all.
    """
    goes = {1: 1}
    for redirect in redirects:
        target = redirect.target.text if redirect.target is not None else ""
        if redirect.operator in {">&", "<&"} and (target.isdigit() or target == "-"):
            own = redirect.fd if redirect.fd is not None else int(redirect.operator == ">&")
            goes[own] = goes.get(int(target), -1) if target.isdecimal() and len(target) < 10 else -1
        elif _opens_output(redirect):
            both = redirect.operator in {"&>", "&>>", ">&"}
            goes[1 if both or redirect.fd is None else redirect.fd] = goes.get(_STREAMS.get(target, -1), -1)
            if both:
                goes[2] = goes[1]
    return goes[1] == 1


def _opens_output(redirect: Redirect) -> bool:
    """Whether a redirection sends output to a file; `>&` does so with a word that is no number."""
    if redirect.operator == ">&":
        target = redirect.target.text if redirect.target is not None else "-"
        return redirect.fd in {None, 1} and not target.isdigit() and target != "-"
    return redirect.operator in {">", ">>", ">|", "&>", "&>>"}


def _prints_by_default(command: Command) -> bool:
    """Whether a downloader prints what no option or redirection names a file for."""
    if command.name == "curl":
        return not (bundled(command, "O", CURL_VALUED) or command.option("--remote-name", "--remote-name-all"))
    return command.name in _HTTPIE and not command.option("-d", "--download")


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
