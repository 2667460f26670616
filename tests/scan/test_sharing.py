"""A run of many texts is shared with other processes, and its report is the one of a single process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
import sealock.scan.processes as processes
from sealock.cli.main import main
helpers, forks, fork = int(sys.argv[1]), [], os.fork
processes.count_children = lambda: helpers
os.fork = lambda: forks.append(1) or fork()
status = main(["check", sys.argv[2], "--format", "json", "--output", sys.argv[3]])
print(status, len(forks))
"""
POLICY = """
[[ignore]]
rule = ["B001"]
files = ["147/**"]
reason = "used by one file, which another process may take"

[[ignore]]
rule = ["B018"]
files = ["151/**"]
reason = "used by none"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """More files than one process takes, of several kinds, with ignores, a lock file and errors among them."""
    root = tmp_path / "project"
    for number in range(220):
        directory = root / f"{number:03}"
        directory.mkdir(parents=True)
        lines = [f"FROM debian:{number % 3 + 11}" if number % 7 else "FROM debian", "RUN apt-get install curl"]
        if number % 10 == 3:
            lines.insert(1, "# sealock: ignore[B003] for a reason")
        if number % 50 == 9:
            lines.append("NONSENSE x")
        (directory / "Dockerfile").write_text("\n".join(lines) + "\n")
        if number % 4 == 0:
            (directory / "compose.yaml").write_text("services:\n  app:\n    build: .\n    privileged: true\n")
    (root / "100" / "requirements.txt").write_text("jinja2==2.4\n")
    (root / "101" / "Dockerfile").write_bytes(b"FROM \xff\n")
    (root / "sealock.toml").write_text(POLICY)
    return root


def test_the_report_is_that_of_one_process(project: Path, tmp_path: Path) -> None:
    reports: dict[int, str] = {}
    for helpers in (0, 3):
        output = tmp_path / f"{helpers}.json"
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(helpers), str(project), str(output)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        status, forks = map(int, ran.stdout.split())
        assert (status, ran.stderr) == (2, "")
        assert bool(forks) is bool(helpers)
        reports[helpers] = output.read_text()
    assert reports[0] == reports[3]
    report = json.loads(reports[0])
    assert len(report["targets"]) == 220 + 55 + 2  # the lock file, and the policy with its ignore that covers nothing
    assert "used by one file, which another process may take" in reports[0]
    assert "for a reason" in reports[0]
    assert "used by none" in reports[0]
