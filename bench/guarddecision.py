"""Counts the decisions of the guard in a CPU second on one core, apart from any client and connection.

The body is that of `docker run -p 127.0.0.1:8080:80 -v data:/data nginx:1.27`, as the client writes it. Exits 1 where
fewer than 1,000 creates are evaluated in a second.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from sealock.guard.decision.decide import decide
from sealock.guard.decision.exchange import (
    Allowed,
    Answer,
    Caller,
    EngineAnswer,
    EngineQuestion,
    EngineRequest,
    Question,
)
from sealock.guard.decision.prepared import Guard, prepare
from sealock.model.location import Source
from sealock.policy.settings import read

LEAST = 1000
BATCHES, EACH = 7, 300
TODAY = date(2026, 11, 27)
CALLER = Caller(uid=1000, gid=1000)
POLICY = '[guard]\n[[guard.caller]]\nname = "ci"\nallow = ["containers"]\n'
CHANGES = 'change = ["no-new-privileges", "cap-drop", "limits", "loopback"]\nmemory = "1G"\npids = 500\n'
ANSWERS: dict[Question, Answer] = {EngineQuestion("/volumes/data"): EngineAnswer(200, {"Driver": "local"})}
_TEXTS = ("Hostname", "Domainname", "User", "WorkingDir")
_HOST_TEXTS = (
    "ContainerIDFile", "VolumeDriver", "CgroupnsMode", "IpcMode", "Cgroup", "PidMode", "UTSMode", "UsernsMode",
    "Isolation", "CgroupParent", "CpusetCpus", "CpusetMems",
)  # fmt: skip
_HOST_NUMBERS = (
    "OomScoreAdj", "ShmSize", "CpuShares", "Memory", "NanoCpus", "BlkioWeight", "CpuPeriod", "CpuQuota",
    "CpuRealtimePeriod", "CpuRealtimeRuntime", "MemoryReservation", "MemorySwap", "PidsLimit", "CpuCount", "CpuPercent",
    "IOMaximumIOps", "IOMaximumBandwidth",
)  # fmt: skip
_HOST_LISTS = (
    "Dns", "DnsOptions", "DnsSearch", "BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps",
    "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps", "Devices", "Ulimits",
)  # fmt: skip
_HOST_NONE = (
    "VolumesFrom", "CapAdd", "CapDrop", "ExtraHosts", "GroupAdd", "Links", "SecurityOpt", "DeviceCgroupRules",
    "DeviceRequests", "MaskedPaths", "ReadonlyPaths",
)  # fmt: skip


def body(workers: int = 4) -> bytes:
    """The body as the client writes it: every field, set or not; with other `workers` it is one that is new."""
    host: dict[str, Any] = {
        **dict.fromkeys(_HOST_TEXTS, ""), **dict.fromkeys(_HOST_NUMBERS, 0), **dict.fromkeys(_HOST_NONE),
        **{key: [] for key in _HOST_LISTS}, "Binds": ["data:/data"], "NetworkMode": "default", "MemorySwappiness": -1,
        "LogConfig": {"Type": "", "Config": {}}, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}, "ConsoleSize": [24, 80],
        **dict.fromkeys(("Privileged", "AutoRemove", "PublishAllPorts", "ReadonlyRootfs", "OomKillDisable"), False),
    }  # fmt: skip
    made: dict[str, Any] = {
        **dict.fromkeys(_TEXTS, ""), **dict.fromkeys(("AttachStdin", "Tty", "OpenStdin", "StdinOnce"), False),
        "AttachStdout": True, "AttachStderr": True, "ExposedPorts": {"80/tcp": {}}, "Image": "nginx:1.27",
        "Volumes": {}, "Env": ["TZ=UTC", f"WORKERS={workers}"],
        "Cmd": None, "Entrypoint": None, "OnBuild": None, "Labels": {},
        "HostConfig": host,
        "NetworkingConfig": {"EndpointsConfig": {"default": {"Links": None, "Aliases": None, "IPAddress": ""}}},
    }  # fmt: skip
    return json.dumps(made).encode()


def measured(action: Callable[[], object]) -> float:
    """CPU seconds of one call: the least of several batches, since other programs disturb the rest."""
    least = float("inf")
    for _ in range(BATCHES):
        start = time.process_time()
        for _ in range(EACH):
            action()
        least = min(least, (time.process_time() - start) / EACH)
    return least


def rows() -> Iterator[tuple[str, float]]:
    """What is decided, and the CPU seconds that it takes."""
    create = EngineRequest("POST", "/v1.45/containers/create?name=web", "application/json", body())
    listed = EngineRequest("GET", "/v1.45/containers/json?all=1")
    guard = prepare(read(Source("sealock.toml", POLICY), "."), TODAY)
    changing = prepare(read(Source("sealock.toml", POLICY + CHANGES), "."), TODAY)
    yield "a GET", measured(_decision(listed, guard))
    yield "containers/create", measured(_decision(create, guard))
    yield "containers/create, new", measured(_new_decisions(guard))
    yield "containers/create, changed", measured(_decision(create, changing))


def _decision(request: EngineRequest, guard: Guard) -> Callable[[], object]:
    def run() -> Allowed:
        decision = decide(request, CALLER, guard, ANSWERS, TODAY)
        assert isinstance(decision, Allowed), decision
        return decision

    run()
    return run


def _new_decisions(guard: Guard) -> Callable[[], object]:
    """A decision on a body that differs each time, as clients' names, labels and variables do."""
    requests = iter(
        [
            EngineRequest("POST", "/v1.45/containers/create?name=web", "application/json", body(number))
            for number in range(BATCHES * EACH)
        ]
    )
    return lambda: decide(next(requests), CALLER, guard, ANSWERS, TODAY)


def main() -> int:
    """Print the rows."""
    slowest = 0.0
    for name, seconds in rows():
        slowest = max(slowest, seconds)
        print(f"{name:28} {seconds * 1e6:7.0f} us of CPU {1 / seconds:9.0f} a second on one core")
    return 0 if 1 / slowest >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
