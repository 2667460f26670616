"""How the benchmark reads the peers' reports, and when it calls a figure missed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import dockerfiles
import measurement
import pytest


def test_each_report_is_read_into_rules_by_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "Dockerfile").touch()
    file = str(tmp_path / "a" / "Dockerfile")
    ours = {"targets": [{"target": file, "findings": [{"rule": "C080", "location": {"file": file}}]}]}
    hadolint = [{"file": file, "code": "DL3006"}]
    trivy = {"Results": [{"Target": "a/Dockerfile", "Misconfigurations": [{"ID": "DS-0001"}]}, {"Target": "a/b"}]}
    readers = dockerfiles.READERS
    assert readers["sealock"](json.dumps(ours), tmp_path) == {"a/Dockerfile": {"C080"}}
    assert readers["hadolint"](json.dumps(hadolint), tmp_path) == {"a/Dockerfile": {"DL3006"}}
    assert readers["trivy config"](json.dumps(trivy), tmp_path) == {"a/Dockerfile": {"DS-0001"}}


@pytest.mark.parametrize(
    ("ours", "hadolint", "trivy", "met"),
    [
        ({"C046"}, {"DL3002"}, {"DS-0002"}, True),
        (set(), {"DL3002"}, {"DS-0002"}, False),
        (set(), {"DL3002"}, set(), True),
        (set(), set(), {"DS-0002"}, True),
        (set(), {"DL4000"}, {"DS-0022"}, True),
    ],
    ids=["all find it", "both peers and not we", "hadolint alone", "trivy alone", "no security row"],
)
def test_a_security_fault_that_both_peers_find_must_be_ours_too(
    ours: set[str],
    hadolint: set[str],
    trivy: set[str],
    met: bool,  # noqa: FBT001  a column of the table
) -> None:
    found = {"sealock": {"f": ours}, "hadolint": {"f": hadolint}, "trivy config": {"f": trivy}}
    assert dockerfiles.compared(found, {"f": ours}, suppressed=False) is met


def test_with_files_of_ones_own_a_difference_with_a_reason_is_told_but_not_held_against_us(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found: dict[str, dict[str, set[str]]] = {
        "sealock": {},
        "hadolint": {"f": {"DL3064"}},
        "trivy config": {"f": {"DS-0031"}},
    }
    assert dockerfiles.compared(found, {}, suppressed=True)
    assert "placeholders" in capsys.readouterr().out
    assert not dockerfiles.compared(found, {}, suppressed=False)


@pytest.mark.parametrize(
    ("ours", "hadolint", "status", "met"), [(1.0, 8.4, 1, True), (1.0, 8.2, 1, False), (1.0, 8.4, 3, False)]
)
def test_an_eighth_of_the_time_is_the_figure(ours: float, hadolint: float, status: int, met: bool) -> None:  # noqa: FBT001  a column of the table
    runs = {"sealock": [measurement.Ran(ours, 1, status, "")], "hadolint": [measurement.Ran(hadolint, 1, 1, "")]}
    assert dockerfiles.times(runs, {"sealock": {}, "hadolint": {}}) is met


def test_a_program_is_measured_to_its_end() -> None:
    ran = measurement.run([sys.executable, "-c", "import time; time.sleep(0.2); print('done'); raise SystemExit(3)"])
    assert ran.seconds >= 0.2
    assert ran.memory > 1_000_000
    assert (ran.status, ran.output) == (3, "done\n")
