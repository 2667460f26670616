"""What a host reports to a service: one finding of each thing, the one that is in use, and bounds on what it says."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sealock.model.advisory import PackageUse
from sealock.model.finding import Finding, InputError, Skipped, Suppression
from sealock.model.location import Location
from sealock.model.report import ImageIdentity, Report, TargetReport
from sealock.reports import hostreport
from sealock.reports.hostreport import host_report
from support.madefindings import finding, vulnerable


def flaw(use: PackageUse, **more: object) -> Finding:
    made = vulnerable("CVE-1", "curl", suppressed=None)
    assert made.vulnerability is not None
    return replace(made, vulnerability=replace(made.vulnerability, use=use), **more)


def reported(*findings: Finding, errors: tuple[InputError, ...] = (), target: str = "container:web") -> TargetReport:
    return TargetReport(target, "container", findings, errors=errors, image=ImageIdentity(("app:1",), "", "sha256:1"))


@pytest.mark.parametrize(
    ("uses", "kept"),
    [
        (("present", "loaded"), "loaded"),
        (("loaded", "present"), "loaded"),
        (("present", "reachable"), "reachable"),
        (("loaded",), "loaded"),
    ],
)
def test_of_one_flaw_the_copy_in_use_is_reported(uses: tuple[PackageUse, ...], kept: str) -> None:
    report = host_report(Report("1", (reported(*map(flaw, uses)),)), "host-a")
    assert [each.use for each in report.targets[0].findings] == [kept]


def test_of_one_setting_the_last_finding_is_reported() -> None:
    rule = finding("C001", "privileged")
    (made,) = host_report(Report("1", (reported(rule, replace(rule, message="again")),)), "host-a").targets
    assert len(made.findings) == 1


def test_what_does_not_count_is_left_out_and_there_are_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = flaw("loaded", suppressed=Suppression("an ignore", "why"))
    errors = tuple(InputError(f"{number}", Location("x")) for number in range(3))
    monkeypatch.setattr(hostreport, "_SENTENCES", 2)
    monkeypatch.setattr(hostreport, "MOST_FINDINGS", 2)
    rules = [finding(f"C00{number}", "x", subject=f"s{number}") for number in range(3)]
    (made,) = host_report(Report("1", (reported(gone, *rules, errors=errors),)), "host-a").targets
    assert [each.rule for each in made.findings] == ["C000", "C001"]
    assert made.errors == ("0", "1")


def test_why_checks_were_skipped_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostreport, "_SENTENCES", 2)
    skipped = tuple(Skipped(rule, "web", why) for rule, why in (("K001", "a"), ("K002", "a"), ("", "b"), ("K003", "c")))
    (made,) = host_report(Report("1", (replace(reported(), skipped=skipped),)), "host-a").targets
    assert made.skipped == ("a", "b")


@pytest.mark.parametrize(("target", "digest"), [("container:web", "sha256:1"), ("image:app:1", "")])
def test_an_engine_names_the_image_of_a_container_by_its_id(target: str, digest: str) -> None:
    (made,) = host_report(Report("1", (reported(target=target),)), "host-a").targets
    assert (made.name, made.manifest, made.configuration) == (target, digest, "sha256:1")
