"""Short words for inventories and advisories in tests of matching."""

from __future__ import annotations

from typing import Any

from sealock.model.advisory import Advisory, Affects, DistributionState, Span
from sealock.model.container import Container
from sealock.model.inventory import Distribution, Inventory, Package
from sealock.vulnerabilities.matches import MatchResult

DEBIAN = Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)")
ALMA = Distribution("almalinux", "8.10", name="AlmaLinux 8.10")


def deb(name: str, version: str, **more: Any) -> Package:
    return Package("deb", name, version, "var/lib/dpkg/status", **more)


def pypi(name: str, version: str, path: str = "app/x.dist-info/METADATA", **more: Any) -> Package:
    return Package("pypi", name, version, path, **more)


def rpm(name: str, version: str, module: str = "") -> Package:
    return Package(
        "rpm", name, version, "var/lib/rpm/Packages", qualifiers=(("modularitylabel", module),) if module else ()
    )


def inventory(*packages: Package, distribution: Distribution | None = DEBIAN, **more: Any) -> Inventory:
    return Inventory(
        ("app:1",), "sha256:0", "linux/amd64", more.pop("layers", ()), Container(), distribution, packages, **more
    )


def affects(ecosystem: str, name: str, *spans: Span, state: DistributionState = "affected", **more: Any) -> Affects:
    return Affects(ecosystem, name, spans, state=state, **more)


def advisory(name: str, *affected: Affects, feed: str = "osv", **more: Any) -> Advisory:
    return Advisory(name, feed, affected, **more)


def told(matched: MatchResult) -> set[tuple[str, str, str]]:
    return {
        (vulnerability.id, vulnerability.package.name, vulnerability.fixed) for vulnerability in matched.vulnerabilities
    }
