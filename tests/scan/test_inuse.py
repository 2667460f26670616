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
from sealock.scan.useevidence import UseEvidence, file_gaps, profile_evidence
from support.profiles import web


def inventory(*packages: Package) -> Inventory:
    return Inventory((), "", "", (), Container(), packages=packages)


def deb(name: str, *files: str, **more: Any) -> Package:
    return Package("deb", name, "1", "var/lib/dpkg/status", files=files, **more)


PIP = "usr/lib/python3/dist-packages"
NPM = "app/node_modules"
GEMS = "var/lib/gems/3.3.0"
ROWS = [
    ("a program that runs", deb("nginx", "usr/sbin/nginx"), {"usr/sbin/nginx"}, "loaded"),
    ("a library that is mapped", deb("libssl3", "usr/lib/x/libssl.so.3"), {"usr/lib/x/libssl.so.3"}, "loaded"),
    ("one listed where /lib was before", deb("libc6", "lib/x/libc.so.6"), {"usr/lib/x/libc.so.6"}, "loaded"),
    ("one listed below usr, in a root with its own /lib", deb("musl", "usr/lib/ld.so"), {"lib/ld.so"}, "loaded"),
    ("no file of it", deb("curl", "usr/bin/curl"), {"usr/sbin/nginx"}, "present"),
    ("a file beside its own", deb("a", "usr/share/a/x"), {"usr/share/a/y"}, "present"),
    ("a directory of its own", deb("a", "usr/share/a"), {"usr/share/a/y"}, "present"),
    ("no list of files", deb("a"), {"usr/bin/a"}, "unknown"),
    ("removed", deb("a", "usr/bin/a", removed=True), {"usr/bin/a"}, None),
    ("a native module", Package("pypi", "x", "1", f"{PIP}/x.dist-info/METADATA", files=(f"{PIP}/x/_x.so",)), {f"{PIP}/x/_x.so"}, "loaded"),
    ("modules that were closed again", Package("pypi", "x", "1", f"{PIP}/x.dist-info/METADATA", files=(f"{PIP}/x/a.py",)), {"usr/bin/python3"}, "unknown"),
    ("an addon of Node", Package("npm", "x", "1", f"{NPM}/x/package.json", found_by="npm"), {f"{NPM}/x/build/x.node"}, "loaded"),
    ("another package's addon", Package("npm", "x", "1", f"{NPM}/x/package.json", found_by="npm"), {f"{NPM}/xx/x.node"}, "unknown"),
    ("a module of a program in Go", Package("golang", "g", "1", "usr/bin/app", found_by="gobinary"), {"usr/bin/app"}, "loaded"),
    ("one of a program that does not run", Package("golang", "g", "1", "usr/bin/tool", found_by="gobinary"), {"usr/bin/app"}, "present"),
    ("a jar that is open", Package("maven", "m", "1", "app/a.jar", found_by="jars"), {"app/a.jar"}, "loaded"),
    ("a jar within one that is open", Package("maven", "m", "1", "app/a.jar!/lib/m.jar", found_by="jars"), {"app/a.jar"}, "loaded"),
    ("a library within a program", Package("generic", "zlib", "1", "usr/bin/app", found_by="staticlibs"), {"usr/bin/app"}, "loaded"),
    ("a runtime of Java", Package("generic", "openjdk", "21", "opt/jdk/release", found_by="jdk"), {"opt/jdk/lib/server/libjvm.so"}, "loaded"),
    ("another runtime of Java", Package("generic", "openjdk", "8", "opt/jdk8/release", found_by="jdk"), {"opt/jdk/lib/server/libjvm.so"}, "present"),
    ("a native part of a gem", Package("gem", "x", "1", f"{GEMS}/specifications/x-1.gemspec", found_by="gems"), {f"{GEMS}/gems/x-1/lib/x.so"}, "loaded"),
    ("another version of a gem", Package("gem", "x", "1", f"{GEMS}/specifications/x-1.gemspec", found_by="gems"), {f"{GEMS}/gems/x-12/lib/x.so"}, "unknown"),
    ("what only an SBOM lists", Package("golang", "g", "1", "opt/app.spdx.json", found_by="sboms"), {"usr/bin/app"}, "unknown"),
    ("an assembly, by the file next to it", Package("nuget", "N", "1", "app/app.deps.json", found_by="dotnet"), {"app/N.dll"}, "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("package", "used", "use"), [pytest.param(*row, id=sense) for sense, *row in ROWS])
def test_a_package_is_graded_by_its_files(package: Package, used: set[str], use: str | None) -> None:
    (graded,) = package_uses(inventory(package), UseEvidence(frozenset(used))).values() or (None,)
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
    uses = package_uses(inventory(*packages), UseEvidence(frozenset({"usr/sbin/nginx"})))
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
    graded = list(grade(found, inventory(*packages), UseEvidence(frozenset({"usr/bin/a"}))))
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
    uses = package_uses(inventory(*packages), UseEvidence(frozenset({"usr/bin/p0"})))
    assert list(uses.values()) == ["loaded", *["reachable"] * (number - 1)][:number]


def test_a_module_whose_compiled_file_is_read_is_loaded() -> None:
    """An interpreter reads only the latter, and what Debian's packages list is only the former."""
    module = deb("python3-x", "usr/lib/python3/dist-packages/x/a.py")
    flat = Package("pypi", "y", "1", "y.dist-info/METADATA", files=("app/y.py",))
    for used in ("usr/lib/python3/dist-packages/x/__pycache__/a.cpython-313.pyc", "app/y.pyc"):
        uses = package_uses(inventory(module, flat), UseEvidence(frozenset({used}), whole=True))
        assert sorted(uses.values()) == ["loaded", "present"]


def test_a_profile_shows_what_is_in_use() -> None:
    evidence = profile_evidence(web(read=(f"/{PIP}/x/a.py",)))
    assert evidence.exercise == "curl http://127.0.0.1/"
    assert evidence.whole
    packages = (
        deb("nginx", "usr/sbin/nginx", needs=("libssl3",)), deb("libssl3", "usr/lib/libssl.so.3"),
        deb("libc6", "usr/lib/libc.so.6"), deb("curl", "usr/bin/curl"), deb("virtual"),
        Package("pypi", "x", "1", f"{PIP}/x.dist-info/METADATA", files=(f"{PIP}/x/a.py",)),
        Package("pypi", "y", "1", f"{PIP}/y.dist-info/METADATA", files=(f"{PIP}/y/a.py",)),
    )  # fmt: skip
    uses = {name: use for (_, name, _, _), use in package_uses(inventory(*packages), evidence).items()}
    assert uses == {
        "nginx": "loaded", "libssl3": "reachable", "libc6": "loaded", "curl": "present", "virtual": "unknown",
        "x": "loaded", "y": "present",
    }  # fmt: skip
    found = list(grade([finding("curl"), finding("nginx")], inventory(*packages), evidence))
    assert [one.message.partition("; ")[2] for one in found] == [
        "the profile saw no file of it in use",
        "in use: the profile saw a file of it in use",
    ]
    (hidden, _) = hide_unused(found)
    assert hidden.suppressed is not None
    assert hidden.suppressed.reason == "the profile saw no file of it in use"


WITHOUT_FILES = [
    ("Python, as Debian installs it", Package("pypi", "y", "1", f"{PIP}/y.egg-info/PKG-INFO", found_by="python"), "unknown"),
    ("PHP, all in one record", Package("composer", "y", "1", "app/vendor/composer/installed.json", found_by="php"), "unknown"),
    ("an SBOM", Package("npm", "y", "1", "opt/app.cdx.json", found_by="sboms"), "unknown"),
    ("a gem of Ruby's own directory", Package("gem", "y", "1", f"{GEMS}/specifications/default/y-1.gemspec", found_by="gems"), "unknown"),
    ("a gem", Package("gem", "y", "1", f"{GEMS}/specifications/y-1.gemspec", found_by="gems"), "present"),
    ("Node", Package("npm", "y", "1", f"{NPM}/y/package.json", found_by="npm"), "present"),
    ("a program", Package("golang", "y", "1", "usr/bin/y", found_by="gobinary"), "present"),
]  # fmt: skip


@pytest.mark.parametrize(("package", "use"), [pytest.param(*row, id=sense) for sense, *row in WITHOUT_FILES])
def test_no_profile_shows_that_a_package_of_unknown_files_is_not_in_use(package: Package, use: str) -> None:
    (graded,) = package_uses(inventory(package), profile_evidence(web())).values()
    assert graded == use


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        ({}, None),
        ({"digests": ()}, "it does not say which image it was learned from"),
        ({"executed": ()}, "it saw no program start"),
        ({"read": ("/run/secrets/k\N{HORIZONTAL ELLIPSIS}",)}, "some of its paths are masked"),
        ({"runs": tuple(replace(run, lost=("12 files",)) for run in web().runs)}, "the watcher lost 12 files"),
        ({"runs": tuple(replace(run, mechanism="log") for run in web().runs)}, "it was learned from no run"),
        ({"runs": tuple(replace(run, phases=("start",)) for run in web().runs)}, "it never met the phase 'traffic'"),
    ],
)
def test_a_profile_with_gaps_does_not_show_what_is_not_in_use(changes: dict[str, Any], gap: str | None) -> None:
    """One that met a phase only while it was watched by what sees no files did not see that phase's files."""
    profile = web(**changes)
    assert (gap in file_gaps(profile)) if gap else (file_gaps(profile) == ())
    assert profile_evidence(profile).whole is (gap is None)
    module = Package("pypi", "y", "1", "y.dist-info/METADATA", files=("app/y.py",))
    (use,) = package_uses(inventory(module), profile_evidence(profile)).values()
    assert use == ("unknown" if gap else "present")
