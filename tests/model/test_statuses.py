"""The exit status of each report: 2 where something could not be read, 1 where something fails, else 0."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reports.samples import finding
from sealock.model.benchmark import Benchmark, BenchmarkOutcome, BenchmarkReport, Recommendation, RecommendationResult
from sealock.model.finding import InputError, Severity
from sealock.model.imagediff import ComparedImage, FindingChanges, ImageDiff
from sealock.model.location import Location
from sealock.model.podsecurity import LEVELS, PodNamespace, PodSecurityLevel, PodSecurityReport, PodWorkload
from sealock.model.trust import TrustResult, exit_status

ERROR = (InputError("cannot be read", Location("x")),)
LOW, HIGH = finding(severity=Severity.LOW), finding(severity=Severity.HIGH)
RECOMMENDATION = Recommendation(number="1.1", title="", scope="host")


@pytest.mark.parametrize(
    ("results", "errors", "status"),
    [
        ([], (), 0),
        ([("pass", None)], (), 0),
        ([("fail", Severity.LOW)], (), 0),
        ([("fail", None)], (), 0),
        ([("manual", Severity.CRITICAL), ("skipped", Severity.CRITICAL)], (), 0),
        ([("fail", Severity.LOW), ("fail", Severity.MEDIUM)], (), 1),
        ([("fail", Severity.HIGH)], (), 1),
        ([("pass", None)], ERROR, 2),
        ([("fail", Severity.HIGH)], ERROR, 2),
    ],
)
def test_a_benchmark_fails_by_its_failures(
    results: list[tuple[BenchmarkOutcome, Severity | None]], errors: tuple[InputError, ...], status: int
) -> None:
    rows = tuple(RecommendationResult(RECOMMENDATION, outcome, (), severity) for outcome, severity in results)
    report = BenchmarkReport("1", Benchmark("b", "", ()), (), rows, Severity.MEDIUM, errors)
    assert report.status == status
    assert report.counts == {
        outcome: sum(each == outcome for each, _ in results)
        for outcome in ("pass", "fail", "suppressed", "not applicable", "skipped", "manual")
    }


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 0),
        ({"findings": FindingChanges(new=(HIGH,))}, 0),
        ({"findings": FindingChanges(new=(LOW,)), "fail_on": Severity.HIGH}, 0),
        ({"findings": FindingChanges(gone=(HIGH,), remaining=(HIGH,)), "fail_on": Severity.LOW}, 0),
        ({"findings": FindingChanges(new=(LOW, HIGH)), "fail_on": Severity.HIGH}, 1),
        ({"vulnerabilities": FindingChanges(new=(HIGH,)), "fail_on": Severity.LOW}, 1),
        ({"errors": ERROR}, 2),
        ({"uncompared": ("packages",)}, 2),
        ({"uncompared": ("packages",), "errors": ERROR, "findings": FindingChanges(new=(HIGH,))}, 2),
    ],
)
def test_a_comparison_fails_by_what_is_new(fields: dict[str, Any], status: int) -> None:
    assert ImageDiff(old=ComparedImage("a"), new=ComparedImage("b"), **fields).status == status


def workload(**fields: Any) -> PodWorkload:
    return PodWorkload("web", "Pod", Location("x"), **fields)


NAMESPACE = PodNamespace("shop", "restricted", 30, Location("x"))


@pytest.mark.parametrize(
    ("workloads", "errors", "status"),
    [
        ([], (), 0),
        ([workload(level="baseline")], (), 0),
        ([workload(level="restricted"), workload(level="baseline")], (), 0),
        ([workload(skipped="a template")], (), 0),
        ([workload(level="restricted"), workload()], (), 1),
        ([workload(level="baseline", refused_by=NAMESPACE)], (), 1),
        ([workload(skipped="a template", refused_by=NAMESPACE)], (), 1),
        ([workload(level="baseline")], ERROR, 2),
        ([workload()], ERROR, 2),
    ],
)
def test_pods_fail_by_the_level_that_they_miss(
    workloads: list[PodWorkload], errors: tuple[InputError, ...], status: int
) -> None:
    assert PodSecurityReport("1", "b", "baseline", 30, (), tuple(workloads), errors=errors).status == status


@pytest.mark.parametrize("level", LEVELS)
def test_a_workload_meets_its_own_level_and_those_below(level: PodSecurityLevel) -> None:
    met = [each for each in LEVELS if workload(level=level).meets(each)]
    assert met == list(LEVELS[: LEVELS.index(level) + 1])
    assert not any(workload(level=level, skipped="a template").meets(each) for each in LEVELS)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((), 0),
        (("trusted", "trusted"), 0),
        (("untrusted accepted", "unknown accepted"), 0),
        (("trusted", "untrusted"), 1),
        (("untrusted accepted", "untrusted"), 1),
        (("unknown",), 2),
        (("untrusted", "unknown", "trusted"), 2),
    ],
)
def test_trust_fails_by_the_images_that_do_not_pass(states: tuple[str, ...], status: int) -> None:
    results = [
        msgspec.convert(
            {"system": "cosign", "reference": "a", "digest": "", "state": state, "accepted": bool(accepted)},
            TrustResult,
        )
        for state, _, accepted in (each.partition(" ") for each in states)
    ]
    assert exit_status(results) == status
