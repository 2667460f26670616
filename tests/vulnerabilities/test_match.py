"""Matching, rule by rule: which packages are told to be vulnerable, which are not, and what could not be judged."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.model.advisory import Affects, DistributionState, Span
from sealock.model.inventory import Distribution, FileFact, Package
from sealock.vulnerabilities.match import match
from sealock.vulnerabilities.matches import MatchResult
from support.madedatabases import Table
from support.madeinventories import ALMA, advisory, affects, deb, inventory, pypi, rpm, told


def test_a_binary_package_is_judged_by_its_source() -> None:
    table = Table(advisory("CVE-2024-0001", affects("Debian:12", "lvm2", Span(fixed="2.03.16-3"))))
    listed = inventory(
        deb("dmsetup", "2:1.02.185-2", source="lvm2", source_version="2.03.16-2"),
        deb("lvm2", "2.03.16-3", source="lvm2", source_version="2.03.16-3"),
    )
    assert told(match(listed, table)) == {("CVE-2024-0001", "dmsetup", "2.03.16-3")}


def by_red_hat(*states: tuple[str, DistributionState]) -> set[tuple[str, str, str]]:
    """What is found of libgate, which gate's source has, where Red Hat gives the packages these states."""
    claims = (
        affects("Red Hat:9", name, *([] if state == "not-affected" else [Span()]), state=state)
        for name, state in states
    )
    package = Package("rpm", "libgate", "1-2", "var/lib/rpm/Packages", source="gate", source_version="1-2")
    listed = inventory(package, distribution=Distribution("rhel", "9.4"))
    return told(match(listed, Table(advisory("CVE-2024-0001", *claims, feed="redhat-vex"))))


FOUND = {("CVE-2024-0001", "libgate", "")}


def test_a_binary_package_of_red_hat_has_the_flaws_of_its_source_that_have_no_fix() -> None:
    assert by_red_hat(("gate.src", "affected")) == FOUND
    assert by_red_hat(("gate", "affected")) == set()


def test_a_binary_package_of_red_hat_that_is_not_affected_has_none_of_its_source() -> None:
    assert by_red_hat(("gate.src", "affected"), ("libgate", "not-affected")) == set()


def test_each_name_is_asked_for_once() -> None:
    table = Table(covered=["Debian:12"])
    packages = (deb(f"lib{n}", "1-1", source="one", source_version="1-1") for n in range(9))
    match(inventory(*packages), table)
    assert table.asked == ["one"]


@pytest.mark.parametrize(
    ("version", "spans", "versions", "fixed"),
    [
        ("1.0", (Span(fixed="1.1"),), (), "1.1"),
        ("1.1", (Span(fixed="1.1"),), (), None),
        ("1.0", (Span(last="1.0"),), (), ""),
        ("1.0.1", (Span(last="1.0"),), (), None),
        ("1.0", (Span(limit="1.1"),), (), ""),
        ("1.1", (Span(limit="1.1"),), (), None),
        ("1.0", (Span(introduced="1.0"),), (), ""),
        ("0.9", (Span(introduced="1.0"),), (), None),
        ("3.2", (Span("2.2", "2.2.24"), Span("3.1", "3.1.12"), Span("3.2", "3.2.4")), (), "3.2.4"),
        ("2.3", (Span("2.2", "2.2.24"), Span("3.1", "3.1.12"), Span("3.2", "3.2.4")), (), None),
        ("2.2.1", (Span("2.2", "2.2.24"), Span("3.1", "3.1.12"), Span("3.2", "3.2.4")), (), "2.2.24"),
        ("1.5", (), ("1.4", "1.5"), ""),
        ("1.5.0", (), ("1.4", "1.5"), ""),
        ("1.6", (), ("1.4", "1.5"), None),
        ("2.0", (Span(fixed="1.1"),), ("2.0",), ""),
        ("1.0", (Span(fixed="1.1"),), ("1.1",), ""),
        ("1.6", (Span("1.6", "1.7"),), ("1.4", "1.5"), "1.7"),
        ("1.0rc1", (Span(fixed="1.0"),), (), "1.0"),
    ],
)
def test_a_version_is_affected_that_is_listed_or_in_a_range(
    version: str, spans: tuple[Span, ...], versions: tuple[str, ...], fixed: str | None
) -> None:
    table = Table(advisory("CVE-2024-0001", affects("PyPI", "thing", *spans, versions=versions)))
    expected = set() if fixed is None else {("CVE-2024-0001", "thing", fixed)}
    assert told(match(inventory(pypi("thing", version)), table)) == expected


