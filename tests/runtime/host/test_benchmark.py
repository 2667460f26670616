"""The benchmark: existing rules check every recommendation, and outcomes follow from the facts."""

from __future__ import annotations

import json

import pytest

from sealock.model.absent import UNKNOWN
from sealock.model.benchmark import BenchmarkOutcome, BenchmarkReport, Recommendation, RecommendationResult
from sealock.model.finding import Confidence, Finding, InputError, Remedy, Severity, Skipped, Suppression
from sealock.model.host import Host, HostFile, Swarm
from sealock.model.location import Location
from sealock.model.network import EngineNetwork
from sealock.policy.ignores import VULNERABILITIES
from sealock.reports.benchmark import render, render_json
from sealock.rules.benchmarks import BENCHMARKS, CIS_1_6_0
from sealock.rules.catalog import every_rule
from sealock.scan.benchmark import BenchmarkFacts, check_recommendation

RECOMMENDED = {
    recommendation.number: recommendation
    for section in CIS_1_6_0.sections
    for recommendation in section.recommendations
}
NUMBERS = [
    *(f"1.1.{at}" for at in range(1, 19)), "1.2.1", "1.2.2",
    *(f"2.{at}" for at in range(1, 19)),
    *(f"3.{at}" for at in range(1, 25)),
    *(f"4.{at}" for at in range(1, 13)),
    *(f"5.{at}" for at in range(1, 33)),
    "6.1", "6.2",
    *(f"7.{at}" for at in range(1, 10)),
]  # fmt: skip
"""The publisher's numbers, in the publisher's order."""


CHECKED_BY = {
    "1.1.1": "H003", "1.1.2": "H001 H002", "1.1.3": "H004", "1.1.4": "H004", "1.1.5": "H004", "1.1.6": "H004",
    "1.1.7": "H004", "1.1.8": "H004", "1.1.9": "H004", "1.1.10": "H004", "1.1.11": "H004", "1.1.12": "H004",
    "1.1.13": "H004", "1.1.14": "H004", "1.1.15": "H004", "1.1.16": "H004", "1.1.17": "H004", "1.1.18": "H004",
    "1.2.1": "H012 H013", "1.2.2": "H006 vulnerabilities", "2.1": "E001", "2.2": "E025", "2.3": "E002",
    "2.4": "E003", "2.5": "E004", "2.6": "E006", "2.7": "E007", "2.8": "E008", "2.9": "E009", "2.10": "E010",
    "2.11": "E026", "2.12": "E011", "2.13": "E012", "2.14": "E013", "2.15": "E014", "2.16": "E015", "2.17": "E016",
    "2.18": "E017", "3.1": "H007", "3.2": "H007", "3.3": "H007", "3.4": "H007", "3.5": "H007", "3.6": "H007",
    "3.7": "H007", "3.8": "H007", "3.9": "H007", "3.10": "H007", "3.11": "H007", "3.12": "H007", "3.13": "H007",
    "3.14": "H007", "3.15": "H009", "3.16": "H009", "3.17": "H007", "3.18": "H007", "3.19": "H007", "3.20": "H007",
    "3.21": "H007", "3.22": "H007", "3.23": "H009", "3.24": "H009", "4.1": "C046 K009", "4.6": "C054 C044",
    "5.1": "H016", "5.2": "C008 K004", "5.3": "C009", "5.4": "C002 C003 K001", "5.5": "C001",
    "5.6": "C014 C015 C016 K007", "5.7": "C036", "5.8": "C062", "5.9": "C061 C063", "5.10": "C020 K008:network_mode",
    "5.11": "C028 K005:memory", "5.12": "C029 K005:cpus", "5.13": "C040 K006", "5.14": "C060", "5.15": "C043",
    "5.16": "C018 K008:pid", "5.17": "C019 K008:ipc", "5.18": "C025 C026 K012", "5.19": "C031 K017", "5.20": "C042",
    "5.21": "C021 K008:uts", "5.22": "C007 K002", "5.23": "K010", "5.24": "K018", "5.25": "C045 K011",
    "5.26": "C006 K003", "5.27": "C054 C044", "5.28": "C080 H023", "5.29": "C030 K005:pids_limit", "5.30": "C064",
    "5.31": "C022", "5.32": "C011 C012", "6.1": "H021:images", "6.2": "H021:containers", "7.1": "H017",
    "7.2": "H020", "7.3": "N001", "7.5": "H018", "7.7": "H019",
}  # fmt: skip
"""The rules that each recommendation is checked by; a person checks the others."""


