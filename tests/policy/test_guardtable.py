"""The table [guard] of sealock.toml: what it takes, and what it says of a mistake."""

from __future__ import annotations

from datetime import date

import pytest

from sealock.errors import PolicyError
from sealock.model.location import Source
from sealock.model.severity import Severity
from sealock.policy.guard import GuardPolicy
from sealock.policy.guardpresets import PRESETS
from sealock.policy.settings import read

CALLER = '[guard]\n[[guard.caller]]\nname = "ci"\nallow = "ping"\n'
EXEMPT = '[[guard.exempt]]\nrule = "C001"\nreason = "builds images"\nuntil = 2027-01-31\n'


def guard(text: str) -> GuardPolicy:
    return read(Source("sealock.toml", text), ".").guard


def test_a_caller_with_every_key() -> None:
    text = """
[guard]
mode = "audit"
newest-api = "1.56"
label = "team.owner"
[[guard.caller]]
name = "ci"
mode = "enforce"
uid = [1000, 1001]
gid = 998
tls-name = "*.ci.example.com"
container = "runner-*"
container-image = "docker.io/gitlab/*"
container-label = { role = "ci" }
allow = ["containers", "images:read", "POST /images/create"]
own = true
fail-on = "medium"
deny = ["C028"]
accept = "C057"
names = "ci-*"
images = "docker.io/library/*"
labels = { team = "web" }
binds = ["/srv/ci/", "/"]
devices = "/dev/ttyUSB*"
volume-drivers = "local-persist"
network-drivers = ["bridge", "overlay"]
log-drivers = "syslog=tcp://logs.example.com:514"
change = ["limits", "loopback"]
require = ["digest", "trust"]
memory = "512M"
cpus = 1.5
pids = 100
requests-per-second = 20
containers = 5
"""
    policy = guard(text)
    caller = policy.callers[0]
    assert (policy.mode, policy.newest_api, policy.label, policy.given) == ("audit", (1, 56), "team.owner", True)
    assert caller.allow == {"containers:read", "containers:write", "images:read", "POST /images/create"}
    assert caller.conditions.uids == (1000, 1001)
    assert caller.conditions.gids == (998,)
    assert caller.conditions.about_containers
    assert caller.conditions.about_processes
    assert (caller.mode, caller.own, caller.fail_on, caller.location.line) == ("enforce", True, Severity.MEDIUM, 6)
    assert caller.log_drivers == ("syslog=tcp://logs.example.com:514",)
    assert (caller.binds, caller.devices) == (("/srv/ci", "/"), ("/dev/ttyUSB*",))
    assert (caller.limits.memory, caller.limits.cpus, caller.limits.pids) == (512 << 20, 1.5, 100)
    assert (caller.changes, caller.needs) == (("limits", "loopback"), ("digest", "trust"))
    assert (caller.requests_per_second, caller.containers) == (20, 5)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_is_a_caller(preset: str) -> None:
    caller = guard(f'[guard]\n[[guard.caller]]\nname = "x"\npreset = "{preset}"\nallow = "secrets:read"\n').callers[0]
    assert {"ping:read", "secrets:read"} <= caller.allow


def test_a_key_of_the_caller_replaces_that_of_its_preset() -> None:
    caller = guard('[guard]\n[[guard.caller]]\nname = "x"\npreset = "ci"\nown = false\nmemory = "1G"\n').callers[0]
    assert (caller.own, caller.limits.memory, caller.limits.pids) == (False, 1 << 30, 512)


def test_an_exemption_lasts_until_its_last_day() -> None:
    exemption = guard(
        CALLER + EXEMPT + 'caller = "c*"\nname = "dind-*"\nimage = "docker.io/library/docker"\n'
    ).exemptions[0]
    assert exemption.covers("C001", "ci", "docker:27", "dind-1", date(2027, 1, 31))
    assert not exemption.covers("C001", "ci", "docker:27", "dind-1", date(2027, 2, 1))
    assert not exemption.covers("C002", "ci", "docker:27", "dind-1", date(2027, 1, 31))
    assert not exemption.covers("C001", "web", "docker:27", "dind-1", date(2027, 1, 31))
    assert not exemption.covers("C001", "ci", "docker:27", "web", date(2027, 1, 31))
    assert not exemption.covers("C001", "ci", "alpine:3", "dind-1", date(2027, 1, 31))


def test_no_table_allows_no_caller() -> None:
    assert guard("") == GuardPolicy()
    assert not guard("").given


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[guard]\nmode = "loose"\n', "sealock.toml:2: [guard] mode should be one of enforce, audit, and is 'loose'"),
        ('[guard]\nnewest-api = "2.0"\n', "newest-api should be a version"),
        ("[guard]\nsocket = 1\n", "socket is not a setting"),
        ("[guard]\ncaller = [1]\n", "caller should be a list of tables"),
        ('[guard]\n[[guard.caller]]\nallow = "ping"\n', "name is missing"),
        ('[guard]\n[[guard.caller]]\nname = "x"\n', "allow is missing"),
        ('[guard]\n[[guard.caller]]\nname = "x"\npreset = "nginx"\n', "preset should be one of traefik"),
        ('[guard]\n[[guard.caller]]\nname = "x"\nallow = "get /info"\n', "allow should be groups"),
        (CALLER + "uid = true\n", "uid should be numbers"),
        (CALLER + "uid = -1\n", "uid should be numbers"),
        (CALLER + 'deny = "privileged"\n', "deny names 'privileged', which is no rule's id"),
        (CALLER + 'images = "nginx"\n', "images should begin with the registry"),
        (CALLER + "labels = { a = 1 }\n", "labels should be a table of strings"),
        (CALLER + 'binds = "srv"\n', "binds should be absolute paths"),
        (CALLER + 'binds = "/srv/../etc"\n', "binds should be absolute paths"),
        (CALLER + 'change = "user"\n', "change should be some of"),
        (CALLER + 'change = "limits"\n', "memory is missing"),
        (CALLER + 'require = "love"\n', "require should be some of"),
        (CALLER + 'memory = "much"\n', "memory should be a size"),
        (CALLER + "cpus = 0\n", "cpus should be a number"),
        (CALLER + "pids = -1\n", "pids should be a number from 1"),
        (CALLER + 'colour = "red"\n', "colour is not a setting"),
        (CALLER + '[[guard.caller]]\nname = "ci"\nallow = "ping"\n', "caller has the name 'ci' twice"),
        (CALLER + '[[guard.exempt]]\nreason = "r"\nuntil = 2027-01-31\n', "rule is missing"),
        (CALLER + '[[guard.exempt]]\nrule = "C001"\nuntil = 2027-01-31\n', "reason is missing"),
        (CALLER + '[[guard.exempt]]\nrule = "C001"\nreason = "r"\n', "until is missing"),
        (CALLER + '[[guard.exempt]]\nrule = "C001"\nreason = "r"\nuntil = "soon"\n', "until should be the last day"),
    ],
)
def test_a_mistake_is_reported_with_its_place(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as error:
        guard(text)
    assert message in str(error.value)
