"""Inline ignores count in comments of the files that were named, and nowhere else."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from sealock import formats
from sealock.model.document import DocumentKind
from sealock.model.location import Source
from sealock.policy.ignores import inline
from sealock.scan.fix import fix
from sealock.scan.run import check
from sealock.scan.settings import Settings

C001 = "# sealock: ignore-file[C001] r"
B020 = "# sealock: ignore-file[B020] r"
WEB = "services:\n  web:\n    image: nginx:1\n    privileged: true\n"
PIPE = "RUN curl https://a.example/x | sh\n"
RUN = "docker run --privileged nginx:1\n"

HOSTILE = {
    "a YAML string": ("compose.yaml", f'{WEB}    environment: {{A: "{C001}"}}\n'),
    "a YAML string of two lines": ("compose.yaml", f'{WEB}    command: "a\n      {C001}\n      b"\n'),
    "a YAML string in single quotes": ("compose.yaml", f"{WEB}    command: 'it''s {C001}'\n"),
    "a plain YAML scalar": ("compose.yaml", f"{WEB}    command: a{C001}\n"),
    "a literal block": ("compose.yaml", f"{WEB}    command: |\n      a\n      {C001}\n"),
    "a folded block": ("compose.yaml", f"{WEB}    command: !!str >-\n      {C001}\n\n      {C001}\n"),
    "a label in compose": ("compose.yaml", f'{WEB}    labels: ["a={C001}"]\n'),
    "a YAML key": ("compose.yaml", f'{WEB}    labels: {{"{C001}": x}}\n'),
    "a YAML string that does not end": ("compose.yaml", f'{WEB}x-a: "\n  {C001}\n'),
    "compose as JSON": (
        "compose.yaml",
        json.dumps({"services": {"web": {"image": "nginx:1", "privileged": True, "command": C001}}}),
    ),
    "a label in a Dockerfile": ("Dockerfile", f'FROM debian:13\nLABEL a="{B020}"\n{PIPE}'),
    "ENV": ("Dockerfile", f"FROM debian:13\nENV X={B020}\n{PIPE}"),
    "RUN echo": ("Dockerfile", f'FROM debian:13\nRUN echo "{B020}"\n{PIPE}'),
    "a here-document of RUN": ("Dockerfile", f"FROM debian:13\nRUN <<EOF\n{B020}\nEOF\n{PIPE}"),
    "a here-document of COPY": ("Dockerfile", f"FROM debian:13\nCOPY <<-'A' /a\n{B020}\n\tA\n{PIPE}"),
    "the second here-document": ("Dockerfile", f"FROM debian:13\nCOPY <<A <<B /a/\nA\n{B020}\nB\n{PIPE}"),
    "a continued value": ("Dockerfile", f"FROM debian:13\nENV X=a\\\n b{B020}\n{PIPE}"),
    "echo in a script": ("a.sh", f"#!/bin/sh\necho '{C001}'\n{RUN}"),
    "a here-document of a script": ("a.sh", f"#!/bin/sh\ncat <<EOF\n{C001}\nEOF\n{RUN}"),
    "a string of several lines": ("a.sh", f'#!/bin/sh\nX="\n{C001}\n"\n{RUN}'),
    "a word": ("a.sh", f"#!/bin/sh\necho a{C001}\n{RUN}"),
    "prose of Markdown": ("a.md", f"{C001}\n\n```sh\n{RUN}```\n"),
    "a code span of Markdown": ("a.md", f"Write `<!-- {C001} -->`.\n\n```sh\n{RUN}```\n"),
    "the second code span of a line": ("a.md", f"Write `a` or `<!-- {C001} -->`.\n\n```sh\n{RUN}```\n"),
    "after an empty comment of Markdown": ("a.md", f"<!--> {C001} -->\n\n```sh\n{RUN}```\n"),
    "after another empty comment of Markdown": ("a.md", f"<!---> {C001} -->\n\n```sh\n{RUN}```\n"),
    "a comment of Markdown without its end": ("a.md", f"<!-- sealock: ignore-file[C001] r\n\n```sh\n{RUN}```\n"),
    "a code span after a comment": ("a.md", f"<!-- a --> and `<!-- {C001} -->`.\n\n```sh\n{RUN}```\n"),
    "a fence of another language": ("a.md", f"```yaml\n{C001}\n<!-- {C001} -->\n```\n\n```sh\n{RUN}```\n"),
    "echo in a fence": ("a.md", f"```sh\necho '{C001}'\n{RUN}```\n"),
    "a recipe": ("Makefile", f"run:\n\techo '{C001}'\n\t{RUN}"),
    "a recipe on the rule's line": ("Makefile", f"run: ; echo '{C001}'; {RUN}"),
    "an escaped number sign of make": ("Makefile", f"X = \\{C001}\nrun:\n\t{RUN}"),
    "a function of make": ("Makefile", f"X = $(shell echo '{C001}')\nrun:\n\t{RUN}"),
    "a value of a unit": ("a.service", f"[Service]\nEnvironment='A={C001}'\nExecStart=/usr/bin/{RUN}"),
    "a here-string of PowerShell": ("a.ps1", f"$a = @'\n{C001}\n'@\n{RUN}"),
    "a here-string with variables": ("a.ps1", f'$a = @"\n{C001}\n"@\n{RUN}'),
    "a long string of TOML": ("a.toml", f'x = """\n{C001}\n"""\n[t]\ncommand = "{RUN.strip()}"\n'),
    "a long literal of TOML": ("a.toml", f"x = '''\n{C001}\n'''\n[t]\ncommand = '{RUN.strip()}'\n"),
    "a long string of a Jenkinsfile": ("Jenkinsfile", f"def x = '''\n{C001}\n'''\nsh '{RUN.strip()}'\n"),
    "a string in a CI file": ("ci.yml", f'jobs:\n  a:\n    name: "{C001}"\n    script:\n      - {RUN}'),
    "a quoted command in a CI file": ("ci.yml", f'jobs:\n  a:\n    script:\n      - "true {C001}"\n      - {RUN}'),
    "a block in a CI file": ("ci.yml", f"jobs:\n  a:\n    name: |\n      {C001}\n    script:\n      - {RUN}"),
    "an image configuration": (
        "config.json",
        json.dumps({
            "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
            "config": {"Labels": {"a": "# sealock: ignore-file[C046] r"}},
        }),
    ),
    "daemon.json": ("daemon.json", '{"labels": ["a=# sealock: ignore-file[E009] r"]}'),
}  # fmt: skip
HONEST = {
    "above the key": ("compose.yaml", WEB.replace("  web:", f"  {C001}\n  web:")),
    "after a value": ("compose.yaml", f"{WEB.rstrip()}  # sealock: ignore[C001] r\n"),
    "after a quoted value": ("compose.yaml", WEB.replace("nginx:1", f"'nginx:1'   {C001}")),
    "after a block's sign": ("compose.yaml", f"{WEB}    command: | {C001}\n      a\n"),
    "below a block": ("compose.yaml", f"{WEB}    command: |\n      a\n\n{C001}\n"),
    "in a flow sequence": ("compose.yaml", f"{WEB}    command: [a, {C001}\n      b]\n"),
    "with a byte order mark": ("compose.yaml", f"\ufeff{C001}\n{WEB}"),
    "at the end of the text": ("compose.yaml", WEB + C001),
    "with carriage returns": ("compose.yaml", f"{C001}\n{WEB}".replace("\n", "\r\n")),
    "above an instruction": ("Dockerfile", f"FROM debian:13\n# sealock: ignore[B020] r\n{PIPE}"),
    "in a continued instruction": ("Dockerfile", f"FROM debian:13\nRUN true && \\\n  {B020}\n  true\n{PIPE}"),
    "after a here-document": ("Dockerfile", f"FROM debian:13\nRUN <<EOF\ntrue\nEOF\n{B020}\n{PIPE}"),
    "above a line of a script": ("a.sh", f"#!/bin/sh\n# sealock: ignore[C001] r\n{RUN}"),
    "after a command": ("a.sh", f"#!/bin/sh\n{RUN.rstrip()}  # sealock: ignore[C001] r\n"),
    "after a here-document of a script": ("a.sh", f"#!/bin/sh\ncat <<EOF\n\u00e4\nEOF\n{C001}\n{RUN}"),
    "a comment of Markdown": ("a.md", f"<!-- sealock: ignore-file[C001] r -->\n\n```sh\n{RUN}```\n"),
    "a comment after a code span": ("a.md", "`<!--` is <!-- sealock: ignore-file[C001] r -->\n\n" + f"```sh\n{RUN}```\n"),
    "a comment after an empty one": ("a.md", "<!--><!-- sealock: ignore-file[C001] r -->\n\n" + f"```sh\n{RUN}```\n"),
    "a comment right after a code span": ("a.md", "`<!--`<!-- sealock: ignore-file[C001] r -->\n\n" + f"```sh\n{RUN}```\n"),
    "a comment after one with a backquote": ("a.md", f"<!-- a` --> <!-- sealock: ignore-file[C001] r -->\n\n```sh\n{RUN}```\n"),
    "a comment after the end of one with a backquote": (
        "a.md", f"<!-- a\nb` --> <!-- sealock: ignore-file[C001] r -->\n\n```sh\n{RUN}```\n",
    ),
    "a comment of several lines": ("a.md", f"<!--\nsealock: ignore-file[C001] r\n-->\n\n```sh\n{RUN}```\n"),
    "a comment in a fence": ("a.md", f"```sh\n# sealock: ignore[C001] r\n{RUN}```\n"),
    "a comment of make": ("Makefile", f"X = 1 {C001}\nrun:\n\t{RUN}"),
    "a comment above a rule": ("Makefile", f"{C001}\nrun:\n\t{RUN}"),
    "a comment in a recipe": ("Makefile", f"run:\n\t# sealock: ignore[C001] r\n\t{RUN}"),
    "a comment of a unit": ("a.service", f"[Service]\n# sealock: ignore[C001] r\nExecStart=/usr/bin/{RUN}"),
    "a unit's semicolon": ("a.service", f"[Service]\n; sealock: ignore[C001] r\nExecStart=/usr/bin/{RUN}"),
    "a comment in a CI file": ("ci.yml", f"jobs:\n  a:\n    # sealock: ignore[C001] r\n    script:\n      - {RUN}"),
    "a comment in a script of CI": (
        "ci.yml", f"jobs:\n  a:\n    run: |\n      # sealock: ignore[C001] r\n      {RUN}",
    ),
    "at the end of a line of CI": ("ci.yml", f"jobs:\n  a:\n    run: |\n      {RUN.rstrip()} # sealock: ignore[C001] r\n"),
}  # fmt: skip


def suppressed(tmp_path: Path, name: str, text: str, *, inline_ignores: bool = True) -> list[bool]:
    """Whether each finding of the rule is suppressed; no file here has another."""
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    (rule,) = set(re.findall(r"sealock: ignore(?:-file)?\[(\w+)", text)) or {"C001"}
    settings = Settings(only=(rule,), policy_file="", inline_ignores=inline_ignores, vulnerabilities=False)
    (report,) = check(str(tmp_path / name), settings=settings).targets
    assert not any("ignore" in error.message for error in report.errors)
    assert not any(finding.rule.startswith("I") for finding in report.findings)
    return [finding.suppressed is not None for finding in report.findings if finding.rule == rule]


@pytest.mark.parametrize(("name", "text"), HOSTILE.values(), ids=HOSTILE)
def test_text_that_is_no_comment_suppresses_nothing(tmp_path: Path, name: str, text: str) -> None:
    states = suppressed(tmp_path, name, text)
    assert states
    assert not any(states)


@pytest.mark.parametrize(("name", "text"), HONEST.values(), ids=HONEST)
def test_a_comment_suppresses(tmp_path: Path, name: str, text: str) -> None:
    states = suppressed(tmp_path, name, text)
    assert states
    assert all(states)
    assert not any(suppressed(tmp_path, name, text, inline_ignores=False))


@pytest.mark.parametrize("name", ["package-lock.json", "requirements.txt", "bom.json"])
def test_packages_have_no_comments(tmp_path: Path, name: str) -> None:
    ignore = "# sealock: ignore-file[] x"
    text = {
        "package-lock.json": json.dumps({
            "lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0", "deprecated": ignore}},
        }),
        "requirements.txt": f"a==1.0.0  {ignore}\n",
        "bom.json": json.dumps({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [{"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1", "description": ignore}],
        }),
    }[name]  # fmt: skip
    (tmp_path / name).write_text(text, encoding="utf-8")
    for report in check(str(tmp_path / name), settings=Settings(policy_file="", vulnerabilities=False)).targets:
        assert not report.errors


def test_files_that_others_name_suppress_nothing(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(f"{C001}\nservices:\n  base:\n    privileged: true  {C001}\n", encoding="utf-8")
    (tmp_path / ".env").write_text(f"A={C001}\n{C001}\n", encoding="utf-8")
    text = "services:\n  web:\n    image: nginx:$A\n    extends: {file: base.yaml, service: base}\n    env_file: .env\n"
    assert suppressed(tmp_path, "compose.yaml", text) == [False]


def test_an_ignore_covers_lines_of_its_own_file_only(tmp_path: Path) -> None:
    base = "services:\n  base:\n    cap_drop: [ALL]\n    privileged: true\n"
    (tmp_path / "base.yaml").write_text(base, encoding="utf-8")
    text = "services:\n  web:\n    image: nginx:1\n    extends: {file: base.yaml, service: base}  # sealock: ignore[C001] r\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    settings = Settings(only=("C001",), policy_file="")
    (report,) = check(str(tmp_path / "compose.yaml"), settings=settings).targets
    (finding,) = (finding for finding in report.findings if finding.rule == "C001")
    same_file = finding.location.file == str(tmp_path / "compose.yaml")
    assert (finding.suppressed is not None) is same_file


def test_an_override_that_was_named_suppresses_its_own_findings(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("services:\n  web:\n    image: nginx:1\n  db:\n    image: a:1\n    privileged: true\n", "utf-8")
    second.write_text(f"{C001}\nservices:\n  web:\n    privileged: true\n", encoding="utf-8")
    settings = Settings(only=("C001",), policy_file="", compose_files=(str(first), str(second)))
    (report,) = check(settings=settings).targets
    states = {finding.subject: finding.suppressed is not None for finding in report.findings if finding.rule == "C001"}
    assert states == {"service web": True, "service db": False}


def test_a_fix_without_inline_ignores_fixes_what_they_suppress(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(f"{C001}\n{WEB}", encoding="utf-8")
    settings = Settings(only=("C001",), policy_file="", inline_ignores=False)
    (fixed,) = fix(str(path), settings=settings, unsafe=True)
    assert "privileged: true" not in fixed.text
    assert not fix(str(path), settings=Settings(only=("C001",), policy_file=""), unsafe=True)


def test_many_ignores_of_many_findings_take_linear_time(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        (tmp_path / "Dockerfile").write_text("FROM a:1\n" + f"# sealock: ignore[B020] r\n{PIPE}" * count, "utf-8")
        settings = Settings(only=("B020",), policy_file="")
        start = time.process_time()
        (report,) = check(str(tmp_path / "Dockerfile"), settings=settings).targets
        states = [finding.suppressed is not None for finding in report.findings if finding.rule == "B020"]
        assert len(states) == count
        assert all(states)
        return time.process_time() - start

    seconds(10)
    assert seconds(2000) < 12 * seconds(500) + 0.5


@pytest.mark.untraced
@pytest.mark.parametrize("kind", ["dockerfile", "compose", "run"])
@pytest.mark.parametrize(
    "line",
    [
        "# sealock: ignore[C001] r\n",
        "# sealock: ignore[C001] r\nRUN a \\\n",
        "# sealock: ignore[C001] r\n  a: 1\n",
        "<!-- sealock: ignore[C001] r\n",
        "a: 'b' # sealock:ignore[C001] r\n",
    ],
)
def test_the_time_is_linear(kind: DocumentKind, line: str) -> None:
    def seconds(length: int) -> float:
        source = Source("a.md" if line.startswith("<") else "x", line * (length // len(line)))
        start = time.process_time()
        inline(source, formats.comments(kind, source))
        return time.process_time() - start

    seconds(1000)
    assert seconds(900_000) < 12 * seconds(150_000) + 1
