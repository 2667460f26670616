"""The build context: the patterns of .dockerignore, the entries at the top, and which files hold no secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Final

from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.build import BuildContext
from sealock.model.finding import InputError
from sealock.model.location import Location
from sealock.patterns import compile_lazily

_MAX_PATTERNS: Final = 1000
_SETTINGS: Final = {".npmrc": "=", ".yarnrc.yml": ":"}
"""Settings of package managers, most of which hold no token, and what stands between key and value."""
_ABOVE: Final = ("../", "../../")
"""Where the context of `docker build -f docker/Dockerfile .` is: it has what the Dockerfile's directory has not."""
_KEY_FILE: Final = compile_lazily(r"(?<![\w./+-])[\w./+-]{1,200}\.(?:key|pem)(?![\w./+-])")
_KEY_ENDINGS: Final = (".key", ".pem")
_MOST_KEYS: Final = 50
"""Files of keys that are read for a Dockerfile."""
_BEGINS: Final = compile_lazily(r"-----BEGIN ([^-\n]+)-----")
_PUBLIC: Final = ("PUBLIC KEY", "PUBLIC KEY BLOCK", "CERTIFICATE")
"""The last words of what is public, where the parts of a file begin."""
_SECRET_KEYS: Final = ("auth", "password", "token", "ident", "key", "cert", "secret", "username")
"""Parts of the keys of what should stay secret."""
_REFERENCE: Final = compile_lazily(r"(?:\$\{\w+\}|true|false)?")
"""What a value of these keys may be that is no secret."""


def read_context(name: str, text: str, files: FileWindow, errors: list[InputError]) -> BuildContext:
    """Read the context from the Dockerfile's directory, which is the context of most builds."""
    if files is NOTHING:
        return BuildContext()
    entries = files.entries(".")
    if entries is None:
        return BuildContext()
    base = name.replace("\\", "/").rpartition("/")[2]
    for path in (f"{base}.dockerignore", ".dockerignore"):
        if _is_there(path, entries, files):
            return BuildContext(_patterns(path, files, errors), entries, _without_secret(entries, files, text))
    return BuildContext(UNSET, entries, _without_secret(entries, files, text))


def _is_there(name: str, entries: tuple[str, ...], files: FileWindow) -> bool:
    """Whether a file is at the top of the context, whose listing may be cut."""
    return name in entries or files.fact(name).exists is True


def _without_secret(entries: tuple[str, ...], files: FileWindow, text: str) -> tuple[str, ...]:
    """The settings of package managers and the files of keys that hold no secret; none that cannot be read."""
    found = []
    for name, sign in _SETTINGS.items():
        is_here = _is_there(name, entries, files)
        if not is_here and name not in text:
            continue
        for directory in ("",) if is_here else _ABOVE:
            with suppress(FileRefusedError):
                lines = files.text(f"{directory}{name}").splitlines()
                if not any(_may_hold_token(line.strip(), sign) for line in lines):
                    found.append(name)
                break
    named = [match[0] for match in _KEY_FILE.finditer(text)] if any(ending in text for ending in _KEY_ENDINGS) else []
    return (*found, *_public_keys([*named, *(name for name in entries if name.endswith(_KEY_ENDINGS))], files))


def _public_keys(paths: Iterable[str], files: FileWindow) -> Iterator[str]:
    """The files of keys, of a Dockerfile or at the top of its context, that hold none but public ones."""
    for path in islice(dict.fromkeys(paths), _MOST_KEYS):
        name = path.removeprefix("./").removeprefix("/")
        there = (f"{directory}{name}" for directory in ("", *_ABOVE))
        with suppress(FileRefusedError, StopIteration):
            content = files.text(next(path for path in there if files.fact(path).exists is True))
            parts = _BEGINS.findall(content)
            lowered = content.lower()
            if (
                parts
                and all(part.endswith(_PUBLIC) for part in parts)
                and not ("private" in lowered or "secret" in lowered)
            ):
                yield name


def _may_hold_token(line: str, sign: str) -> bool:
    key, _, value = line.partition(sign)
    if line.startswith(("#", ";")) or not any(part in key.lower() for part in _SECRET_KEYS):
        return False
    return _REFERENCE.fullmatch(value.strip().strip("\"'")) is None


def _patterns(path: str, files: FileWindow, errors: list[InputError]) -> Maybe[tuple[str, ...]]:
    try:
        text = files.text(path)
    except FileRefusedError as refused:
        errors.append(InputError(str(refused), Location(path)))
        return UNKNOWN
    patterns = parse_dockerignore(text)
    if len(patterns) > _MAX_PATTERNS:
        errors.append(InputError(f"{path} has more than {_MAX_PATTERNS} patterns, the limit", Location(path)))
        return UNKNOWN
    return patterns


def parse_dockerignore(text: str) -> tuple[str, ...]:
    """The patterns of a .dockerignore, without comments, empty lines and surrounding slashes."""
    patterns = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#"):
            continue
        pattern = line.strip()
        if not pattern:
            continue
        negation = "!" if pattern[0] == "!" else ""
        pattern = pattern.removeprefix("!").strip()
        if len(pattern) > 1:
            pattern = pattern.rstrip("/").removeprefix("./").removeprefix("/") or "/"
        patterns.append(negation + pattern)
    return tuple(patterns)
