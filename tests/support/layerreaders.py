"""What an image of a few layers has, of a text that lists their files: for `support.edgerecords`.

A line is a member: `f PATH WHAT` is a file with one of the contents below, `h PATH TARGET` a hard link, `s PATH TARGET`
a symbolic one, `d PATH` a directory, `w PATH` removes what a lower layer has, and `o PATH` all that lower layers have in a
directory. A line `--` begins the next layer.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from support.layeredimages import Member, directory, file, gone, hard, read, symbolic
from support.madeimages import info


def _stanza(name: str, version: str = "1-1") -> str:
    return f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"


_TEXTS: Final = {
    "bash": _stanza("bash"),
    "both": _stanza("bash") + _stanza("curl"),
    "newer": _stanza("bash", "2-1"),
    "apk": "P:musl\nV:1-r0\nA:x86_64\nF:lib\nR:ld\n\n",
    "npm": '{"name": "pad", "version": "1.0.0"}',
    "npm2": '{"name": "pad", "version": "2.0.0"}',
    "python": "Metadata-Version: 2.1\nName: Flask\nVersion: 0.5\n",
    "record": "flask/__init__.py,,\nflask-0.5.dist-info/METADATA,,\n",
    "list": "/usr\n/usr/bin\n/usr/bin/bash\n",
    "release": 'ID=debian\nVERSION_ID="12"\n',
}
"""The contents by their names; any other is itself."""


def read_layers(text: str) -> list[str]:
    """The packages, the files that matter, and the errors."""
    layers: list[list[Member]] = [[]]
    for row in text.splitlines():
        kind, _, rest = row.partition(" ")
        path, _, more = rest.partition(" ")
        match kind:
            case "--":
                layers.append([])
            case "f":
                layers[-1].append(file(path, _TEXTS.get(more, more)))
            case "u":
                layers[-1].append(info(path, b"\x7fELF", mode=0o4755))
            case "h":
                layers[-1].append(hard(path, more))
            case "s":
                layers[-1].append(symbolic(path, more))
            case "d":
                layers[-1].append(directory(path))
            case "w":
                layers[-1].append(gone(path))
            case "o":
                layers[-1].append(info(f"{path}/.wh..wh..opq"))
            case _:
                return ["no member"]
    with TemporaryDirectory() as place:
        inventory = read(Path(place), *layers)
    rows = []
    for package in inventory.packages:
        files = f" files {' '.join(package.files)}" if package.files else ""
        removed = " removed" * package.removed
        rows.append(
            f"{package.type} {package.name} {package.version} {package.path} layer {package.layer}{removed}{files}"
        )
    for fact in inventory.files:
        removed = " removed" * fact.removed
        rows.append(f"{fact.kind} {fact.path} {fact.detail} {fact.owner} layer {fact.layer}{removed}")
    # The archive lies somewhere else each time.
    errors = (f"error {fault.location.file.partition(': ')[2]}: {fault.message}" for fault in inventory.errors)
    return [*rows, *errors]
