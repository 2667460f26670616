"""Follows what PowerShell downloads to what runs it, statement by statement: cmdlets, aliases and methods of .NET.

sealock has no grammar of PowerShell. Statements end at a semicolon, a line feed, a brace and `&&`; words, strings and
variables with one plain value are enough to follow a file or a text from its download on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from sealock.patterns import compile_lazily

How: TypeAlias = Literal["text", "run", "installed", "unpacked"]

MOST_LETTERS: Final = 100_000
"""Characters of one text; people write a few thousand."""
_CALL: Final = compile_lazily(r"(?<![\w.-])(?:powershell|pwsh)(?:\.exe)?(?=[\s\"',])", re.IGNORECASE)
_OPTIONS: Final = compile_lazily(
    r"(?:\s|[`^\\](?=\r?\n))*(?:[-/](?:executionpolicy|ex?p?|ep|version|inputformat|outputformat|windowstyle|w|configurationname)\s+\S+(?:\s|[`^\\](?=\r?\n))*"
    r"|[-/](?:no\w*|nop|noni|sta|mta|command|c)(?=\s)(?:\s|[`^\\](?=\r?\n))*)*",
    re.IGNORECASE,
)
_TOKEN: Final = compile_lazily(
    r"(?P<blank>[ \t]+|[`\\^]\r?\n|<\#[\s\S]*?(?:\#>|\Z)|(?<!\S)\#[^\n]*)|(?P<end>;|\r?\n|\{|\}|&&|\|\|)"
    r"|(?P<sign>\||[(),&]|\+?=(?!=))"
    r"|\"(?P<double>(?:[^\"`]|`[\s\S]|\"\")*)\"|'(?P<single>(?:[^']|'')*)'|(?P<word>(?:[^\s;|(){},&\"'`=]|`(?!\r?\n).)+)"
    r"|(?P<other>[\s\S])"
)
_FETCHES: Final = compile_lazily(
    r"(?:invoke-webrequest|invoke-restmethod|iwr|irm|curl|wget|start-bitstransfer)(?:\.exe)?", re.IGNORECASE
)
_METHOD: Final = compile_lazily(
    r"(?:^|\.)(download(?:string|file|data)|getstringasync)(?:async|taskasync)?$", re.IGNORECASE
)
_INVOKES: Final = frozenset({"iex", "invoke-expression", "[scriptblock]::create", "invoke-command", "icm"})
_MAY_INVOKE: Final = compile_lazily(r"iex|icm|invoke-(?:expression|command)|scriptblock", re.IGNORECASE)
_STARTS: Final = frozenset({
    "&", ".", "start-process", "saps", "start", "cmd", "cmd.exe", "powershell", "powershell.exe", "pwsh", "pwsh.exe",
    "python", "python.exe", "import-module", "ipmo", "java", "java.exe", "iex", "invoke-expression", "cscript", "call",
})  # fmt: skip
_INSTALLS: Final = frozenset({
    "msiexec", "msiexec.exe", "add-appxpackage", "add-appxprovisionedpackage", "wusa", "wusa.exe", "dism", "dism.exe",
    "install-package", "dpkg", "rpm",
})  # fmt: skip
_UNPACKS: Final = frozenset({
    "expand-archive", "tar", "tar.exe", "7z", "7z.exe", "expand-7zip", "unzip",
    "[io.compression.zipfile]::extracttodirectory", "[system.io.compression.zipfile]::extracttodirectory",
})  # fmt: skip
_MOVES: Final = frozenset(
    {"move-item", "mv", "mi", "move", "copy-item", "cp", "copy", "cpi", "rename-item", "ren", "rni"}
)
_HASHES: Final = compile_lazily(
    r"(?<![\w-])(?:get-filehash|get-authenticodesignature)(?![\w-])|certutil(?:\.exe)?\s+-hashfile|\.computehash\(",
    re.IGNORECASE,
)
_COMPARES: Final = compile_lazily(
    r"(?<![\w-])-[ic]?(?:eq|ne|match|notmatch|like|notlike)(?![\w-])|compare-object|\.equals\(|findstr|select-string",
    re.IGNORECASE,
)


_REMOTE: Final = frozenset({"-O", "-LO", "-OL", "-fsSLO", "--remote-name"})
"""Options of curl that save a file by its name in the address."""


class PowerShellUse(NamedTuple):
    """How a text uses what it downloads: what stands from `start` to `end` runs a text, or uses a `file`."""

    how: How
    start: int
    end: int
    file: str = ""


class _Part(NamedTuple):
    """A word, a string or a sign."""

    text: str
    start: int
    end: int
    sign: bool = False


def find_calls(text: str) -> Iterator[tuple[str, int]]:
    """What each `powershell -Command …` of another shell's line runs, and where it starts.

    A blank stands for the backslash before a quote or a dollar sign.
    """
    at = 0
    while (match := _CALL.search(text, at)) is not None:
        options = _OPTIONS.match(text, match.end())
        start = options.end() if options is not None else match.end()
        quote = text[start : start + 1]
        if not quote or quote not in "\"'":
            yield text[start:], start
            return
        end = text.find(quote, start + 1)
        while end > 0 and text[end - 1] in "\\`^":
            end = text.find(quote, end + 1)
        end = end if end > 0 else len(text)
        yield text[start + 1 : end].replace('\\"', ' "').replace("\\$", " $"), start + 1
        at = end


def compares_hash(text: str) -> bool:
    """Whether the text compares the hash or the signature of a file: `(Get-FileHash F).Hash -ne '…'`."""
    return _HASHES.search(text) is not None and _COMPARES.search(text) is not None


def runs_download(text: str) -> bool:
    """Whether the text runs what it downloads as a text: `iwr … | iex`."""
    return _MAY_INVOKE.search(text) is not None and any(use.how == "text" for use in follow_downloads(text, set()))


def follow_downloads(text: str, files: set[str]) -> Iterator[PowerShellUse]:
    """Every use of a download in the text, in order.

    `files` are the last parts of the paths that hold a download, in lower case; those of this text are added.
    """
    names: dict[str, str] = {}
    texts: set[str] = set()
    for parts in _statements(text[:MOST_LETTERS]):
        yield from _uses(parts, files, texts, names)


def _statements(text: str) -> Iterator[list[_Part]]:
    parts: list[_Part] = []
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind == "blank":
            continue
        if kind == "end" and not (match[0].endswith("\n") and (depth > 0 or (parts and parts[-1].text == "|"))):
            if parts:
                yield parts
            parts, depth = [], 0
        elif kind in {"double", "single"}:
            parts.append(_Part(match[kind], *match.span()))
        elif kind != "end":
            depth = max(0, depth + (match[0] == "(") - (match[0] == ")"))
            parts.append(_Part(match[0], *match.span(), kind in {"sign", "other"}))
    if parts:
        yield parts


def _uses(parts: list[_Part], files: set[str], texts: set[str], names: dict[str, str]) -> Iterator[PowerShellUse]:
    target = ""
    if len(parts) > 1 and parts[0].text.startswith("$") and parts[1].text in {"=", "+="}:
        target, parts = parts[0].text.lower(), parts[2:]
    words = [part.text.lower() for part in parts]
    saved = _saved_file(parts, words)
    prints = saved is None and any(_FETCHES.fullmatch(word) or _METHOD.search(word) for word in words)
    if saved:
        files.add(names.get(saved.lower(), _key(saved)))
    if target:
        if prints or _names_text(words, texts):
            texts.add(target)
        elif len(parts) == 1:
            names[target] = _key(parts[0].text)
    invoke = next((part for part, word in zip(parts, words, strict=True) if word in _INVOKES), None)
    if invoke is not None and (prints or _names_text(words, texts)):
        yield PowerShellUse("text", invoke.start, invoke.end)
        return
    if saved is None and parts and files:
        yield from _file_use(parts, words, files, names)


def _names_text(words: list[str], texts: set[str]) -> bool:
    """Whether a word is a variable with downloaded text, or a property of one: `$answer.Content`."""
    return any(word.partition(".")[0] in texts for word in words) if texts else False


def _file_use(parts: list[_Part], words: list[str], files: set[str], names: dict[str, str]) -> Iterator[PowerShellUse]:
    """How a statement uses a file that was downloaded."""
    file = next((key for part in parts for key in _keys(part.text, names) if key in files), None)
    if file is None:
        return
    first, last = parts[0], parts[-1]
    if words[0] in _MOVES:
        plain = [part.text for part in parts[1:] if not part.sign and not part.text.startswith("-")]
        files.update(_key(text) for text in plain[1:2])
        return
    how: How | None = None
    if not _INSTALLS.isdisjoint(words):
        how = "installed"
    elif words[0] in _UNPACKS:
        how = "unpacked"
    elif (
        words[0] in _STARTS
        or not _INVOKES.isdisjoint(words)
        or (_key(words[0]) == file and any(sign in words[0] for sign in "/\\"))
    ):
        how = "run"
    if how is not None:
        files.discard(file)
        yield PowerShellUse(how, first.start, last.end, file)


def _saved_file(parts: list[_Part], words: list[str]) -> str | None:
    """The file that a download of this statement is saved as; None where it downloads to no file."""
    bits = next((index for index, word in enumerate(words) if _FETCHES.fullmatch(word)), None)
    if bits is not None:
        options = ("-destination", "-dest") if words[bits] == "start-bitstransfer" else ("-outf", "-o", "--output")
        remote = any(part.text in _REMOTE for part in parts[bits:])
        for index, word in enumerate(words[bits:-1], bits):
            if (
                word.startswith(options)
                and not word.startswith(("-outv", "-outb"))
                and parts[index].text not in _REMOTE
            ):
                return parts[index + 1].text
        address = next((word for word in words[bits:] if "://" in word), "")
        return address.partition("?")[0].rstrip("/") if remote else None
    method = next(
        (index for index, word in enumerate(words) if word.endswith(("downloadfile", "downloadfileasync"))), None
    )
    if method is None:
        return None
    plain = [part.text for part in parts[method + 1 :] if not part.sign]
    return plain[1] if len(plain) > 1 else ""


def _keys(text: str, names: dict[str, str]) -> Iterable[str]:
    """The files that a word or the words in a string may mean."""
    yield names.get(text.lower(), _key(text))
    if " " in text or "," in text:
        yield from (names.get(part.lower(), _key(part)) for part in re.split(r"[\s,\"']+", text)[:100] if part)


def _key(path: str) -> str:
    """The last part of a path, in lower case."""
    return path.replace("\\", "/").rstrip(" /").rpartition("/")[2].lower()