@pytest.mark.parametrize(
    ("denied", "found"),
    [
        pytest.param({}, False, id="not affected, whatever the version"),
        pytest.param({"spans": (Span(),)}, False, id="not affected from the first version on"),
        pytest.param({"spans": (Span(introduced="2"),)}, True, id="not affected from a later version on"),
        pytest.param({"versions": ("1.0",)}, False, id="not affected in this version"),
        pytest.param({"versions": ("2.0",)}, True, id="not affected in another version"),
        pytest.param({"versions": ("no version",)}, True, id="not affected in a version that cannot be parsed"),
    ],
)
def test_a_record_that_denies_a_flaw_counts_for_the_versions_that_it_names(
    denied: dict[str, Any],
    found: bool,  # noqa: FBT001  a table's column
) -> None:
    table = Table(
        advisory("GHSA-1", affects("PyPI", "thing", Span()), aliases=("CVE-2024-0001",)),
        advisory("PYSEC-1", Affects("PyPI", "thing", state="not-affected", **denied), aliases=("CVE-2024-0001",)),
    )
    result = match(inventory(pypi("thing", "1.0")), table)
    assert bool(result.vulnerabilities) is found


def test_what_several_records_say_of_one_flaw_is_told_once_with_the_version_that_mends_it_for_all() -> None:
    table = Table(
        advisory("GHSA-1", affects("PyPI", "thing", Span(fixed="1.2")), aliases=("CVE-2024-0001",)),
        advisory("PYSEC-1", affects("PyPI", "thing", Span(fixed="1.3")), aliases=("CVE-2024-0001", "GHSA-1")),
    )
    (flaw,) = match(inventory(pypi("thing", "1.0")), table).vulnerabilities
    assert (flaw.id, flaw.fixed, flaw.aliases) == ("CVE-2024-0001", "1.3", ("GHSA-1", "PYSEC-1"))
    assert set(flaw.advisories) == {"GHSA-1", "PYSEC-1"}


def test_a_record_with_several_cves_keeps_them_all() -> None:
    table = Table(
        advisory(
            "RUSTSEC-1", affects("crates.io", "time", Span(fixed="0.2.0")), aliases=("CVE-2024-0001", "CVE-2024-0002")
        )
    )
    found = match(inventory(Package("cargo", "time", "0.1.0", "Cargo.lock")), table).vulnerabilities
    assert {flaw.id: flaw.aliases for flaw in found} == {
        "CVE-2024-0001": ("RUSTSEC-1",),
        "CVE-2024-0002": ("RUSTSEC-1",),
    }


def test_a_record_on_a_cve_is_on_no_other_whatever_it_calls_its_aliases() -> None:
    table = Table(
        advisory("CVE-2024-0001", affects("Debian:12", "webpack", Span()), aliases=("CVE-2024-0002", "GHSA-1")),
        advisory("DEBIAN-CVE-2024-0003", affects("Debian:12", "webpack", Span()), aliases=("CVE-2024-0002",)),
    )
    found = match(inventory(deb("webpack", "5-1")), table).vulnerabilities
    assert {flaw.id: flaw.aliases for flaw in found} == {
        "CVE-2024-0001": ("GHSA-1",),
        "CVE-2024-0003": ("DEBIAN-CVE-2024-0003",),
    }


def test_names_are_followed_to_the_cve_that_another_record_gives() -> None:
    table = Table(
        advisory("PYSEC-1", affects("PyPI", "thing", Span(fixed="1.2")), aliases=("GHSA-1",)),
        advisory("GHSA-1", affects("PyPI", "thing", Span(introduced="5")), aliases=("CVE-2024-0001",)),
    )
    assert told(match(inventory(pypi("thing", "1.0")), table)) == {("CVE-2024-0001", "thing", "1.2")}


