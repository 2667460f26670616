"""What hosts report: made by a check, sent over HTTP, and kept in the state."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sealock.errors import TransportError, UsageError
from sealock.model.advisory import Installed, Vulnerability
from sealock.model.hostreport import HostReport, ReportedFinding, ReportedTarget
from sealock.model.report import ImageIdentity, Report, TargetReport
from sealock.model.severity import Severity
from sealock.reports.hostreport import host_report, render_host_report
from sealock.scan.reporting import read_token, send_report
from sealock.service.access.tokens import Scope
from sealock.service.state.database import Database
from sealock.service.state.reports import keep_report, parse_report, runs_now
from sealock.service.state.tables import container, container_finding, host
from sealock.service.views.hosts import list_containers, list_host_findings, list_hosts
from support.commandline import sealock
from support.servicestate import rule

LOADED = ReportedFinding("CVE-1", "pkg:deb/debian/openssl", "high", use="loaded")


def keep(database: Database, report: HostReport, now: float) -> None:
    with database.write() as connection:
        keep_report(connection, parse_report(render_host_report(report)), now)


def rows(database: Database, table: Any) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def web(*findings: ReportedFinding, name: str = "web") -> ReportedTarget:
    return ReportedTarget(f"container:{name}", "container", "app:1", "", "sha256:1", findings)


def test_a_report_replaces_the_former_of_its_targets_and_keeps_when_findings_were_first_seen(
    database: Database,
) -> None:
    keep(database, HostReport("one", "1.0", (web(LOADED), web(LOADED, name="db"))), 10.0)
    keep(database, HostReport("one", "1.1", (web(LOADED, ReportedFinding("C001", "privileged", "critical")),)), 20.0)
    findings = rows(database, container_finding)
    assert sorted((row.rule, row.use, row.first_seen, row.last_seen) for row in findings if row.container_id == 1) == [
        ("C001", "unknown", 20.0, 20.0),
        ("CVE-1", "loaded", 10.0, 20.0),
    ]
    assert [(row.name, row.reference, row.configuration, row.gone) for row in rows(database, container)] == [
        ("web", "app:1", "sha256:1", None),
        ("db", "app:1", "sha256:1", None),
    ]
    assert [(row.name, row.version, row.first_seen, row.last_seen) for row in rows(database, host)] == [
        ("one", "1.1", 10.0, 20.0)
    ]


def test_containers_that_a_complete_report_leaves_out_are_gone_and_come_back(database: Database) -> None:
    keep(database, HostReport("one", "1.0", (web(LOADED), web(LOADED, name="db"))), 10.0)
    keep(database, HostReport("two", "1.0", (web(LOADED),)), 10.0)
    keep(database, HostReport("one", "1.0", (web(LOADED),), complete=True), 20.0)
    assert [row.gone for row in rows(database, container)] == [None, 20.0, None]
    assert len(rows(database, container_finding)) == 2
    keep(database, HostReport("one", "1.0", (web(LOADED, name="db"),)), 30.0)
    assert [row.gone for row in rows(database, container)] == [None, None, None]


def test_what_is_no_container_runs_nowhere(database: Database) -> None:
    checked = (
        ReportedTarget("image:app:1", "image", "app:1", "sha256:1", "", (LOADED,)),
        ReportedTarget("build/Dockerfile", "dockerfile", findings=(LOADED,)),
    )
    keep(database, HostReport("one", "1.0", (web(LOADED), *checked)), 10.0)
    keep(database, HostReport("one", "1.0", (web(LOADED),), complete=True), 20.0)
    with database.read() as connection:
        running = connection.execute(select(container.c.name).where(runs_now())).scalars().all()
        (row,) = list_hosts(connection, Scope()).items
        listed = [entry.name for entry in list_containers(connection, Scope()).items]
        of_image = list_containers(connection, Scope(), of="sha256:1").items
        found = {(entry.rule, entry.container) for entry in list_host_findings(connection, Scope(), "one")}
    assert running == listed == [entry.name for entry in of_image] == ["web"]
    assert (row.name, row.containers) == ("one", 1)
    # A complete report is complete in its containers: what else was found there stays.
    assert found == {("CVE-1", "web"), ("CVE-1", "image:app:1"), ("CVE-1", "build/Dockerfile")}


def test_findings_of_the_host_itself_belong_to_no_container(database: Database) -> None:
    keep(database, HostReport("one", "1.0", (ReportedTarget("host", "host", findings=(LOADED,)),)), 10.0)
    assert [(row.container_id, row.rule) for row in rows(database, container_finding)] == [(None, "CVE-1")]
    with database.read() as connection:
        assert not list_containers(connection, Scope()).items
        assert [row.containers for row in list_hosts(connection, Scope()).items] == [0]


def test_what_a_report_could_not_say_is_kept_until_the_next(database: Database) -> None:
    hidden = ReportedTarget("host", "host", errors=("/etc/docker/daemon.json: permission denied",))
    blind = ReportedTarget("container:web", "container", "app:1", skipped=("its mounts could not be read",))
    keep(database, HostReport("one", "1.0", (hidden, blind), complete=True), 10.0)
    assert unevaluated(database, Scope()) == [
        "Could not be read or analysed: /etc/docker/daemon.json: permission denied.",
        "web: Checks were skipped: its mounts could not be read.",
    ]
    keep(database, HostReport("one", "1.0", (ReportedTarget("host", "host"), blind), complete=True), 20.0)
    assert unevaluated(database, Scope()) == ["web: Checks were skipped: its mounts could not be read."]
    keep(database, HostReport("one", "1.0", (ReportedTarget("host", "host"), web()), complete=True), 30.0)
    assert not unevaluated(database, Scope())


def unevaluated(database: Database, scope: Scope) -> list[str]:
    with database.read() as connection:
        (own,) = list_hosts(connection, scope).items
        containers = list_containers(connection, scope).items
    return [*own.unevaluated, *(f"{row.name}: {text}" for row in containers for text in row.unevaluated)]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no report"),
        (b"[]", "no report"),
        (b'{"host":"","version":""}', "must name its host"),
        (b'{"host":"a\\nb","version":""}', "must name its host"),
        (b'{"host":"a","version":"","targets":[{"name":"","kind":""}]}', "has no name"),
        (b'{"host":"a","version":"","targets":[{"name":"container:","kind":""}]}', "has no name"),
        (
            b'{"host":"a","version":"","targets":[{"name":"x","kind":"","findings":[{"rule":"a","thing":"b","severity":"bad"}]}]}',
            "no report",
        ),
        (
            b'{"host":"a","version":"","targets":[' + b",".join([b'{"name":"x","kind":""}'] * 5001) + b"]}",
            "more than 5000",
        ),
    ],
)
def test_what_is_no_report_is_an_error(body: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_report(body)


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.text(max_size=5),
        lambda inner: (
            st.dictionaries(st.sampled_from(["host", "version", "targets", "name", "kind", "findings"]), inner)
            | st.lists(inner)
        ),
        max_leaves=20,
    ).map(msgspec.json.encode)
)
def test_any_bytes_are_a_report_or_an_error(body: bytes) -> None:
    with suppress(UsageError):
        assert parse_report(body).host


def test_the_report_of_a_check_has_identities_and_grades_and_no_suppressed_finding() -> None:
    package = Installed("deb", "openssl", "1", "pkg:deb/debian/openssl@1")
    flaw = msgspec.structs.replace(
        rule("CVE-1", "pkg:deb/debian/openssl", Severity.HIGH),
        vulnerability=Vulnerability("CVE-1", package, Severity.HIGH, "debian", use="loaded"),
    )
    target = TargetReport(
        "container:web",
        "container",
        (flaw, rule("C001", "privileged")),
        image=ImageIdentity(("app:1",), configuration="sha256:1"),
    )
    made = host_report(Report("1.0", (target,)), "one", complete=True)
    assert (made.host, made.version, made.complete) == ("one", "1.0", True)
    (sent,) = made.targets
    assert (sent.name, sent.image, sent.manifest, sent.configuration) == (
        "container:web",
        "app:1",
        "sha256:1",
        "sha256:1",
    )
    assert {(finding.rule, finding.thing, finding.use) for finding in sent.findings} == {
        ("CVE-1", "pkg:deb/debian/openssl", "loaded"),
        ("C001", "privileged", "unknown"),
    }
    assert parse_report(render_host_report(made)) == made


class Service:
    """A server that answers reports with statuses from a list, and keeps what it was sent."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.taken: list[tuple[str, str, bytes]] = []
        self.url = ""


