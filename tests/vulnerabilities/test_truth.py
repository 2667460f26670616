"""What matching finds, and what a slow and plain reading of the same records finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from sealock.inventory.dpkg import STATUS, Dpkg
from sealock.model.container import Container
from sealock.model.inventory import Distribution, Inventory, Package
from sealock.vulnerabilities.database.seal import opened
from sealock.vulnerabilities.match import match
from sealock.vulnerabilities.store import AdvisoryStore
from support.analyzers import packages
from support.debiantruth import affected
from support.madedatabases import database

VECTORS = Path(__file__).parent.parent / "vectors" / "advisories"
BOOKWORM = Distribution("debian", "12", "bookworm")


def records(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> AdvisoryStore:
    """A real database of all recorded advisories."""
    by_ecosystem: dict[str, list[dict[str, Any]]] = {"Debian": records("debian")}
    for record in records("languages"):
        for ecosystem in {affects["package"]["ecosystem"] for affects in record["affected"]}:
            by_ecosystem.setdefault(ecosystem, []).append(record)
    return opened(f"{database(tmp_path_factory.mktemp('truth'), by_ecosystem)}/advisories.db")


def found(
    store: AdvisoryStore, *listed: Package, distribution: Distribution | None = None
) -> set[tuple[str, str, str]]:
    matched = match(Inventory((), "", "", (), Container(), distribution, listed), store)
    assert not matched.unchecked
    return {
        (vulnerability.id, vulnerability.package.name, vulnerability.fixed) for vulnerability in matched.vulnerabilities
    }


def debian(store: AdvisoryStore, name: str) -> tuple[set[tuple[str, str, str]], set[tuple[str, str, str]]]:
    """What matching finds for a recorded status file, and what is true."""
    status = (VECTORS / f"{name}.status").read_text(encoding="utf-8")
    listed = packages(Dpkg(), {STATUS: status.encode()})
    return found(store, *listed, distribution=BOOKWORM), affected(records("debian"), status, "Debian:12")


@pytest.mark.parametrize("name", ["bookworm-released", "bookworm-updated"])
def test_debian_packages_are_found_just_as_a_plain_reading_with_dpkg_finds_them(
    store: AdvisoryStore, name: str
) -> None:
    ours, truth = debian(store, name)
    assert ours == truth
    assert truth


def test_an_updated_image_has_none_of_what_its_updates_mend(store: AdvisoryStore) -> None:
    before, _ = debian(store, "bookworm-released")
    after, _ = debian(store, "bookworm-updated")
    fixed_ = before - after
    assert {("CVE-2024-5535", "libssl3", "3.0.15-1~deb12u1"), ("CVE-2023-38545", "curl", "7.88.1-10+deb12u4")} <= fixed_
    assert after < before
    assert all(not fixed or "deb12" not in fixed for _, _, fixed in after)


@pytest.mark.parametrize(
    ("name", "version"),
    [("django", "3.2"), ("django", "2.2.10"), ("django", "4.2"), ("jinja2", "2.11.0"), ("jinja2", "3.1.4")],
)
def test_python_packages_are_found_just_as_packaging_compares_their_versions(
    store: AdvisoryStore, name: str, version: str
) -> None:
    truth = set()
    for record in records("languages"):
        for affects in record["affected"]:
            if affects["package"]["name"].lower() != name or record.get("withdrawn"):
                continue
            for span in affects["ranges"]:
                events = span["events"]
                for start, end in zip(events[::2], [*events[1::2], {}], strict=False):
                    begins = Version(start["introduced"]) <= Version(version)
                    if begins and ("fixed" not in end or Version(version) < Version(end["fixed"])):
                        (cve,) = [text for text in record["aliases"] if text.startswith("CVE-")]
                        truth.add((cve, name, end.get("fixed", "")))
    assert found(store, Package("pypi", name, version, "x")) == truth
    assert truth


X_NET = Package("golang", "net", "v0.17.0", "app", namespace="golang.org/x")


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (Package("npm", "lodash", "4.17.20", "x"), {("CVE-2020-28500", "4.17.21"), ("CVE-2021-23337", "4.17.21")}),
        (Package("npm", "lodash", "4.17.21", "x"), set()),
        (
            Package("maven", "log4j-core", "2.14.1", "x.jar", namespace="org.apache.logging.log4j"),
            {("CVE-2021-44228", "2.15.0"), ("CVE-2021-44832", "2.17.1"), ("CVE-2021-45046", "2.16.0"), ("CVE-2021-45105", "2.17.0")},
        ),
        (Package("maven", "log4j-core", "2.12.2", "x.jar", namespace="org.apache.logging.log4j"), {("CVE-2020-9488", "2.12.3"), ("CVE-2021-44832", "2.12.4"), ("CVE-2021-45105", "2.12.3")}),
        (
            Package("gem", "activerecord", "5.2.0", "x"),
            {("CVE-2021-22880", "5.2.4.5"), ("CVE-2022-32224", "5.2.8.1"), ("CVE-2022-44566", "6.1.7.1")},
        ),
        (Package("gem", "rails", "5.2.0", "x"), set()),
        (Package("cargo", "time", "0.1.42", "x"), {("CVE-2020-26235", "0.2.23")}),
        (Package("nuget", "newtonsoft.JSON", "12.0.3", "x"), {("CVE-2024-21907", "13.0.1"), ("GHSA-8rfx-6mr3-5jh3", "13.0.1")}),
        (
            Package("composer", "psr7", "1.8.3", "x", namespace="guzzlehttp"),
            {("CVE-2022-24775", "1.9.1"), ("CVE-2023-29197", "1.9.1"), ("CVE-2023-29530", "1.9.1")},
        ),
        (Package("composer", "psr7", "2.4.5", "x", namespace="guzzlehttp"), set()),
    ],
)  # fmt: skip
def test_packages_of_other_languages_are_found_with_the_fixes_that_their_records_name(
    store: AdvisoryStore, package: Package, expected: set[tuple[str, str]]
) -> None:
    assert {(flaw, fixed) for flaw, _, fixed in found(store, package)} == expected


def test_old_go_modules_are_found_and_those_of_before_are_told_apart_from_those_of_after(store: AdvisoryStore) -> None:
    flaws = {flaw: fixed for flaw, _, fixed in found(store, X_NET)}
    assert flaws["CVE-2023-45288"] == "0.23.0"
    assert flaws["CVE-2024-45338"] == "0.33.0"
    assert "CVE-2023-39325" not in flaws
    old = Package("golang", "net", "v0.0.0-20220722155237-a158d28d115b", "app", namespace="golang.org/x")
    older = {flaw: fixed for flaw, _, fixed in found(store, old)}
    assert older["CVE-2022-27664"] == "0.0.0-20220906165146-f3363e06e74c"
    assert older["CVE-2023-39325"] == "0.17.0"
