"""What programs read is UTF-8 whatever standard output's encoding is; people get what that encoding can show."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from reports import nouns
from sealock.cli import main as cli
from support.feedmirror import mirror

FILES = {
    "é.sh": "docker run --privileged alpine:3.20\n",
    "proxy.yaml": "services:\n  é:\n    image: tecnativa/docker-socket-proxy\n    environment: {CONTAINERS: 1}\n  b:\n    image: tecnativa/docker-socket-proxy\n    environment: {INFO: 1}\n",
    "log": json.dumps({
        "time": "", "id": "", "method": "GET", "target": "/containers/json", "result": "allowed",
        "caller": {"tls_name": "é"},
    }) + "\n",
    "request": '{"Image": "nginx:1.27", "Labels": {"name": "é"}}',
    "guard.toml": '[[guard.caller]]\nname = "ci"\nuid = 1\nallow = ["containers"]\n',
}  # fmt: skip
SERVICE = "services:\n  web:  # é\n    image: a:1\n    privileged: true\n"
EXACT = {
    "a report for programs": ("check é.sh --format markdown --exit-zero", ""),
    "a fixed text": ("check - --fix --unsafe --exit-zero", SERVICE),
    "a policy from what clients called": ("guard learn log", ""),
    "a policy from the settings of a proxy": ("guard import proxy.yaml", ""),
    "the body of a request that goes on": ("guard explain request --policy guard.toml --uid 1 --body", ""),
}


def run(words: str, given: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    for name, text in FILES.items():
        (place / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(place)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8"))
    assert cli.main(words.split()) == 0
    return written.getvalue()


@pytest.mark.parametrize(("words", "given"), EXACT.values(), ids=EXACT)
def test_programs_get_utf_8(words: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "é" in run(words, given, tmp_path, monkeypatch).decode("utf-8")


def test_programs_get_the_place_of_the_database_in_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(tmp_path / "mirror")
    monkeypatch.setenv("SEALOCK_DB_DIR", str(tmp_path / "é"))
    for words in ("db update --from mirror --only osv/Debian --format json --quiet", "db status --format json"):
        assert str(json.loads(run(words, "", tmp_path, monkeypatch))["database"]).startswith(str(tmp_path / "é"))


@pytest.mark.parametrize(("form", "name"), [("json", "é".encode()), ("terminal", b"\\xe9")])
def test_unused_packages_are_listed_for_programs_in_utf_8(
    form: str, name: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = nouns.unused()
    listed = replace(listed, unused=(replace(listed.unused[0], name="é"), *listed.unused[1:]))
    monkeypatch.setattr("sealock.scan.unusedpackages.unused_packages", lambda *_: listed)
    assert name in run(f"inspect x --profile p --format {form}", "", tmp_path, monkeypatch)


def test_people_get_what_can_be_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert b"\\xe9.sh" in run("check é.sh --exit-zero", "", tmp_path, monkeypatch)
