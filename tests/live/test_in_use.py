"""`check container:NAME` on a real engine: the packages of its image, graded by what its processes have loaded."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.formats.profile import write_profile
from support.madedatabases import database
from support.profiles import OTHER, web
from support.realengine import Engine
from support.realengine import engine as started

pytestmark = pytest.mark.live

STATUS = """\
Package: busybox-static
Status: install ok installed
Architecture: amd64
Source: busybox
Version: 1:1.30
Depends: libneeded1

Package: libneeded1
Status: install ok installed
Architecture: amd64
Version: 1.0

Package: unused
Status: install ok installed
Architecture: amd64
Version: 1.0
"""
FILES = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/busybox-static.list": "/.\n/bin\n/bin/busybox\n",
    "var/lib/dpkg/info/libneeded1.list": "/.\n/usr/lib/libneeded.so.1\n",
    "var/lib/dpkg/info/unused.list": "/.\n/usr/bin/unused\n",
    "usr/lib/libneeded.so.1": "",
    "usr/bin/unused": "a tool",
}


def record(number: int, name: str) -> dict[str, Any]:
    return {
        "id": f"DEBIAN-CVE-2026-{number}", "upstream": [f"CVE-2026-{number}"], "modified": "2026-01-01T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": "Debian:12", "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9:9"}]}],
        }],
    }  # fmt: skip


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        for name, text in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    home = tmp_path_factory.mktemp("database")
    names = ("busybox", "libneeded1", "unused", "late")
    where = database(home, {"Debian": [record(number, name) for number, name in enumerate(names)]})
    with started() as engine:
        engine.environment |= {"SEALOCK_DB_DIR": where, "SEALOCK_CACHE_DIR": str(home / "cache")}
        assert engine.docker("import", "-", "app:1", data=made.getvalue()).returncode == 0
        words = ("run", "-d", "--name", "web", "--network", "none", "app:1", "/bin/busybox", "sleep", "600")
        assert engine.docker(*words).returncode == 0
        yield engine


def check(daemon: Engine, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "check", "container:web", "--format", "json", "--no-policy", *words],
        env={**os.environ, **daemon.environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=daemon.folder,
    )
    assert done.returncode == 1, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def uses(report: dict[str, Any]) -> dict[str, str]:
    (target,) = report["targets"]
    found = [finding for finding in target["findings"] if finding.get("package") and not finding["suppressed"]]
    return {finding["package"]["name"]: finding["use"] for finding in found}


def test_vulnerabilities_are_graded_by_what_is_loaded(daemon: Engine) -> None:
    report = check(daemon, "--fail-on", "info")
    assert uses(report) == {"busybox-static": "loaded", "libneeded1": "reachable", "unused": "present"}
    (target,) = report["targets"]
    assert target["errors"] == []


def test_a_container_may_be_named_by_its_id(daemon: Engine) -> None:
    identity = daemon.docker("inspect", "--format", "{{.Id}}", "web").stdout.strip()
    for target in (f"container:{identity}", f"container:{identity[:12]}"):
        done = sealock(daemon, "check", target, "--format", "json", "--no-policy", "--fail-on", "info")
        assert uses(json.loads(done.stdout)) == {
            "busybox-static": "loaded",
            "libneeded1": "reachable",
            "unused": "present",
        }


def test_an_image_that_is_known_is_not_sent_again(
    daemon: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is not known, it goes through the temporary directory, in which nothing can be written here."""
    (tmp_path / "closed").write_text("")
    monkeypatch.setitem(daemon.environment, "TMPDIR", str(tmp_path / "closed"))
    assert len(uses(check(daemon, "--fail-on", "info"))) == 3


def test_what_was_installed_since_is_listed_too(daemon: Engine) -> None:
    late = "\nPackage: late\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n"
    script = f"busybox echo '{late}' >>/var/lib/dpkg/status; busybox echo /late >/var/lib/dpkg/info/late.list"
    assert daemon.docker("exec", "web", "/bin/busybox", "sh", "-c", script).returncode == 0
    assert uses(check(daemon, "--fail-on", "info"))["late"] == "present"


def test_what_is_not_in_use_can_be_hidden(daemon: Engine) -> None:
    assert set(uses(check(daemon, "--in-use", "--fail-on", "info"))) == {"busybox-static", "libneeded1"}


