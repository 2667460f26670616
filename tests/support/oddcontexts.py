"""Build contexts that readers of tar could read differently, each with what the guard has to read of it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from typing import NamedTuple

from support.packing import zstd

GOOD = "FROM scratch\nLABEL is=good\n"
BAD = "FROM scratch\nLABEL is=bad\n"


class OddContext(NamedTuple):
    """A context: `text` is the Dockerfile that is read, or a word of why it is refused."""

    what: str
    data: bytes
    text: str
    dockerfile: str = ""


class Member(tarfile.TarInfo):
    """A member of an archive with its content."""

    content = b""


def member(name: str, content: str = "", kind: bytes = tarfile.REGTYPE, target: str = "", **pax: str) -> Member:
    """Make a member; `pax` are its own records."""
    made = Member(name)
    made.content = content.encode()
    made.type, made.linkname, made.size, made.pax_headers = kind, target, len(made.content), pax
    made.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    return made


def archive(*members: Member, form: int = tarfile.PAX_FORMAT, **headers: str) -> bytes:
    """Make a tar archive of them; `headers` are global."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form, pax_headers=headers) as tar:
        for each in members:
            tar.addfile(each, io.BytesIO(each.content))
    return made.getvalue()


def folder(name: str) -> Member:
    """A directory."""
    return member(name, kind=tarfile.DIRTYPE)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> Member:
    """A link."""
    return member(name, kind=kind, target=target)


_PLAIN = archive(member("Dockerfile", GOOD))
_TWICE = "no plain file, or stands twice"
_THROUGH = "written through a link"
_FILE = member("Dockerfile", GOOD)
CONTEXTS = (
    OddContext("a plain one", _PLAIN, GOOD),
    OddContext("as old tar wrote it", archive(_FILE, form=tarfile.USTAR_FORMAT), GOOD),
    OddContext("as GNU tar writes it", archive(_FILE, form=tarfile.GNU_FORMAT), GOOD),
    OddContext("gzip", gzip.compress(_PLAIN), GOOD),
    OddContext("gzip in two members", gzip.compress(_PLAIN[:700]) + gzip.compress(_PLAIN[700:]), GOOD),
    OddContext("xz", lzma.compress(_PLAIN), GOOD),
    OddContext("bzip2", bz2.compress(_PLAIN), GOOD),
    OddContext("zstd", zstd.compress(_PLAIN), GOOD),
    OddContext("a name with ./", archive(member("./Dockerfile", GOOD)), GOOD),
    OddContext("an absolute name", archive(member("/Dockerfile", GOOD)), GOOD),
    OddContext("a small name", archive(member("dockerfile", GOOD)), GOOD),
    OddContext("both names", archive(member("dockerfile", BAD), _FILE), GOOD),
    OddContext("in a directory", archive(folder("a"), member("a/b", GOOD)), GOOD, "a/b"),
    OddContext("in a directory that is not listed", archive(member("a/b", GOOD)), GOOD, "a/b"),
    OddContext("asked for with dots", archive(folder("a"), member("a/b", GOOD)), GOOD, "./a/../a//b"),
    OddContext("asked for from the root", archive(member("a/b", GOOD)), GOOD, "/a/b"),
    OddContext("a long name", archive(member("d/" * 60 + "f" * 90, GOOD), form=tarfile.GNU_FORMAT), GOOD, "d/" * 60 + "f" * 90),
    OddContext("a name of a PAX record", archive(member("x", GOOD, path="Dockerfile")), GOOD),
    OddContext("a name of a global record", archive(_FILE, path="x"), "which engines ignore"),
    OddContext("a global comment", archive(_FILE, comment="x"), GOOD),
    OddContext("a link elsewhere", archive(_FILE, link("x", "Dockerfile")), GOOD),
    OddContext("a byte order mark", archive(member("Dockerfile", GOOD)), GOOD),
    OddContext("twice", archive(_FILE, member("Dockerfile", BAD)), _TWICE),
    OddContext("twice by another spelling", archive(_FILE, member(".//Dockerfile", BAD)), _TWICE),
    OddContext("twice by ..", archive(_FILE, folder("a"), member("a/../Dockerfile", BAD)), _TWICE),
    OddContext("a symbolic link", archive(member("x", BAD), link("Dockerfile", "x")), _TWICE),
    OddContext("a hard link", archive(member("x", BAD), link("Dockerfile", "x", tarfile.LNKTYPE)), _TWICE),
    OddContext("replaced by a link", archive(_FILE, member("x", BAD), link("Dockerfile", "x")), _TWICE),
    OddContext("written through a link to the root", archive(_FILE, link("a", "."), member("a/Dockerfile", BAD)), _THROUGH),
    OddContext("beside a link with a shorter name", archive(link("Docker", "b"), link("a", "b"), _FILE), GOOD),
    OddContext("below a directory beside a link", archive(link("a", "b"), folder("ab"), member("ab/f", GOOD)), GOOD, "ab/f"),
    OddContext("deep below a link", archive(folder("a"), link("a/b", "c"), member("a/b/c/d", GOOD), _FILE), _THROUGH),
    OddContext("below a pipe", archive(member("a", kind=tarfile.FIFOTYPE), member("a/b", GOOD), _FILE), _THROUGH),
    OddContext("below a link", archive(folder("b"), member("b/f", BAD), link("a", "b"), member("a/f", GOOD)), "no directory", "a/f"),
    OddContext("its directory is replaced", archive(member("a/f", GOOD), member("b/f", BAD), link("a", "b")), "no directory", "a/f"),
    OddContext("a pipe", archive(member("Dockerfile", kind=tarfile.FIFOTYPE)), _TWICE),
    OddContext("none", archive(member("x", GOOD)), "has no file"),
    OddContext("outside", archive(_FILE), "outside", "../Dockerfile"),
    OddContext("after a single block of NULs", _PLAIN[:1024] + bytes(512) + archive(member("Dockerfile", BAD)), "single block"),
    OddContext("after the end", _PLAIN[:1024] + bytes(1024) + archive(member("Dockerfile", BAD)), GOOD),
    OddContext("a wrong checksum", archive(_FILE, member("y")).replace(b"y\0\0", b"z\0\0", 1), "checksum"),
    OddContext("cut within the file", _PLAIN[:520], "truncated"),
    OddContext("gzip that is cut", gzip.compress(_PLAIN)[:40], "cut short"),
    OddContext("no archive", b"FROM scratch\n" * 60, "checksum"),
    OddContext("nothing", b"", "has no file"),
    OddContext("not in UTF-8", archive(member("Dockerfile", GOOD)).replace(b"good", b"g\xff\xffd"), "no text"),
    OddContext("too large", archive(member("Dockerfile", GOOD + "#" * (5 << 20))), "larger than"),
)  # fmt: skip