def test_circles_of_names_without_a_cve_end_and_are_one_flaw() -> None:
    names = [f"PYSEC-{n}" for n in range(1000)]
    table = Table(
        *(
            advisory(name, affects("PyPI", "thing", Span()), aliases=(names[n - 1], names[(n + 1) % 1000]))
            for n, name in enumerate(names)
        )
    )
    (flaw,) = match(inventory(pypi("thing", "1.0")), table).vulnerabilities
    assert flaw.id == "PYSEC-0"
    assert len(flaw.aliases) == 999


def test_a_record_of_many_ranges_and_a_feed_of_many_names_cost_no_more_than_they_hold() -> None:
    spans = tuple(Span(f"{n}.0", f"{n}.5") for n in range(5000))
    names = [f"PYSEC-{n}" for n in range(5000)]
    table = Table(
        advisory("CVE-2024-0001", affects("PyPI", "thing", *spans)),
        *(
            advisory(name, affects("PyPI", "thing", Span(fixed="9")), aliases=(names[n - 1],))
            for n, name in enumerate(names)
        ),
    )
    found = match(inventory(pypi("thing", "1.0")), table).vulnerabilities
    assert ("CVE-2024-0001", "1.5") in {(flaw.id, flaw.fixed) for flaw in found}


def test_an_update_counts_for_each_of_its_cves_and_does_not_make_them_one() -> None:
    table = Table(
        advisory(
            "DSA-1-1", affects("Debian:12", "webkit", Span(fixed="2-1")), upstream=("CVE-2024-0001", "CVE-2024-0002")
        ),
    )
    assert told(match(inventory(deb("webkit", "1-1")), table)) == {
        ("CVE-2024-0001", "webkit", "2-1"),
        ("CVE-2024-0002", "webkit", "2-1"),
    }


def test_the_record_on_the_cve_itself_decides_where_an_update_passes_it_on() -> None:
    table = Table(
        advisory(
            "DSA-1-1", affects("Debian:12", "webkit", Span(fixed="2-1")), upstream=("CVE-2024-0001", "CVE-2024-0002")
        ),
        advisory("CVE-2024-0001", affects("Debian:12", "webkit", Span(fixed="1-1"))),
        advisory(
            "DEBIAN-CVE-2024-0002", affects("Debian:12", "webkit", Span(fixed="3-1")), upstream=("CVE-2024-0002",)
        ),
    )
    assert told(match(inventory(deb("webkit", "1-1")), table)) == {("CVE-2024-0002", "webkit", "3-1")}


def test_what_others_make_of_a_trackers_word_counts_no_more_where_the_tracker_speaks() -> None:
    table = Table(
        advisory("CVE-2024-0001", affects("Debian:12", "bash", Span(fixed="5.1-1")), feed="debian-tracker"),
        advisory("DEBIAN-CVE-2024-0001", affects("Debian:12", "bash", Span()), upstream=("CVE-2024-0001",)),
        advisory("CVE-2024-0002", affects("Debian:12", "bash", Span())),
    )
    assert told(match(inventory(deb("bash", "5.2-1")), table)) == {("CVE-2024-0002", "bash", "")}
    assert ("CVE-2024-0001", "bash", "5.1-1") in told(match(inventory(deb("bash", "5.0-1")), table))


@pytest.mark.parametrize(
    "state",
    ["affected", "no-dsa", "ignored", "postponed", "unimportant", "end-of-life", "undetermined", "deferred", "pending"],
)
def test_the_distributions_state_is_kept(state: DistributionState) -> None:
    table = Table(advisory("CVE-2024-0001", affects("Debian:12", "bash", Span(), state=state)))
    (flaw,) = match(inventory(deb("bash", "5.2-1")), table).vulnerabilities
    assert (flaw.state, flaw.fixed) == (state, "")


def test_where_records_differ_the_state_that_says_most_is_told() -> None:
    table = Table(
        advisory("CVE-2024-0001", affects("Debian:12", "bash", Span())),
        advisory(
            "DEBIAN-CVE-2024-0001", affects("Debian:12", "bash", Span(), state="no-dsa"), upstream=("CVE-2024-0001",)
        ),
    )
    (flaw,) = match(inventory(deb("bash", "5.2-1")), table).vulnerabilities
    assert (flaw.id, flaw.state) == ("CVE-2024-0001", "no-dsa")


