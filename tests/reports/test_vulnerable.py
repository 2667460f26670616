"""Known vulnerabilities at a terminal and in other reports: what to do first, how to see all, nothing left out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from reports.samples import finding, known, plain, vulnerable
from sealock.model.advisory import Epss, Exploited
from sealock.model.finding import Confidence, Remedy, Severity
from sealock.model.location import Location
from sealock.model.report import Report
from sealock.reports import render
from sealock.reports.priorities import critical_unfixed, named, steps
from sealock.reports.upgrades import fixed_by_base, unfixed, upgrades
from sealock.reports.upgrades import known as by_urgency


def terminal(*vulnerabilities: Any, remedy: str = "", **style: Any) -> str:
    return render("terminal", vulnerable(*vulnerabilities, remedy=remedy), width=100, **style)


def test_the_summary_counts_flaws_once_and_says_what_can_be_done() -> None:
    lines = terminal().splitlines()
    assert "4 known vulnerabilities in 3 packages; 1 known to be exploited, upgrades fix 2" in lines
    assert "5 findings: 2 high, 1 medium, 1 low, 1 info." in lines


def test_what_one_upgrade_closes_is_told_together() -> None:
    shown = terminal()
    assert "   1. Upgrade openssl to 1-2: fixes 2, 1 exploited\n" in shown
    assert "CVE-2024-0001 (exploited), CVE-2024-0002\n" in shown
    assert "libssl3, openssl\n" in shown


def test_what_no_version_mends_is_told_with_its_states() -> None:
    shown = terminal()
    assert "2 flaws without a fixed version yet: 1 no-dsa, 1 unimportant.\n" in shown
    assert "CVE-2024-0003 (EPSS 20%) in bash (medium)\n" in shown


def test_a_long_list_is_cut_and_says_how_to_see_all() -> None:
    many = [known(f"CVE-2024-{n:04}", "1-2", f"package{n}") for n in range(500)]
    shown = terminal(*many)
    assert len(shown.splitlines()) < 70
    assert "and 490 more upgrades, which fix 490 (--all shows them)" in shown
    every = terminal(*many, every=True)
    assert all(f"CVE-2024-{n:04}" in every for n in range(500))


def test_every_finding_is_listed_where_all_are_asked_for() -> None:
    shown = terminal(every=True)
    assert "LOW       CVE-2024-0002  libssl3 1-1 → 1-2\n" in shown
    assert "A read out of bounds\n" in shown
    assert "bash 1-1 (unimportant, no fix)\n" in shown
    assert "Nobody has rated it.\n" in shown


def test_upgrades_that_close_what_is_exploited_come_first_then_the_gravest_then_the_likeliest() -> None:
    report = vulnerable(
        known("CVE-2024-0001", "2", "a", severity=Severity.CRITICAL),
        known("CVE-2024-0002", "2", "b", severity=Severity.LOW, exploited=Exploited("2024-01-01")),
        known("CVE-2024-0003", "2", "c", severity=Severity.CRITICAL, epss=Epss(0.5, 0.9)),
        known("CVE-2024-0004", "2", "d", severity=Severity.HIGH, epss=Epss(0.9, 0.9)),
    )
    assert [upgrade.remedy[8] for upgrade in upgrades(report.findings())] == ["b", "c", "a", "d"]


URGENCY = [
    pytest.param({"exploited": Exploited("2024-01-01"), "severity": Severity.LOW}, {"severity": Severity.CRITICAL}, id="what is exploited"),
    pytest.param({"severity": Severity.LOW, "use": "unknown"}, {"severity": Severity.CRITICAL, "use": "present"}, id="what may be used"),
    pytest.param({"severity": Severity.MEDIUM}, {"severity": Severity.LOW, "use": "loaded", "epss": Epss(0.9, 0.9)}, id="what is graver"),
    pytest.param({"use": "loaded"}, {"use": "reachable", "epss": Epss(0.9, 0.9)}, id="what is loaded"),
    pytest.param({"epss": Epss(0.2, 0.9)}, {"epss": Epss(0.1, 0.9)}, id="what is likelier to be exploited"),
    pytest.param({"epss": Epss(0.1, 0.9)}, {}, id="what has a probability"),
    pytest.param({}, {}, id="what is named first"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), URGENCY)
@pytest.mark.parametrize("fixed", ["", "2"])
def test_of_two_flaws_the_more_urgent_comes_first(first: dict[str, Any], second: dict[str, Any], fixed: str) -> None:
    flaws = [known(f"CVE-{number}", fixed, "a", **fields) for number, fields in ((1, first), (2, second))]
    if first != second:
        # Not since its number is lower.
        flaws = [replace(flaw, id=id_) for flaw, id_ in zip(flaws, ("CVE-2", "CVE-1"), strict=True)]
    report = vulnerable(*reversed(flaws))
    order = [found.rule for found in by_urgency(report.findings())]
    assert order == [flaw.id for flaw in flaws]
    if fixed:
        (upgrade,) = upgrades(report.findings())
        assert [found.rule for found in upgrade.findings] == order
    else:
        assert [found.rule for found in unfixed(report.findings())] == order


@pytest.mark.parametrize(("first", "second"), URGENCY)
def test_of_two_upgrades_the_one_that_fixes_the_more_urgent_flaw_comes_first(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    names = ("b", "a") if first != second else ("a", "b")
    flaws = [known("CVE-1", "2", name, **fields) for name, fields in zip(names, (first, second), strict=True)]
    report = vulnerable(*reversed(flaws))
    assert [upgrade.packages[0] for upgrade in upgrades(report.findings())] == [f"{name} 1-1" for name in names]


def test_what_to_do_first_begins_with_what_is_exploited_and_ends_with_what_nothing_mends() -> None:
    report = vulnerable(
        known("CVE-2024-0001", "", "a", severity=Severity.CRITICAL),
        known("CVE-2024-0002", "2", "b", severity=Severity.HIGH),
        known("CVE-2024-0003", "2", "c", severity=Severity.LOW, exploited=Exploited("2024-01-01")),
    )
    assert [step.findings[0].rule[-1] for step in steps(report.findings())] == ["3", "2", "1"]
    page = render("html", report)
    assert page.index(">c</a>") < page.index(">b</a>") < page.index(">a</a>")


def test_upgrades_stand_among_what_to_do_first_where_there_is_more_to_do() -> None:
    (image,), (file,) = vulnerable(remedy="upgrade openssl").targets, plain().targets[:1]
    shown = render("terminal", Report("0.1.0", (image, file)), width=100)
    first = shown[shown.index("What to do first") : shown.index("1 check was skipped")]
    assert "  1. libssl3 and 2 more: CVE-2024-0001 × 2, CVE-2024-0003" in first


@pytest.mark.parametrize(
    ("flaws", "words"),
    [
        pytest.param((known("CVE-1", "2", "a"),), "", id="none, where each has a fix"),
        pytest.param((known("CVE-1", "", "a", severity=Severity.HIGH),), "", id="none, where none is critical"),
        pytest.param(
            (known("CVE-1", "", "a", severity=Severity.CRITICAL), known("CVE-1", "", "b", severity=Severity.CRITICAL)),
            "1 critical vulnerability has no fixed version: CVE-1.",
            id="one in two packages is one",
        ),
        pytest.param(
            (
                *(known(f"CVE-{number}", "", "a", severity=Severity.CRITICAL) for number in range(1, 8)),
                known("CVE-8", "", "a", severity=Severity.CRITICAL, exploited=Exploited("2024-05-01")),
            ),
            "8 critical vulnerabilities have no fixed version: CVE-8, CVE-1, CVE-2, CVE-3, CVE-4, CVE-5 and 2 more.",
            id="the exploited one comes first",
        ),
    ],
)
def test_critical_vulnerabilities_without_a_fix_are_named(flaws: tuple[Any, ...], words: str) -> None:
    report = vulnerable(*flaws)
    assert critical_unfixed(report.findings()) == words
    assert words in " ".join(render("terminal", report, width=100).split())
    assert words in render("markdown", report)
    assert words in render("html", report)


def test_a_minor_finding_is_no_part_of_a_graver_ones_step() -> None:
    remedy = Remedy("change the secret")
    grave = finding("F015", Severity.HIGH, remedy=remedy)
    minor = (
        finding("F015", Severity.LOW, remedy=remedy, location=Location("go/src/crypto/tls/testdata/key.pem")),
        finding("F015", Severity.HIGH, confidence=Confidence.LOW, remedy=remedy),
    )
    assert [step.findings for step in steps((minor[0], grave, minor[1]))] == [(grave,), minor]


def test_the_sums_of_one_report_agree() -> None:
    """The severities of the section on vulnerabilities and of the other findings are those of the last line."""
    (image,), (file,) = vulnerable().targets, plain().targets[:1]
    both = Report("0.1.0", (image, file))
    shown = " ".join(render("terminal", both, width=100).split())
    assert "5 findings: 2 high, 1 medium, 1 low, 1 info." in shown
    assert "9 findings in 2 targets: 3 critical, 2 high, 2 medium, 1 low, 1 info." in shown


def test_what_fix_does_is_the_same_number_in_every_format() -> None:
    (image,), (file,) = vulnerable().targets, plain().targets[:1]
    both = Report("0.1.0", (image, file))
    words = "--fix can fix 1 of 9, --fix --unsafe 1 more."
    assert words in render("terminal", both)
    assert words in render("html", both)
    findings = [item for target in json.loads(render("json", both))["targets"] for item in target["findings"]]
    counted = [item["remedy"] for item in findings if not item["suppressed"]]
    assert (sum(item["safe"] for item in counted), len(counted)) == (1, 9)
    assert sum(item["fixable"] and not item["safe"] for item in counted) == 1


def test_of_many_flaws_of_one_step_some_are_named() -> None:
    many = [known(f"CVE-2024-{n:04}", "1-2", "a") for n in range(20)]
    (step,) = steps(vulnerable(*many, remedy="upgrade a").findings())
    assert named(step, "x") == [*(f"CVE-2024-{n:04}" for n in range(6)), "14 more"]


def test_that_a_newer_base_image_mends_all_is_said() -> None:
    one = known("CVE-2024-0001", "2", "a")
    remedy = "upgrade a to 2, or build on a newer base image"
    assert "a newer base image fixes it." in terminal(one, remedy=remedy)
    assert "newer base image" not in terminal(one)
    assert fixed_by_base(vulnerable(one, remedy=remedy).findings()) == (1, 1)


def test_json_carries_what_the_contract_says() -> None:
    first = json.loads(render("json", vulnerable()))["targets"][0]["findings"][0]
    assert first["rule"] == "CVE-2024-0001"
    assert first["package"]["name"] == "libssl3"
    assert first["package"]["source"] == "openssl"
    assert first["package"]["purl"] == "pkg:deb/debian/libssl3@1-1"
    assert (first["fixed"], first["state"]) == ("1-2", "affected")
    assert first["exploited"] == {"added": "2024-05-01", "due": "2024-05-22", "ransomware": True, "action": ""}
    assert first["epss"] == {"score": 0.91, "percentile": 0.99}
    assert first["layer"]["digest"] == "libssl3"


@pytest.mark.parametrize(("use", "shown"), [("", None), ("loaded", "loaded"), ("present", "present")])
def test_json_says_how_the_package_is_used_where_that_is_known(use: str, shown: str | None) -> None:
    report = vulnerable(known("CVE-2024-0001", "2", "a", use=use))
    (only,) = [finding for finding in json.loads(render("json", report))["targets"][0]["findings"] if "use" in finding]
    assert only["use"] == shown


def test_sarif_grades_by_the_vulnerabilitys_own_score() -> None:
    (run,) = json.loads(render("sarif", vulnerable()))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["CVE-2024-0001"]["properties"]["security-severity"] == "7.5"
    assert "vulnerability" in rules["CVE-2024-0001"]["properties"]["tags"]
    assert rules["CVE-2024-0002"]["properties"]["security-severity"] == "3.0"
    assert run["results"][0]["properties"]["fixedVersion"] == "1-2"


def test_github_annotates_what_is_exploited_first() -> None:
    report = vulnerable(
        known("CVE-2024-0001", "2", "a"), known("CVE-2024-0002", "2", "b", exploited=Exploited("2024-01-01"))
    )
    assert "CVE-2024-0002" in render("github", report).splitlines()[0]


@pytest.mark.parametrize("form", ["html", "junit", "gitlab"])
def test_every_format_tells_of_every_flaw(form: Any) -> None:
    shown = render(form, vulnerable())
    assert all(f"CVE-2024-000{n}" in shown for n in (1, 2, 3, 4))
