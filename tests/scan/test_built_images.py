"""A service that builds its image is judged by what its Dockerfile says, where the service itself says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.scan.fix import fix_file
from sealock.scan.run import CheckRun, check
from sealock.scan.settings import Settings
from sealock.targets.inputs import FileInput

SERVICE = "services:\n  web:\n    build:{build}\n    ports: ['127.0.0.1:80:80']\n"


@pytest.mark.parametrize(
    ("build", "files", "root"),
    [
        (" ./web", {"web/Dockerfile": "FROM debian:13\n"}, True),
        (" ./web", {"web/Dockerfile": "FROM debian:13\nUSER 10001\n"}, False),
        (" ./web", {"web/Dockerfile": "FROM debian:13\nUSER 10001\nUSER 0:0\n"}, True),
        (" ./web", {"web/Dockerfile": "FROM gcr.io/distroless/static:nonroot\n"}, False),
        ("\n      context: web\n      dockerfile: prod.Dockerfile", {"web/prod.Dockerfile": "FROM debian:13\n"}, True),
        (
            "\n      context: web\n      target: app",
            {"web/Dockerfile": "FROM debian:13 AS app\nUSER app\nFROM app\nUSER root\n"},
            False,
        ),
        ("\n      dockerfile_inline: |\n        FROM debian:13\n        USER root", {}, True),
        (" ./web", {}, None),
        (" ./web", {"web/Dockerfile": "FROM registry.example/base:1\n"}, None),
        (" https://git.example/web.git", {}, None),
        ("\n      context: web\n      target: gone", {"web/Dockerfile": "FROM debian:13\n"}, None),
    ],
    ids=[
        "root by the base image", "a user", "root at the end", "a base image that is not root", "another file",
        "another stage", "inline", "no Dockerfile", "an unknown base", "a remote context", "a stage that is not there",
    ],
)  # fmt: skip
def test_the_user_is_the_images(tmp_path: Path, build: str, files: dict[str, str], root: bool | None) -> None:  # noqa: FBT001  a column
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(SERVICE.format(build=build), encoding="utf-8")
    report = check(str(tmp_path / "compose.yaml"), settings=Settings(only=("C046",)))
    (target,) = report.targets
    assert not target.errors
    assert [finding.rule for finding in target.findings] == (["C046"] if root else [])
    assert [skipped.rule for skipped in target.skipped if skipped.rule] == (["C046"] if root is None else [])


def test_a_service_that_is_laid_over_its_image_can_be_mended(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:13\n", encoding="utf-8")
    (tmp_path / "compose.yaml").write_text("services:\n  web:\n    build: .\n    privileged: true\n", encoding="utf-8")
    run = CheckRun(Settings(only=("C001", "C046")))
    (input_,) = run.inputs([str(tmp_path / "compose.yaml")])
    assert isinstance(input_, FileInput)
    (evaluated,) = run.evaluate(input_)
    fixed = fix_file(evaluated, input_, unsafe=True, today=run.today)
    assert "privileged: false" in fixed.text
    assert 'user: "10001:10001"' in fixed.text
    assert not fixed.failed