def test_not_affected_cancels_what_other_records_say_and_is_shown() -> None:
    table = Table(
        advisory(
            "ALSA-1", affects("AlmaLinux:8", "kernel", Span(fixed="9-1")), upstream=("CVE-2024-0001", "CVE-2024-0002")
        ),
        advisory(
            "ALMA-UNAFFECTED-1", affects("AlmaLinux:8", "kernel", state="not-affected"), upstream=("CVE-2024-0001",)
        ),
    )
    found = match(inventory(rpm("kernel", "4-1"), distribution=ALMA), table)
    assert told(found) == {("CVE-2024-0002", "kernel", "9-1")}
    assert [(finding.vulnerability.id, finding.vulnerability.state) for finding in found.suppressed] == [
        ("CVE-2024-0001", "not-affected")
    ]


def test_not_affected_alone_is_no_news() -> None:
    table = Table(advisory("CVE-2024-0001", affects("Debian:12", "bash", state="not-affected")))
    assert match(inventory(deb("bash", "5.2-1")), table) == MatchResult(evaluated=1, covered=frozenset({"bash"}))


@pytest.mark.parametrize(
    ("claimed", "fixed", "label", "found", "assumed"),
    [
        ("nodejs:12", "1:12.22-1", "nodejs:12:803:229f", True, False),
        ("nodejs:14", "1:14.18-1", "nodejs:12:803:229f", False, False),
        ("nodejs:12", "1:12.22-1", "", False, False),
        ("", "1:12.22-1.module_el8", "nodejs:12:803:229f", True, True),
        ("", "1:12.22-1", "nodejs:12:803:229f", False, False),
        ("", "1:12.22-1.module_el8", "", False, False),
        ("", "1:12.22-1", "", True, False),
    ],
)
def test_modules_are_told_apart(claimed: str, fixed: str, label: str, found: bool, assumed: bool) -> None:  # noqa: FBT001  columns
    table = Table(advisory("CVE-2024-0001", affects("AlmaLinux:8", "nodejs", Span(fixed=fixed), module=claimed)))
    matched = match(inventory(rpm("nodejs", "1:12.19-1", label), distribution=ALMA), table)
    assert bool(matched.vulnerabilities) is found
    assert any("assumed" in vulnerability.note for vulnerability in matched.vulnerabilities) is assumed


def test_what_follows_an_advisory_on_another_module_is_matched() -> None:
    claims = ((f"CVE-2024-000{n}", Span(fixed="1:12.22-1"), f"nodejs:{n}0") for n in (2, 1, 3))
    table = Table(
        *(advisory(name, affects("AlmaLinux:8", "nodejs", span, module=module)) for name, span, module in claims)
    )
    for number in (1, 2, 3):
        listed = inventory(rpm("nodejs", "1:12.19-1", f"nodejs:{number}0:803:229f"), distribution=ALMA)
        assert told(match(listed, table)) == {(f"CVE-2024-000{number}", "nodejs", "1:12.22-1")}


def test_an_rpm_epoch_counts() -> None:
    table = Table(advisory("CVE-2024-0001", affects("AlmaLinux:8", "bind", Span(fixed="32:9.11.36-1"))))
    assert not match(inventory(rpm("bind", "32:9.11.36-1"), distribution=ALMA), table).vulnerabilities
    assert match(inventory(rpm("bind", "32:9.11.35-9"), distribution=ALMA), table).vulnerabilities


