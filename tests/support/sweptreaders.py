"""The readers whose texts `support.sweeps` changes: each by the name of its group of texts, which belong to a room."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Callable, Iterable
from functools import cache, partial
from io import BytesIO
from typing import Any, Final

import yaml

from sealock.errors import SealockError
from sealock.formats.profile import read_profile
from sealock.formats.sbom import read_sbom
from sealock.formats.vex import read_vex
from sealock.guard.decision.exchange import Caller
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError
from sealock.inventory.catalog import analyzers
from sealock.inventory.lockfiles.bun import Bun
from sealock.inventory.lockfiles.cargo import Cargo
from sealock.inventory.lockfiles.composer import Composer
from sealock.inventory.lockfiles.conan import Conan
from sealock.inventory.lockfiles.deno import Deno
from sealock.inventory.lockfiles.npm_lock import NpmLock
from sealock.inventory.lockfiles.nuget import NuGet
from sealock.inventory.lockfiles.pdm import Pdm
from sealock.inventory.lockfiles.pipenv import Pipenv
from sealock.inventory.lockfiles.poetry import Poetry
from sealock.inventory.lockfiles.pylock import Pylock
from sealock.inventory.lockfiles.swift import Swift
from sealock.inventory.lockfiles.uv import Uv
from sealock.model.location import Source
from sealock.policy.settings import read as read_policy
from sealock.trust.cosign.bundles import read_bundle
from sealock.trust.cosign.simple import read_claims
from sealock.trust.cosign.trustedroot import read_trusted_root
from sealock.trust.dsse import IN_TOTO, DsseEnvelope
from sealock.trust.intoto import read_statement
from sealock.trust.notary import metadata
from sealock.trust.notation.policy import read_policy as read_notation
from sealock.trust.pins import read_pins
from sealock.trust.refusal import SignatureRefusedError
from sealock.vulnerabilities.feeds import csaf, debian, endoflife, kev, osv, secdb
from sealock.vulnerabilities.feeds.feed import FeedError
from support import documentreaders, guardrecords, messagereaders, signedtexts
from support.analyzers import read as read_facts
from support.certificatetexts import certificates
from support.guardworld import GuardWorld
from support.oddvalues import toml
from support.pinreaders import pinned_files
from support.sweeps import ABSENT, FIRST, ODD, RECORDS, Reader, rows, sweep_lines, sweep_values, sweep_words, texts_of


def _refused(function: Callable[[str], list[str]], text: str) -> list[str]:
    try:
        return function(text)
    except (SealockError, BrokenFileError, FeedError, SignatureRefusedError) as error:
        return [f"{type(error).__name__}: {error}"]


@cache
def _analyzers() -> dict[str, Analyzer]:
    return {analyzer.name: analyzer for analyzer in analyzers()}


def _analyzed(text: str) -> list[str]:
    """A file by the analyzer and the path in its first line: what it tells, alone and joined, and what is broken."""
    first, _, rest = text.partition("\n")
    name, _, path = first.partition(": ")
    if (analyzer := _analyzers().get(name)) is None:
        return ["no analyzer"]
    facts, broken = read_facts(analyzer, path, rest.encode())
    return [*rows(tuple(facts)), *rows(tuple(analyzer.join(facts)), "joined"), *([broken] if broken else [])]


@cache
def _guards() -> dict[str, GuardWorld]:
    return {name: guardrecords.world_of(name) for name in ("open", "owner")}


def _guarded(text: str) -> list[str]:
    """A request to the engine: what the guard decides under two policies."""
    table = json.loads(text)
    request, body = str(table.get("request", "GET /")), table.get("body")
    lines = []
    for name, made in _guards().items():
        made.asked.clear()
        decision = made.decide(request, body if isinstance(body, dict | list) else {}, Caller(uid=1000, gid=1000))
        # Without the body that goes on, and without remedies, which the records of the policies have.
        lines += [
            f"{name}: {row.partition(' {')[0].partition(' | ')[0][:80]}" for row in guardrecords.rows_of(decision)
        ]
    return lines


def _lock(analyzer: Callable[[], Analyzer]) -> Reader:
    return lambda text: list(rows(tuple(analyzer().read(AnalyzedFile("app/lock", text.encode())))))


def _toml(read: Reader) -> Reader:
    """A reader of TOML, which has no null."""

    def read_toml(text: str) -> list[str]:
        if "null" in text:
            return ["TOML has no null"]
        return read("".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in json.loads(text).items()))

    return read_toml


def _feed(read: Callable[[BytesIO], Any]) -> Reader:
    return lambda text: list(rows(tuple(read(BytesIO(text.encode())))))


def _of_bytes(read: Callable[[bytes], Any]) -> Reader:
    return lambda text: list(rows(read(text.encode())))


def _statement(raw: bytes) -> Any:
    return read_statement(DsseEnvelope(IN_TOTO, raw, ()), "it")


_READERS: Final[dict[str, dict[str, Reader]]] = {
    "formats": {
        "devcontainers": documentreaders.document("devcontainer", "devcontainer.json"),
        "daemons": documentreaders.document("daemon", "daemon.json"),
        "inventories": documentreaders.document("inventory"),
        "image-configs": documentreaders.document("image-config"),
        "profiles": lambda text: list(rows(read_profile(Source("test", text)))),
        "sboms": lambda text: list(rows(read_sbom(Source("test", text)))),
        "pods": documentreaders.document("kubernetes", "pod.yaml"),
        "services": documentreaders.document("compose"),
        "run-lines": documentreaders.document("run"),
        "dockerfiles": documentreaders.document("dockerfile"),
        "vexes": lambda text: list(rows(read_vex(Source("test", text)))),
        "pipelines": documentreaders.pipeline,
        "merges": documentreaders.merge,
        "builds": documentreaders.document("compose", "compose.yaml"),
        "inspects": documentreaders.inspected,
        "hcl-files": documentreaders.document("bake", "docker-bake.hcl"),
        "edited-units": documentreaders.unit,
        "scripts": documentreaders.script,
        "engines": messagereaders.engines,
    },
    "guard": {
        "guarded-requests": _guarded,
        "http-heads": messagereaders.heads,
        "logged-requests": messagereaders.logged_requests,
        "guarded-targets": messagereaders.guarded_targets,
    },
    "service": {
        "reports": messagereaders.reports,
        "notifications": messagereaders.notifications,
        "service-words": messagereaders.service_words,
    },
    "runtime": {
        "descriptions": messagereaders.descriptions,
        "engine-events": messagereaders.events,
        "audit-records": messagereaders.audit_records,
    },
    "pin": {"pinned-files": pinned_files},
    "policy": {"policies": _toml(lambda text: list(rows(read_policy(Source("sealock.toml", text), ""))))},
    "inventory": {
        "analyzed-files": _analyzed,
        "bun": _lock(Bun),
        "cargo": _toml(_lock(Cargo)),
        "composer": _lock(Composer),
        "conan": _lock(Conan),
        "deno": _lock(Deno),
        "npm": _lock(NpmLock),
        "nuget": _lock(NuGet),
        "pdm": _toml(_lock(Pdm)),
        "pipenv": _lock(Pipenv),
        "poetry": _toml(_lock(Poetry)),
        "pylock": _toml(_lock(Pylock)),
        "swift": _lock(Swift),
        "uv": _toml(_lock(Uv)),
    },
    "vulnerabilities": {
        "osv": lambda text: list(rows(osv.record("file.json", text.encode(), "PyPI"))),
        "secdb": _feed(lambda stream: secdb.read(stream, "alpine-secdb/v3.20", "Alpine")),
        "debian-tracker": _feed(debian.read),
        "csaf": lambda text: list(rows(tuple(csaf.record("file.json", text.encode())))),
        "kev": _feed(kev.read),
        "endoflife": _feed(lambda stream: endoflife.read(stream, "debian")),
    },
    "trust": {
        "notary-root": _of_bytes(partial(metadata.read_root, what="it")),
        "notary-snapshot": _of_bytes(partial(metadata.read_listing, what="it", role="snapshot")),
        "notary-targets": _of_bytes(partial(metadata.read_targets, what="it")),
        "notation-policies": _of_bytes(partial(read_notation, source="it")),
        "trusted-roots": _of_bytes(read_trusted_root),
        "bundles": _of_bytes(partial(read_bundle, what="it")),
        "claims": _of_bytes(partial(read_claims, what="it")),
        "statements": _of_bytes(_statement),
        "signed-claims": signedtexts.signed_claims,
        "signed-statements": signedtexts.signed_statements,
        "enveloped-statements": signedtexts.enveloped_statements,
        "promised-entries": signedtexts.promised_entries,
        "roots-of-promises": signedtexts.roots_of_promises,
        "notation-envelopes": signedtexts.notation_envelopes,
        "notary-repositories": signedtexts.notary_repositories,
        "certificates": certificates,
        "pins": lambda text: list(rows(read_pins(text, "it", lambda path: path.encode()))),
    },
}
ROOMS: Final = tuple(_READERS)
_BY_LINES: Final[dict[str, dict[str, Reader]]] = {
    "formats": {
        "dockerfiles": documentreaders.document("dockerfile"),
        "services": documentreaders.document("compose"),
        "pods": documentreaders.document("kubernetes", "pod.yaml"),
        "edited-services": documentreaders.document("compose", "compose.yaml"),
        "edited-pods": documentreaders.document("kubernetes", "pod.yaml"),
        "edited-dockerfiles": documentreaders.document("dockerfile"),
        "edited-units": documentreaders.unit,
        "edited-pipelines": documentreaders.named("pipeline"),
        "edited-targets": documentreaders.named("bake"),
        "hcl-files": documentreaders.document("bake", "docker-bake.hcl"),
        "scripts": documentreaders.script,
    },
    "inventory": {"analyzed-files": _analyzed},
    "pin": {"pinned-files": pinned_files},
}
"""Groups whose texts are also changed line by line."""
_LINES: Final = "-by-line"
_FEWEST_LINES: Final = 3
_BRIEFLY: Final[dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]]] = {
    "pods": ((None,), FIRST),
    "services": ((None,), (None,)),
    "merges": ((None,), ()),
    "engines": ((None, "odd", []), ()),
    "pipelines": ((None, "odd"), ()),
    "guarded-requests": ((ABSENT, None, "odd", 0, []), (None,)),
    "builds": ((ABSENT, None, "odd"), (None,)),
    "inspects": ((None, "odd", 0, -1, []), ()),
}
"""Groups of many texts, or of such as take long: only these are put everywhere, and before the items."""
_OF_WORDS: Final = {
    "run-lines",
    "dockerfiles",
    "hcl-files",
    "edited-units",
    "scripts",
    "analyzed-files",
    "http-heads",
    "guarded-targets",
    "service-words",
    "audit-records",
    "pinned-files",
}
"""Groups of texts that are not YAML."""
_WITH_WHOLE: Final = {
    "signed-claims", "signed-statements", "enveloped-statements", "promised-entries", "roots-of-promises",
    "notation-envelopes", "notary-repositories", "certificates", "pipelines", "merges", "builds", "inspects",
    "scripts", "analyzed-files", "http-heads", "guarded-targets", "service-words", "audit-records", "engines", "reports",
    "notifications", "descriptions", "engine-events", "logged-requests", "pinned-files",
}  # fmt: skip
"""Groups of texts that no other record has as they are."""
_ALONE: Final = {
    "pinned-files",
    "scripts",
    "analyzed-files",
    "http-heads",
    "guarded-targets",
    "service-words",
    "audit-records",
}
"""Groups whose texts are of several formats: a word that one has is not the same in another."""
_BORDER: Final = "=====\n"


def reader_of(room: str, group: str) -> Reader:
    """The reader of a group, which tells also why it refuses a text."""
    return partial(_refused, _READERS[room][group])


def sections_of(room: str) -> list[tuple[str, int]]:
    """The groups of a room, and the number of each text that is one document."""
    by_lines = (
        (f"{group}{_LINES}", number)
        for group in _BY_LINES.get(room, ())
        for number, text in enumerate(texts_of(group))
        if text.count("\n") >= _FEWEST_LINES
    )
    return [
        *(
            (group, number)
            for group in _READERS[room]
            for number, text in enumerate(texts_of(group))
            if group in _OF_WORDS or _is_one_document(text)
        ),
        *by_lines,
    ]


@cache
def _is_one_document(text: str) -> bool:
    try:
        return isinstance(yaml.safe_load(text), dict | list)
    except yaml.YAMLError:
        return False


def section(room: str, group: str, number: int) -> list[str]:
    """What differs where a text of a group is changed."""
    if group.endswith(_LINES):
        group = group.removesuffix(_LINES)
        *before, text = texts_of(group)[: number + 1]
        return list(sweep_lines(text, partial(_refused, _BY_LINES[room][group]), [] if group in _ALONE else before))
    *earlier, text = texts_of(group)[: number + 1]
    if group in _ALONE:
        earlier = []
    read = reader_of(room, group)
    plain = text if group in _OF_WORDS else json.dumps(yaml.safe_load(text))
    whole = ["as it is:", *(f"  {line}" for line in read(plain))] if group in _WITH_WHOLE else []
    if group in _OF_WORDS:
        return [*whole, *sweep_words(text, read, earlier)]
    earlier = [each for each in earlier if _is_one_document(each)]
    return [*whole, *sweep_values(text, read, earlier, *_BRIEFLY.get(group, (ODD, FIRST)))]


def record(room: str, group: str, number: int) -> str:
    """The record of a text."""
    return "\n".join([*section(room, group, number), ""])


def changes_of(room: str, group: str, number: int) -> str:
    """How the record of a text differs from the one in the repository, as a diff; "" where it does not."""
    path = RECORDS / room / f"{group}.txt"
    parts = path.read_text(encoding="utf-8").split(_BORDER) if path.exists() else []
    written = parts[number] if number < len(parts) else ""
    lines = difflib.unified_diff(
        written.splitlines(), record(room, group, number).splitlines(), "recorded", "now", lineterm=""
    )
    return "\n".join(lines)


def write_records(rooms: Iterable[str] = ROOMS) -> None:
    """Write every record."""
    for room in rooms:
        (RECORDS / room).mkdir(parents=True, exist_ok=True)
        for group in dict.fromkeys(group for group, _ in sections_of(room)):
            swept = {number for owner, number in sections_of(room) if owner == group}
            records = (
                record(room, group, number) if number in swept else ""
                for number in range(len(texts_of(group.removesuffix(_LINES))))
            )
            (RECORDS / room / f"{group}.txt").write_text(_BORDER.join(records), encoding="utf-8")


if __name__ == "__main__":
    write_records(sys.argv[1:] or ROOMS)
