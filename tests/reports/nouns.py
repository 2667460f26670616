"""One of each noun that has a report of its own, with as many of its fields set as may be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from reports.samples import page
from sealock.model.advice import (
    Base,
    BaseAdvice,
    BaseFit,
    Closure,
    Musl,
    Need,
    RootFiles,
    Share,
    Start,
    StartStep,
    Surface,
)
from sealock.model.benchmark import Benchmark, BenchmarkReport, BenchmarkSection, Recommendation, RecommendationResult
from sealock.model.container import container
from sealock.model.finding import InputError, Severity, Skipped
from sealock.model.imagediff import ComparedImage, FileChanges, FindingChanges, ImageDiff, PackageChange, ValueChange
from sealock.model.inventory import FileFact
from sealock.model.location import Location
from sealock.model.podsecurity import (
    PodControl,
    PodNamespace,
    PodSecurityReport,
    PodViolation,
    PodWorkload,
    SkippedManifest,
)
from sealock.model.report import RecordedHarm, RulePage
from sealock.model.trust import Attestation, RoleState, SignedTag, Signer, TrustResult, VerifiedTag
from sealock.model.unused import UnusedPackage, UnusedPackages
from sealock.reports.database import FeedRow
from sealock.userns.plan import Bind, EngineImage, EngineVolume, MachineFacts, Owned, PlannedContainer, plan
from sealock.userns.plan.plan import RemappingPlan
from support.madefindings import finding, vulnerable

_DIGEST = f"sha256:{'a' * 64}"
_AT = Location("pods.yaml", 4, 5, 4, 9)
_ERROR = InputError("could not be read", Location("a.yaml", 2, 1, 2, 3))


def image_diff() -> ImageDiff:
    return ImageDiff(
        old=ComparedImage("old", ("app:1", "app:old"), _DIGEST, f"sha256:{'b' * 64}", 3, 2, 2048),
        new=ComparedImage("new", (), "", "", 1, 1, 5_000_000),
        properties=(ValueChange("base", "", "debian 12", None), ValueChange("size", "", "2 KiB", "4.8 MiB")),
        packages=(PackageChange("deb", "bash", ("1",), ("2", "3")), PackageChange("npm", "a", (), ("1",)), PackageChange("deb", "curl", ("8",), ())),
        vulnerabilities=FindingChanges(
            (vulnerable("CVE-1", "curl", severity=5), vulnerable("CVE-2", "curl", severity=2)), (vulnerable("CVE-3", "wget"),), (vulnerable("CVE-4", "wget"), vulnerable("CVE-5", "wget", severity=1)),
        ),
        findings=FindingChanges((finding("F001", "setuid bin/su"), finding("F002", "x", severity=1)), (finding("F001", "setuid bin/mount"),), (finding("C003", "root"),)),
        files=FileChanges((FileFact("setuid", "bin/su", 0o104755, detail="root"),), (FileFact("secret", "k.pem", 0o600, removed=True),)),
        settings=(ValueChange("environment", "A", "", "2"), ValueChange("environment", "TOKEN", "abcd…", "abcd…"), ValueChange("port", "80/tcp", None, ""), ValueChange("user", "", "root", "7")),
        uncompared=("could not compare layers: old does not describe this",),
        errors=(InputError("could not read app", Location("app.tar")),),
        skipped=(("old", Skipped("F001", "image old", "it has no files")), ("new", Skipped("F002", "image new", "it has no files"))),
        notes=("a note",), fail_on=Severity.MEDIUM,
    )  # fmt: skip


def _day(number: int) -> datetime:
    return datetime(2026, 11, number, 12, tzinfo=UTC)


def trust_results() -> tuple[TrustResult, ...]:
    roles = (
        RoleState("root", 3, _day(21), ("1" * 64,), None), RoleState("timestamp", 5, _day(20), ("2" * 64,), _day(8)),
        RoleState("targets", 4, _day(23), ("3" * 64,), _day(6)), RoleState("targets/releases", 2, _day(24), ("4" * 64,), None),
    )  # fmt: skip
    tag = VerifiedTag(
        "example.com/app",
        SignedTag("1", _DIGEST, 7, "targets"),
        "certificate",
        "https://notary.example",
        roles,
        4,
        ("old",),
    )
    ann = Signer("c" * 64, "ann@example.com", "https://issuer.example", _day(7), "referrer 1", "", _day(8))
    key = Signer("a" * 64, source="cosign.pub", where="its tag")
    built = {
        "buildDefinition": {"resolvedDependencies": [{"uri": "git+https://example.com/a"}]},
        "runDetails": {"builder": {"id": "https://b.example"}},
    }
    signed = TrustResult(
        "cosign",
        "app:1",
        _DIGEST,
        "trusted",
        signers=(ann, key, Signer("d" * 64, "CN=ci", "CN=ci", _day(9))),
        notes=("old",),
    )
    notary = TrustResult("notary", "app:2", _DIGEST, "trusted", notes=("odd",), verified_tag=tag)
    attested = TrustResult(
        "cosign",
        "app:3",
        _DIGEST,
        "trusted",
        kind="attestation",
        attestations=(Attestation("https://slsa.dev/provenance/v1", built, key), Attestation("x/sbom", {}, ann)),
    )
    refused = TrustResult(
        "notation", "app:4", "", "untrusted", "signature", "it was changed", accepted=True, level="warn"
    )
    away = TrustResult("cosign", "app:5", "", "unknown", "", "the server is away", policy="*", level="enforce")
    joined = TrustResult(
        "policy",
        "app:6",
        _DIGEST,
        "untrusted",
        "signature",
        "nobody signed it",
        policy="example.com/*",
        level="enforce",
        checks={"cosign": signed, "notary": notary, "notation": refused, "more": away},
    )
    return signed, notary, attested, refused, away, joined, replace(joined, state="trusted", why="")  # fmt: skip


def remapping_plan(number: int = 2, **more: Any) -> RemappingPlan:
    names = [f"web-{index}" for index in range(number)]
    facts: dict[str, Any] = {
        "kernel": "6.1.0", "user_namespaces": True, "most_namespaces": 1000, "subuid": "", "subgid": "",
        "accounts": {"root": 0, "jo": 1000}, "engine": True, "flag": "", "storage": "overlay2", "data_root": "/var/lib/docker", "free": 10**12,
        "images": tuple(EngineImage(f"{name}:1", 10**9, pullable=index % 2 == 0) for index, name in enumerate(names)),
        "containers": tuple(PlannedContainer(name, container(privileged=True, pid="host")) for name in names),
        "volumes": tuple(EngineVolume(name, path=f"/srv/{name}") for name in names), "networks": ("back",),
        "binds": tuple(Bind(name, f"/srv/{name}", "/data") for name in names),
        "owned": tuple(Owned(path=f"/srv/{name}", owners=((0, 0, 5), (1000, 33, 2)), setuid=(f"/srv/{name}/su",)) for name in names),
    }  # fmt: skip
    return plan(MachineFacts(**facts | more))


def pod_security() -> PodSecurityReport:
    controls = (
        PodControl("a", "Host namespaces", "baseline", ("C001", "C002")),
        PodControl("b", "Running as root", "restricted", ("C003",)),
    )
    space = PodNamespace("shop", "restricted", 30, _AT)
    found = tuple(
        PodViolation(controls[index % 2], f"shares namespace {index}", Location("pods.yaml", index + 3))
        for index in range(8)
    )
    workloads = (
        PodWorkload("web", "Deployment", _AT, "shop", "privileged", found, refused_by=space),
        PodWorkload("db", "Pod", _AT, "shop", "restricted"),
        PodWorkload(
            "job",
            "Job",
            Location("b.yaml", 1),
            "",
            "baseline",
            found[1:2],
            partial="an init container could not be read",
        ),
        PodWorkload("odd", "Pod", Location("b.yaml", 9), skipped="its image is a template"),
    )
    return PodSecurityReport("1", "Pod Security Standards", "restricted", 30, controls, workloads, (space,), (SkippedManifest("c.yaml", "a template"),), (_ERROR,))  # fmt: skip


def benchmark() -> BenchmarkReport:
    names = ", ".join(f"web-{number}" for number in range(9))
    rows = (
        RecommendationResult(
            Recommendation(number="1.1", title="Keep the engine current", scope="host", rules=("E001", "E002:x")),
            "fail",
            (f"{names}: old", "b: bad", "c: bad", "d: bad", "e", "f", "g", "h"),
            Severity.HIGH,
        ),
        RecommendationResult(
            Recommendation(number="1.2", title="Look", scope="engine", by_hand="Look at it."), "manual", ("by hand",)
        ),
        RecommendationResult(Recommendation(number="2.10", title="Pass", scope="containers", rules=("C001",)), "pass"),
        RecommendationResult(
            Recommendation(number="2.11", title="Skip", scope="containers", rules=("C002",)),
            "skipped",
            ("nobody may read it", "root only"),
        ),
        RecommendationResult(
            Recommendation(number="2.12", title="No", scope="containers"), "not applicable", ("no swarm",), Severity.LOW
        ),
    )
    sections = (
        BenchmarkSection("1", "Host", tuple(row.recommendation for row in rows[:2])),
        BenchmarkSection("2", "Containers", tuple(row.recommendation for row in rows[2:])),
    )
    return BenchmarkReport("1", Benchmark("cis", "CIS Docker Benchmark", sections, "In our own words."), ("host a", "Docker 28"), rows, Severity.HIGH, (_ERROR,))  # fmt: skip


def advice() -> BaseAdvice:
    share = Share("libssl3", 6_000_000, 12, 0, needed=True, detail="of openssl")
    surface = Surface(
        90_000_000,
        4000,
        (("deb", 90), ("pypi", 1)),
        ("bin/su", "bin/mount"),
        ("usr/bin/wall",),
        ("bin/ping",),
        (("shells", ("bin/sh", "bin/bash")), ("downloaders", ("usr/bin/curl",))),
        (Share("base", 70_000_000, 3000, 0), Share("app", 20_000_000, 1000, 1)),
        (share, Share("perl", 9_000_000, 900, 0, needed=False), Share("odd", 10, 1)),
        512,
        (Share("srv/x", 500, 1),),
        4096,
        (Share("usr/y", 4000, 2, 0),),
    )
    start = Start(
        ("/run", "--fast"),
        (
            StartStep("/run", "script", "run", "the entrypoint", "sh"),
            StartStep("/app", "dynamic", "app", "/run"),
            StartStep("python3", "interpreted", "usr/bin/python3", "/app", "python"),
            StartStep("gone", "missing", "", "/run"),
        ),
        "/run is a script",
        form=True,
        managers=("npm",),
        unknown=("$X is not known",),
    )
    fits = (
        BaseFit("keep", "yes", "sure", ()),
        BaseFit(
            "slim",
            "yes",
            "unsure",
            ("no package is missing",),
            40_000_000,
            "debian:12-slim",
            ("FROM debian:12-slim", "COPY . /"),
        ),
        BaseFit("alpine", "work", "sure", ("breaks: app",), 9_000_000, "alpine:3.20"),
        BaseFit("static", "no", "sure", ("needs glibc",)),
        BaseFit("distroless", "unknown", "unsure", ("what it starts is not known",), 5),
    )
    return BaseAdvice(
        ("app:1", "app:2"), _DIGEST, "linux/amd64", "Debian GNU/Linux 12", Base("debian:12", f"sha256:{'b' * 64}", 2, ("a label: debian:12",)), surface, start,
        Closure(("app", "lib/libc.so.6"), (("app", "libnone.so"), ("b", "libc.so.1")), ("lib/libnss.so",), 3_000_000), RootFiles(("app", "lib/", "lib/libc.so.6"), 2, 3_000_000, 1),
        Need(12, 20_000_000, (share, Share("vim", 8_000_000, 90)), 30_000_000), (Musl("app", "breaks", ("backtrace@GLIBC_2.2.5", "gnu_get_libc_version@GLIBC_2.2.5"), "app-pkg", 1, ("iconv",), "manylinux_2_28"), Musl("b", "gcompat"), Musl("c", "runs", differs=("setlocale",)), Musl("d", "stand-in")),
        fits, "slim", ("layer 3 could not be read",),
    )  # fmt: skip


def unused() -> UnusedPackages:
    packages = tuple(
        UnusedPackage("deb", f"lib{number}", f"{number}.0", number * 1_000_000, number, number % 3)
        for number in range(9, -1, -1)
    )
    return UnusedPackages("container:web", 90, 40, packages, "curl http://127.0.0.1/", ("nobody logged in",), matched=False)  # fmt: skip


_HARM = RecordedHarm(
    "The container reads a file of the host.",
    "docker run --volume /:/host alpine",
    ((("docker", "exec", "c", "cat", "/host/x y"), "secret\n"), (("docker", "rm", "c"), "")),
    "docker run alpine",
    ((("docker", "exec", "c", "cat", "/host/x y"), "cat: no such file\ngone\n"),),
    "There is no such directory.",
)


def rule_pages() -> tuple[RulePage, ...]:
    return (
        page(), replace(page(), id="B001", kinds=("build", "image"), fix="safe", pedantic=True, title="A | B `c`", severity=Severity.LOW), replace(page(), id="X9", fix="none", references=(), bad=(), good=(), remedy="", shown=_HARM),
    )  # fmt: skip


def feeds() -> tuple[FeedRow, ...]:
    return (
        FeedRow("osv/PyPI", "PyPI", "updated", "", 1200, 3, 2, "2026-11-20T10:00:00Z", 1_764_000_000, 1_764_000_000, "", ("a.json: is no object", "b.json")), FeedRow("kev", "Known exploited", "unchanged", "", 1, 0, 0, "2026-11-01", 1_763_000_000, 1_763_900_000, "older than 7 days"),
        FeedRow("epss", "EPSS", "failed", "the server is away", 0, old="never fetched"), FeedRow("debian", "Debian", "skipped", "not asked for", 9, 0, 0, "", 1_763_999_990, 1_763_999_950),
    )  # fmt: skip
