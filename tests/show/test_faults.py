"""The fault that a demonstration shows is found in the user's compose file, with its fix; else it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.errors import SealockError
from sealock.model.change import Set
from sealock.show.catalog import demonstrations
from sealock.show.demonstration import Demonstration
from sealock.show.faults import fault_of_service, own_fault

PRIVILEGED = demonstrations()["C001"]
COMPOSE = """\
services:
  db:
    image: postgres:17
  web:
    image: nginx:1
    # sealock: ignore=C001
    privileged: true
  built:
    build: .
    privileged: true
"""
WITHOUT_FIX = Demonstration(
    rule="C001", run="docker run --privileged x", harm="", steps=(), remedy=(Set("privileged", False),)
)
NOT_WRITTEN = Demonstration(rule="C001", run="", harm="", steps=(), remedy=(Set("no_such_field", 1),))  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.22\n", encoding="utf-8")
    # The policy of the project must not hide what is to be shown.
    (tmp_path / "sealock.toml").write_text('[rules]\ndisable = ["C001"]\n', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("service", "image", "diff"),
    [
        pytest.param("web", "nginx:1", "-    privileged: true", id="a service with an image, though it ignores the rule"),
        pytest.param("built", "", "-    privileged: true", id="a service that is built"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("about", [PRIVILEGED, WITHOUT_FIX], ids=["by the fix of the rule", "by its own remedy"])
def test_a_service_with_the_fault(project: Path, about: Demonstration, service: str, image: str, diff: str) -> None:
    fault = fault_of_service(about, str(project / "compose.yaml"), service)
    assert (fault.before.privileged, fault.after.privileged is True, fault.image) == (True, False, image)
    assert diff in fault.diff
    assert not [line for line in fault.diff if line.startswith(("---", "+++"))]
    assert len(fault.diff) <= 8


@pytest.mark.parametrize(
    ("about", "file", "service", "why"),
    [
        pytest.param(PRIVILEGED, "gone.yaml", "web", "gone.yaml: ", id="no such file"),
        pytest.param(PRIVILEGED, "Dockerfile", "web", "Dockerfile is no compose file", id="another kind of file"),
        pytest.param(PRIVILEGED, "compose.yaml", "api", "compose.yaml has no service api; it has db, web, built", id="no such service"),
        pytest.param(PRIVILEGED, "compose.yaml", "db", "compose.yaml does not have the fault C001: nothing to show", id="a service without the fault"),
        pytest.param(NOT_WRITTEN, "compose.yaml", "web", "the file cannot express the remedy: ", id="a remedy that a compose file cannot express"),
    ],
)  # fmt: skip
def test_why_there_is_nothing_to_show(project: Path, about: Demonstration, file: str, service: str, why: str) -> None:
    with pytest.raises(SealockError) as raised:
        fault_of_service(about, str(project / file), service)
    assert why in str(raised.value)


def test_the_fault_of_a_run_line() -> None:
    fault = own_fault(PRIVILEGED)
    assert (fault.before.privileged, fault.after.privileged is True) == (True, False)
