"""Programs that hold packages: single files of .NET, native images of GraalVM, and archives that run as they are."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from struct import pack

from sealock.inventory.dotnetbundle import MARK
from support.elffiles import BASE, Strings, make

DEPS = json.dumps({
    "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0"},
    "libraries": {"Newtonsoft.Json/12.0.1": {"type": "package"}, "App/1.0.0": {"type": "project"}},
}).encode()  # fmt: skip
PADDING = bytes(70_000)
SBOM = json.dumps({
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "components": [{
        "type": "library", "group": "org.yaml", "name": "snakeyaml", "version": "1.26",
        "purl": "pkg:maven/org.yaml/snakeyaml@1.26",
    }],
}).encode()  # fmt: skip


def host_of_linux(data: bytes) -> bytes:
    """A program with this section of data."""
    return make({".data": data})


def bundle(
    major: int = 6,
    deps: bytes = DEPS,
    *,
    size: int | None = None,
    offset: int | None = None,
    host_of: Callable[[bytes], bytes] = host_of_linux,
) -> bytes:
    """A program with a bundle: padding for its assemblies, the deps.json, then the header that names it."""
    host = host_of(bytes(24) + bytes(8) + MARK)
    place = len(host) + len(PADDING) if offset is None else offset
    header = pack("<IIi", major, 0, 1) + b"\x08bundleid" + pack("<qq", place, len(deps) if size is None else size)
    start = len(host) + len(PADDING) + len(deps)
    return host.replace(bytes(8) + MARK, pack("<Q", start) + MARK) + PADDING + deps + header + bytes(24)


def native_image(packed: bytes = gzip.compress(SBOM), *, length: int | None = None, defined: bool = True) -> bytes:
    """A native image whose symbols lead to its SBOM and to the length of that."""
    names, rows = Strings(), bytes(24)
    places = [names.add("sbom"), names.add("sbom_length")]

    def made(addresses: tuple[int, int]) -> bytes:
        table = b"".join(
            pack("<IBBHQQ", name, 17, 0, int(defined), address, 0)
            for name, address in zip(places, addresses, strict=True)
        )
        size = len(packed) if length is None else length
        held = {".svm_heap": b"heap", ".data": b"HERE" + packed, ".count": b"SIZE" + pack("<Q", size)}
        return make({**held, ".dynsym": rows + table}, texts=bytes(names.data))

    first = made((0, 0))
    return made((BASE + first.index(b"HERE") + 4, BASE + first.index(b"SIZE") + 4))


def packed(files: Mapping[str, str], before: bytes = b"") -> bytes:
    """A zip archive of these files, with bytes before it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return before + made.getvalue()
