"""A fault of a Dockerfile is reported once, and not again for each service that builds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.model.finding import Finding, Severity
from sealock.model.report import Report
from sealock.scan.run import check
from sealock.scan.settings import Settings

ROOT = 'FROM python:3.12\nCMD ["app"]\n'
SERVICE = "services:\n  web:\n    build: ./web\n"
ONLY = Settings(only=("C046", "C044"))


def write(directory: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def places(report: Report, directory: Path) -> list[tuple[str, str, str]]:
    """The findings that count: file, rule and subject."""
    assert not report.errors
    return [
        (str(Path(finding.location.file).relative_to(directory)), finding.rule, finding.subject)
        for finding in report.findings()
    ]


def the_finding(report: Report) -> Finding:
    (finding,) = report.findings()
    return finding


IMAGE = ("web/Dockerfile", "C046", "final stage")
TWO = "services:\n  web:\n    build: ./web\n  worker:\n    build:\n      context: web\n"


@pytest.mark.parametrize(
    ("compose", "dockerfile", "expected", "services"),
    [
        pytest.param(SERVICE, ROOT, [IMAGE], ["service web"], id="one service"),
        pytest.param(TWO, ROOT, [IMAGE], ["service web", "service worker"], id="two services"),
        pytest.param(TWO + "    user: '1000'\n", ROOT, [IMAGE], ["service web"], id="one of two with a user of its own"),
        pytest.param(SERVICE + "    user: '1000'\n", ROOT, [IMAGE], [], id="a service with a user of its own"),
        pytest.param(
            SERVICE + "    user: root\n", ROOT, [("compose.yaml", "C046", "service web"), IMAGE], [],
            id="a service that says root itself",
        ),
        pytest.param(SERVICE, "FROM python:3.12\nUSER 1000\n", [], [], id="no fault"),
        pytest.param(
            SERVICE + "    user: root\n", "FROM python:3.12\nUSER 1000\n", [("compose.yaml", "C046", "service web")], [],
            id="a fault of the service's own",
        ),
        pytest.param(
            "services:\n  web:\n    build:\n      context: web\n      target: dev\n",
            "FROM python:3.12 AS dev\nFROM python:3.12\nUSER 1000\n",
            [("compose.yaml", "C046", "service web")], [], id="another stage than the last",
        ),
        pytest.param(
            "services:\n  web:\n    build:\n      context: web\n      target: prod\n",
            "FROM python:3.12 AS dev\nFROM dev AS prod\n",
            [("web/Dockerfile", "C046", "stage prod")], ["service web"], id="the last stage by its name",
        ),
        pytest.param(
            "services:\n  web:\n    build:\n      context: web\n      args:\n        WHO: app\n",
            "FROM python:3.12\nARG WHO=root\nUSER ${WHO}\n", [IMAGE], [], id="an argument of the build sets the user",
        ),
        pytest.param(
            "services:\n  web:\n    build:\n      context: web\n      args: [BASE=python:3.12]\n",
            "ARG BASE=gcr.io/distroless/static:nonroot\nFROM ${BASE}\n",
            [("compose.yaml", "C046", "service web")], [], id="an argument of the build sets a base that is root",
        ),
        pytest.param(
            "services:\n  web:\n    build:\n      context: web\n      args: [BASE]\n",
            "ARG BASE=python:3.12\nFROM ${BASE}\n", [IMAGE], [], id="an argument from the environment",
        ),
        pytest.param(
            SERVICE, "FROM gcr.io/distroless/static:nonroot\nHEALTHCHECK NONE\n",
            [("web/Dockerfile", "C044", "final stage")], ["service web"], id="a health check that the image disables",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_reported_where_it_is_fixed(
    tmp_path: Path, compose: str, dockerfile: str, expected: list[tuple[str, str, str]], services: list[str]
) -> None:
    write(tmp_path, {"compose.yaml": compose, "web/Dockerfile": dockerfile})
    report = check(str(tmp_path), settings=ONLY)
    assert places(report, tmp_path) == expected
    assert [place.subject for finding in report.findings() for place in finding.repetitions] == services
    for finding in report.findings():
        assert all(name in finding.message for name in services)


@pytest.mark.parametrize("pedantic", [False, True])
def test_a_missing_health_check_is_the_dockerfiles(tmp_path: Path, *, pedantic: bool) -> None:
    write(tmp_path, {"compose.yaml": SERVICE, "web/Dockerfile": "FROM python:3.12\nUSER 1000\n"})
    report = check(str(tmp_path), settings=Settings(pedantic=pedantic))
    found = {(rule, subject) for _, rule, subject in places(report, tmp_path) if rule in {"B130", "C054"}}
    assert found == ({("B130", "Dockerfile")} if pedantic else set())


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["compose.yaml"], [("compose.yaml", "C046", "service web")]),
        (["web/Dockerfile"], [IMAGE]),
        (["web/Dockerfile", "compose.yaml"], [IMAGE]),
        (["compose.yaml", "web/../web/Dockerfile"], [IMAGE]),
    ],
    ids=["compose file", "Dockerfile", "both", "both, by another path"],
)
def test_each_of_the_two_files_reports_the_fault_by_itself(
    tmp_path: Path, names: list[str], expected: list[tuple[str, str, str]]
) -> None:
    write(tmp_path, {"compose.yaml": SERVICE, "web/Dockerfile": ROOT})
    report = check(*(str(tmp_path / name) for name in names), settings=ONLY)
    assert [rule[1:] for rule in places(report, tmp_path)] == [rule[1:] for rule in expected]
    assert Path(the_finding(report).location.file).resolve() == tmp_path / expected[0][0]


@pytest.mark.parametrize("line", ["", "    privileged: true\n", "    cap_drop: [ALL]\n"])
@pytest.mark.parametrize("fail_on", list(Severity))
def test_the_exit_status_is_never_lower_than_with_one_of_the_files(
    tmp_path: Path, line: str, fail_on: Severity
) -> None:
    write(tmp_path, {"compose.yaml": SERVICE + line, "web/Dockerfile": ROOT})
    settings = Settings(only=("C046",), fail_on=fail_on)
    apart = [check(str(tmp_path / name), settings=settings) for name in ("compose.yaml", "web/Dockerfile")]
    both = check(str(tmp_path), settings=settings)
    assert both.status == max(report.status for report in apart)
    worst = max(finding.severity for report in apart for finding in report.findings())
    assert the_finding(both).severity == worst


IGNORE = '[[ignore]]\nrule = "C046"\nfiles = ["{file}"]\nreason = "accepted"\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"web/Dockerfile": f"# sealock: ignore[C046] known\n{ROOT}"}, [], id="in the Dockerfile"),
        pytest.param({"sealock.toml": IGNORE.format(file="web/Dockerfile")}, [], id="of the Dockerfile, by the policy"),
        pytest.param(
            {"compose.yaml": "services:\n  web:  # sealock: ignore[C046] known\n    build: ./web\n"}, [IMAGE],
            id="in the compose file",
        ),
        pytest.param({"sealock.toml": IGNORE.format(file="compose.yaml")}, [IMAGE], id="of the compose file"),
    ],
)  # fmt: skip
def test_an_ignore_of_the_image_is_one_of_its_services_and_not_the_other_way(
    tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    write(tmp_path, {"compose.yaml": SERVICE, "web/Dockerfile": ROOT} | files)
    report = check(str(tmp_path), settings=Settings(only=("C046",)))
    assert places(report, tmp_path) == expected
    assert report.suppressed == 1


def test_an_ignore_of_the_image_does_not_reach_a_service_that_makes_the_fault_graver(tmp_path: Path) -> None:
    compose = "services:\n  web:\n    build: ./web\n"
    policy = IGNORE.format(file="web/Dockerfile") + '[severity]\nC046 = "low"\n'
    write(tmp_path, {"compose.yaml": compose, "web/Dockerfile": ROOT, "sealock.toml": policy})
    assert not tuple(check(str(tmp_path), settings=Settings(only=("C046",))).findings())
    # Each has its own policy, and that of the Dockerfile calls the rule less grave.
    (tmp_path / "sealock.toml").write_text('policies = ["web"]\n')
    (tmp_path / "web/sealock.toml").write_text(IGNORE.format(file="Dockerfile") + '[severity]\nC046 = "info"\n')
    report = check(str(tmp_path), settings=Settings(only=("C046",)))
    assert places(report, tmp_path) == [("compose.yaml", "C046", "service web")]


@pytest.mark.parametrize("json_report", [False, True], ids=["baseline", "JSON report"])
def test_a_baseline_of_both_files_holds_for_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, json_report: bool
) -> None:
    write(tmp_path, {"sealock.toml": "", "compose.yaml": SERVICE, "web/Dockerfile": ROOT})
    known = str(tmp_path / "known.json")
    wanted = ["--format", "json", "--output", known] if json_report else ["--write-baseline", known]
    main(["check", str(tmp_path), "--only", "C046", *wanted])
    for name in ("compose.yaml", "web/Dockerfile", "."):
        capsys.readouterr()
        status = main(["check", str(tmp_path / name), "--only", "C046", "--baseline", known, "--format", "json"])
        report = json.loads(capsys.readouterr().out)
        assert (status, report["summary"]["findings"]) == (0, 0), name


def test_a_baseline_from_before_the_two_were_joined_holds(tmp_path: Path) -> None:
    write(tmp_path, {"sealock.toml": "", "compose.yaml": SERVICE, "web/Dockerfile": ROOT})
    apart = [check(str(tmp_path / name), settings=ONLY) for name in ("compose.yaml", "web/Dockerfile")]
    prints = [finding.fingerprint for report in apart for finding in report.findings()]
    assert len(set(prints)) == 2
    (tmp_path / "known.json").write_text(json.dumps({"sealock-baseline": 1, "fingerprints": prints}))
    report = check(str(tmp_path), settings=Settings(only=("C046",), baseline=str(tmp_path / "known.json")))
    assert (report.status, places(report, tmp_path)) == (0, [])


def fixed(directory: Path, *words: str) -> tuple[bool, bool]:
    """Whether --fix sets a user in the compose file, and in the Dockerfile."""
    main(["check", *words, "--only", "C046", "--fix", "--unsafe", "--quiet"])
    compose, dockerfile = ((directory / name).read_text() for name in ("compose.yaml", "web/Dockerfile"))
    return "user:" in compose, "USER" in dockerfile


def test_it_is_fixed_in_the_dockerfile_alone(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": TWO, "web/Dockerfile": ROOT})
    assert fixed(tmp_path, str(tmp_path)) == (False, True)
    assert check(str(tmp_path), settings=Settings(only=("C046",))).status == 0


def test_without_the_dockerfile_it_is_fixed_in_the_service(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": SERVICE, "web/Dockerfile": ROOT})
    assert fixed(tmp_path, str(tmp_path / "compose.yaml")) == (True, False)


def test_what_is_suppressed_in_the_dockerfile_is_fixed_in_neither(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": SERVICE, "web/Dockerfile": f"# sealock: ignore[C046] known\n{ROOT}"})
    assert fixed(tmp_path, str(tmp_path)) == (False, False)


def test_many_services_of_one_dockerfile_take_one_finding(tmp_path: Path) -> None:
    services = "".join(f"  web{number}:\n    build: ./web\n" for number in range(300))
    write(tmp_path, {"compose.yaml": f"services:\n{services}", "web/Dockerfile": ROOT})
    finding = the_finding(check(str(tmp_path), settings=Settings(only=("C046",))))
    assert len(finding.repetitions) == 300
    assert len(finding.message) < 300


INCLUDED = "services:\n  db:\n    image: postgres:16\n    privileged: true\n"


@pytest.mark.parametrize(
    ("compose", "services"),
    [
        pytest.param("include: [db.yaml]\n", ["service db"], id="included"),
        pytest.param(
            "services:\n  web:\n    extends:\n      file: db.yaml\n      service: db\n", ["service web"], id="extended"
        ),
        pytest.param(
            "services:\n  web:\n    extends:\n      file: db.yaml\n      service: db\n    privileged: false\n", [],
            id="extended, and set otherwise",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_an_included_or_extended_file_is_reported_in_that_file(
    tmp_path: Path, compose: str, services: list[str]
) -> None:
    write(tmp_path, {"compose.yaml": compose, "db.yaml": INCLUDED})
    finding = the_finding(check(str(tmp_path), settings=Settings(only=("C001",))))
    assert Path(finding.location.file).name == "db.yaml"
    assert [place.subject for place in finding.repetitions] == services
    if services:
        (alone,) = check(str(tmp_path / "compose.yaml"), settings=Settings(only=("C001",))).findings()
        assert alone.fingerprint == finding.repetitions[0].fingerprint
        # A service in another file is fixed where that file is a target.
        assert bool(alone.remedy.changes) == ("include" not in compose)


def test_an_override_is_no_other_target(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": INCLUDED, "compose.override.yaml": "services:\n  db:\n    network_mode: host\n"})
    report = check(str(tmp_path), settings=Settings(only=("C001", "C020")))
    assert sorted(finding.rule for finding in report.findings()) == ["C001", "C020"]
    assert not any(finding.repetitions for finding in report.findings())


THIRD = "services:\n  c:\n    image: alpine:3.20\n    privileged: true\n    odd: 1\n"
INCLUDING = {name: f"include: [{path}]\n" for name, path in (("compose.yaml", "base.yaml"), ("two/compose.yaml", "../base.yaml"))}  # fmt: skip


@pytest.mark.parametrize("named", [True, False], ids=["that is checked itself", "that is not"])
def test_faults_of_a_file_that_two_others_include_are_reported_once(named: bool, tmp_path: Path) -> None:  # noqa: FBT001  a row
    write(tmp_path, {**INCLUDING, "base.yaml": THIRD})
    files = [*INCLUDING, *(["base.yaml"] if named else [])]
    report = check(*(str(tmp_path / name) for name in files), settings=Settings(only=("C001",), outside=True))
    errors = [error.location for target in report.targets for error in target.errors]
    assert [(Path(at.file).name, at.line) for at in errors] == [("base.yaml", 5)]
    finding = the_finding(report)
    assert (Path(finding.location.file).name, finding.location.line) == ("base.yaml", 4)
    assert len(finding.repetitions) == len(files) - 1
    assert report.status == 2


def test_two_services_of_one_file_that_extend_another_are_two_findings(tmp_path: Path) -> None:
    write(tmp_path, {"base.yaml": THIRD.replace("    odd: 1\n", "")})
    extending = "".join(f"  {name}:\n    extends: {{file: base.yaml, service: c}}\n" for name in "ab")
    write(tmp_path, {"compose.yaml": f"services:\n{extending}"})
    report = check(str(tmp_path / "compose.yaml"), settings=Settings(only=("C001",)))
    assert [finding.subject for finding in report.findings()] == ["service a", "service b"]
