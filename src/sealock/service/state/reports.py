"""Takes in what hosts and build machines report: containers, findings, and which packages are loaded."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from sealock.errors import UNDECODABLE, UsageError, decoding_fault
from sealock.model.hostreport import HostReport, ReportedFinding, ReportedTarget
from sealock.model.severity import Severity
from sealock.service.state.rows import chunks, insert_new
from sealock.service.state.tables import container, container_finding, host

MOST_BYTES: Final = 32 << 20
MOST_TARGETS: Final = 5000
MOST_FINDINGS: Final = 200_000
_NAME: Final = 300
_SENTENCES: Final = 200
"""What is kept of what a target's report could not say."""
_THING: Final = 2000
HOST: Final = "host"
"""The kind of a target whose findings are about the host itself."""
ITSELF: Final = ""
"""The name of the row that keeps what a host said of itself; no container has it."""
CONTAINER: Final = "container"
"""The kind of a target that runs; others are images and files that were checked there."""


def parse_report(body: bytes) -> HostReport:
    """A report from its JSON; UsageError where it is none, or too large."""
    if len(body) > MOST_BYTES:
        msg = f"the report has {len(body)} bytes; at most {MOST_BYTES} are read"
        raise UsageError(msg)
    try:
        report = msgspec.json.decode(body, type=HostReport)
    except UNDECODABLE as error:
        msg = f"this is no report of `sealock check --report-to`: {decoding_fault(error)}"
        raise UsageError(msg) from None
    if not report.host.strip() or len(report.host) > _NAME or not report.host.isprintable():
        msg = f"the report must name its host, in at most {_NAME} printable characters"
        raise UsageError(msg)
    if len(report.targets) > MOST_TARGETS or sum(len(target.findings) for target in report.targets) > MOST_FINDINGS:
        msg = f"the report has more than {MOST_TARGETS} targets or {MOST_FINDINGS} findings"
        raise UsageError(msg)
    for target in report.targets:
        if (
            not target.name.removeprefix("container:")
            or len(target.name) > _NAME
            or max((len(f.thing) for f in target.findings), default=0) > _THING
        ):
            msg = f"a target has no name, one of more than {_NAME} characters, or a finding about more than {_THING}"
            raise UsageError(msg)
    return report


def keep_report(connection: Connection, report: HostReport, now: float) -> int:
    """Keep a report, in place of what its host reported of the same targets before; give the host's number."""
    name = _plain(report.host.strip())
    insert_new(connection, host, [{"name": name, "first_seen": now, "last_seen": now}])
    number: int = connection.execute(select(host.c.id).where(host.c.name == name).with_for_update()).scalar_one()
    values: dict[str, Any] = {"last_seen": now, "version": _plain(report.version)}
    if report.engine:
        values["engine"] = _plain(report.engine)
    if report.map:
        values["data"] = _plain(report.map)
    connection.execute(update(host).where(host.c.id == number).values(**values))
    for target in report.targets:
        if HOST in {target.kind, target.name}:
            _keep_container(connection, number, replace(target, name=ITSELF, kind=HOST), now)
            _keep_findings(connection, number, None, target.findings, now)
        else:
            own = _keep_container(connection, number, target, now)
            _keep_findings(connection, number, own, target.findings, now)
    if report.complete:
        names = {_plain(target.name.removeprefix("container:")) for target in report.targets}
        here = and_(container.c.host_id == number, runs_now())
        gone = [row.id for row in connection.execute(select(container).where(here)) if row.name not in names]
        for some in chunks(gone):
            connection.execute(update(container).where(container.c.id.in_(some)).values(gone=now))
            connection.execute(delete(container_finding).where(container_finding.c.container_id.in_(some)))
    return number


def runs_now() -> ColumnElement[bool]:
    """The condition that a container runs, by the last report of its host."""
    return and_(container.c.runs, container.c.gone.is_(None))


def _keep_container(connection: Connection, number: int, target: ReportedTarget, now: float) -> int:
    name = _plain(target.name.removeprefix("container:"))
    insert_new(connection, container, [{"host_id": number, "name": name, "first_seen": now, "last_seen": now}])
    mine = and_(container.c.host_id == number, container.c.name == name)
    errors, skipped = target.errors[:_SENTENCES], target.skipped[:_SENTENCES]
    data = msgspec.json.encode({"kind": target.kind, "errors": errors, "skipped": skipped}).decode()
    values = {
        "reference": _plain(target.image),
        "digest": _plain(target.manifest),
        "configuration": _plain(target.configuration),
        "data": _plain(data),
        "runs": target.kind == CONTAINER,
        "last_seen": now,
        "gone": None,
    }
    connection.execute(update(container).where(mine).values(**values))
    own: int = connection.execute(select(container.c.id).where(mine)).scalar_one()
    return own


def _keep_findings(
    connection: Connection, number: int, own: int | None, findings: tuple[ReportedFinding, ...], now: float
) -> None:
    """Put findings in the place of the former; those that were there keep the day when they were first seen."""
    table = container_finding.c
    mine = and_(table.host_id == number, table.container_id.is_(None) if own is None else table.container_id == own)
    first = {
        (row.rule, row.thing): row.first_seen
        for row in connection.execute(select(table.rule, table.thing, table.first_seen).where(mine))
    }
    connection.execute(delete(container_finding).where(mine))
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for finding in findings:
        key = _plain(finding.rule), _plain(finding.thing)
        data = {"title": finding.title, "message": finding.message, "remedy": finding.remedy}
        rows[key] = {
            "container_id": own,
            "host_id": number,
            "rule": key[0],
            "thing": key[1],
            "severity": int(Severity[finding.severity.upper()]),
            "use": finding.use or "unknown",
            "data": _plain(msgspec.json.encode(data).decode()),
            "first_seen": first.get(key, now),
            "last_seen": now,
        }
    if rows:
        connection.execute(insert(container_finding), list(rows.values()))


def _plain(text: str) -> str:
    """Text that both databases can hold."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\\u0000", "\\ufffd")
