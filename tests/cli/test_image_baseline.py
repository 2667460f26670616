"""A baseline of an image holds for the next tag of its repository, and for no other repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main
from support.madedatabases import database
from support.madeimages import docker_save, info, tar, write

RANGE = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]
OS = b"ID=debian\nVERSION_ID=12\n"


@pytest.fixture(autouse=True)
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [
        {"id": f"DEBIAN-{name}", "modified": "2026-11-20T00:00:00Z", "upstream": [f"CVE-2024-{number}"],
         "affected": [{"package": {"ecosystem": "Debian:12", "name": name}, "ranges": RANGE}]}
        for number, name in (("0001", "bash"), ("0002", "curl"))
    ]  # fmt: skip
    monkeypatch.setenv("SEALOCK_DB_DIR", database(tmp_path / "database", {"Debian": records}))
    monkeypatch.chdir(tmp_path)


def image(path: str, name: str, *packages: tuple[str, str]) -> str:
    rows = "\n".join(f"Package: {package}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n"
                     for package, version in packages)  # fmt: skip
    layer = tar(info("etc/os-release", OS), info("var/lib/dpkg/status", rows.encode()))
    return write(Path(path), docker_save(layer, names=(name,)))


def counted(capsys: pytest.CaptureFixture[str], *words: str) -> set[str]:
    capsys.readouterr()
    main(["check", *words, "--format", "json", "--offline", "--no-policy"])
    report: Any = json.loads(capsys.readouterr().out)
    return {finding["rule"] for target in report["targets"] for finding in target["findings"]
            if finding["suppressed"] is None and finding["rule"].startswith("CVE")}  # fmt: skip


def test_a_baseline_holds_for_the_next_tag(capsys: pytest.CaptureFixture[str]) -> None:
    old = image("a.tar", "example.com/app:1.4", ("bash", "5.1"))
    new = image("b.tar", "example.com/app:1.5", ("bash", "5.2"), ("curl", "8"))
    other = image("c.tar", "example.com/other:1.5", ("bash", "5.1"))
    nameless = image("d.tar", "", ("bash", "5.1"))
    assert main(["check", old, "--write-baseline", "known.json", "--offline", "--no-policy"]) == 0
    assert set(json.loads(Path("known.json").read_text())) == {"sealock-baseline", "fingerprints", "identities"}
    assert counted(capsys, old, "--baseline", "known.json") == set()
    assert counted(capsys, new, "--baseline", "known.json") == {"CVE-2024-0002"}
    assert counted(capsys, other, "--baseline", "known.json") == {"CVE-2024-0001"}
    assert counted(capsys, nameless, "--baseline", "known.json") == {"CVE-2024-0001"}
