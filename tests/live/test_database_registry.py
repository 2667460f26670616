"""The database in the real docker-registry: pushed and pulled by our commands, and seen by skopeo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import feedmirror
from support.realregistry import HTPASSWD, real_registry
from support.waiting import PATIENCE

pytestmark = pytest.mark.live


def sealock(*words: str, database: Path, docker: Path | None = None) -> subprocess.CompletedProcess[str]:
    setting = {"SEALOCK_DB_DIR": str(database), "DOCKER_CONFIG": str(docker or database.parent)}
    return subprocess.run(
        [sys.executable, "-m", "sealock", *words], capture_output=True, text=True, check=False, timeout=PATIENCE,
        env={**os.environ, **setting},
    )  # fmt: skip


def test_a_team_shares_a_database_through_a_registry(tmp_path: Path) -> None:
    mirror = feedmirror.mirror(tmp_path / "mirror")
    feedmirror.updated(tmp_path / "one", mirror)
    with real_registry(tmp_path / "registry") as host:
        pushed = sealock("db", "push", f"{host}/team/advisories:1", database=tmp_path / "one")
        assert (pushed.returncode, pushed.stderr) == (0, "")
        pin = pushed.stdout.splitlines()[0]
        pulled = sealock("db", "pull", pin, "-q", database=tmp_path / "two")
        assert (pulled.returncode, pulled.stdout, pulled.stderr) == (0, "", "")
        assert (tmp_path / "two/advisories.db").read_bytes() == (tmp_path / "one/advisories.db").read_bytes()
        policy = tmp_path / "policy.json"
        policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
        words = [
            "skopeo",
            "--policy",
            str(policy),
            "inspect",
            "--raw",
            "--tls-verify=false",
            f"docker://{pin.replace(':1@', '@')}",
        ]
        seen = json.loads(subprocess.run(words, capture_output=True, check=True, timeout=PATIENCE).stdout)
        assert seen["artifactType"] == "application/vnd.sealock.vulnerabilities.v1"
        assert seen["layers"][0]["size"] == (tmp_path / "one/advisories.db").stat().st_size
        status = sealock("db", "status", database=tmp_path / "two")
        assert status.returncode == 0

        # What is in the registry's storage is changed behind its back.
        digest = seen["layers"][0]["digest"].partition(":")[2]
        (blob,) = (tmp_path / "registry/storage").rglob(f"{digest}/data")
        data = bytearray(blob.read_bytes())
        data[5000] ^= 1
        blob.write_bytes(data)
        (tmp_path / "two/advisories.db").write_bytes(b"")
        refused = sealock("db", "pull", pin, database=tmp_path / "two")
        assert refused.returncode == 2
        assert "digest" in refused.stderr
        assert (tmp_path / "two/advisories.db").read_bytes() == b""


def test_a_login_is_taken_from_dockers_configuration(tmp_path: Path) -> None:
    feedmirror.updated(tmp_path / "one", feedmirror.mirror(tmp_path / "mirror"), "kev")
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "test", "path": str(tmp_path / "htpasswd")}}
    with real_registry(tmp_path / "registry", auth=auth) as host:
        denied = sealock("db", "push", f"{host}/db", database=tmp_path / "one")
        assert denied.returncode == 2
        docker = tmp_path / "docker"
        docker.mkdir()
        (docker / "config.json").write_text(json.dumps({"auths": {host: {"auth": "bWU6d29yZA=="}}}))
        assert sealock("db", "push", f"{host}/db", database=tmp_path / "one", docker=docker).returncode == 0
        assert sealock("db", "pull", f"{host}/db", database=tmp_path / "two", docker=docker).returncode == 0
