"""Which packages a running container uses, by the files that its processes have open or mapped."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sealock.model.advisory import Installed, Vulnerability
from sealock.model.container import Container
from sealock.model.finding import Confidence, Finding, Remedy, Severity
from sealock.model.inventory import Inventory, Package
from sealock.model.location import Location
from sealock.scan.inuse import grade, hide_unused, package_uses


def inventory(*packages: Package) -> Inventory:
    return Inventory((), "", "", (), Container(), packages=packages)


def deb(name: str, *files: str, **more: Any) -> Package:
    return Package("deb", name, "1", "var/lib/dpkg/status", files=files, **more)


PIP = "usr/lib/python3/dist-packages"
NPM = "app/node_modules"
ROWS = [
    ("a program that runs", deb("nginx", "usr/sbin/nginx"), {"usr/sbin/nginx"}, "loaded"),
    ("a library that is mapped", deb("libssl3", "usr/lib/x/libssl.so.3"), {"usr/lib/x/libssl.so.3"}, "loaded"),
    ("one listed where /lib was before", deb("libc6", "lib/x/libc.so.6"), {"usr/lib/x/libc.so.6"}, "loaded"),
    ("one listed below usr, in a root with its own /lib", deb("musl", "usr/lib/ld.so"), {"lib/ld.so"}, "loaded"),
    ("no file of it", deb("curl", "usr/bin/curl"), {"usr/sbin/nginx"}, "present"),
    ("a file beside its own", deb("a", "usr/share/a/x"), {"usr/share/a/y"}, "present"),
    ("a directory of its own", deb("a", "usr/share/a"), {"usr/share/a/y"}, "present"),
    ("no list of files", deb("a"), {"usr/bin/a"}, "present"),
    ("removed", deb("a", "usr/bin/a", removed=True), {"usr/bin/a"}, None),
    ("a native module", Package("pypi", "x", "1", f"{PIP}/x.dist-info/METADATA", files=(f"{PIP}/x/_x.so",)), {f"{PIP}/x/_x.so"}, "loaded"),
    ("modules that were closed again", Package("pypi", "x", "1", f"{PIP}/x.dist-info/METADATA", files=(f"{PIP}/x/a.py",)), {"usr/bin/python3"}, "unknown"),
    ("an addon of Node", Package("npm", "x", "1", f"{NPM}/x/package.json"), {f"{NPM}/x/build/x.node"}, "loaded"),
    ("another package's addon", Package("npm", "x", "1", f"{NPM}/x/package.json"), {f"{NPM}/xx/x.node"}, "unknown"),
    ("a module of a program in Go", Package("golang", "g", "1", "usr/bin/app"), {"usr/bin/app"}, "loaded"),
    ("one of a program that does not run", Package("golang", "g", "1", "usr/bin/tool"), {"usr/bin/app"}, "present"),
    ("a jar that is open", Package("maven", "m", "1", "app/a.jar"), {"app/a.jar"}, "loaded"),
    ("a jar within one that is open", Package("maven", "m", "1", "app/a.jar!/lib/m.jar"), {"app/a.jar"}, "loaded"),
    ("a library within a program", Package("generic", "zlib", "1", "usr/bin/app"), {"usr/bin/app"}, "loaded"),
]  # fmt: skip


@pytest.mark.parametrize(("package", "used", "use"), [pytest.param(*row, id=sense) for sense, *row in ROWS])
def test_a_package_is_graded_by_its_files(package: Package, used: set[str], use: str | None) -> None:
    (graded,) = package_uses(inventory(package), frozenset(used)).values() or (None,)
    assert graded == use


def test_what_a_loaded_package_depends_on_is_reachable() -> None:
    packages = (
        deb("nginx", "usr/sbin/nginx", needs=("libssl3", "mail-transport-agent")),
        deb("libssl3", "usr/lib/libssl.so.3", needs=("libc6",)),
        deb("libc6", "usr/lib/libc.so.6", needs=("nginx",)),
        deb("exim4", "usr/sbin/exim4", provides=("mail-transport-agent",)),
        deb("curl", "usr/bin/curl", needs=("libcurl4",)),
        deb("libcurl4", "usr/lib/libcurl.so.4"),
        Package("pypi", "libc6", "1", "x/METADATA", files=("x/libc6.py",)),
    )
    uses = package_uses(inventory(*packages), frozenset({"usr/sbin/nginx"}))
    assert {(kind, name): use for (kind, name, _, _), use in uses.items()} == {
        ("deb", "nginx"): "loaded",
        ("deb", "libssl3"): "reachable",
        ("deb", "libc6"): "reachable",
        ("deb", "exim4"): "reachable",
        ("deb", "curl"): "present",
        ("deb", "libcurl4"): "present",
        ("pypi", "libc6"): "unknown",
    }


def finding(name: str) -> Finding:
    flaw = Vulnerability("CVE-1", Installed("deb", name, "1", "", path="var/lib/dpkg/status"), Severity.HIGH, "osv")
    location = Location("container web")
    return Finding(
        "CVE-1", Severity.HIGH, Confidence.HIGH, "t", f"{name} 1 is vulnerable", location, "s", "e", Remedy(""), (), "f",
        vulnerability=flaw,
    )  # fmt: skip


def test_findings_say_whether_it_is_in_use_and_only_the_unused_are_hidden() -> None:
    packages = (deb("a", "usr/bin/a", needs=("b",)), deb("b", "usr/bin/b"), deb("c", "usr/bin/c"))
    rule = replace(finding("d"), vulnerability=None)
    found = [finding("a"), finding("b"), finding("c"), finding("gone"), rule]
    graded = list(grade(found, inventory(*packages), frozenset({"usr/bin/a"})))
    assert [one.message.partition("; ")[2] for one in graded] == [
        "in use: a process of the container has it loaded",
        "a package that is loaded depends on it",
        "no process of the container has it loaded",
        "a snapshot cannot see whether it is in use",
        "",
    ]
    assert [one.fingerprint for one in graded] == ["f"] * 5
    hidden = list(hide_unused(graded))
    assert [one.suppressed.by if one.suppressed else "" for one in hidden] == ["", "", "--in-use", "", ""]


@pytest.mark.parametrize("number", [0, 1, 40_000])
def test_many_packages_are_graded_at_once(number: int) -> None:
    packages = [deb(f"p{at}", f"usr/bin/p{at}", needs=(f"p{at + 1}",)) for at in range(number)]
    uses = package_uses(inventory(*packages), frozenset({"usr/bin/p0"}))
    assert list(uses.values()) == ["loaded", *["reachable"] * (number - 1)][:number]
