"""Podman as the engine behind the guard: its routes of Docker work, and those of its own are denied."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path
from urllib.parse import quote

import pytest

from support.guardproxy import guard, send
from support.oddcontexts import archive, member
from support.realpodman import podman

pytestmark = pytest.mark.live

POLICY = """\
[guard]
[[guard.caller]]
name = "tester"
uid = 0
allow = ["ping", "version", "info", "containers", "logs", "attach", "exec", "images", "volumes", "build"]
fail-on = "critical"
"""

TAR = {"Content-Type": "application/x-tar"}


def test_podman_is_guarded() -> None:
    with podman() as where, guard(Path(where.removeprefix("unix://")), POLICY) as running:
        assert send(running.socket, "GET", "/_ping")[0] == 200
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as tar:
            tar.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        imported = running.docker("import", "-", "base", data=made.getvalue())
        assert imported.returncode == 0, imported.stderr
        done = running.docker("run", "--rm", "--network", "none", "base", "/bin/busybox", "echo", "hello")
        assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
        assert running.docker("ps", "-a").returncode == 0
        denied = running.docker("run", "--rm", "--privileged", "--network", "none", "base", "/bin/busybox", "id")
        assert "C001" in denied.stderr
        denied = running.docker("run", "--rm", "-v", "/:/x", "--network", "none", "base", "/bin/busybox", "id")
        assert "G006" in denied.stderr
        for field, value, rule in (
            ("PidMode", "ns:/proc/self/ns/pid", "G004"),
            ("NetworkMode", "slirp4netns:allow_host_loopback=true", "G012"),
            ("Binds", ["data:/x:O,upperdir=/etc,workdir=/root"], "G004"),
            ("Mounts", [{"Type": "volume", "Target": "/x,volume-opt=o=bind,volume-opt=device=/etc"}], "G004"),
            ("GroupAdd", ["keep-groups"], "C047"),
            ("ContainerIDFile", "/etc/hostname", "G006"),
            ("LogConfig", {"Type": "json-file", "Config": {"path": "../../../etc/x"}}, "G006"),
        ):
            body = {"Image": "base", "Cmd": ["/bin/busybox"], "HostConfig": {field: value}}
            status, answer = send(running.socket, "POST", "/v1.41/containers/create", body)
            assert (status, rule in answer["message"]) == (403, True), (field, answer)
        for field, given in (("Volumes", {"/etc:/x": {}}), ("Env", ["HOME"])):
            body = {"Image": "base", "Cmd": ["/bin/busybox"], field: given}
            status, answer = send(running.socket, "POST", "/v1.41/containers/create", body)
            assert (status, "G004" in answer["message"]) == (403, True), (field, answer)
        plain = "FROM base\nLABEL of=guard\n"
        hidden = "FROM base\nRUN --network=host true\n"
        listed = quote('["other"]', safe="")
        for query, files in (
            ("remote=client-session", {"Dockerfile": hidden}),
            ("remote=upload-request", {"Dockerfile": hidden}),
            (f"dockerfile={listed}", {'["other"]': plain, "other": hidden}),
            ("dockerfile=Dockerfile.in", {"Dockerfile.in": '#include "/etc/hostname"\n' + plain}),
        ):
            context = archive(*(member(name, text) for name, text in files.items()))
            status, answer = send(running.socket, "POST", f"/v1.41/build?t=x&{query}", context, TAR)
            assert status == 403, (query, answer)
        assert send(running.socket, "POST", "/v1.41/build?t=x", archive(member("Dockerfile", plain)), TAR)[0] == 200
        for target in ("/libpod/info", "/v4.0.0/libpod/containers/json", "/v5.4.0/libpod/containers/create"):
            method = "POST" if target.endswith("create") else "GET"
            status, answer = send(running.socket, method, target, {"privileged": True} if method == "POST" else None)
            assert status == 403, (target, json.dumps(answer))
