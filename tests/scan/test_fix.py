"""Mending: what is safe is done, what is not believed is undone, and nothing else in the text changes."""

from __future__ import annotations

import difflib
from datetime import date
from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.formats.compose import editor
from sealock.formats.compose.reader import ComposeDocument, reread
from sealock.formats.runargs import document
from sealock.formats.scripts import RunCommand, find_run_commands
from sealock.model.location import Source
from sealock.scan.fix import FixedFile, fix, fix_file
from sealock.scan.run import CheckRun, check
from sealock.scan.settings import Settings
from sealock.targets.inputs import FileInput

TODAY = date(2026, 6, 1)


SCRIPT = """\
#!/bin/sh
# Two containers.
docker run -d --name web \\
    -p 8080:80 \\
    --privileged \\
    nginx:1.27    # trailing words
docker run --rm   alpine:3.20   true
"""

COMPOSE = """\
# The shop.
services:

  web:   # the front
    image: "nginx:1.27"
    privileged: true   # why?
    ports: ["8080:80"]
    environment:
      - A=1    # one

  db:
    image: postgres:17
    security_opt:
    - seccomp=unconfined
"""


def mended(tmp_path: Path, name: str, text: str, *, unsafe: bool = True, only: tuple[str, ...] = ()) -> FixedFile:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    run = CheckRun(Settings(only=only, today=TODAY, policy_file=""))
    (input_,) = run.inputs([str(path)])
    assert isinstance(input_, FileInput)
    (evaluated,) = run.evaluate(input_)
    return fix_file(evaluated, input_, unsafe=unsafe, today=TODAY)


def lines_changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    ("name", "text", "rule", "expected"),
    [
        pytest.param(
            "run.sh", SCRIPT, "C001", ["-     --privileged \\"], id="an option on a line of its own goes with its line"
        ),
        pytest.param(
            "compose.yaml", COMPOSE, "C001",
            ["-     privileged: true   # why?", "+     privileged: false   # why?"],
            id="a comment beside a value stays",
        ),
        pytest.param(
            "compose.yaml", COMPOSE, "C007",
            ["-     security_opt:", "-     - seccomp=unconfined"],
            id="the last element takes its key along",
        ),
    ],
)  # fmt: skip
def test_only_what_is_wrong_changes(tmp_path: Path, name: str, text: str, rule: str, expected: list[str]) -> None:
    fixed = mended(tmp_path, name, text, only=(rule,))
    assert lines_changed(text, fixed.text) == expected
    assert [finding.rule for finding in fixed.fixed] == [rule]


@pytest.mark.parametrize(("name", "text"), [("run.sh", SCRIPT), ("compose.yaml", COMPOSE)])
def test_mending_all_keeps_every_comment_and_mending_twice_changes_nothing(
    tmp_path: Path, name: str, text: str
) -> None:
    fixed = mended(tmp_path, name, text)
    for comment in [line.partition("#")[2] for line in text.splitlines() if "#" in line]:
        assert comment in fixed.text
    assert len(fixed.fixed) > 5
    assert mended(tmp_path, name, fixed.text).text == fixed.text


@pytest.mark.parametrize(("name", "text"), [("run.sh", SCRIPT), ("compose.yaml", COMPOSE)])
def test_line_ends_stay_as_they_are(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.replace("\n", "\r\n").encode())
    run = CheckRun(Settings(today=TODAY, policy_file=""))
    (input_,) = run.inputs([str(path)])
    assert isinstance(input_, FileInput)
    (evaluated,) = run.evaluate(input_)
    fixed = fix_file(evaluated, input_, unsafe=True, today=TODAY).text
    assert fixed.count("\n") == fixed.count("\r\n") > 0


def test_safe_mending_makes_only_safe_changes(tmp_path: Path) -> None:
    fixed = mended(tmp_path, "compose.yaml", COMPOSE, unsafe=False)
    assert all(finding.remedy.safe for finding in fixed.fixed)
    assert "privileged: true" in fixed.text


def test_what_is_excused_is_left_alone(tmp_path: Path) -> None:
    text = COMPOSE.replace("# why?", "# sealock: ignore[C001] it drives devices")
    assert "privileged: true" in mended(tmp_path, "compose.yaml", text, only=("C001",)).text


def test_what_cannot_be_spelled_is_told_with_the_reason(tmp_path: Path) -> None:
    text = "services:\n  web:\n    image: nginx:1\n    privileged: ${P:-true}\n"
    fixed = mended(tmp_path, "compose.yaml", text, only=("C001",))
    assert fixed.text == text
    ((finding, why),) = fixed.failed
    assert finding.rule == "C001"
    assert why


