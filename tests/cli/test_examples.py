"""The reports on the examples fit a screen or two, and say the same in every format."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

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


@pytest.mark.parametrize(("example", "most"), [("examples/shop", 122), ("examples/flask", 120)])
def test_the_report_on_a_project_fits(capsys: pytest.CaptureFixture[str], example: str, most: int) -> None:
    lines = report(capsys, example).splitlines()
    assert len(lines) <= most
    assert max(map(width, lines)) <= 80


def test_the_report_on_a_small_bad_dockerfile_fits(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Dockerfile").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    assert len(report(capsys, "Dockerfile").splitlines()) <= 43


@pytest.mark.repeats
@pytest.mark.parametrize("example", ["examples/shop", "examples/flask", "examples"])
@pytest.mark.parametrize("options", [(), ("--no-examples",), ("--pedantic",), ("--min-severity", "medium")])
def test_the_numbers_agree_across_formats(
    capsys: pytest.CaptureFixture[str], example: str, options: tuple[str, ...]
) -> None:
    def in_format(name: str) -> str:
        return report(capsys, example, *options, "--format", name)

    summary = json.loads(in_format("json"))["summary"]
    total, counts = summary["findings"], {word: number for word, number in summary["by_severity"].items() if number}
    words = ", ".join(f"{number} {word}" for word, number in counts.items())
    targets = f"{total} findings in {summary['evaluated']} targets"
    terminal = in_format("terminal")
    assert f"→ {targets}: {words}." in " ".join(terminal.split())
    shown: Counter[str] = Counter()
    for word, number in re.findall(r"(?m)^. ([A-Z]+) (\d+) (?:─|in )", terminal):
        shown[word.lower()] += int(number)
    assert shown == counts
    concise = in_format("concise").splitlines()
    assert (
        Counter(match[1] for row in concise if (match := re.match(r"\S+: (critical|high|medium|low|info) ", row)))
        == counts
    )
    assert concise[-1] == f"{targets}: {words}"
    markdown = in_format("markdown")
    assert f"sealock: {targets}\n\n{words}\n" in markdown
    assert len(re.findall(r"(?m)^\| `", markdown)) == total
    sarif = json.loads(in_format("sarif"))["runs"][0]["results"]
    assert Counter(result["properties"]["severity"] for result in sarif) == counts
    assert sum(result["level"] == "error" for result in sarif) == counts["critical"] + counts["high"]
    gitlab = [issue for issue in json.loads(in_format("gitlab")) if not issue["check_name"].startswith("sealock-")]
    assert len(gitlab) == total
    junit = ET.fromstring(in_format("junit"))  # noqa: S314  our own
    assert int(junit.attrib["failures"]) == counts["critical"] + counts["high"] == len(junit.findall(".//failure"))
    html = in_format("html")
    tiles = {word: int(number) for number, word in re.findall(r"<b>(\d+)</b><span>([a-z]+)</span>", html)}
    assert {word: number for word, number in tiles.items() if number} == counts
    assert len(re.findall(r'<p class="where">', html)) == total
    assert in_format("github").splitlines()[-2].startswith(f"{targets}: {words}.")
    fixes = {
        re.sub(r"\s+", " ", found)
        for found in re.findall(r"--fix can fix \d+ of \d+, --fix --unsafe \d+ more", terminal + html)
    }
    assert len(fixes) == 1
    assert int(re.findall(r"\d+", fixes.pop())[1]) == total


@pytest.mark.parametrize("unsafe", [False, True])
def test_fix_counts_the_findings_that_are_gone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, unsafe: bool
) -> None:
    shutil.copytree("examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    before = json.loads(report(capsys, "examples", "--format", "json"))["summary"]["findings"]
    shown = report(capsys, "examples")
    offered = re.search(r"--fix can fix (\d+) of \d+, --fix --unsafe (\d+) more", shown)
    assert offered
    after = json.loads(report(capsys, "examples", "--fix", *["--unsafe"] * unsafe, "--format", "json"))
    gone = before - after["summary"]["findings"]
    assert any(note.startswith(f"{gone} findings fixed in ") for note in after["notes"])
    assert gone >= int(offered[1]) + (int(offered[2]) if unsafe else 0)
    assert not any("was not fixed" in note for note in after["notes"])
