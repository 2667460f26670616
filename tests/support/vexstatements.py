"""Statements of VEX documents on the packages of one image, and what they make of its findings."""

from __future__ import annotations

from typing import Any

from sealock.model.advisory import Advisory, Affects, Span
from sealock.model.container import Container
from sealock.model.finding import Finding
from sealock.model.inventory import Distribution, Inventory, Package
from sealock.model.location import Location
from sealock.model.vex import VexProduct, VexStatement
from sealock.policy.vex import VexStatements, VexUsage
from sealock.vulnerabilities.findings import FindingTarget, findings
from sealock.vulnerabilities.match import match
from support.madedatabases import Table

DIGEST, CONFIG = "sha256:" + "d" * 64, "sha256:" + "c" * 64
LIBSSL = Package("deb", "libssl3", "1:3.0.9-1", "var/lib/dpkg/status", architecture="amd64", source="openssl",
                 source_version="3.0.9-1")  # fmt: skip
NET = Package("golang", "net", "v0.1.0", "usr/bin/app", namespace="golang.org/x")
APP = Package("golang", "app", "v1.0.0", "usr/bin/app", namespace="example.com")
OTHER = Package("golang", "other", "v1.0.0", "usr/bin/other", namespace="example.com")
TABLE = Table(
    Advisory(
        "DSA-1", "osv", (Affects("Debian:12", "openssl", (Span(),)),), aliases=("CVE-2024-0001", "GHSA-aaaa-bbbb-cccc")
    ),
    Advisory("GO-2", "osv", (Affects("Go", "golang.org/x/net", (Span(),)),), aliases=("CVE-2024-0002",)),
)
IMAGE = Inventory(
    ("example.com/team/app:1.2",), CONFIG, "linux/amd64", (), Container(), Distribution("debian", "12"),
    (LIBSSL, NET, APP, OTHER), manifest=DIGEST,
)  # fmt: skip


def said(
    *products: VexProduct, status: Any = "not_affected", names: tuple[str, ...] = ("CVE-2024-0001",), **more: Any
) -> VexStatement:
    return VexStatement(
        names, status, products, **({"document": "v.json", "justification": "vulnerable_code_not_present"} | more)
    )


def weighed(
    *statements: VexStatement, inventory: Inventory = IMAGE, target: str = "app.tar"
) -> tuple[dict[str, Finding], list[str]]:
    usage = VexUsage()
    matcher = VexStatements(statements, usage).matcher(inventory, target)
    told = findings(match(inventory, TABLE), FindingTarget("app.tar", "image", Location("app.tar")))
    return {finding.rule: matcher.apply(finding) for finding in told}, list(usage.notes(statements))


def suppressed(*products: VexProduct, **more: Any) -> bool:
    found, _ = weighed(said(*products, **more))
    return found["CVE-2024-0001"].suppressed is not None