@pytest.mark.parametrize("name", BENCHMARKS)
def test_all_recommendations_are_there_in_order(name: str) -> None:
    assert [
        recommendation.number for section in BENCHMARKS[name].sections for recommendation in section.recommendations
    ] == NUMBERS


@pytest.mark.parametrize("recommendation", [pytest.param(one, id=one.number) for one in RECOMMENDED.values()])
def test_each_is_checked_by_rules_that_exist_or_says_what_a_person_checks(recommendation: Recommendation) -> None:
    known = {rule.id for rule in every_rule()} | {VULNERABILITIES}
    assert recommendation.rules or recommendation.by_hand
    assert {rule.partition(":")[0] for rule in recommendation.rules} <= known
    assert (recommendation.role is not None) == (recommendation.scope in {"files", "audit"})
    assert bool(recommendation.aspect) == (recommendation.scope == "files")


def test_each_recommendation_is_checked_by_its_rules() -> None:
    assert {number: " ".join(one.rules) for number, one in RECOMMENDED.items() if one.rules} == CHECKED_BY


def cited() -> list[tuple[str, str]]:
    """Rules on a machine and what runs on it, with each number of the benchmark that they cite."""
    label = "CIS Docker Benchmark 1.6.0, "
    return [
        (rule.id, reference.label.removeprefix(label))
        for rule in every_rule()
        for reference in rule.references
        if reference.label.startswith(label) and rule.id[0] in "EHN"
    ]


@pytest.mark.parametrize(("rule", "number"), cited())
def test_a_number_that_a_rule_cites_is_one_of_them(rule: str, number: str) -> None:
    assert number in RECOMMENDED, rule


def finding(rule: str, subject: str = "engine", evidence: str = "e", **more: object) -> Finding:
    made = Finding(
        rule=rule, severity=Severity.MEDIUM, confidence=Confidence.HIGH, title="t", message=f"does {rule}",
        location=Location("host"), subject=subject, evidence=evidence, remedy=Remedy("r"), references=(), fingerprint="f",
    )  # fmt: skip
    return Finding(**{name: getattr(made, name) for name in made.__struct_fields__} | more)


SWARM = Swarm(active=True, manager=True)
EXCUSE = Suppression("sealock.toml", "on purpose")
UNIT = HostFile("engine-unit", "/etc/systemd/system/docker.service", "file", 0o644, 0, 0)


