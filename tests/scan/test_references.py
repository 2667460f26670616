"""What `sealock check FILE` reports by the trust policy, without asking a registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealock.cli.main import main

REFUSES = 'default = "refuse"\n'
DIGEST = "sha256:" + "ab" * 32
POLICY = """
[trust]
{table}
[[trust.image]]
match = ["docker.io/library/*"]
digest = true
[[trust.image]]
match = ["docker.io/library/old*"]
refuse = "out of support"
[[trust.image]]
match = ["ghcr.io/acme/*"]
cosign = {{ keys = ["k.pub"] }}
"""
NO_ENTRY = "no entry of the trust policy matches it, and the default is to refuse"
ONLY_A_TAG = "it has only a tag, and the policy requires a digest (`sealock pin`)"
SIGNATURES = "signatures are verified by `sealock trust verify`"


def check(
    capsys: pytest.CaptureFixture[str], name: str, text: str, table: str = REFUSES, words: tuple[str, ...] = ()
) -> tuple[list[tuple[str, int, str]], list[str]]:
    """The findings (severity, line, message) and the skipped reasons of T001."""
    Path("sealock.toml").write_text(POLICY.format(table=table), encoding="utf-8")
    Path(name).write_text(text, encoding="utf-8")
    main(["check", name, "--format", "json", *words])
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    findings = [
        (
            found["severity"],
            found["location"]["line"],
            found["message"].removeprefix("does not meet the trust policy: "),
        )
        for found in target["findings"]
        if found["rule"] == "T001"
    ]
    return findings, [skipped["reason"] for skipped in target["skipped"] if skipped["rule"] == "T001"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "findings", "skipped"),
    [
        pytest.param("Dockerfile", "FROM quay.io/a:1\n", [("high", 1, NO_ENTRY)], [], id="an image that no entry matches"),
        pytest.param("Dockerfile", "FROM scratch\nFROM alpine:3\n", [("high", 2, ONLY_A_TAG)], [], id="a tag where a digest is required"),
        pytest.param("Dockerfile", f"FROM alpine:3@{DIGEST}\n", [], [], id="a digest where one is required"),
        pytest.param("Dockerfile", "FROM old:1\n", [("high", 1, "the policy refuses it: out of support")], [], id="an image that the policy refuses"),
        pytest.param("Dockerfile", "FROM ghcr.io/acme/a:1\n", [], [f"ghcr.io/acme/a:1: {SIGNATURES}"], id="an image that needs a signature"),
        pytest.param("Dockerfile", "FROM scratch\nCOPY --from=quay.io/a:1 / /\n", [("high", 2, NO_ENTRY)], [], id="an image to copy from"),
        pytest.param("Dockerfile", "FROM scratch\nCOPY --from=assets / /\nCOPY --from=quay.io/a / /\nRUN --mount=from=tools,target=/t x\n", [("high", 3, NO_ENTRY)], [], id="a word that may name a context of the command line"),
        pytest.param("Dockerfile", "FROM scratch AS a\nFROM a\nCOPY --from=a / /\n", [], [], id="a stage"),
        pytest.param("Dockerfile", "FROM quay.io/a:1\nFROM quay.io/a:1\n", [("high", 1, NO_ENTRY), ("high", 2, NO_ENTRY)], [], id="an image twice"),
        pytest.param("compose.yaml", "services:\n  a:\n    image: quay.io/a:1\n", [("high", 3, NO_ENTRY)], [], id="an image of a service"),
        pytest.param("compose.yaml", "services:\n  a:\n    build: .\n    image: quay.io/a:1\n", [("high", 4, NO_ENTRY)], [], id="an image that Compose pulls before it builds it"),
        pytest.param("compose.yaml", "services:\n  a:\n    build: .\n    pull_policy: build\n    image: quay.io/a:1\n", [], [], id="an image that is only built"),
        pytest.param("run.sh", "docker run quay.io/a:1\n", [("high", 1, NO_ENTRY)], [], id="a run line"),
    ],
)  # fmt: skip
def test_the_policy_is_applied_to_each_image_of_a_file(
    capsys: pytest.CaptureFixture[str],
    *,
    name: str,
    text: str,
    findings: list[tuple[str, int, str]],
    skipped: list[str],
) -> None:
    assert check(capsys, name, text) == (findings, skipped)


def test_a_mode_of_warning_lowers_the_severity(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, "Dockerfile", "FROM quay.io/a:1\n", REFUSES + 'mode = "warn"\n') == (
        [("low", 1, NO_ENTRY)],
        [],
    )


def test_an_image_that_passes_for_want_of_a_default_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    findings, (reason,) = check(capsys, "Dockerfile", "FROM quay.io/a:1\n", "")
    assert findings == []
    assert "no default is set" in reason
    assert check(capsys, "Dockerfile", "FROM quay.io/a:1\n", 'default = "accept"\n') == ([], [])


def test_an_image_that_passes_hides_none_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = f"FROM alpine@{DIGEST} AS a\nFROM ghcr.io/acme/app:1 AS b\nFROM quay.io/a:1\n"
    assert check(capsys, "Dockerfile", text)[0] == [("high", 3, NO_ENTRY)]


def test_only_other_rules_leave_it_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, "Dockerfile", "FROM quay.io/a:1\n", words=("--only", "B001")) == ([], [])


def test_a_fix_keeps_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = "services:\n  a:\n    image: quay.io/a:1\n    privileged: true\n"
    findings, _ = check(capsys, "compose.yaml", text, words=("--fix", "--unsafe"))
    assert findings == [("high", 3, NO_ENTRY)]


def test_two_findings_on_one_image_have_two_fingerprints(capsys: pytest.CaptureFixture[str]) -> None:
    check(capsys, "Dockerfile", "FROM quay.io/a:1\nFROM quay.io/a:1\n")
    main(["check", "Dockerfile", "--format", "json"])
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    prints = [found["fingerprint"] for found in target["findings"] if found["rule"] == "T001"]
    assert len(set(prints)) == 2
