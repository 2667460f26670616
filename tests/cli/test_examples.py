"""The reports on the examples fit a screen or two, and say the same in every format."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.text import width

ROOT = Path(__file__).parents[2]
BAD = """FROM ubuntu:latest
MAINTAINER me
RUN apt-get update
RUN apt-get install -y curl python3
ADD . /app
RUN curl http://example.com/x.sh | bash
ENV SECRET_KEY=abcdef1234567890
CMD python3 /app/app.py
"""


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(ROOT)


def report(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(["check", "--offline", *words])
    return capsys.readouterr().out


@pytest.mark.parametrize(("example", "most"), [("examples/shop", 120), ("examples/flask", 120)])
def test_the_report_on_a_project_fits(capsys: pytest.CaptureFixture[str], example: str, most: int) -> None:
    lines = report(capsys, example).splitlines()
    assert len(lines) <= most
    assert max(map(width, lines)) <= 80


def test_the_report_on_a_small_bad_dockerfile_fits(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Dockerfile").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    assert len(report(capsys, "Dockerfile").splitlines()) <= 40


@pytest.mark.parametrize("example", ["examples/shop", "examples/flask"])
def test_the_numbers_agree_across_formats(capsys: pytest.CaptureFixture[str], example: str) -> None:
    summary = json.loads(report(capsys, example, "--format", "json"))["summary"]
    total, counts = summary["findings"], {word: number for word, number in summary["by_severity"].items() if number}
    words = ", ".join(f"{number} {word}" for word, number in counts.items())
    assert f"→ {total} findings in {summary['targets']} targets: {words}." in report(capsys, example)
    headings = re.findall(r"(?m)^. ([A-Z]+) (\d+) ─", report(capsys, example))
    assert {word.lower(): int(number) for word, number in headings} == counts
    concise = report(capsys, example, "--format", "concise").splitlines()
    assert sum(bool(re.match(r"\S+: (critical|high|medium|low|info) ", line)) for line in concise) == total
    assert concise[-1] == f"{total} findings in {summary['targets']} targets: {words}"
    assert f"sealock: {total} findings in {summary['targets']} targets\n\n{words}\n" in report(
        capsys, example, "--format", "markdown"
    )
    sarif = json.loads(report(capsys, example, "--format", "sarif"))
    assert len(sarif["runs"][0]["results"]) == total
    assert len(json.loads(report(capsys, example, "--format", "gitlab"))) >= total
