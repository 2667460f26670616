"""Compose files that only others complete: a walk checks them by themselves, and says what they leave to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.scan.run import check

WEB = "services:\n  web: {image: 'nginx:1'}\n"
JOB = "services:\n  job: {image: 'busybox:1', privileged: true, §}\n"
PARTS = [
    # what the file uses, in its service; the words of the report
    ("depends_on: [web]", "service job depends on 'web', which is not defined"),
    ("depends_on: [web, db]", "service job depends on 'web', which is not defined (and 1 more)"),
    ("network_mode: 'service:web'", "service job uses the network of 'web', which is not defined"),
    ("networks: [inner]", "service job uses 'inner', which the project's networks do not define"),
    ("volumes: ['data:/d']", "service job uses 'data', which the project's volumes do not define"),
    ("secrets: [key]", "service job uses 'key', which the project's secrets do not define"),
    ("configs: [conf]", "service job uses 'conf', which the project's configs do not define"),
]
CHECKED = "checked without the files that Compose reads before it (name all with -f): "


@pytest.mark.parametrize(("uses", "words"), PARTS)
@pytest.mark.parametrize("name", ["compose.test.yaml", "more/docker-compose.override.yml", "stack.yml"])
def test_what_a_file_leaves_to_others_is_named_and_is_no_error(
    tmp_path: Path, uses: str, words: str, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    (tmp_path / "compose.yaml").write_text(WEB)
    path.write_text(JOB.replace("§", uses))
    report = check(str(tmp_path))
    assert [skipped.reason for skipped in report.unevaluated] == [CHECKED + words]
    assert report.errors == 0
    # What it holds is checked all the same.
    assert "C001" in {finding.rule for finding in report.findings() if finding.location.file == str(path)}
    named = check(str(path))
    assert named.status == 2
    assert [note.partition(":")[0] for note in named.notes] == [f"{path.name} uses what it does not define"]
    assert words.partition(" (and")[0] in [error.message for target in named.targets for error in target.errors]


@pytest.mark.parametrize(
    ("name", "text", "is_error"),
    [
        ("compose.yaml", JOB.replace("§", "depends_on: [web]"), True),  # what `docker compose up` would refuse
        ("compose.test.yaml", JOB.replace("§", "depends_on: [job]"), True),  # no other file mends a circle
        ("compose.test.yaml", JOB.replace("§", "prots: []"), True),
        ("compose.test.yaml", JOB.replace("§", "depends_on: {web: {condition: service_started, required: false}}"), None),
    ],
)  # fmt: skip
def test_other_faults_stay_errors(tmp_path: Path, name: str, text: str, *, is_error: bool | None) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "compose.yaml").write_text(WEB)
    (tmp_path / name).write_text(text)
    report = check(str(tmp_path))
    assert (bool(report.errors), bool(report.unevaluated)) == (is_error is True, is_error is False)


def test_the_files_of_a_list_are_one_project(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COMPOSE_FILE=base.yml:job.yml\n")
    (tmp_path / "base.yml").write_text(WEB)
    (tmp_path / "job.yml").write_text(JOB.replace("§", "depends_on: [db]"))
    report = check(str(tmp_path))
    assert report.status == 2
    assert not report.unevaluated


NETWORK = "networks: {inner: }\n"
INCLUDES = {
    "a path": {"compose.yaml": f"include: [a/compose.yaml]\n{WEB}{NETWORK}"},
    "the long form": {"compose.yml": f"include:\n  - path: [./a/compose.yaml]\n{WEB}{NETWORK}"},
    "an override": {"compose.yaml": WEB + NETWORK, "compose.override.yaml": "include: [a/compose.yaml]\n"},
    "a file that is included itself": {
        "compose.yaml": f"include: [b/more.yaml]\n{WEB}{NETWORK}",
        "b/more.yaml": "include: [../a/compose.yaml]\n",
    },
    "a project that COMPOSE_FILE lists": {
        ".env": "COMPOSE_FILE=main.yml\n",
        "main.yml": f"include: [a/compose.yaml]\n{WEB}{NETWORK}",
    },
}


def make(directory: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)


@pytest.mark.parametrize("texts", INCLUDES.values(), ids=INCLUDES)
@pytest.mark.parametrize("uses", ["networks: [inner]", "depends_on: [web]"])
def test_what_an_included_file_uses_is_looked_for_in_the_project_that_includes_it(
    tmp_path: Path, texts: dict[str, str], uses: str
) -> None:
    make(tmp_path, {**texts, "a/compose.yaml": JOB.replace("§", uses)})
    report = check(str(tmp_path))
    assert ([error.message for target in report.targets for error in target.errors], report.unevaluated) == ([], ())
    assert [finding.location.file for finding in report.findings() if finding.rule == "C001"] == [
        str(tmp_path / "a/compose.yaml")
    ]


@pytest.mark.parametrize(
    ("texts", "messages"),
    [
        pytest.param(
            {"compose.yaml": f"include: [a/compose.yaml]\n{WEB}"},
            ["service job uses 'inner', which the project's networks do not define"],
            id="neither file defines it",
        ),
        pytest.param(
            {"compose.yaml": f"include: [b/compose.yaml]\n{WEB}{NETWORK}", "b/compose.yaml": WEB},
            ["service job uses 'inner', which the project's networks do not define"],
            id="the project includes another file",
        ),
        pytest.param(
            {
                "compose.yml": f"include: [a/compose.yaml]\n{WEB}{NETWORK}",
                "sealock.toml": "exclude = ['compose.yml']\n",
            },
            ["service job uses 'inner', which the project's networks do not define"],
            id="the policy leaves the project out",
        ),
    ],
)
def test_what_no_project_of_the_walk_defines_is_an_error_once(
    tmp_path: Path, texts: dict[str, str], messages: list[str]
) -> None:
    make(tmp_path, {**texts, "a/compose.yaml": JOB.replace("§", "networks: [inner]")})
    report = check(str(tmp_path))
    assert [error.message for target in report.targets for error in target.errors] == messages
