"""The evaluation of rules: skipped checks give their reason, and equal faults get different fingerprints."""

from __future__ import annotations

import pytest

from sealock.rules.catalog import rules
from sealock.rules.evaluation import Evaluation, evaluate
from support.documents import read


def result(text: str, *ids: str) -> Evaluation:
    chosen = {kind: [rule for rule in rules(kind) if rule.id in ids] for kind in ("container", "build", "project")}
    return evaluate("test", read(text), chosen)


def reasons(evaluation: Evaluation) -> list[str]:
    return [skipped.reason for skipped in evaluation.skipped]


def test_a_field_that_the_source_cannot_express_is_skipped_with_that_reason() -> None:
    assert reasons(result("FROM debian:13\n", "C001")) == ["a Dockerfile has no run-time settings"]


def test_a_field_that_depends_on_a_variable_is_skipped_with_its_name() -> None:
    assert reasons(result("FROM debian:13\nARG WHO\nUSER $WHO\n", "C046")) == ["$WHO could not be resolved"]


def test_a_list_with_an_element_from_a_variable_is_checked_by_its_other_elements_and_the_variable_is_named() -> None:
    evaluation = result('docker run -v "$SOCKET":/s -v /var/run/docker.sock:/d alpine:3.20', "C011")
    assert [finding.rule for finding in evaluation.findings] == ["C011"]
    # The finding may be one that the user accepts: it says nothing of the other mount.
    assert reasons(evaluation) == ["$SOCKET:/s could not be resolved"]
    (reason,) = reasons(result('docker run -v "$SOCKET":/s alpine:3.20', "C011"))
    assert "$SOCKET" in reason


def test_a_rule_that_finds_something_in_one_field_names_the_other_that_is_unknown() -> None:
    evaluation = result('docker run --volumes-from "$DATA" -v /var/run/docker.sock:/d alpine:3.20', "C011")
    assert [finding.rule for finding in evaluation.findings] == ["C011"]
    assert reasons(evaluation) == ["$DATA could not be resolved"]


def test_what_could_not_be_resolved_is_named_without_its_secrets() -> None:
    line = 'docker run -v "$(curl -H "Authorization: Bearer ghp_16C7e42F292c6912E7710c838347Ae178B4a" https://x)":/y alpine:3.20'
    assert reasons(result(line, "C011")) == [
        '$(curl -H "Authorization: Bearer ghp_…" https://x):/y could not be resolved'
    ]


QUOTED = {
    "a pipeline": ('FROM debian:12\nRUN curl -H "Authorization: Bearer TOKEN" https://a.example/x | sh\n', "B139"),
    "the name of an image": ("services: {a: {image: 'a.example/TOKEN'}}\n", "C080"),
    "a port": ("FROM debian:12\nEXPOSE TOKEN\n", "B132"),
    "a device": ("services: {a: {image: a, devices: ['/dev/TOKEN:/dev/x']}}\n", "C025"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "rule"), QUOTED.values(), ids=QUOTED)
def test_what_a_finding_quotes_is_masked_and_two_secrets_are_two_findings(text: str, rule: str) -> None:
    fingerprints = set()
    for token in ("ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7s9"):
        (quoted,) = result(text.replace("TOKEN", token), rule).findings
        words = f"{quoted.message} {quoted.evidence} {quoted.remedy.text}"
        assert token not in words
        assert "ghp_…" in words
        fingerprints.add(quoted.fingerprint)
    assert len(fingerprints) == 2


def test_options_from_a_variable_leave_all_unset_fields_unknown() -> None:
    (reason,) = reasons(result("docker run $OPTIONS alpine:3.20", "C001"))
    assert "$OPTIONS" in reason
    assert [finding.rule for finding in result("docker run --privileged $OPTIONS alpine:3.20", "C001").findings] == [
        "C001"
    ]


def test_equal_faults_in_a_text_have_different_fingerprints() -> None:
    findings = result("FROM debian:13\nRUN sudo true\nRUN sudo true\n", "B040").findings
    assert len(findings) == 2
    assert len({finding.fingerprint for finding in findings}) == 2


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a, image: 'alpine:3.20'}\n"


def test_no_rule_on_what_a_node_decides_is_evaluated_on_a_manifest() -> None:
    every = [rule.id for rule in rules("container")]
    evaluation = result(POD, *every)
    node = {
        *("C021", "C023", "C038", "C045"),  # UTS and cgroup namespaces, CPU sets, cgroups
        *("C030", "C031", "C032", "C033", "C034", "C035"),  # PIDs, ulimits, swap, the OOM killer, reservations
        *("C051", "C052", "C053", "C058"),  # logging
        *("C064", "C066"),  # networks, and ports that only the pod's network sees
    }
    assert {skipped.rule for skipped in evaluation.skipped} == node
    assert all(skipped.by_kind for skipped in evaluation.skipped)
    assert {finding.rule for finding in evaluation.findings} == {
        *("C004", "C006", "C007", "C028", "C029", "C040", "C046", "C054", "C081", "C090")
    }


def test_what_the_containers_of_a_pod_share_is_reported_once() -> None:
    text = POD + "  - {name: b, image: 'alpine:3.20'}\n  hostPID: true\n  hostNetwork: true\n"
    evaluation = result(text, "C018", "C020", "C028")
    assert sorted((finding.rule, finding.subject) for finding in evaluation.findings) == [
        ("C018", "container a of Pod p"),
        ("C020", "container a of Pod p"),
        ("C028", "container a of Pod p"),
        ("C028", "container b of Pod p"),
    ]
