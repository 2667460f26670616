"""The judge: what is unknown is said to be, with the reason that helps; equal faults are told apart."""

from __future__ import annotations

from sealock.rules.catalog import rules
from sealock.rules.evaluation import Evaluation, evaluate
from support.documents import read


def result(text: str, *ids: str) -> Evaluation:
    chosen = {kind: [rule for rule in rules(kind) if rule.id in ids] for kind in ("container", "build", "project")}
    return evaluate("test", read(text), chosen)


def reasons(found: Evaluation) -> list[str]:
    return [skipped.reason for skipped in found.skipped]


def test_a_field_that_the_source_cannot_say_is_not_judged_with_the_sources_reason() -> None:
    assert reasons(result("FROM debian:13\n", "C001")) == ["a Dockerfile has no run-time settings"]


def test_a_field_that_hangs_on_a_variable_is_not_judged_with_the_variables_name() -> None:
    assert reasons(result("FROM debian:13\nARG WHO\nUSER $WHO\n", "C046")) == ["$WHO could not be resolved"]


def test_a_list_with_an_element_that_hangs_on_a_variable_is_judged_by_the_others() -> None:
    found = result('docker run -v "$SOCKET":/s -v /var/run/docker.sock:/d alpine:3.20', "C011")
    assert [finding.rule for finding in found.findings] == ["C011"]
    assert not found.skipped
    (reason,) = reasons(result('docker run -v "$SOCKET":/s alpine:3.20', "C011"))
    assert "$SOCKET" in reason


def test_options_that_hang_on_a_variable_leave_all_that_is_unsaid_open() -> None:
    (reason,) = reasons(result("docker run $OPTIONS alpine:3.20", "C001"))
    assert "$OPTIONS" in reason
    assert [finding.rule for finding in result("docker run --privileged $OPTIONS alpine:3.20", "C001").findings] == [
        "C001"
    ]


def test_equal_faults_in_one_text_have_fingerprints_of_their_own() -> None:
    found = result("FROM debian:13\nRUN sudo true\nRUN sudo true\n", "B040").findings
    assert len(found) == 2
    assert len({finding.fingerprint for finding in found}) == 2
