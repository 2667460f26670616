"""Readers of the formats, as lines that say what a text holds: for `support.sweptreaders`."""

from __future__ import annotations

import json

from sealock import formats
from sealock.formats.inspect import read_inspect
from sealock.formats.scripts import find_run_commands
from sealock.model.document import DocumentKind
from sealock.model.location import Source
from support.filetable import Table
from support.quadletunits import UnitFiles
from support.readvectors import describe
from support.shownvalues import set_fields, show
from support.sweeps import Reader


def document(kind: DocumentKind, name: str = "test") -> Reader:
    return lambda text: list(describe(formats.read(kind, Source(name, text))))


def named(kind: DocumentKind) -> Reader:
    """A reader of files by the name in their first line."""

    def read_named(text: str) -> list[str]:
        name, _, rest = text.partition("\n")
        return list(describe(formats.read(kind, Source(name, rest))))

    return read_named


def pipeline(text: str) -> list[str]:
    """A file of a system by its name."""
    table = json.loads(text)
    return list(describe(formats.read("pipeline", Source(str(table.get("file")), json.dumps(table.get("text"))))))


def script(text: str) -> list[str]:
    """A file with run lines, by the name in its first line: what it is, and the words of each line."""
    name, _, rest = text.partition("\n")
    return [
        show(formats.recognize(name.strip(), rest)),
        *(
            " ".join(
                [run.engine, run.verb, *(word.text if word.literal else f"«{word.text}»" for word in run.arguments)]
            )
            for run in find_run_commands(Source(name.strip(), rest))
        ),
    ]


def merge(text: str) -> list[str]:
    """A compose file with one that overrides it, and one that both may name."""
    table = json.loads(text)
    base, override = (json.dumps(table.get(name)) for name in ("base", "override"))
    more = {"base.yaml": "services: {base: {image: z, pid: host}}", "other.yaml": "services: {other: {image: o}}"}
    source, other = Source("compose.yaml", base), Source("compose.override.yaml", override)
    return list(describe(formats.read("compose", source, Table(more), (other,))))


def unit(text: str) -> list[str]:
    files = UnitFiles({"d.volume": "[Volume]\n", "n.network": "[Network]\n"})
    return list(describe(formats.read("quadlet", Source("web.container", text), files)))


def inspected(text: str) -> list[str]:
    inspected = read_inspect(json.dumps([json.loads(text)]))
    set_here = (f"{name}: {show(value)}" for name, value in set_fields(inspected.container))
    return [*set_here, *(f"unresolved {name}" for name in inspected.unresolved), *map(str, inspected.errors)]