def host(**more: object) -> Host:
    from sealock.model.daemon import Daemon  # noqa: PLC0415  used here alone

    return Host(**{"daemon": Daemon(), "swarm": Swarm(active=False)} | more)  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    ("number", "seen", "outcome", "reason"),
    [
        pytest.param("2.2", BenchmarkFacts(host()), "pass", "", id="nothing found"),
        pytest.param("2.2", BenchmarkFacts(host(), findings=(finding("E025"),)), "fail", "does E025 (E025)", id="a fault of its rule"),
        pytest.param("2.2", BenchmarkFacts(host(), findings=(finding("E003"),)), "pass", "", id="a fault of another"),
        pytest.param("2.2", BenchmarkFacts(host(), skipped=(Skipped("E025", "engine", "unseen"),)), "skipped", "unseen", id="a skipped rule"),
        pytest.param("2.2", BenchmarkFacts(host(daemon=UNKNOWN)), "skipped", "no engine was found", id="no engine"),
        pytest.param("2.2", BenchmarkFacts(host(), findings=(finding("E025", suppressed=EXCUSE),)), "suppressed", "sealock.toml: on purpose", id="suppressed"),
        pytest.param("5.5", BenchmarkFacts(host()), "not applicable", "there are no containers", id="no containers"),
        pytest.param("5.5", BenchmarkFacts(host(), errors=(InputError("x", Location("engine")),)), "skipped", "the containers could not be listed", id="no containers for want of an engine"),
        pytest.param("5.5", BenchmarkFacts(host(), containers=("a", "b"), findings=(finding("C001", "container a", container="a"), finding("C001", "container b (kernel)", container="b"))), "fail", "a, b: does C001 (C001)", id="containers by name"),
        pytest.param("5.2", BenchmarkFacts(host(lsm=("capability",)), containers=("a",)), "not applicable", "the kernel runs without AppArmor", id="no AppArmor"),
        pytest.param("5.2", BenchmarkFacts(host(lsm=("apparmor",)), containers=("a",)), "pass", "", id="AppArmor"),
        pytest.param("5.9", BenchmarkFacts(host(), containers=("a",)), "manual", "no database", id="sound as far as a program can tell"),
        pytest.param("5.10", BenchmarkFacts(host(), containers=("a",), findings=(finding("K008", "container a", "pid", container="a"),)), "pass", "", id="another kind of the rule's faults"),
        pytest.param("5.16", BenchmarkFacts(host(), containers=("a",), findings=(finding("K008", "container a", "pid", container="a"),)), "fail", "a: does K008", id="the kind that counts"),
        pytest.param("6.2", BenchmarkFacts(host(), findings=(finding("H021", "host", "images"),)), "pass", "", id="images are not containers"),
        pytest.param("6.1", BenchmarkFacts(host(), findings=(finding("H021", "host", "images"),)), "fail", "does H021", id="images"),
        pytest.param("7.5", BenchmarkFacts(host()), "not applicable", "the engine is in no swarm", id="no swarm"),
        pytest.param("7.5", BenchmarkFacts(host(swarm=UNKNOWN)), "skipped", "the engine does not report", id="an unknown swarm"),
        pytest.param("7.5", BenchmarkFacts(host(swarm=Swarm(active=True))), "skipped", "only a manager knows", id="a worker"),
        pytest.param("7.5", BenchmarkFacts(host(swarm=SWARM)), "pass", "", id="a manager"),
        pytest.param("7.3", BenchmarkFacts(host(swarm=SWARM), networks=(EngineNetwork(name="n", driver="bridge"),)), "not applicable", "no overlay", id="no overlay network"),
        pytest.param("7.3", BenchmarkFacts(host(swarm=SWARM), networks=(EngineNetwork(name="n", driver="overlay"),), findings=(finding("N001", "network n"),)), "fail", "network n: does N001", id="networks by name"),
        pytest.param("3.1", BenchmarkFacts(host(files=(UNIT,))), "pass", "", id="a file in order"),
        pytest.param("3.1", BenchmarkFacts(host(files=(UNIT,)), findings=(finding("H007", "host", f"{UNIT.path} owner"),)), "fail", "does H007", id="a file of another owner"),
        pytest.param("3.2", BenchmarkFacts(host(files=(UNIT,)), findings=(finding("H007", "host", f"{UNIT.path} owner"),)), "pass", "", id="its mode is another matter"),
        pytest.param("3.1", BenchmarkFacts(host(files=())), "not applicable", "there is no such file", id="no such file"),
        pytest.param("3.1", BenchmarkFacts(host(files=UNKNOWN)), "skipped", "the files could not be read", id="unknown files"),
        pytest.param("3.8", BenchmarkFacts(host(files=(), unread=("/etc/docker/certs.d",))), "skipped", "/etc/docker/certs.d could not be read", id="a directory that only root may read"),
        pytest.param("1.1.7", BenchmarkFacts(host(files=(UNIT,), audited=("/etc/systemd",))), "pass", "", id="an audit rule"),
        pytest.param("1.1.7", BenchmarkFacts(host(files=(UNIT,), audited=("/usr",)), findings=(finding("H004", "host", "audit rules"),)), "fail", f"no audit rule is on {UNIT.path}", id="no audit rule"),
        pytest.param("1.1.7", BenchmarkFacts(host(files=(UNIT,), audited=UNKNOWN)), "skipped", "the audit rules could not be read", id="unknown audit rules"),
        pytest.param("1.1.13", BenchmarkFacts(host(files=(UNIT,), audited=())), "not applicable", "there is no such file", id="nothing to be watched"),
        pytest.param("4.2", BenchmarkFacts(host()), "manual", "sealock trust verify", id="what a person has to check"),
        pytest.param("2.2", BenchmarkFacts(None), "skipped", "no engine was found", id="no machine at all"),
    ],
)  # fmt: skip
def test_outcomes(number: str, seen: BenchmarkFacts, outcome: BenchmarkOutcome, reason: str) -> None:
    found = check_recommendation(RECOMMENDED[number], seen)
    assert found.outcome == outcome
    assert (reason in " ".join(found.reasons)) if reason else not found.reasons


