"""Dockerfiles within compose and bake files are evaluated where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.scan.fix import fix
from sealock.scan.run import check
from sealock.scan.settings import Settings

SERVICE = "services:\n  web:\n    build:\n      dockerfile_inline: "
ONLY = ("B040", "B012", "C046", "C080")

FOUND: dict[str, tuple[str, str, list[str]]] = {
    "in a block": ("compose.yaml", f"{SERVICE}|\n        FROM debian:13\n        RUN sudo ls\n        USER 9\n", ["6:13 B040"]),
    "after a comment": ("compose.yaml", f"{SERVICE}| # it\n        FROM debian:13\n        RUN sudo ls\n        USER 9\n", ["6:13 B040"]),
    "in a block with an indent of its own": ("compose.yaml", f"{SERVICE}|1\n          FROM debian:13\n       RUN sudo ls\n       USER 9\n", ["6:12 B040"]),
    "in a block with empty lines": ("compose.yaml", f"{SERVICE}|\n\n        FROM debian:13\n\n        RUN sudo ls\n        USER 9\n", ["8:13 B040"]),
    "in lines that end as on Windows": ("compose.yaml", f"{SERVICE}|\r\n        FROM debian:13\r\n        RUN sudo ls\r\n        USER 9\r\n", ["6:13 B040"]),
    "after dollars": ("compose.yaml", f"{SERVICE}|\n        FROM debian:13\n        RUN echo $$A $$B; sudo ls\n        USER 9\n", ["6:27 B040"]),
    "in a line with a variable": ("compose.yaml", f"{SERVICE}|\n        FROM debian:13\n        RUN sudo ${{A:-ls}}\n        USER 9\n", ["6:13 B040"]),
    "in quotes, at the value": ("compose.yaml", f'{SERVICE}"FROM debian:13\\nRUN sudo ls\\nUSER 9"\n', ["4:7 B040"]),
    "in a folded block, at the value": ("compose.yaml", f"{SERVICE}>\n        FROM debian:13\n\n        RUN sudo ls\n\n        USER 9\n", ["4:7 B040"]),
    "in a text that two services share, once": (
        "compose.yaml",
        "x-b: &b\n  dockerfile_inline: |\n    FROM debian:13\n    RUN sudo ls\n    USER 9\nservices:\n  a: {build: *b, user: '9'}\n  b: {build: *b, user: '9'}\n",
        ["4:9 B040"],
    ),
    "after services without one, and after a text that two services share": (
        "compose.yaml",
        ("services:\n  z: {image: 'x@sha256:1', user: '9'}\n  y: {build: ., user: '9'}\n  a: {build: &b {dockerfile_inline: 'FROM debian:13'}, user: '9'}\n  b: {build: *b, user: '9'}\n"
        f"{SERVICE.partition(chr(10))[2]}|\n        FROM debian:13\n        RUN sudo ls\n        USER 9\n"),
        ["10:13 B040"],
    ),
    "two, each": (
        "compose.yaml",
        "services:\n"
        + "".join(f"  {name}:\n{SERVICE.partition('web:')[2][1:]}|\n        FROM debian:13\n        RUN sudo ls\n        USER 9\n" for name in "ab"),
        ["6:13 B040", "12:13 B040"],
    ),
    "a user, at the service alone": ("compose.yaml", f"{SERVICE}|\n        FROM debian:13\n        USER root\n    ports: ['80:80']\n", ["2:3 C046"]),
    "with an argument of the build": (
        "compose.yaml", f"{SERVICE}|\n        ARG V=13\n        FROM debian:$$V\n        USER 9\n      args: {{V: latest}}\n", ["6:14 C080"],
    ),
    "with a named context": (
        "compose.yaml", f"{SERVICE}|\n        FROM base\n        USER 9\n      additional_contexts: {{base: ./base}}\n", [],
    ),
    "with a context of its own": ("compose.yaml", f"{SERVICE}|\n        FROM debian:13\n        COPY . /x\n        USER 9\n      context: sub\n", ["6:14 B012"]),
    "with the context of the file": ("compose.yaml", f"{SERVICE}|\n        FROM debian:13\n        COPY . /x\n        USER 9\n", []),
    "with a context from elsewhere": (
        "compose.yaml", f"{SERVICE}|\n        FROM debian:13\n        COPY . /x\n        USER 9\n      context: https://git.example/a.git\n", [],
    ),
    "in a bake file": ("docker-bake.hcl", 'target "a" {\n  dockerfile-inline = <<E\nFROM debian:13\nRUN sudo ls\nUSER 9\nE\n}\n', ["4:5 B040"]),
    "indented in a bake file": (
        "docker-bake.hcl", 'target "a" {\n  dockerfile-inline = <<-E\n    FROM debian:13\n    RUN sudo ls\n  E\n}\n', ["3:5 C046", "4:9 B040"],
    ),
    "in a variable of a bake file, at its use": (
        "docker-bake.hcl", 'variable "D" {\n  default = "FROM debian:13\\nRUN sudo ls\\nUSER 9"\n}\ntarget "a" {\n  dockerfile-inline = D\n}\n', ["5:23 B040"],
    ),
    "inherited in a bake file, once": (
        "docker-bake.hcl", 'target "a" {\n  dockerfile-inline = "FROM debian:13\\nRUN sudo ls\\nUSER 9"\n}\ntarget "b" {\n  inherits = ["a"]\n}\n', ["2:23 B040"],
    ),
    "an empty one, which is none": ("compose.yaml", f"{SERVICE}''\n    user: '9'\n", []),
    "an empty one of a bake file": ("docker-bake.hcl", 'target "a" {\n  dockerfile-inline = ""\n}\n', []),
    "in a bake file of JSON": ("docker-bake.json", '{"target": {"a": {"dockerfile-inline": "FROM debian:13\\nRUN sudo ls\\nUSER 9"}}}\n', ["1:40 B040"]),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "found"), FOUND.values(), ids=FOUND)
def test_what_it_builds_is_found_where_it_stands(tmp_path: Path, name: str, text: str, found: list[str]) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".env").touch()
    (tmp_path / ".dockerignore").write_text("*\n", encoding="utf-8")
    (tmp_path / name).write_bytes(text.encode())
    (report,) = check(str(tmp_path / name), settings=Settings(only=ONLY)).targets
    assert not report.errors
    places = [(finding.location.line, finding.location.column, finding.rule) for finding in report.findings]
    assert [f"{line}:{column} {rule}" for line, column, rule in sorted(places)] == found
    assert not [skipped for skipped in report.skipped if not skipped.rule]


def test_each_says_whose_it_is(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(FOUND["two, each"][1], encoding="utf-8")
    (report,) = check(str(tmp_path), settings=Settings(only=ONLY)).targets
    names = {"Dockerfile of service a": 6, "Dockerfile of service b": 12}
    assert {finding.subject: finding.location.line for finding in report.findings} == names
    assert len({finding.fingerprint for finding in report.findings}) == 2


def test_one_that_is_none_is_an_error_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(f"{SERVICE}|\n        FROM\n", encoding="utf-8")
    (report,) = check(str(tmp_path), settings=Settings(only=ONLY)).targets
    (error,) = report.errors
    assert error.message == "the Dockerfile of service web: FROM needs at least one argument"
    assert (error.location.line, error.location.column) == (5, 9)


def test_one_that_is_made_when_it_is_built_is_named(tmp_path: Path) -> None:
    text = 'target "a" {\n  dockerfile-inline = "FROM debian:${timestamp()}"\n}\n'
    (tmp_path / "docker-bake.hcl").write_text(text, encoding="utf-8")
    (report,) = check(str(tmp_path)).targets
    reasons = [skipped.reason for skipped in report.skipped if not skipped.rule]
    assert reasons == ["the text of the Dockerfile of target a (line 2) is not known before it is built"]


def test_the_trust_policy_counts_for_what_it_builds_on(tmp_path: Path) -> None:
    (tmp_path / "sealock.toml").write_text('[trust]\ndefault = "refuse"\n', encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(FOUND["in a block"][1], encoding="utf-8")
    (report,) = check(str(tmp_path)).targets
    assert [finding.location.line for finding in report.findings if finding.rule == "T001"] == [5]


def test_a_comment_of_it_ignores_nothing_for_it_is_a_value(tmp_path: Path) -> None:
    text = f"{SERVICE}|\n        FROM debian:13\n        # sealock: ignore=B040\n        RUN sudo ls\n        USER 9\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    (report,) = check(str(tmp_path), settings=Settings(only=ONLY)).targets
    assert [finding.rule for finding in report.counted] == ["B040"]


def test_a_fix_edits_it_beside_the_service(tmp_path: Path) -> None:
    text = FOUND["in a block"][1] + "    privileged: true\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    (fixed,) = fix(str(tmp_path / "compose.yaml"), settings=Settings(only=("C001", "B040")), unsafe=True)
    assert fixed.text == text.replace("privileged: true", "privileged: false").replace("RUN sudo ls", "RUN ls")
    assert not fixed.failed


def test_the_lines_above_and_below_an_edit_may_have_variables(tmp_path: Path) -> None:
    text = f"{SERVICE}|\n        FROM $BASE\n        MAINTAINER me\n        RUN echo $WHO\n        USER 9\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    (fixed,) = fix(str(tmp_path), settings=Settings(only=("B140",), environment={"BASE": "debian:13", "WHO": "me"}))
    assert fixed.text == text.replace("MAINTAINER me", 'LABEL org.opencontainers.image.authors="me"')


def test_a_line_with_variables_is_left_to_people(tmp_path: Path) -> None:
    text = f"{SERVICE}|\n        FROM debian:13\n        MAINTAINER $WHO\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    settings = Settings(only=("B140",), environment={"WHO": "me"})
    assert not fix(str(tmp_path), settings=settings)
    (report,) = check(str(tmp_path), settings=settings).targets
    assert [(finding.rule, finding.remedy.safe, finding.remedy.changes) for finding in report.findings] == [
        ("B140", False, ())
    ]