@pytest.fixture
def service() -> Iterator[Service]:
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.taken.append((self.path, self.headers["authorization"], body))
            self.send_response(state.statuses.pop(0) if state.statuses else 202)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"gone")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_report_is_sent_with_its_token_and_again_where_the_service_is_busy(service: Service) -> None:
    service.statuses = [503, 429]
    waited: list[float] = []
    send_report(Report("1.0"), service.url + "/", "slk_x", complete=False, host="one", pause=waited.append)
    assert [(path, token) for path, token, _ in service.taken] == [("/api/v1/reports", "Bearer slk_x")] * 3
    assert parse_report(service.taken[-1][2]).host == "one"
    assert waited == [1.0, 2.0]


def test_a_service_that_refuses_is_an_error_without_the_token(service: Service) -> None:
    service.statuses = [403]
    with pytest.raises(TransportError, match="status 403: gone") as caught:
        send_report(Report("1.0"), service.url, "slk_secret", complete=False)
    assert "slk_secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://x", "sealock.example", "https://", "https://x?a=b", "file:///etc"])
def test_an_address_that_is_none_is_an_error(url: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a service"):
        send_report(Report("1.0"), url, "t", complete=False)


def test_a_token_comes_from_a_file_or_the_environment(tmp_path: Any) -> None:
    (tmp_path / "token").write_text("slk_a\n")
    assert read_token(str(tmp_path / "token"), {}) == "slk_a"
    assert read_token("", {"SEALOCK_TOKEN": " slk_b "}) == "slk_b"
    for path, environment in (
        ("", {}),
        (str(tmp_path / "none"), {}),
        ("", {"SEALOCK_TOKEN": "a b"}),
        ("", {"SEALOCK_TOKEN": "a\nb: c"}),
    ):
        with pytest.raises(UsageError, match="token"):
            read_token(path, environment)


def test_the_command_sends_what_it_found_and_fails_where_that_cannot_be_done(service: Service, tmp_path: Any) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: nginx, privileged: true}}\n")
    words = ("check", str(tmp_path / "compose.yaml"), "--no-policy", "--exit-zero", "--report-to", service.url)
    result = sealock(*words, cwd=tmp_path, environment={"SEALOCK_TOKEN": "slk_a"})
    assert result.returncode == 0, result.stderr
    report = parse_report(service.taken[-1][2])
    assert not report.complete
    assert {finding.rule for target in report.targets for finding in target.findings} >= {"C001"}
    service.statuses = [401]
    result = sealock(*words, cwd=tmp_path, environment={"SEALOCK_TOKEN": "slk_a"})
    assert (result.returncode, "status 401" in result.stderr) == (2, True)
    result = sealock(*words, cwd=tmp_path, environment={})
    assert (result.returncode, "holds no token" in result.stderr) == (2, True)
    assert sealock(*words, "--only", "C001", cwd=tmp_path, environment={"SEALOCK_TOKEN": "slk_a"}).returncode == 2