@pytest.mark.parametrize(
    ("distribution", "one", "fixed", "found"),
    [
        (Distribution("rocky", "9.4"), ("openssl-libs", "1:3.0.7-24", "openssl", "3.0.7-24"), "1:3.0.7-27", True),
        (Distribution("rocky", "9.4"), ("openssl-libs", "1:3.0.7-27", "openssl", "3.0.7-27"), "1:3.0.7-27", False),
        (Distribution("sles", "15.5"), ("libopenssl1_1", "1.1.1l-15", "openssl", "1.1.1l-15"), "1.1.1l-17", True),
        (Distribution("sles", "15.4"), ("libopenssl1_1", "1.1.1l-15", "openssl", "1.1.1l-15"), "1.1.1l-17", False),
        (Distribution("opensuse-leap", "15.5"), ("libopenssl1_1", "1.1-1", "openssl", "1.1-1"), "1.1-2", True),
        (Distribution("openeuler", "24.03"), ("openssl-libs", "1:3.0-1", "openssl", "3.0-1"), "1:3.0-2", True),
        (ALMA, ("openssl-libs", "1:3.0.7-24", "openssl", "3.0.7-24"), "1:3.0.7-27", False),
    ],
)
def test_an_advisory_on_a_source_package_is_on_each_package_of_it(
    distribution: Distribution,
    one: tuple[str, str, str, str],
    fixed: str,
    found: bool,  # noqa: FBT001  a column
) -> None:
    name, version, source, source_version = one
    ecosystems = (
        "Rocky Linux:9",
        "SUSE:Linux Enterprise 15 SP5",
        "openSUSE:Leap 15.5",
        "openEuler:24.03",
        "AlmaLinux:8",
    )
    table = Table(
        advisory("CVE-2024-0001", *(affects(ecosystem, "openssl", Span(fixed=fixed)) for ecosystem in ecosystems)),
        covered=("SUSE:Linux Enterprise 15 SP4",),
    )
    installed = Package("rpm", name, version, "var/lib/rpm/Packages", source=source, source_version=source_version)
    matched = match(inventory(installed, distribution=distribution), table)
    assert told(matched) == ({("CVE-2024-0001", name, fixed)} if found else set())
    assert not matched.unchecked


def test_alpine_is_judged_by_the_stream_of_its_repositories() -> None:
    table = Table(
        advisory("CVE-2024-0001", affects("Alpine:v3.20", "openssl", Span(fixed="3.3.1-r1"))),
        advisory("CVE-2024-0002", affects("Alpine:edge", "openssl", Span(fixed="3.3.2-r1"))),
    )
    one = Package("apk", "libcrypto3", "3.3.1-r0", "lib/apk/db/installed", source="openssl", source_version="3.3.1-r0")
    alpine = Distribution("alpine", "3.20.3")
    edge = FileFact("apk-repositories", "etc/apk/repositories", detail="https://mirror.example/alpine/edge/main")
    assert told(match(inventory(one, distribution=alpine), table)) == {("CVE-2024-0001", "libcrypto3", "3.3.1-r1")}
    assert told(match(inventory(one, distribution=alpine, files=(edge,)), table)) == {
        ("CVE-2024-0002", "libcrypto3", "3.3.2-r1")
    }


def test_ubuntu_pro_is_a_second_pass_that_says_so() -> None:
    table = Table(
        advisory("UBUNTU-CVE-2024-0001", affects("Ubuntu:20.04:LTS", "bash", Span()), upstream=("CVE-2024-0001",)),
        advisory(
            "USN-2", affects("Ubuntu:Pro:20.04:LTS", "bash", Span(fixed="5.0-6esm1")), upstream=("CVE-2024-0002",)
        ),
    )
    found = match(inventory(deb("bash", "5.0-6"), distribution=Distribution("ubuntu", "20.04")), table)
    assert told(found) == {("CVE-2024-0001", "bash", ""), ("CVE-2024-0002", "bash", "5.0-6esm1")}
    assert [vulnerability.note for vulnerability in found.vulnerabilities if vulnerability.id == "CVE-2024-0002"] == [
        "the fix is only in Ubuntu Pro (ESM); unrated, so it counts as medium"
    ]


