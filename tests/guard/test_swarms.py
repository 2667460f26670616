"""Nobody becomes a manager of a swarm through the guard, from where anything runs on its engines, past the guard."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.guard.decision.exchange import Allowed
from sealock.guard.decision.ownership import filter_answer
from support.guardworld import GuardWorld, rules

POLICY = '[guard]\n[[guard.caller]]\nname = "ops"\nallow = ["swarm", "nodes"]\n'
TRUSTED = f'{POLICY}accept = ["G015"]\n'
SENT_AWAY = {"TaskDefaults": {"LogDriver": {"Name": "syslog", "Options": {"syslog-address": "tcp://127.0.0.1:1"}}}}
MANAGES: dict[str, tuple[str, Any]] = {
    "join another swarm": ("POST /swarm/join", {"RemoteAddrs": ["192.0.2.1:2377"], "JoinToken": "x"}),
    "begin a swarm with an authority of one's own": ("POST /swarm/init", {"Spec": {"CAConfig": {"SigningCAKey": "x"}}}),
    "change the authority": ("POST /swarm/update?version=1", {"CAConfig": {"SigningCACert": "x", "SigningCAKey": "x"}}),
    "name an authority elsewhere": (
        "POST /swarm/update?version=1",
        {"CAConfig": {"ExternalCAs": [{"URL": "https://x"}]}},
    ),
    "promote a node": ("POST /nodes/worker/update?version=1", {"Role": "manager", "Availability": "active"}),
}
SOUND: dict[str, tuple[str, Any]] = {
    "begin a swarm": ("POST /swarm/init", {"ListenAddr": "0.0.0.0", "Spec": {"CAConfig": {"NodeCertExpiry": 5}}}),
    "change other settings": ("POST /swarm/update?version=1", {"CAConfig": {"ForceRotate": 1}, "Raft": {}}),
    "rotate the tokens": ("POST /swarm/update?version=1&rotateWorkerToken=1", {"Name": "default"}),
    "drain a manager": ("POST /nodes/manager/update?version=1", {"Role": "manager", "Availability": "drain"}),
    "drain a worker": ("POST /nodes/worker/update?version=1", {"Role": "worker", "Availability": "drain"}),
    "leave": ("POST /swarm/leave?force=1", None),
}


def world(policy: str, *, rewrites: bool = True) -> GuardWorld:
    made = GuardWorld(policy, rewrites=rewrites)
    made.engine |= {f"/nodes/{role}": {"ID": role, "Spec": {"Role": role}} for role in ("manager", "worker")}
    return made


@pytest.mark.parametrize(("line", "body"), MANAGES.values(), ids=MANAGES)
def test_what_could_make_managers_is_denied_unless_it_is_accepted(line: str, body: Any) -> None:
    assert rules(world(POLICY).decide(line, body)) == {"G015"}
    assert rules(world(TRUSTED).decide(line, body)) == set()


@pytest.mark.parametrize(("line", "body"), SOUND.values(), ids=SOUND)
def test_what_makes_no_managers_passes(line: str, body: Any) -> None:
    assert rules(world(POLICY).decide(line, body)) == set()


@pytest.mark.parametrize("line", ["POST /swarm/init", "POST /swarm/update?version=1"])
def test_the_log_of_the_tasks_is_not_sent_away(line: str) -> None:
    assert rules(world(POLICY).decide(line, {"Spec": SENT_AWAY} if "init" in line else SENT_AWAY)) == {"G017"}


def test_the_tokens_of_a_swarm_are_left_out() -> None:
    decision = world(POLICY).decide("GET /swarm")
    assert isinstance(decision, Allowed)
    assert decision.answer_filter is not None
    described = {"ID": "s", "JoinTokens": {"Worker": "SWMTKN-1", "Manager": "SWMTKN-2"}}
    blank = {"ID": "s", "JoinTokens": {"Worker": "", "Manager": ""}}
    assert filter_answer("GET /swarm", described, decision.answer_filter) == blank
    assert rules(world(POLICY, rewrites=False).decide("GET /swarm")) == {"G015"}
    for rewrites in (True, False):
        trusted = world(TRUSTED, rewrites=rewrites).decide("GET /swarm")
        assert isinstance(trusted, Allowed)
        assert trusted.answer_filter is None