def report(*results: RecommendationResult, errors: tuple[InputError, ...] = ()) -> BenchmarkReport:
    return BenchmarkReport("1", CIS_1_6_0, ("vm",), results, errors=errors)


def all_of(outcome: BenchmarkOutcome, severity: Severity | None = None) -> tuple[RecommendationResult, ...]:
    return tuple(RecommendationResult(one, outcome, ("why",), severity) for one in RECOMMENDED.values())


@pytest.mark.parametrize(
    ("results", "errors", "status"),
    [
        (all_of("pass"), (), 0),
        (all_of("pass", Severity.HIGH), (), 0),
        (all_of("manual"), (), 0),
        (all_of("fail", Severity.MEDIUM), (), 0),
        (all_of("fail", Severity.HIGH), (), 1),
        (all_of("suppressed"), (), 0),
        (all_of("fail", Severity.HIGH), (InputError("x", Location("engine")),), 2),
    ],
)
def test_the_exit_status(
    results: tuple[RecommendationResult, ...], errors: tuple[InputError, ...], status: int
) -> None:
    assert report(*results, errors=errors).status == status


def test_the_page_for_programs_has_every_recommendation() -> None:
    made = json.loads(render_json(report(*all_of("fail", Severity.LOW))))
    assert [one["number"] for one in made["recommendations"]] == NUMBERS
    assert made["recommendations"][0] == {
        "number": "1.1.1", "title": "The engine's data has a partition of its own", "outcome": "fail",
        "reasons": ["why"], "severity": "low", "rules": ["H003"],
    }  # fmt: skip
    assert made["summary"] == {
        "pass": 0, "fail": 117, "suppressed": 0, "not applicable": 0, "skipped": 0, "manual": 0,
        "fail_on": "high", "exit_status": 0,
    }  # fmt: skip


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_page_for_people_keeps_to_its_width_and_shows_nothing_that_steers_a_terminal(columns: int) -> None:
    hostile = RecommendationResult(RECOMMENDED["5.5"], "fail", ("\x1b[2Ja\n\u202eb" * 9,) * 9, Severity.HIGH)
    text = render(report(hostile, *all_of("not applicable")), width=columns)
    assert all(len(row) <= columns for row in text.splitlines())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "and 4 more (--verbose shows all)" in " ".join(text.split())
    assert "118 recommendations: 1 fail, 117 not applicable" in " ".join(text.split())


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["a", "b"], "a, b: has it"),
        (list("abcdef"), "a, b, c, d, e, f: has it"),
        (list("abcdefgh"), "a, b, c, d, e and 3 more: has it"),
    ],
)
def test_of_many_containers_the_first_are_named(names: list[str], shown: str) -> None:
    made = report(RecommendationResult(RECOMMENDED["5.5"], "fail", (f"{', '.join(names)}: has it",)))
    assert shown in render(made)
    assert f"{', '.join(names)}: has it" in render(made, every=True)
    assert f"{', '.join(names)}: has it" in render_json(made)


@pytest.mark.parametrize(
    ("severity", "said"), [(Severity.LOW, False), (Severity.HIGH, True)], ids=["below", "at the policy's severity"]
)
def test_the_page_says_why_the_run_failed(severity: Severity, *, said: bool) -> None:
    text = render(report(*all_of("fail", severity)))
    assert ("Failed: at least one finding is high or worse." in text) == said


def test_without_unicode_the_page_is_ascii() -> None:
    assert render(report(*all_of("fail", Severity.HIGH)), unicode=False).isascii()