@pytest.mark.parametrize(
    ("version", "pro", "fixed", "counts", "aside"),
    [
        ("5.0-6", Span(fixed="5.0-6+esm1"), "5.0-6+esm1", True, False),
        ("5.0-6+esm1", Span(fixed="5.0-6+esm1"), "", False, True),
        ("5.0-7", Span(fixed="5.0-6+esm1"), "", False, True),
        ("5.0-6+esm1", Span(fixed="5.0-6+esm2"), "5.0-6+esm2", True, False),
        ("5.0-6+esm1", Span(), "", True, False),
    ],
)
def test_what_ubuntu_pro_mends_is_mended_where_its_fix_is_there_and_told_where_it_is_not(
    version: str,
    pro: Span,
    fixed: str,
    counts: bool,  # noqa: FBT001  a column
    aside: bool,  # noqa: FBT001  a column
) -> None:
    table = Table(
        advisory(
            "UBUNTU-CVE-2024-0001",
            affects("Ubuntu:20.04:LTS", "bash", Span()),
            affects("Ubuntu:Pro:20.04:LTS", "bash", pro),
            upstream=("CVE-2024-0001",),
        ),
        advisory("CVE-2024-0002", affects("PyPI", "jinja2", Span())),
    )
    # What another ecosystem says, of a package that comes first, stays as it is.
    packages = (Package("pypi", "jinja2", "3.0.0", "usr/lib/python3/METADATA"), deb("acl", "1"), deb("bash", version))
    found = match(inventory(*packages, distribution=Distribution("ubuntu", "20.04")), table)
    assert told(found) == {("CVE-2024-0002", "jinja2", ""), *([("CVE-2024-0001", "bash", fixed)] if counts else [])}
    assert [(entry.by, entry.reason) for entry in found.suppressed] == (
        [("Ubuntu:Pro:20.04:LTS", "the distribution lists it as fixed in this version")] if aside else []
    )


def test_what_everybody_gets_a_fix_for_is_not_ubuntu_pros_to_tell_of() -> None:
    table = Table(
        advisory(
            "UBUNTU-CVE-2024-0001",
            affects("Ubuntu:20.04:LTS", "bash", Span(fixed="5.0-7")),
            affects("Ubuntu:Pro:20.04:LTS", "bash", Span(fixed="5.0-6+esm1")),
            upstream=("CVE-2024-0001",),
        ),
    )
    found = match(inventory(deb("bash", "5.0-6"), distribution=Distribution("ubuntu", "20.04")), table)
    assert told(found) == {("CVE-2024-0001", "bash", "5.0-7")}


JINJA = deb(
    "python3-jinja2", "3.1.2-1", source="jinja2", source_version="3.1.2-1", files=("usr/lib/python3/jinja2.egg-info",)
)


def test_the_distributions_verdict_silences_language_findings_on_files_that_its_package_owns() -> None:
    table = Table(
        advisory("CVE-2024-0001", affects("PyPI", "jinja2", Span(fixed="3.1.3"))),
        advisory("CVE-2023-0009", affects("Debian:12", "jinja2", Span(fixed="3.1.1-1"))),
    )
    listed = inventory(
        JINJA,
        pypi("Jinja2", "3.1.2", "usr/lib/python3/jinja2.egg-info"),
        pypi("jinja2", "3.1.1", "opt/venv/jinja2.egg-info"),
    )
    found = match(listed, table)
    assert [vulnerability.package.path for vulnerability in found.vulnerabilities] == ["opt/venv/jinja2.egg-info"]
    (aside,) = found.suppressed
    assert aside.by == "Debian:12"
    assert "python3-jinja2 3.1.2-1" in aside.reason


def test_a_package_that_the_distribution_knows_nothing_of_silences_nothing() -> None:
    table = Table(advisory("CVE-2024-0001", affects("PyPI", "jinja2", Span(fixed="3.1.3"))), covered=["Debian:12"])
    found = match(inventory(JINJA, pypi("Jinja2", "3.1.2", "usr/lib/python3/jinja2.egg-info")), table)
    assert [vulnerability.id for vulnerability in found.vulnerabilities] == ["CVE-2024-0001"]


def test_a_version_that_cannot_be_read_is_not_judged_and_grave() -> None:
    table = Table(advisory("CVE-2024-0001", affects("PyPI", "thing", Span(fixed="1"))))
    found = match(inventory(pypi("thing", "not a version"), pypi("other", "not a version")), table)
    assert [(entry.package.name, entry.grave) for entry in found.unchecked] == [("thing", True)]
    assert "'not a version' cannot be parsed" in found.unchecked[0].reason


def test_a_version_that_is_not_known_is_not_judged() -> None:
    table = Table(advisory("CVE-2024-0001", affects("Go", "stdlib", Span(fixed="1"))))
    (entry,) = match(inventory(Package("golang", "stdlib", "", "app")), table).unchecked
    assert entry.reason == "its version is not known, and there are advisories on stdlib"


