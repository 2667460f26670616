"""Readers of short texts for `support.edgerecords`: versions, requests, and tables that stand for entries of tar archives."""

from __future__ import annotations

import json
from typing import Any, Final, cast, get_args

from msgspec.structs import replace

from reports.samples import plain
from sealock.guard.decision.exchange import EngineRequest
from sealock.guard.learning import CalledRequest, learn, policy_text
from sealock.image.header import BLOCK
from sealock.model.location import Place, Source
from sealock.model.report import Report, TargetReport
from sealock.reports import render
from sealock.vulnerabilities.cvss import score
from sealock.vulnerabilities.ecosystems import streams
from sealock.vulnerabilities.versions import VersionScheme, key
from support.byterecords import entries_of
from support.imagereaders import read_image
from support.layerreaders import read_layers
from support.projectreaders import read_project
from support.sweeps import Reader
from support.treereaders import read_tree

_FIELDS: Final = {
    "name": (0, 100), "mode": (100, 8), "uid": (108, 8), "gid": (116, 8), "size": (124, 12), "time": (136, 12), "sum": (148, 8), "flag": (156, 1),
    "link": (157, 100), "magic": (257, 8), "prefix": (345, 155), "end": (508, 4),
}  # fmt: skip
"""The fields of a header: offset and length."""


def _versions(text: str) -> list[str]:
    """The key of a version by the scheme that the first word names, CVSS's score, or the branch of repositories."""
    scheme, _, version = text.partition(" ")
    match scheme:
        case "cvss":
            return [str(score(version))]
        case "streams":
            return [streams(version)]
    if scheme not in get_args(VersionScheme):
        return ["no scheme"]
    made = key(cast("VersionScheme", scheme), version)
    return ["no version" if made is None else made.hex()]


def _archive(text: str) -> list[str]:
    """What a tar archive has whose headers and bodies a list gives; a number there is one of NULs."""
    return entries_of(b"".join(map(_part, json.loads(text))))


def _part(part: Any) -> bytes:
    if isinstance(part, int):
        return bytes(min(part, 1 << 14))
    if isinstance(part, str):
        return _raw(part)
    body = b"".join(_record(*record) for record in part.get("records", {}).items()) or _raw(part.get("body", ""))
    table = {"mode": "0000644\0", "uid": "0000000\0", "gid": "0000000\0", "time": "00000000000\0", "flag": "0", "magic": "ustar\00000", "size": f"{len(body):011o}\0"} | part  # fmt: skip
    block = bytearray(BLOCK)
    for name, (at, length) in _FIELDS.items():
        raw = _raw(str(table.get(name, "")))[:length]
        block[at : at + len(raw)] = raw
    if "sum" not in part:
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + body + bytes(-len(body) % BLOCK)


def _record(name: str, value: Any) -> bytes:
    """A record of PAX with its length."""
    rest = b" " + _raw(name) + b"=" + _raw(str(value)) + b"\n"
    length = len(rest) + 1
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _raw(text: str) -> bytes:
    """Bytes of a text, a letter each where all are below 256."""
    return text.encode("latin-1") if all(ord(letter) < 256 for letter in text) else text.encode(errors="replace")


def _excerpt(text: str) -> list[str]:
    """A finding at a place of a text, in a report that shows its line."""
    table = json.loads(text)
    source = Source("f", str(table.get("text", "")))
    start, end = (min(int(table.get(name, 0)), len(source.text)) for name in ("start", "end"))
    fault = replace(
        plain().targets[0].findings[0],
        location=source.location(Place(start, max(start, end))),
        conceal=bool(table.get("conceal")),
    )
    report = Report("1", (TargetReport("f", "compose", (fault,), sources={"f": source}),))
    style = {"width": int(table.get("width", 60)), "colour": bool(table.get("colour"))}
    rows = render("terminal", report, **style) if "width" in table else render("markdown", report)
    return [ascii(row)[1:-1][:200] for row in rows.splitlines()[2:-5]]


def _learned(text: str) -> list[str]:
    """The policy that is learned of requests, each with the conditions of its client and the rules that it breaks."""
    called = (
        CalledRequest(
            table.get("conditions", {"uid": 1}),
            EngineRequest(*table["request"].split(" ")),
            table.get("body"),
            tuple(map(tuple, table.get("faults", ()))),
        )
        for table in json.loads(text)
    )
    return policy_text(learn(called)).splitlines()


READERS: Final[dict[str, dict[str, Reader]]] = {
    "vulnerabilities": {"versions": _versions},
    "inventory": {"layers": read_layers},
    "image": {"tar-entries": _archive, "images": read_image},
    "reports": {"excerpts": _excerpt},
    "scan": {"trees": read_tree},
    "formats": {"projects": read_project},
    "guard": {"learned-requests": _learned},
}
"""The readers by room and group."""
