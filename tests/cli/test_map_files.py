"""`sealock map FILE`: what of a file cannot be read is said, and is the exit status; who reaches whom otherwise is."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.cli.main import main

COMPOSE = """\
services:
  web:
    image: nginx:1
    networks: [front]
  db:
    image: postgres:16
    networks: [back]
  app:
    image: app:1
    networks: [front, back]
networks:
  front:
  back:
"""
FAULT = "sealock: compose.yaml: services.web.ports.0 'z' in '80:x:y:z' is not a port or port range\n"


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("broken", [False, True], ids=["a sound file", "a file with a fault"])
@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ((), 0, "web"),
        (("--format", "json"), 0, '"web"'),
        (("--from", "web", "--to", "app"), 0, "web reaches app"),
        (("--from", "web", "--to", "db"), 1, "web does not reach db"),
    ],
)
@pytest.mark.usefixtures("_here")
def test_a_map_of_a_file(
    words: tuple[str, ...], status: int, says: str, capsys: pytest.CaptureFixture[str], *, broken: bool
) -> None:
    text = COMPOSE.replace("nginx:1\n", "nginx:1\n    ports: ['80:x:y:z']\n") if broken else COMPOSE
    Path("compose.yaml").write_text(text, encoding="utf-8")
    assert main(["map", "compose.yaml", *words]) == (2 if broken else status)
    printed = capsys.readouterr()
    assert says in printed.out
    assert printed.err == (FAULT if broken else "")