def test_an_advisory_whose_versions_cannot_be_read_is_not_judged_unless_it_names_this_version() -> None:
    table = Table(advisory("CVE-2024-0001", affects("PyPI", "thing", versions=("weird one", "2.0"))))
    found = match(inventory(pypi("thing", "1.0"), pypi("thing", "2.0")), table)
    assert told(found) == {("CVE-2024-0001", "thing", "")}
    assert [entry.reason for entry in found.unchecked] == ["CVE-2024-0001 has versions that cannot be parsed"]


def test_each_advisory_whose_versions_cannot_be_read_is_named() -> None:
    table = Table(
        *(advisory(f"CVE-2024-000{n}", affects("PyPI", "thing", versions=("weird one",))) for n in (1, 2)),
        advisory("CVE-2024-0003", affects("PyPI", "thing", Span(fixed="1"))),
    )
    reasons = [entry.reason for entry in match(inventory(pypi("thing", "1.0")), table).unchecked]
    assert sorted(reasons) == [f"CVE-2024-000{n} has versions that cannot be parsed" for n in (1, 2)]


@pytest.mark.parametrize(
    ("package", "grave"),
    [
        (deb("bash", "5.2-1"), True),
        (pypi("thing", "1"), True),
        (Package("generic", "zlib", "1.2.13", "app"), False),
        (Package("generic", "python", "3.12.1", "app"), False),
    ],
)
def test_what_the_database_does_not_cover_is_not_judged(package: Package, grave: bool) -> None:  # noqa: FBT001  a column
    found = match(inventory(package), Table())
    assert [entry.grave for entry in found.unchecked] == [grave]
    assert found.evaluated == 0


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(deb("bash", "5.2-1"), id="of a distribution that is not covered"),
        pytest.param(Package("conda", "thing", "1", "app"), id="of a type without advisories"),
        pytest.param(pypi("thing", "not a version"), id="with a version that cannot be parsed"),
        pytest.param(pypi("other", "1"), id="without an advisory"),
    ],
)
def test_what_follows_a_package_that_is_not_evaluated_is(before: Package) -> None:
    table = Table(advisory("CVE-2024-0001", affects("PyPI", "thing", Span(fixed="2"))))
    assert told(match(inventory(before, pypi("thing", "1")), table)) == {("CVE-2024-0001", "thing", "2")}


def test_a_linked_library_is_judged_by_upstream_data_where_there_is_some() -> None:
    table = Table(advisory("OSV-2024-1", affects("OSS-Fuzz", "zlib", versions=("1.2.12", "1.2.13"))))
    assert told(match(inventory(Package("generic", "zlib", "1.2.13", "app")), table)) == {("OSV-2024-1", "zlib", "")}


def test_a_program_that_no_package_owns_is_matched_by_its_upstream_version() -> None:
    table = Table(advisory("BIT-python-2024-0397", affects("Bitnami", "python", Span(fixed="3.12.3"))))
    assert told(match(inventory(Package("generic", "python", "3.12.1", "p")), table)) == {
        ("BIT-python-2024-0397", "python", "3.12.3")
    }


def test_a_removed_package_does_not_count_and_is_shown() -> None:
    table = Table(advisory("CVE-2024-0001", affects("Debian:12", "bash", Span(fixed="9-1"))))
    found = match(inventory(deb("bash", "5.2-1", removed=True), deb("bash", "9-1")), table)
    assert not found.vulnerabilities
    assert [entry.by for entry in found.suppressed] == ["a later layer"]


def test_a_package_in_many_places_is_told_of_once() -> None:
    table = Table(advisory("CVE-2024-0001", affects("npm", "lodash", Span(fixed="4.17.21"))))
    packages = (Package("npm", "lodash", "4.17.20", f"app/{n}/node_modules/lodash/package.json") for n in range(5))
    (entry,) = match(inventory(*packages), table).vulnerabilities
    assert entry.package.path == "app/0/node_modules/lodash/package.json"
    assert "in 4 more places" in entry.note


def test_what_is_for_development_alone_says_so() -> None:
    table = Table(advisory("CVE-2024-0001", affects("PyPI", "thing", Span())))
    (result,) = match(inventory(pypi("thing", "1", development=True)), table).vulnerabilities
    assert "development dependency" in result.note
