"""Files that are made for glibc, and what of it musl does not have: would a smaller base break them?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory import elf
from sealock.inventory._musl import EXPORTED
from sealock.inventory._symbols import Symbol, wanted_symbols
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, FilePatterns
from sealock.inventory.elf import Elf
from sealock.model.inventory import FileFact
from sealock.patterns import compile_lazily
from sealock.text import list_first

_SHOWN: Final = 12
"""Maximum symbols of a group to name."""

_RESOLVES: Final = frozenset(
    b"getaddrinfo getnameinfo gethostbyname gethostbyname2 gethostbyname_r gethostbyname2_r gethostbyaddr "
    b"gethostbyaddr_r getpwnam getpwnam_r getpwuid getpwuid_r getgrnam getgrnam_r getgrgid getgrgid_r getgrouplist "
    b"initgroups getservbyname getservbyname_r getspnam getspnam_r".split()
)
"""musl has them, and reads files and asks name servers itself: no NSS module, nothing of nsswitch.conf."""
_LOCALE: Final = frozenset(
    b"setlocale newlocale uselocale iconv_open strcoll strcoll_l wcscoll strxfrm nl_langinfo nl_langinfo_l "
    b"localeconv bindtextdomain dcgettext dcngettext".split()
)
"""musl has them for C and C.UTF-8 with few character sets: sorting, names of months and conversions differ."""
_NOT_IN_MUSL: Final = (b"libnss_", b"libnsl.so", b"libanl.so", b"libBrokenLocale.so", b"libthread_db.so", b"libmvec.so")
_THROUGH_GCOMPAT: Final = compile_lazily(
    rb"__\w+_chk|__isoc(?:99|23)_\w+|\w+64(?:_r)?|__(?:fx|lx|x)stat(?:at)?|__xmknod(?:at)?"
)
"""Symbols that the package gcompat adds to musl: fortified functions, C99's and C23's scanf, names for large files."""


class GlibcAnalyzer(Analyzer):
    """Files that glibc's loader has to load.

    The detail is a list of groups, divided by "; ", each a word and what it is about: "version" the newest version of
    glibc's symbols that it needs, "loader" the program's interpreter, "lacks" the symbols (and libraries) that musl
    does not have, as `backtrace@GLIBC_2.2.5`, "gcompat" those that it has with that package only, "resolves" and
    "locale" the functions that musl has, but which work in another way there.
    """

    name = "libc"
    version = 2
    patterns = FilePatterns(elf=True, limit=256 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[FileFact]:
        """Yield one fact for a file that needs glibc."""
        program = elf.read_if_valid(file.content)
        if program is None or not _is_dynamic(program):
            return
        loader = program.interpreter
        symbols = wanted_symbols(program, b"GLIBC_")
        if "/ld-musl" in loader or not (symbols or "/ld-linux" in loader or "/ld64" in loader):
            return
        yield FileFact(
            kind="needs-glibc",
            path=file.path,
            mode=file.mode,
            uid=file.uid,
            gid=file.gid,
            detail="; ".join(_groups(program, loader, symbols)),
        )


def _is_dynamic(program: Elf) -> bool:
    return bool(program.dynamic.needed or program.interpreter)


def _groups(program: Elf, loader: str, symbols: list[Symbol]) -> Iterator[str]:
    versions = {symbol.version for symbol in symbols}
    numbered = [version for version in versions if version[6:7].isdigit()]
    if numbered:
        yield f"version {_text(max(numbered, key=_order))}"
    if loader:
        yield f"loader {loader if loader.isprintable() else ascii(loader)}"
    names = {symbol.name for symbol in symbols}
    # A missing weak symbol is zero, which its user expects.
    missing = {symbol.name for symbol in symbols if not symbol.weak} - EXPORTED
    # A private symbol belongs to exactly one glibc, whatever else has the same name.
    private = {symbol.name for symbol in symbols if symbol.version == b"GLIBC_PRIVATE"}
    helped = {name for name in missing if _THROUGH_GCOMPAT.fullmatch(name)} - private
    libraries = [name for name in program.dynamic.needed if name.startswith(_NOT_IN_MUSL)]
    for group, members in (
        ("lacks", [*libraries, *_versioned(symbols, (missing | private) - helped)]),
        ("gcompat", _versioned(symbols, helped)),
        ("resolves", sorted(names & _RESOLVES)),
        ("locale", sorted(names & _LOCALE)),
    ):
        if members:
            yield f"{group} {_list(members)}"


def _versioned(symbols: list[Symbol], names: set[bytes]) -> list[bytes]:
    return sorted({symbol.name + b"@" + symbol.version for symbol in symbols if symbol.name in names})


def _order(version: bytes) -> list[int]:
    return [int(part) for part in version[6:].split(b".")[:4] if part.isdigit() and len(part) < 9]


def _list(names: Iterable[bytes]) -> str:
    return list_first([_text(name) for name in names], _SHOWN)


def _text(name: bytes) -> str:
    text = name[:200].decode("utf-8", "replace")
    return text if text.isprintable() else ascii(text)
