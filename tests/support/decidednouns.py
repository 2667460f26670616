"""Nouns that functions decide about, for `support.changednouns`: images to compare, facts of a machine, packages to match.

Each comes with functions that give lines of what is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from reports.samples import finding as reported
from sealock.baseimage.advice import advise
from sealock.model.advisory import Advisory, Epss, Exploited, Rating, Span
from sealock.model.container import Container, Health, Label, Mount, Variable, container
from sealock.model.content import Content, FileNode, Hidden, Program
from sealock.model.daemon import Daemon
from sealock.model.finding import Finding, InputError, Severity, Skipped, Suppression
from sealock.model.host import Component, Host, HostFile, Swarm
from sealock.model.imagediff import PathChange
from sealock.model.inventory import Distribution, FileFact, Inventory, Layer, Package
from sealock.model.location import Location
from sealock.model.network import EngineNetwork
from sealock.model.report import TargetReport
from sealock.rules.benchmarks import BENCHMARKS
from sealock.scan.baseimages import commands
from sealock.scan.benchmark import BenchmarkFacts, check_recommendation
from sealock.scan.comparison import ReadImage, compare
from sealock.scan.inuse import grade, hide_unused
from sealock.scan.repetitions import join_repetitions
from sealock.scan.useevidence import UseEvidence
from sealock.vulnerabilities.findings import FindingTarget, findings
from sealock.vulnerabilities.match import match
from support.madedatabases import Table
from support.madefindings import finding, vulnerable
from support.madeinventories import DEBIAN, advisory, affects, deb
from support.shownvalues import set_fields, show

_DPKG: Final = "var/lib/dpkg/status"


def _lines(value: Any) -> str:
    """A structure with a line for each field that is set, and for each item of it."""
    rows: list[str] = []
    for name, part in set_fields(value):
        parts = part if isinstance(part, tuple) else (part,)
        rows += [f"{name}: {show(each)}" for each in parts]
    return "\n".join(rows)


def _images() -> tuple[ReadImage, ReadImage]:
    settings = container(
        user="app", entrypoint=("run",), command=("a", "b"), working_dir="/srv", environment=(Variable("A", "1"), Variable("API_TOKEN", "hunter2-and-more-of-it")),
        expose=("80/tcp",), mounts=(Mount("volume", None, "/data"),), labels=(Label("x", "y"),), stop_signal="TERM", health=Health(test=("CMD", "x"), interval=5.0, retries=3),
    )  # fmt: skip
    old = ReadImage(
        "old", Inventory(("app:1",), "sha256:1", "linux/amd64", (Layer(0, "sha256:a"), Layer(1, "sha256:b")), settings, DEBIAN, (deb("bash", "5"), deb("six", "1"), Package("pypi", "Jinja_2", "1", "a"), deb("gone", "1", removed=True)),
            (FileFact("setuid", "bin/su", 0o4755), FileFact("secret", "k.pem", removed=True, mark="ab"), FileFact("owner", "x"), FileFact("setgid", "bin/w", removed=True)), ((0, 10, 1024), (1, 2, 5000))),
        (vulnerable("CVE-1", "bash"), vulnerable("CVE-2", "bash", severity=2, suppressed=Suppression("x", "y")), finding("F001", "setuid bin/su"), finding("C003", "root", severity=5), finding("C004", "x", suppressed=Suppression("x", "y"))),
        (Skipped("C009", "image app:1", "unknown"), Skipped("", "layer 3", "is no archive"), Skipped("F002", "image app:1", "no files", by_kind=True)), (InputError("odd", Location("a.tar")),), frozenset({"image app:1"}), (PathChange("/x", "added"),), "ann",
    )  # fmt: skip
    new = replace(
        old, target="new", findings=(vulnerable("CVE-1", "bash", severity=5), vulnerable("CVE-3", "curl"), vulnerable("CVE-4", "curl", severity=2), finding("C009", "z")), skipped=(), changes=(), signatures="bob", inventory=replace(old.inventory, id="sha256:2", platform="linux/arm64", packages=(deb("bash", "6"), Package("npm", "x", "1", "b")), files=(FileFact("setuid", "bin/mount", 0o4755),), container=replace(settings, user="root", environment=(Variable("A", "2"), Variable("API_TOKEN", "another-hunter2-and-more")))),
    )  # fmt: skip
    return old, new


def _facts() -> BenchmarkFacts:
    files = (
        HostFile("engine-unit", "/etc/systemd/system/docker.service", "file", 0o644, 0, 0), HostFile("daemon-config", "/etc/docker/daemon.json", "file", 0o644, 0, 0), HostFile("containerd-socket", "/run/containerd/containerd.sock", "socket", 0o660, 0, 0),
    )  # fmt: skip
    host = Host(
        name="vm",
        daemon=Daemon(),
        swarm=Swarm(active=True, manager=True),
        files=files,
        unread=("/etc/docker/certs.d", "/root/x"),
        audited=("/etc/systemd",),
        lsm=("apparmor",),
        components=(Component("engine", "28"), Component("runc", "1")),
    )
    faults = (
        ("E025", "engine", "e", ""),
        ("C001", "container a", "e", "a"),
        ("C001", "container b", "e", "b"),
        ("K008", "container a", "pid", "a"),
        ("H007", "host", "/etc/docker/daemon.json owner", ""),
        ("H007", "host", "/etc/docker/daemon.json mode", ""),
        ("H004", "host", "audit rules", ""),
        ("N001", "network n", "e", ""),
        ("E003", "engine", "e", ""),
    )
    found = tuple(
        reported(
            rule,
            Severity.MEDIUM,
            subject=subject,
            evidence=evidence,
            container=name,
            suppressed=Suppression("sealock.toml", "on purpose") if rule == "E003" else None,
        )
        for rule, subject, evidence, name in faults
    )
    return BenchmarkFacts(host, (EngineNetwork(name="n", driver="overlay"),), ("a", "b"), found, (Skipped("E002", "engine", "unseen"), Skipped("C005", "container a", "unknown", container="a")), (InputError("x", Location("engine")),))  # fmt: skip


def _checked(facts: BenchmarkFacts) -> Iterator[str]:
    for section in BENCHMARKS["cis-docker-1.7.0"].sections:
        for recommendation in section.recommendations:
            result = check_recommendation(recommendation, facts)
            yield f"{recommendation.number} {result.outcome} {result.severity or ''} {'; '.join(result.reasons)}".strip()


def _repeated() -> tuple[TargetReport, ...]:
    def fault(rule: str, file: str, line: int, **more: Any) -> Any:
        more.setdefault("fingerprint", f"{rule} {file} {line}")
        return reported(rule, location=Location(file, line, 1, line, 2), **more)

    return (
        TargetReport("web/Dockerfile", "dockerfile", (fault("C046", "web/Dockerfile", 2, severity=Severity.LOW), fault("B130", "web/Dockerfile", 3)), example=True),
        TargetReport("compose.yaml", "compose", (
            fault("C046", "compose.yaml", 4, decided_in="web/Dockerfile", subject="service web", fingerprint="1"), fault("C046", "compose.yaml", 9, decided_in="web/Dockerfile", subject="service job", fingerprint="2", severity=Severity.HIGH, example=True), fault("C054", "compose.yaml", 4, decided_in="web/Dockerfile", subject="service web", fingerprint="3"),
            fault("C001", "base.yaml", 5, subject="service web", fingerprint="4"), fault("C001", "base.yaml", 5, subject="service odd", fingerprint="5"), fault("C002", "other.yaml", 5, subject="service odd", fingerprint="6"), fault("C003", "compose.yaml", 5),
        ), errors=(InputError("odd", Location("base.yaml", 3, 1)), InputError("own", Location("compose.yaml", 3, 1)))),
        TargetReport("base.yaml", "compose", (fault("C001", "base.yaml", 5, suppressed=Suppression("x", "y")),), errors=(InputError("odd", Location("base.yaml", 3, 1)),)),
        TargetReport("more.yaml", "compose", (fault("C002", "other.yaml", 5, subject="service more", fingerprint="7"),), errors=(InputError("odd", Location("base.yaml", 3, 1)), InputError("gone", Location("more.yaml")))),
    )  # fmt: skip


def _joined(reports: tuple[TargetReport, ...]) -> Iterator[str]:
    for report in join_repetitions(reports):
        yield report.target
        for each in report.findings:
            yield f"  {each.rule} {each.location.file} {each.severity} {each.message!r} {each.example} {[(again.subject, again.fingerprint) for again in each.repetitions]}"
        yield from (f"  {error.location.file} {error.message}" for error in report.errors)


class _Used(Struct, frozen=True):
    """What is graded: findings, the packages, and the evidence."""

    packages: tuple[Package, ...]
    paths: tuple[str, ...]
    whole: bool
    exercise: str


def _used() -> _Used:
    pip, npm, gems = "usr/lib/python3/dist-packages", "app/node_modules", "var/lib/gems/3.3.0"
    packages = (
        deb("nginx", "1", files=("usr/sbin/nginx", "lib/nginx/x.so"), needs=("libssl3", "awk", "gone")),
        deb("libssl3", "1", files=("usr/lib/x/libssl.so.3",), needs=("libc6",)),
        deb("libc6", "1", files=("lib/x/libc.so.6",)),
        deb("mawk", "1", files=("usr/bin/mawk",), provides=("awk",)),
        deb("curl", "1", files=("usr/bin/curl",)),
        deb("bare", "1"),
        Package("pypi", "x", "1", f"{pip}/x.dist-info/METADATA", files=(f"{pip}/x/_x.so", f"{pip}/x/a.py")),
        Package("pypi", "y", "1", f"{pip}/y.dist-info/METADATA", files=(f"{pip}/y/a.py",)),
        Package("npm", "n", "1", f"{npm}/n/package.json", found_by="npm"),
        Package("gem", "g", "1", f"{gems}/specifications/g-1.gemspec", found_by="gems"),
        Package("golang", "go", "1", "usr/bin/app", found_by="gobinary"),
        Package("maven", "m", "1", "app/a.jar!/lib/m.jar", found_by="jars"),
        Package("generic", "openjdk", "21", "opt/jdk/release", found_by="jdk"),
        Package("npm", "n", "1", f"{npm}/z/package.json", found_by="npm", removed=True),
        Package("golang", "s", "1", "opt/app.spdx.json", found_by="sboms"),
    )
    return _Used(packages, ("usr/sbin/nginx", f"{pip}/y/__pycache__/a.cpython-311.pyc", f"{npm}/n/build/n.node", "app/a.jar", "opt/jdk/lib/libjvm.so", f"{gems}/gems/g-1/lib/g.so"), whole=False, exercise="")  # fmt: skip


def _flaw(name: str, package: Package) -> Finding:
    made = vulnerable(name, package.name, package.version)
    assert made.vulnerability is not None
    installed = replace(made.vulnerability.package, type=package.type, path=package.path)
    return replace(made, vulnerability=replace(made.vulnerability, package=installed))


def _graded(used: _Used) -> Iterator[str]:
    found = [*(_flaw(f"CVE-{number}", package) for number, package in enumerate(used.packages)), finding("F001", "x")]
    found[:1] = [replace(each, suppressed=Suppression("x", "y")) for each in found[:1]]
    inventory = Inventory((), "", "", (), Container(), packages=used.packages)
    graded = grade(found, inventory, UseEvidence(frozenset(used.paths), used.whole, used.exercise))
    for each in hide_unused(graded):
        yield f"{each.message} {each.vulnerability.use if each.vulnerability else ''} {show(each.suppressed)}"


def _matched() -> tuple[Inventory, tuple[Advisory, ...]]:
    packages = (
        deb("dmsetup", "2:1.02-2", source="lvm2", source_version="2.03-2", layer=0),
        deb("lvm2", "2.03-3", layer=1),
        deb("bash", "5.2-1", files=("bin/bash",)),
        deb("old", "1-1", removed=True),
        Package("pypi", "Flask_Login", "0.6.3", "app/f.dist-info/METADATA", layer=1),
        Package("pypi", "odd", "not a version", "app/o"),
        Package("npm", "core", "17.0.1", "app/p.json", namespace="@angular"),
        Package("golang", "text", "v0.14.0", "usr/bin/tool", namespace="golang.org/x"),
        Package("golang", "stdlib", "1.21.5", "usr/bin/tool"),
        Package("maven", "log4j-core", "2.14.1", "a.jar", namespace="org.apache.logging.log4j"),
        Package("generic", "openssl", "3.0.1", "opt/s"),
        Package("cargo", "serde", "1.0.1", "usr/bin/rg"),
        Package("gem", "rack", "3.0.8", "x.gemspec"),
        Package("conda", "numpy", "1.26.4", "c.json"),
    )
    advisories = (
        advisory(
            "CVE-2024-1",
            affects("Debian:12", "lvm2", Span(fixed="2.03-3"), severity=Severity.LOW),
            summary="A flaw of lvm",
            references=("https://a.example", "https://b.example"),
            ratings=(Rating("nvd", Severity.HIGH, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),),
            published="2024-01-01T00:00:00Z",
        ),
        advisory("DSA-1", affects("Debian:12", "lvm2", Span(fixed="2.03-4")), upstream=("CVE-2024-1",), feed="debian"),
        advisory("CVE-2024-2", affects("Debian:12", "bash", Span("5.0", last="5.2-1"), state="no-dsa")),
        advisory("CVE-2024-3", affects("Debian:12", "bash", state="not-affected")),
        advisory("CVE-2024-4", affects("Debian:12", "old", Span())),
        advisory(
            "GHSA-1",
            affects("PyPI", "flask-login", Span("0.5", "0.7"), Span("0.8", "0.9")),
            aliases=("CVE-2024-5",),
            summary="x" * 200,
            ratings=(Rating("ghsa", None, "", 5.5),),
        ),
        advisory(
            "PYSEC-1",
            affects("PyPI", "flask-login", Span(limit="1"), versions=("0.6.3",)),
            aliases=("CVE-2024-5",),
            feed="pysec",
        ),
        advisory("PYSEC-2", affects("PyPI", "odd", Span(fixed="2"))),
        advisory("GHSA-2", affects("npm", "@angular/core", Span("17.0.0", "17.0.2"))),
        advisory(
            "GO-1",
            affects("Go", "golang.org/x/text", Span(fixed="0.15.0")),
            affects("Go", "stdlib", Span("1.20", "1.21.6")),
        ),
        advisory(
            "GHSA-3",
            affects("Maven", "org.apache.logging.log4j:log4j-core", Span("2.0", "2.15.0")),
            aliases=("CVE-2021-44228",),
            ratings=(Rating("ghsa", Severity.CRITICAL),),
        ),
        advisory("OSV-1", affects("OSS-Fuzz", "openssl", Span("3.0.0", "3.0.2"))),
        advisory("RUSTSEC-1", affects("crates.io", "serde", versions=("1.0.1",))),
        advisory("GHSA-4", affects("RubyGems", "rack", Span(last="3.0.8"))),
    )
    inventory = Inventory(
        ("app:1",),
        "sha256:0",
        "linux/amd64",
        (Layer(0, "sha256:a", created_by="ADD a /"), Layer(1, "sha256:b", created_by="COPY . /app")),
        Container(),
        DEBIAN,
        packages,
        (
            FileFact(
                "apk-repositories", "etc/apk/repositories", detail="https://dl-cdn.alpinelinux.org/alpine/v3.20/main"
            ),
        ),
    )
    return inventory, advisories  # fmt: skip


_KEV: Final = {"CVE-2021-44228": Exploited("2021-12-10", "2021-12-24", ransomware=True), "CVE-2024-2": Exploited("")}
_EPSS: Final = {"CVE-2021-44228": Epss(0.97, 0.99), "CVE-2024-1": Epss(0.001, 0.2)}


def _found(noun: tuple[Inventory, tuple[Advisory, ...]]) -> Iterator[str]:
    inventory, advisories = noun
    matched = match(inventory, Table(*advisories, exploited=_KEV, epss=_EPSS))
    yield from _lines(matched).splitlines()
    for each in findings(matched, FindingTarget("app", "image app:1", Location("app.tar"), "sha256:a")):
        yield f"{each.rule} {each.title!r} {each.message!r} {each.remedy.text!r} {each.fingerprint} {each.confidence} {show(each.suppressed)} {len(each.references)}"


def _image_content() -> tuple[Inventory, Content]:
    glibc = "lib64/ld-linux-x86-64.so.2"
    programs = {
        "bin/dash": Program("dynamic", "/" + glibc, needed=("libc.so.6",)),
        glibc: Program("library", soname="ld-linux-x86-64.so.2"),
        "lib/libc.so.6": Program("library", needed=("ld-linux-x86-64.so.2",), soname="libc.so.6"),
        "usr/lib/libx.so.1": Program("library", needed=("libc.so.6", "libgone.so"), soname="libx.so.1"),
        "usr/bin/python3.13": Program(
            "dynamic", "/" + glibc, needed=("libx.so.1", "libc.so.6"), loads=("libc.so.6",), mentions=("etc/ssl/certs",)
        ),
        "app/server": Program("static", go=True, mentions=("usr/share/zoneinfo",)),
        "run.sh": Program("script", "/bin/sh"),
        "app/tool.py": Program("script", "/usr/bin/env", ("python3",)),
        "usr/bin/env": Program("dynamic", "/" + glibc, needed=("libc.so.6",)),
        "usr/bin/curl": Program("dynamic", "/" + glibc, runpath=("$ORIGIN/../lib",), needed=("libx.so.1",)),
    }
    nodes = {name: FileNode("file", 1000 * number + 10, number % 2, 0o755) for number, name in enumerate(programs)} | {
        "bin/sh": FileNode("symbolic link", 4, 0, target="dash"),
        "usr/bin/python3": FileNode("symbolic link", 4, 0, target="python3.13"),
        "app": FileNode("directory", 0, 1, 0o755),
        "etc/passwd": FileNode("file", 99, 0, 0o644),
        "usr/share/doc/x/copyright": FileNode("file", 500, 0, 0o644),
        "app/same": FileNode("file", 8010, 1, 0o755, same="app/server"),
        "etc/ssl/certs/ca.pem": FileNode("file", 70_000, 0, 0o644),
        "usr/bin/apt-get": FileNode("file", 9, 0, 0o755),
    }
    packages = (
        deb("dash", "1", files=("bin/dash", "usr/share/doc/x/copyright"), needs=("libc6",), layer=0),
        deb("libc6", "1", files=(glibc, "lib/libc.so.6"), layer=0),
        deb("python3", "3", files=("usr/bin/python3.13", "usr/bin/python3"), needs=("libx1", "libc6"), layer=0),
        deb("libx1", "1", files=("usr/lib/libx.so.1",), layer=0),
        deb("curl", "8", files=("usr/bin/curl",), needs=("libx1",), layer=0),
        Package("pypi", "flask", "1", "app/flask.dist-info/METADATA", layer=1),
    )
    settings = container(
        entrypoint=("/run.sh",),
        command=("python3", "/app/tool.py", "--x"),
        working_dir="/app",
        user="1000",
        environment=(Variable("PATH", "/usr/bin:/bin"), Variable("PYTHON_VERSION", "3.13.0")),
        labels=(Label("org.opencontainers.image.base.name", "debian:12"),),
        expose=("80",),
        history=(
            "/bin/sh -c #(nop) ADD file:1 in / # debian.sh --arch 'amd64' out/ 'bookworm' '@1'",
            'CMD ["bash"]',
            "ENV PYTHON_VERSION=3.13.0",
            "COPY . /app",
        ),
    )
    facts = (
        FileFact("setuid", "usr/bin/curl", 0o4755, layer=0),
        FileFact(
            "needs-glibc",
            "app/x.so",
            detail="version 2.34; lacks backtrace, gnu_get_libc_version; locale setlocale",
            layer=1,
        ),
        FileFact("needs-glibc", "app/y.so", detail="gcompat fopen64; resolves getaddrinfo", layer=1),
        FileFact("needs-glibc", "app/z", detail="loader /lib64/ld-linux-x86-64.so.2", layer=1),
        FileFact("capability", "app/server", detail="cap_net_raw", layer=1),
    )
    inventory = Inventory(
        ("app:1",),
        "sha256:0",
        "linux/amd64",
        (
            Layer(
                0,
                "sha256:a",
                created_by="/bin/sh -c #(nop) ADD file:1 in / # debian.sh --arch 'amd64' out/ 'bookworm' '@1'",
                size=9_000_000,
            ),
            Layer(1, "sha256:b", created_by="COPY . /app", size=50_000),
        ),
        settings,
        Distribution("debian", "12", "bookworm", "Debian 12"),
        packages,
        facts,
        ((0, 20, 90_000), (1, 5, 9000)),
    )
    script = '#!/bin/sh\nset -e\n[ "$1" = x ] && apt-get update\nexec "$@"\n'
    return inventory, Content(nodes, programs, {"run.sh": script}, {"app/flask.dist-info": ("cp313-manylinux_2_28_x86_64",)}, (Hidden("usr/y", 4000, 0, 1),))  # fmt: skip


def _advised(noun: tuple[Inventory, Content]) -> str:
    return _lines(advise(*noun, commands))


def _joining(rows: Callable[[Any], Iterator[str]]) -> dict[str, Callable[[Any], str]]:
    return {"rows": lambda noun: "\n".join(rows(noun))}


DECIDED: Final[dict[str, tuple[Callable[[], Any], dict[str, Callable[[Any], str]]]]] = {
    "compared-images": (_images, {"rows": lambda pair: _lines(compare(*pair, fail_on=Severity.HIGH))}),
    "benchmark-facts": (_facts, _joining(_checked)),
    "repeated-faults": (_repeated, _joining(_joined)),
    "used-packages": (_used, _joining(_graded)),
    "matched-packages": (_matched, _joining(_found)),
    "images-with-content": (_image_content, {"rows": _advised}),
}
"""Nouns by their groups, with what is decided about them."""
