"""Modules that Go built into a program, and Go's own library: as `go version -m` lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import unpack_from
from typing import Final

from sealock.inventory import elf, foreign
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, FilePatterns
from sealock.inventory.elf import Elf
from sealock.inventory.foreign import ForeignProgram
from sealock.inventory.window import FileContent
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

MAGIC: Final = b"\xff Go buildinf:"

_SEARCHED: Final = 64 << 20
"""Bytes of data segments to search for the magic in a program whose sections do not name it."""
_LONGEST: Final = 8 << 20
"""Maximum bytes of the list of modules."""
_MAX_MODULES: Final = 50_000

_VERSION: Final = compile_lazily(r"go(\d{1,4}(?:\.\d{1,6}){0,2})(?:(rc|beta)(\d{1,4}))?")
_STAMPED: Final = compile_lazily(r"""-X[= ]["']?([^\s"'=]{1,300})=([^\s"']{1,200})""")
_LOOKS_RELEASED: Final = compile_lazily(r"v?\d{1,6}\.\d{1,6}[0-9A-Za-z.+~_-]{0,100}")
_ESCAPED: Final = compile_lazily(r"\\(.)")
_MAJOR: Final = compile_lazily(r"v[1-9][0-9]{0,3}")
_HOSTS: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"})
"""Hosts on which a repository is its owner and its name."""
_VERSION_NAMES: Final = frozenset(
    {"version", "ver", "appversion", "buildversion", "gitversion", "releaseversion", "currentversion", "versionstring"}
)


class GoBinary(Analyzer):
    """Go's build information."""

    name = "gobinary"
    version = 3
    patterns = FilePatterns(elf=True, foreign=True, limit=256 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[Package]:
        """Yield the standard library, the main module and those that it was built with."""
        program = elf.read_if_valid(file.content) or foreign.read(file.content)
        start = _find(program) if program else -1
        if program is None or start < 0:
            return
        toolchain, modules = _information(program, start)
        version = standard_library(toolchain)
        if version:
            yield Package(type="golang", name="stdlib", version=version, path=file.path, found_by=self.name)
        elif not modules:
            message = "has Go build information that names neither a Go version nor modules"
            raise BrokenFileError(message)
        for name, version in read_modules(modules):
            namespace, _, last = name.rpartition("/")
            yield Package(
                type="golang", namespace=namespace, name=last, version=version, path=file.path, found_by=self.name
            )


def standard_library(toolchain: str) -> str:
    """The library's version in the toolchain's, "" where it names none: "go1.22.5 X:arenas" has 1.22.5."""
    match = _VERSION.search(toolchain)
    if not match:
        return ""
    version, stage, number = match.groups()
    if not stage:
        return version
    # Pre-releases are spelled as Go's vulnerability database does it: go1.24rc1 is 1.24.0-rc.1.
    return f"{version}{'.0' * (2 - version.count('.'))}-{stage}.{number}"


def read_modules(text: str) -> list[tuple[str, str]]:
    """List (module path, version) of the main module and its dependencies, replacements done."""
    modules: list[tuple[str, str]] = []
    main, own = -1, list[int]()
    settings: dict[str, str] = {}
    program = ""
    for line in text.split("\n", _MAX_MODULES)[:_MAX_MODULES]:
        word, _, rest = line.partition("\t")
        fields = rest.split("\t", 3)
        if word == "path":
            program = rest
        elif word == "build":
            key, _, value = rest.partition("=")
            settings[key] = value
        elif word in {"mod", "dep"} and _is_path(fields[0]):
            if word == "mod":
                main = len(modules)
            if word == "mod" or fields[1:2] == ["(devel)"]:
                own.append(len(modules))
            modules.append((fields[0], _version(fields)))
        elif word == "=>" and modules:
            # The code is the replacement's. A directory has neither a module path nor a version.
            if own and own[-1] == len(modules) - 1:
                own.pop()
            name, version = fields[0], _version(fields)
            if _is_path(name) and not name.startswith((".", "/")):
                modules[-1] = (name, version)
            else:
                modules[-1] = (modules[-1][0], "")
    if main < 0 and len(own) == 1:
        main = own[0]  # of a program that was built from files, not from a package
    for place in own:
        name, version = modules[place]
        if not version:
            is_main = place == main
            version = _stamped(settings, name, is_main=is_main) or (_from_commit(settings) if is_main else "")
            modules[place] = (name, version)
    return modules or _without_modules(program, settings)


def _without_modules(program: str, settings: dict[str, str]) -> list[tuple[str, str]]:
    """What was built in a GOPATH, as dockerd is: the program's repository, where a version of it was written in."""
    host, *parts = program.split("/")
    if host not in _HOSTS or len(parts) < 2 or not _is_path(program):
        return []
    major = parts[2:3] if _MAJOR.fullmatch("".join(parts[2:3])) else []
    module = "/".join((host, *parts[:2], *major))
    version = _stamped(settings, module, is_main=True)
    return [(module, version)] if version else []


def _is_path(name: str) -> bool:
    return bool(name) and name.isprintable() and " " not in name


def _version(fields: list[str]) -> str:
    version = fields[1] if len(fields) > 1 else ""
    return version if version != "(devel)" and _is_path(version) else ""


def _stamped(settings: dict[str, str], module: str, *, is_main: bool) -> str:
    """Find the version that `-ldflags "-X main.version=..."` wrote into a variable of a module of the program's own."""
    for variable, value in _STAMPED.findall(_unquoted(settings.get("-ldflags", ""))):
        package, _, name = variable.rpartition(".")
        own = package == module or package.startswith(f"{module}/") or (is_main and package == "main")
        if own and name.lower() in _VERSION_NAMES and _LOOKS_RELEASED.fullmatch(value):
            return str(value)
    return ""


def _unquoted(value: str) -> str:
    """A setting without the quotes that Go puts around one with spaces, and the backslashes within them."""
    if not value.startswith('"'):
        return value
    return _ESCAPED.sub(lambda match: " " if match[1] in "ntr" else match[1], value[1:].removesuffix('"'))


def _from_commit(settings: dict[str, str]) -> str:
    """Make the pseudo-version that Go itself gives a commit without a tag."""
    revision, time = settings.get("vcs.revision", ""), settings.get("vcs.time", "")
    moment = re.sub(r"[-:TZ]", "", time)
    if len(revision) >= 12 and revision.isalnum() and len(moment) == 14 and moment.isdecimal():
        return f"v0.0.0-{moment}-{revision[:12]}"
    return ""


def _find(program: Elf | ForeignProgram) -> int:
    """Find where the build information begins in the file, -1 where there is none."""
    section = program.section(b".go.buildinfo" if isinstance(program, Elf) else b"__go_buildinfo")
    if section is not None:
        # It is aligned to 16 bytes, and some linkers put a gap in front.
        return program.data.find(MAGIC, section.offset, section.offset + min(section.size, _SEARCHED))
    left = _SEARCHED  # of all together: a hostile table names the same bytes very often
    for offset, size in _writable(program):
        end = min(offset + min(size, left), len(program.data))
        left -= max(0, end - offset)
        at = program.data.find(MAGIC, offset, end)
        while at >= 0 and at % 16 != offset % 16:
            at = program.data.find(MAGIC, at + 1, end)
        if at >= 0:
            return at
    return -1


def _writable(program: Elf | ForeignProgram) -> list[tuple[int, int]]:
    """Offset and size of each segment that may hold it, of a program whose sections do not name it."""
    if isinstance(program, ForeignProgram):
        return [(part.offset, part.size) for part in program.loaded if part.writable]
    if len(program.rows) > 1:
        return []
    return [
        (segment.offset, segment.size)
        for segment in program.segments
        if segment.type == elf.LOAD and segment.flags & elf.SEGMENT_WRITE
    ]


def _information(program: Elf | ForeignProgram, start: int) -> tuple[str, str]:
    """Return the toolchain's version and the list of modules."""
    header = program.data[start : start + 32]
    if len(header) < 32:
        message = "ends within its Go build information"
        raise BrokenFileError(message)
    width, flags = header[14], header[15]
    if flags & 2:  # since Go 1.18: both texts follow, each after its length
        version, at = _counted(program.data, start + 32)
        modules, _ = _counted(program.data, at)
    else:
        if width not in {4, 8}:
            message = f"has Go build information with pointers of {width} bytes"
            raise BrokenFileError(message)
        layout = (">" if flags & 1 else "<") + ("Q" if width == 8 else "I")
        version, modules = (
            _pointed(program, unpack_from(layout, header, offset)[0], layout, width) for offset in (16, 16 + width)
        )
    # Sixteen bytes that debuggers look for stand around the list.
    modules = modules[16:-16] if len(modules) >= 33 and modules[-17:-16] == b"\n" else b""
    return version.decode("utf-8", "replace"), modules.decode("utf-8", "replace")


def _counted(data: FileContent, at: int) -> tuple[bytes, int]:
    """Read a text after its length, which is a number of seven bits a byte; and where it ends."""
    length = 0
    for shift, byte in zip(range(0, 35, 7), data[at : at + 5], strict=False):
        at += 1
        length |= (byte & 0x7F) << shift
        # What goes on after a number that is too large only makes it larger.
        if byte < 0x80 and length <= _LONGEST and at + length <= len(data):
            return data[at : at + length], at + length
    message = "has Go build information that is longer than the file, or than is read"
    raise BrokenFileError(message)


def _pointed(program: Elf | ForeignProgram, address: int, layout: str, width: int) -> bytes:
    """Read a text through the address of its own address and length."""
    pair = program.at_address(address, 2 * width) if address else b""
    if len(pair) < 2 * width:
        return b""
    where, length = unpack_from(layout, pair)[0], unpack_from(layout, pair, width)[0]
    return program.at_address(where, min(length, _LONGEST))
