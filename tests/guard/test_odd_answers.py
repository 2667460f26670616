"""An engine's answer of any shape stops no decision, and lets nothing pass that its right shape would not."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from sealock.guard.decision.decide import decide
from sealock.guard.decision.exchange import (
    Answer,
    Caller,
    CallingContainer,
    EngineAnswer,
    EngineQuestion,
    EngineRequest,
    NeedsFacts,
    NoAnswer,
    PathAnswer,
    PathQuestion,
    Question,
)
from support.draws import draws
from support.guardworld import GuardWorld, rules

OWN = """
[guard]
[[guard.caller]]
name = "ci"
own = true
containers = 5
binds = ["/srv"]
require = ["digest", "trust"]
images = "docker.io/library/*"
allow = [
  "containers", "logs", "attach", "exec", "files", "images", "build", "volumes", "networks", "events", "system",
  "services", "secrets", "tasks", "commit", "configs",
]
"""
CREATE = {
    "Image": "nginx:1.27",
    "HostConfig": {
        "Binds": ["/srv/a:/a", "data:/d"], "NetworkMode": "team", "PidMode": "container:db", "VolumesFrom": ["db"],
        "Mounts": [{"Type": "volume", "Source": "v", "Target": "/v"}],
    },
}  # fmt: skip
SERVICE = {
    "Name": "s",
    "TaskTemplate": {
        "ContainerSpec": {"Image": "nginx:1.27", "Secrets": [{"SecretID": "a1"}]},
        "Networks": [{"Target": "n"}],
    },
}
LINES: tuple[tuple[str, Any], ...] = (
    ("POST /containers/create", CREATE), ("POST /containers/web/start", None), ("POST /containers/web/exec", {"Cmd": ["sh"]}),
    ("POST /exec/e1/start", {}), ("POST /containers/web/update", {"Memory": 5}), ("GET /containers/web/logs", None),
    ("DELETE /images/nginx:1.27", None), ("POST /images/nginx:1.27/tag?repo=redis&tag=1", None), ("GET /tasks/t1", None),
    ("POST /services/create", SERVICE), ("POST /services/s1/update?version=1&rollback=previous", SERVICE),
    ("POST /networks/n1/connect", {"Container": "web"}), ("POST /commit?container=web&repo=redis", None),
    ("DELETE /volumes/v1", None), ("GET /secrets/s1", None), ("POST /build?t=redis&networkmode=team", None),
)  # fmt: skip
WORDS = st.sampled_from(
    ["", "a", "ci", "host", "local", "/", "/srv", "nginx@sha256:" + "a" * 64, "sealock.guard.owner"]
)
KEYS = st.sampled_from([
    "Id", "ID", "Name", "Config", "Labels", "HostConfig", "Mounts", "Driver", "Options", "Spec", "Image", "RepoDigests",
    "RepoTags", "ContainerID", "ServiceID", "ProcessConfig", "Devices", "DeviceRequests", "DeviceCgroupRules", "MaskedPaths",
    "PreviousSpec", "sealock.guard.owner", "Source", "Type", "NetworkSettings", "Networks",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
WORLD = GuardWorld(OWN)
INSIDE = Caller(uid=0, gid=0, container=CallingContainer("c" * 64, "runner"))


@pytest.mark.parametrize(("line", "body"), LINES, ids=[line for line, _ in LINES])
@draws(40, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from([200, 200, 200, 404, 500]), VALUES), min_size=1, max_size=6))
def test_no_answer_of_the_engine_stops_a_decision(line: str, body: Any, given_: list[tuple[int, Any]]) -> None:
    method, _, target = line.partition(" ")
    raw = b"" if body is None else json.dumps(body).encode()
    request = EngineRequest(method, target, "application/json" if raw else "", raw)
    answers: dict[Question, Answer] = {}
    for turn in range(8):
        decision = decide(request, INSIDE, WORLD.guard, answers, date(2026, 11, 27))
        if not isinstance(decision, NeedsFacts):
            return
        for number, question in enumerate(decision.questions):
            answers[question] = odd(question, given_, turn + number)


def odd(question: Question, answers: list[tuple[int, Any]], number: int) -> Answer:
    if isinstance(question, EngineQuestion):
        return EngineAnswer(*answers[number % len(answers)])
    return PathAnswer(question.path, "directory") if isinstance(question, PathQuestion) else NoAnswer("none")


def test_lists_that_an_engine_leaves_null_are_empty() -> None:
    world = GuardWorld('[guard]\n[[guard.caller]]\nname = "x"\nallow = ["containers", "exec"]\n')
    keys = (
        "Devices",
        "DeviceRequests",
        "DeviceCgroupRules",
        "MaskedPaths",
        "ReadonlyPaths",
        "Binds",
        "Mounts",
        "SecurityOpt",
    )
    world.engine["/containers/web/json"] = {
        "Id": "a" * 64, "Config": {"Labels": None, "Env": None}, "HostConfig": dict.fromkeys(keys), "Mounts": None,
        "NetworkSettings": {"Networks": None},
    }  # fmt: skip
    assert rules(world.decide("POST /containers/web/exec", {"Cmd": ["sh"]})) == set()
