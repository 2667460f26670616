"""Hostile input: told with file and line, exit status 2, the rest judged; in bounded time and memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOOD = "FROM debian:13\nUSER 10001\n"
SECONDS = 60
"""Far more than any of these takes: what hangs, hangs longer."""
MEMORY = 1 << 30
"""Bytes of address space that a run may take."""


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    result = subprocess.run(
        [sys.executable, "-m", "sealock", "check", ".", "--format", "json", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        preexec_fn=limited,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result.returncode, json.loads(result.stdout)


def bomb(levels: int = 9, width: int = 9) -> str:
    lines = ["x-0: &a0 [lol]"]
    lines += [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels + 1)]
    return "\n".join([*lines, "services:\n  web:\n    image: nginx:1\n    command: *a9\n"])


HOSTILE: dict[str, tuple[str, bytes | Callable[[Path], object]]] = {
    "bytes that are no UTF-8": ("Dockerfile", b"FROM debian\nRUN \xff\xfe\n"),
    "a NUL byte": ("Dockerfile", b"FROM debian\nRUN a\0b\n"),
    "a line of 50 MB": ("Dockerfile", b"FROM debian\nRUN " + b"a" * 50_000_000),
    "a line of 7 MB": ("compose.yaml", b"services: {web: {image: " + b"a" * 7_000_000 + b"\n"),
    "a YAML bomb": ("compose.yaml", bomb().encode()),
    "a YAML cycle": ("compose.yaml", b"services:\n  web: &a\n    image: nginx:1\n    labels: *a\n"),
    "YAML nested deeply": ("compose.yaml", b"services: " + b"[" * 100_000),
    "YAML with a key twice": ("compose.yaml", b"services:\n  web: {image: a}\n  web: {image: b}\n"),
    "YAML with tabs": ("compose.yaml", b"services:\n\tweb:\n\t\timage: a\n"),
    "an include of itself": ("compose.yaml", b"include: [compose.yaml]\nservices: {web: {image: nginx:1}}\n"),
    "an include that is not there": ("compose.yaml", b"include: [gone.yaml]\nservices: {web: {image: nginx:1}}\n"),
    "an include from outside": ("compose.yaml", b"include: [../../../etc/passwd]\nservices: {web: {image: nginx:1}}\n"),
    "an env_file from outside": ("compose.yaml", b"services: {web: {image: nginx:1, env_file: /etc/shadow}}\n"),
    "extends in a circle": (
        "compose.yaml",
        b"services:\n  a: {extends: {service: b}, image: x:1}\n  b: {extends: {service: a}, image: x:1}\n",
    ),
    "a compose file that is a list": ("compose.yaml", b"- services\n"),
    "a Dockerfile without FROM": ("Dockerfile", b"RUN true\n"),
    "a Dockerfile that is empty": ("Dockerfile", b""),
    "an unknown instruction": ("Dockerfile", b"FROM debian\nRUNN true\n"),
    "a here-document without end": ("Dockerfile", b"FROM debian\nRUN <<EOF\ntrue\n"),
    "an option that docker does not have": ("run.sh", b"docker run --privileged --no-such-option alpine\n"),
    "a named pipe": ("Dockerfile", os.mkfifo),
}
NEEDS_NAME = {"a named pipe", "a Dockerfile that is empty"}
"""A walk names these as skipped; named outright they are problems."""


@pytest.mark.repeats
@pytest.mark.parametrize("what", HOSTILE, ids=list(HOSTILE))
def test_hostile_input_is_a_problem_and_the_rest_is_judged(tmp_path: Path, what: str) -> None:
    name, content = HOSTILE[what]
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        content(tmp_path / name)
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "Dockerfile").write_text(GOOD, encoding="utf-8")
    named = (name,) if what in NEEDS_NAME else ()
    status, report = run(tmp_path, *named)
    assert status == 2
    errors = [error for target in report["targets"] for error in target["errors"]]
    assert errors
    assert all("internal error of sealock" not in error["message"] for error in errors), errors
    assert all(error["location"]["file"] for error in errors)
    evaluated = next(target for target in report["targets"] if target["target"] == "good/Dockerfile")
    assert evaluated["findings"]
    assert not evaluated["errors"]


def test_an_env_file_from_outside_is_not_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret.env"
    secret.write_text("PASSWORD=hunter2-hunter2\n", encoding="utf-8")
    inner = tmp_path / "project"
    inner.mkdir()
    (inner / "compose.yaml").write_text(
        "services: {web: {image: nginx:1, env_file: ../secret.env}}\n", encoding="utf-8"
    )
    status, report = run(inner)
    assert status == 2
    assert "hunter2" not in json.dumps(report)
    status, report = run(inner, "--allow-outside")
    assert status != 2


def test_a_folder_with_very_many_entries_is_walked(tmp_path: Path) -> None:
    for number in range(20_000):
        (tmp_path / f"{number}.dat").touch()
    (tmp_path / "Dockerfile").write_text(GOOD, encoding="utf-8")
    status, report = run(tmp_path)
    assert status == 0
    assert [target["target"] for target in report["targets"]] == ["Dockerfile"]


def test_links_in_a_circle_are_named_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path)
    (tmp_path / "Dockerfile").symlink_to(tmp_path / "Dockerfile")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "Dockerfile").write_text(GOOD, encoding="utf-8")
    status, report = run(tmp_path)
    skipped = [(target["target"], [entry["reason"] for entry in target["skipped"]]) for target in report["targets"]]
    assert skipped[0] == ("Dockerfile", ["a symbolic link, which is not followed in a directory"])
    assert [target for target, _ in skipped[1:]] == ["b/Dockerfile"]
    assert status == 0