def project(count: int) -> str:
    return "services:\n" + "".join(
        f"  s{number}:\n    image: acme/app{number}:1.0\n    ports: ['{8000 + number}:80']\n" for number in range(count)
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(project(40), id="sound"),
        pytest.param(
            project(40).replace("image: acme/app7:1.0", "image: acme/app7:1.0\n    pids_limit: $PIDS"),
            id="with a field that a variable sets",
        ),
        pytest.param(
            project(40).replace("image: acme/app7:1.0", "image: acme/app7:1.0\n    pids_limit: 0${PIDS:-0}"),
            id="with a finding that cannot be fixed",
        ),
        pytest.param(
            project(39) + "  last:\n    image: a:1.0\n    security_opt: &o\n    - seccomp=unconfined\n"
            "  other:\n    image: b:1.0\n    security_opt: *o\n",
            id="with a shared text",
        ),
    ],
)
def test_services_are_fixed_together(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def count(document: ComposeDocument, changed: str) -> ComposeDocument:
        read.append(changed)
        return reread(document, changed)

    monkeypatch.setattr(editor, "reread", count)
    file = mended(tmp_path, "compose.yaml", text)
    assert file.text.count("pids_limit: 500") >= 39
    assert file.text.count("127.0.0.1:80") >= 39
    assert len(read) < 60


def test_a_service_gets_what_the_one_that_it_extends_was_given(tmp_path: Path) -> None:
    kids = "".join(f"  kid{number}:\n    extends: {'base' if not number else 'kid0'}\n" for number in range(3))
    file = mended(tmp_path, "compose.yaml", f"services:\n  base:\n    image: acme/app:1.0\n{kids}")
    assert file.text.endswith(kids)
    assert file.text.count("no-new-privileges") == file.text.count("cap_drop") == 1


def test_the_user_is_decided_before_what_it_needs(tmp_path: Path) -> None:
    file = mended(tmp_path, "compose.yaml", "services:\n  web:\n    image: python:3.12\n", only=("C004", "C046"))
    assert (
        file.text == 'services:\n  web:\n    image: python:3.12\n    user: "10001:10001"\n    cap_drop:\n      - ALL\n'
    )


def fixed_texts(tmp_path: Path, texts: dict[str, str]) -> dict[str, FixedFile]:
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    results = fix(str(tmp_path), settings=Settings(today=TODAY, policy_file="", only=("C006", "C028")), unsafe=True)
    return {str(Path(file.input.path).relative_to(tmp_path)): file for file in results}


BASE = "services:\n  base:\n    image: acme/app:1.0\n"


@pytest.mark.parametrize("name", ["a/base.yaml", "z/base.yaml"])
def test_a_file_is_fixed_before_those_that_extend_it(name: str, tmp_path: Path) -> None:
    name = name.replace("base", "compose")
    main = f"services:\n  web:\n    extends: {{file: {name}, service: base}}\n"
    assert fixed_texts(tmp_path, {"compose.yaml": main, name: BASE}).keys() == {name}


def test_a_fix_that_would_break_another_file_is_undone(tmp_path: Path) -> None:
    main = "services:\n  web:\n    extends: {file: b/compose.yaml, service: base}\n"
    main += "    security_opt: ['no-new-privileges:true']\n"
    files = fixed_texts(tmp_path, {"compose.yaml": main, "b/compose.yaml": BASE})
    assert files.keys() == {"b/compose.yaml"}
    assert files["b/compose.yaml"].text == f"{BASE}    mem_limit: 512m\n"
    ((finding, why),) = files["b/compose.yaml"].failed
    assert finding.rule == "C006"
    assert "the change would break" in why
    assert "security_opt.1 repeats an earlier item" in why


def test_the_base_file_is_fixed_although_an_override_names_the_service_too(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services:\n  web:\n    image: a:1\n    privileged: true\n", encoding="utf-8"
    )
    override = "services:\n  web:\n    labels: {a: b}\n  more:\n    image: b:1\n    privileged: true\n"
    (tmp_path / "compose.override.yaml").write_text(override, encoding="utf-8")
    (file,) = fix(str(tmp_path), settings=Settings(policy_file="", only=("C001",)), unsafe=True, write=True)
    assert [finding.subject for finding in file.fixed] == ["service web"]
    assert "privileged: false" in (tmp_path / "compose.yaml").read_text(encoding="utf-8")
    # What only the override has is not offered.
    (report,) = check(str(tmp_path), settings=Settings(policy_file="", only=("C001",))).targets
    assert [(finding.subject, finding.remedy.changes) for finding in report.counted] == [("service more", ())]
    assert (tmp_path / "compose.override.yaml").read_text(encoding="utf-8") == override


def test_run_lines_are_fixed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def count(source: Source) -> tuple[RunCommand, ...]:
        read.append(source.text)
        return find_run_commands(source)

    monkeypatch.setattr(document, "find_run_commands", count)
    lines = [f"docker run -d --name w{number} --privileged -p {8000 + number}:80 acme/app{number}:1.0\n" for number in range(30)]  # fmt: skip
    file = mended(tmp_path, "up.sh", "#!/bin/sh\n" + "".join(lines))
    assert not file.failed
    assert [file.text.count(words) for words in ("--privileged", "--pids-limit 500", "127.0.0.1:80")] == [0, 30, 30]
    assert len(read) < 60


def test_lines_of_one_name_are_each_fixed_although_a_network_comes_before_them(tmp_path: Path) -> None:
    text = "docker run -d --name db postgres:17\n" + "docker run --link db acme/app:1.0\n" * 2
    file = mended(tmp_path, "up.sh", text, only=("P012",))
    assert not file.failed
    assert file.text.count("network create app") == 1
    assert file.text.splitlines()[1:] == ["docker run --network app -d --name db postgres:17"] + ["docker run --network app acme/app:1.0"] * 2  # fmt: skip


def test_text_is_edited_together_where_edits_do_not_meet(tmp_path: Path) -> None:
    text = "FROM debian:12\n" + "".join(f"RUN apt-get update && apt-get install -y a{n}\nADD x{n} /x{n}\n" for n in range(60))  # fmt: skip
    file = mended(tmp_path, "Dockerfile", text)
    assert not file.failed
    assert [file.text.count(words) for words in ("--no-install-recommends", "COPY x", "ADD x")] == [60, 60, 0]
    assert mended(tmp_path, "Dockerfile", file.text).text == file.text


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("up.sh", "docker run -v /run:/run acme/app:1.0\n", ["--tmpfs /run", "--read-only"]),
        ("compose.yaml", "services:\n  web:\n    image: acme/app:1.0\n    volumes: [/run:/run]\n", ["      - /run\n", "read_only: true"]),
    ],
)  # fmt: skip
def test_what_is_added_makes_up_for_what_is_taken_away(
    name: str, text: str, expected: list[str], tmp_path: Path
) -> None:
    fixed = mended(tmp_path, name, text).text
    assert [words for words in expected if words not in fixed] == []
    assert "/run:/run" not in fixed


