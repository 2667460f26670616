"""What a swarm's manager makes of a service after the guard's decision gives no more than the policy does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.guardproxy import guard, send
from support.realengine import engine_in_memory
from support.waiting import wait_until

pytestmark = pytest.mark.live

POLICY = """\
[guard]
[[guard.caller]]
name = "tester"
uid = 0
allow = ["services", "tasks", "images", "swarm", "nodes"]
binds = ["BINDS"]
fail-on = "critical"
"""


def test_no_template_of_a_service_leads_out_of_what_may_be_mounted() -> None:
    with engine_in_memory() as daemon:
        daemon.image("base")
        shared = daemon.folder / "shared"
        shared.mkdir()
        ready = daemon.docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:0")
        assert ready.returncode == 0, ready.stderr

        def spec(name: str, **more: Any) -> dict[str, Any]:
            container = {"Image": "base", "Command": ["busybox", "sleep", "99"], **more}
            return {"Name": name, "TaskTemplate": {"ContainerSpec": container}}

        mounts = [{"Type": "bind", "Source": f"{shared}/{{{{`..`}}}}", "Target": "/h"}]
        with guard(daemon.socket, POLICY.replace("BINDS", str(shared))) as running:
            assert send(daemon.socket, "POST", "/v1.45/services/create", spec("direct", Mounts=mounts))[0] == 201
            status, answer = send(running.socket, "POST", "/v1.45/services/create", spec("guarded", Mounts=mounts))
            assert (status, "has a template" in answer["message"]) == (403, True)
            assert "SWMTKN" in json.dumps(send(daemon.socket, "GET", "/v1.45/swarm")[1])
            shown = send(running.socket, "GET", "/v1.45/swarm")
            assert (shown[0], shown[1]["JoinTokens"]) == (200, {"Worker": "", "Manager": ""})
            for target, body in (
                ("swarm/join", {"RemoteAddrs": ["127.0.0.1:1"], "JoinToken": "x"}),
                ("swarm/update?version=1", {"CAConfig": {"SigningCACert": "x", "SigningCAKey": "x"}}),
            ):
                status, answer = send(running.socket, "POST", f"/v1.45/{target}", body)
                assert (status, "G015" in answer["message"]) == (403, True), answer
            plain = spec("plain", Env=["NODE={{.Node.Hostname}}"], Mounts=[mounts[0] | {"Source": str(shared)}])
            assert send(running.socket, "POST", "/v1.45/services/create", plain)[0] == 201

        def mounted() -> dict[str, str]:
            """The host paths that tasks mount, by the names of their services."""
            ids = daemon.docker("ps", "-q").stdout.split()
            made = json.loads(daemon.docker("inspect", *ids).stdout) if ids else []
            return {
                container["Config"]["Labels"]["com.docker.swarm.service.name"]: mount["Source"]
                for container in made
                for mount in container["Mounts"]
                if mount["Destination"] == "/h"
            }

        wait_until(lambda: {"direct", "plain"} <= set(mounted()))
        assert mounted() == {"direct": str(daemon.folder), "plain": str(shared)}