def learned(daemon: Engine, tmp_path: Path, **changes: Any) -> str:
    """The file of a profile of the image, which saw what is read and closed again too."""
    identity = daemon.docker("image", "inspect", "--format", "{{.Id}}", "app:1").stdout.strip()
    path = tmp_path / "web.profile.json"
    seen = {"digests": (identity,), "executed": ("/bin/busybox",), "libraries": (), "read": ("/usr/bin/unused",)}
    path.write_text(write_profile(web(**{**seen, **changes})))
    return str(path)


def sealock(daemon: Engine, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sealock", *words],
        env={**os.environ, **daemon.environment}, capture_output=True, text=True, check=False, cwd=daemon.folder,
    )  # fmt: skip


def test_a_profile_shows_more_than_a_snapshot(daemon: Engine, tmp_path: Path) -> None:
    report = check(daemon, "--fail-on", "info", "--profile", learned(daemon, tmp_path))
    assert uses(report)["unused"] == "loaded"
    assert uses(report)["libneeded1"] == "reachable"


def test_an_image_is_graded_by_a_profile_of_it(daemon: Engine, tmp_path: Path) -> None:
    words = ("check", "docker:app:1", "--no-policy", "--format", "json", "--fail-on", "info", "--profile")
    done = sealock(daemon, *words, learned(daemon, tmp_path, read=()))
    assert done.returncode == 1, done.stderr
    assert uses(json.loads(done.stdout)) == {"busybox-static": "loaded", "libneeded1": "reachable", "unused": "present"}
    other = sealock(daemon, *words, learned(daemon, tmp_path, digests=(OTHER,)))
    assert other.returncode == 2
    (target,) = json.loads(other.stdout)["targets"]
    assert "was learned from another image" in target["errors"][0]["message"]
    assert {*uses(json.loads(other.stdout)).values()} == {None}


def test_vex_is_written_from_a_complete_profile_of_the_image_only(daemon: Engine, tmp_path: Path) -> None:
    (tmp_path / "sealock.toml").write_text("")
    words = ("vex", "docker:app:1", "--policy", str(tmp_path / "sealock.toml"), "--profile")
    done = sealock(daemon, *words, learned(daemon, tmp_path, read=()))
    assert done.returncode == 0, done.stderr
    (statement,) = json.loads(done.stdout)["statements"]
    assert statement["status"] == "not_affected"
    assert statement["justification"] == "vulnerable_code_not_in_execute_path"
    assert "CVE-2026-2" in str(statement["vulnerability"])
    assert "curl http://127.0.0.1/ (phases: start, traffic" in statement["impact_statement"]
    assert "unused" in str(statement["products"])
    for changes, message in (
        ({"digests": (OTHER,)}, "was learned from another image"),
        ({"executed": ()}, "it saw no program start"),
        ({"runs": tuple(replace(run, phases=("start",)) for run in web().runs)}, "it never met the phase 'traffic'"),
        ({"runs": tuple(replace(run, mechanism="log") for run in web().runs)}, "it was learned from no run"),
    ):
        refused = sealock(daemon, *words, learned(daemon, tmp_path, read=(), **changes))
        assert (refused.returncode, refused.stdout) == (2, "")
        assert message in refused.stderr


def test_what_is_never_used_is_listed_with_what_it_costs(daemon: Engine, tmp_path: Path) -> None:
    path = learned(daemon, tmp_path, read=())
    for target in ("container:web", "docker:app:1"):
        done = sealock(daemon, "inspect", target, "--profile", path, "--format", "json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        (package,) = found["unused"]
        assert (package["name"], package["size"], package["vulnerabilities"]) == ("unused", len("a tool"), 1)
        assert found["saved"] == {"size": len("a tool"), "vulnerabilities": 1}
        assert (found["used"], found["packages"]) == (3, 4)
    page = sealock(daemon, "inspect", "docker:app:1", "--profile", path).stdout
    assert "3 of 4 packages in use" in page
    assert "unused 1.0" in page
    assert (
        sealock(daemon, "inspect", "docker:app:1", "--profile", learned(daemon, tmp_path, digests=(OTHER,))).returncode
        == 2
    )


def test_a_container_that_does_not_run_is_not_graded(daemon: Engine) -> None:
    daemon.docker("stop", "--time", "0", "web")
    assert set(uses(check(daemon, "--fail-on", "info")).values()) == {None}


def test_without_a_database_the_image_is_not_read(
    daemon: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(daemon.environment, "SEALOCK_DB_DIR", str(tmp_path))
    monkeypatch.setitem(daemon.environment, "SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    report = check(daemon, "--fail-on", "info")
    assert uses(report) == {}
    assert any("there is no advisory database" in note for note in report["notes"])