PRIVILEGED = "services:\n  web:\n    image: nginx:1\n    privileged: true\n"
UNSPELLED = "services:\n  web:\n    image: nginx:1\n    privileged: ${P:-true}\n"


@pytest.mark.parametrize(
    ("write", "unsafe", "after"),
    [
        (False, False, PRIVILEGED),
        (False, True, PRIVILEGED),
        (True, False, PRIVILEGED),
        (True, True, PRIVILEGED.replace("true", "false")),
    ],
)
def test_files_are_replaced_only_where_that_is_asked(tmp_path: Path, write: bool, unsafe: bool, after: str) -> None:  # noqa: FBT001  columns
    path = tmp_path / "compose.yaml"
    path.write_text(PRIVILEGED, encoding="utf-8")
    results = fix(str(path), settings=Settings(policy_file="", only=("C001",)), unsafe=unsafe, write=write)
    assert [result.text for result in results] == [PRIVILEGED.replace("true", "false")] * unsafe
    assert path.read_text(encoding="utf-8") == after


def test_a_file_without_a_change_is_given_only_where_a_fix_failed(tmp_path: Path) -> None:
    texts = {"a.yaml": UNSPELLED, "b.yaml": PRIVILEGED.replace("true", "false"), "c.yaml": PRIVILEGED}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    names = [str(tmp_path / name) for name in texts]
    results = fix(*names, settings=Settings(policy_file="", only=("C001",)), unsafe=True, write=True)
    assert [(Path(result.input.path).name, result.changed) for result in results] == [
        ("a.yaml", False),
        ("c.yaml", True),
    ]
    assert [len(result.failed) for result in results] == [1, 0]
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == UNSPELLED


def test_no_file_is_written_where_a_target_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(PRIVILEGED, encoding="utf-8")
    settings = Settings(policy_file="", only=("C001",))
    with pytest.raises(TargetError, match=r"gone\.yaml: "):
        fix(str(path), str(tmp_path / "gone.yaml"), settings=settings, unsafe=True, write=True)
    assert path.read_text(encoding="utf-8") == PRIVILEGED


def test_what_is_no_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(PRIVILEGED, encoding="utf-8")
    settings = Settings(policy_file="", only=("C001",))
    line = "run:docker run --privileged nginx:1"
    results = fix("image:nginx:1", str(path), "host", line, settings=settings, unsafe=True, write=True)
    assert [result.text for result in results] == [
        PRIVILEGED.replace("true", "false"),
        "docker run nginx:1",
    ]
    assert [result.input.path for result in results] == [str(path), ""]
    assert results[0].after.source.text == results[0].text


def test_files_are_fixed_without_settings(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM alpine:3.20\nMAINTAINER me\nUSER nobody\n", encoding="utf-8")
    (result,) = fix(str(path))
    assert "MAINTAINER" not in result.text


@pytest.mark.parametrize(
    ("environment", "unset"),
    [
        ("[POSTGRES_PASSWORD=kV9-tqz2LmWx, A=1]", ("POSTGRES_PASSWORD",)),
        ("[POSTGRES_PASSWORD=kV9-tqz2LmWx, API_TOKEN=kV9-tqz2LmWx]", ("POSTGRES_PASSWORD", "API_TOKEN")),
        ("[A=1]", ()),
    ],
)
def test_variables_that_lose_their_value_are_named(tmp_path: Path, environment: str, unset: tuple[str, ...]) -> None:
    fixed = mended(tmp_path, "compose.yaml", f"services:\n  a:\n    image: a:1\n    environment: {environment}\n")
    assert fixed.unset == unset
    assert "kV9" not in fixed.text
