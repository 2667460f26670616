"""What each client of a preset sends, by its own source, is allowed, and what it does not send is denied."""

from __future__ import annotations

import pytest

from support.guardworld import GuardWorld, rules

POLICY = '[guard]\n[[guard.caller]]\nname = "client"\nuid = 1000\npreset = "{}"\n'
ASKS = ("HEAD /_ping", "GET /_ping", "GET /version")
SWARM = (*ASKS, "GET /services", "GET /networks", 'GET /tasks?filters={"service":{"s":true}}')
WRITES = (
    "POST /containers/create", "POST /containers/a/start", "POST /containers/a/exec", "PUT /containers/a/archive?path=/",
    "POST /images/create?fromImage=a", "POST /volumes/create", "POST /networks/create", "POST /build", "POST /swarm/init",
    "POST /services/create", "POST /plugins/pull?remote=a", "GET /secrets", "GET /configs", "GET /containers/a/export",
)  # fmt: skip

CALLS = [
    ("traefik", [*ASKS, "GET /containers/json?all=1", "GET /containers/a/json", "GET /events?filters={}"]),
    ("traefik-swarm", [*SWARM, "GET /nodes/n"]),
    ("prometheus", [*ASKS, "GET /containers/json", "GET /networks"]),
    ("prometheus-swarm", [*SWARM, "GET /nodes", "GET /containers/a/json"]),
    (
        "dozzle",
        [
            *(*ASKS, "GET /info", "GET /events", "GET /containers/json?all=1", "GET /containers/a/json"),
            *("GET /containers/a/stats?stream=1", "GET /containers/a/logs?stdout=1&stderr=1&tail=300&timestamps=1"),
        ],
    ),
    (
        "watchtower",
        [
            *(*ASKS, "GET /info", "GET /containers/json", "GET /containers/a/json", "GET /images/a/json"),
            *("POST /images/create?fromImage=a&tag=1", "POST /containers/a/kill?signal=SIGTERM", "DELETE /images/a"),
            *("POST /containers/a/stop?t=1", "POST /containers/a/rename?name=b", "POST /containers/a/start"),
            *("DELETE /containers/a?force=1&v=1",),
        ],
    ),
]
BEYOND = [
    ("traefik", ["GET /containers/a/logs?stdout=1", "GET /images/json", "GET /networks", "GET /info", *WRITES]),
    ("traefik-swarm", ["GET /services/s/logs?stdout=1", "GET /containers/json", "GET /swarm", "GET /events", *WRITES]),
    ("prometheus", ["GET /containers/a/json", "GET /events", "GET /info", *WRITES]),
    ("prometheus-swarm", ["GET /nodes/n", "GET /tasks/t/logs?stdout=1", "GET /swarm", "GET /containers/json", *WRITES]),
    ("dozzle", ["GET /services/s/logs?stdout=1", "GET /containers/a/top", "POST /containers/a/stop", *WRITES]),
    (
        "watchtower",
        [
            *("POST /containers/prune", "POST /images/a/push", "GET /distribution/a/json", "GET /containers/a/top"),
            *(write for write in WRITES if not write.startswith(("POST /containers/", "POST /images/"))),
        ],
    ),
    (
        "portainer",
        ["GET /swarm", "POST /plugins/pull?remote=a", "POST /session", "POST /services/create", "GET /secrets"],
    ),
    ("ci", ["GET /swarm", "GET /plugins", "POST /session", "POST /services/create", "GET /secrets", "POST /commit"]),
]


def decided(preset: str, line: str) -> set[str]:
    method, _, target = line.partition(" ")
    world = GuardWorld(POLICY.format(preset))
    a = {"Id": "1", "Config": {"Image": "a"}, "HostConfig": {}, "NetworkSettings": {"Networks": {}}, "Mounts": []}
    world.engine["/containers/a/json"] = a
    return rules(world.decide(f"{method} /v1.44{target}"))


@pytest.mark.parametrize(("preset", "line"), [(preset, line) for preset, lines in CALLS for line in lines])
def test_what_a_client_sends_is_allowed(preset: str, line: str) -> None:
    assert decided(preset, line) == set()


@pytest.mark.parametrize(("preset", "line"), [(preset, line) for preset, lines in BEYOND for line in lines])
def test_what_a_client_never_sends_is_denied(preset: str, line: str) -> None:
    assert decided(preset, line) == {"G002"}
