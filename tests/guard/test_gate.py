"""What is done with a decision: nothing that audit mode only looks at ends a container."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest

from sealock.errors import EngineError
from sealock.guard.breakglass import GlassWatch
from sealock.guard.decision.exchange import Allowed, Caller, Denied, EngineRequest, GuardReason, PathAnswer
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.facts import Facts
from sealock.guard.gate import Gate
from sealock.guard.imageevidence import StoredEvidence
from sealock.guard.livepolicy import LivePolicy
from sealock.guard.sockets import Line

REQUEST = EngineRequest("POST", "/containers/create", "application/json", b"{}")
PASSES = Allowed(None, "ci", REQUEST.target, REQUEST.body)
REASON = GuardReason("C001", "why")
PATHS = (PathAnswer("/srv", "directory"),)


@pytest.mark.parametrize(
    ("audit", "result", "paths"),
    [
        (False, PASSES, PATHS),
        (True, PASSES, ()),
        (False, Allowed(None, "ci", REQUEST.target, REQUEST.body, would_deny=(REASON,)), ()),
        (True, Denied((REASON,)), ()),
    ],
    ids=["enforced", "the guard audits", "the caller is audited", "would be denied"],
)
def test_paths_are_compared_again_only_where_a_difference_may_end_the_container(
    audit: bool,  # noqa: FBT001  a row of the table
    result: Allowed | Denied,
    paths: tuple[PathAnswer, ...],
    tmp_path: Path,
) -> None:
    (tmp_path / "sealock.toml").write_text('[guard]\n[[guard.caller]]\nname = "ci"\nallow = ["containers"]\n')
    loop = asyncio.new_event_loop()
    facts = Facts(EngineDoor(str(tmp_path / "engine"), loop), StoredEvidence(str(tmp_path)))
    gate = Gate(LivePolicy(str(tmp_path / "sealock.toml")), facts, GlassWatch(str(tmp_path)), audit=audit)
    outcome = gate.outcome(REQUEST, result, paths=PATHS)
    assert isinstance(outcome.result, Allowed)
    assert outcome.paths == paths
    facts.close()
    loop.close()


def test_an_engine_for_which_no_descriptor_is_left_is_not_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async def ask() -> None:
        door = EngineDoor(str(tmp_path / "engine"), asyncio.get_running_loop())
        with monkeypatch.context() as patched:
            patched.setattr("sealock.guard.enginedoor.socket.socket", refuse)
            with pytest.raises(EngineError, match="Too many open files"):
                await door.take()

    asyncio.run(ask())


class AskedDoor(EngineDoor):
    """A door whose connections all wait; notes what is asked at once, and answers it by a table of bodies."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answers: dict[str, bytes]) -> None:
        super().__init__("/nowhere", loop)
        self.answers, self.begun, self.finished = answers, list[str](), list[str]()

    def begin(self, target: str) -> Line | None:
        self.begun.append(target)
        ours, theirs = socket.socketpair()
        theirs.close()
        return Line(ours, self.loop)

    async def request(self, method: str, target: str, begun: Line | None = None) -> tuple[int, bytes]:
        assert begun is not None, f"{method} {target} was not begun"
        begun.close()
        self.finished.append(target)
        return (200, self.answers[target]) if target in self.answers else (404, b"{}")


OWN = '[guard]\n[[guard.caller]]\nname = "ci"\nallow = ["containers"]\nown = true\nfail-on = "critical"\n'
IMAGE = "/images/tiny/json"


@pytest.mark.parametrize(
    ("body", "answers", "finished", "rules"),
    [
        pytest.param(b'{"Image": "tiny"}', [b'{"Id": "a"}'], 1, set(), id="an image that is new is asked for at once"),
        pytest.param(b'{"Image": "tiny"}', [b'{"Id": "a"}'] * 2, 2, set(), id="and again, for it may be another now"),
        pytest.param(
            b'{"Image": "tiny"}', [b'{"Id": "a"}', b'{"Config": {"Labels": {"sealock.guard.owner": "web"}}}'], 2,
            {"G005"}, id="an image that became another caller's",
        ),
        pytest.param(
            b'{"Image": "tiny"}', [b'{"Id": "a"}', b'{"Config": {"Labels": {"sealock.guard.owner": "web"}}}', b"{}"],
            3, set(), id="and that is another again",
        ),
        pytest.param(
            b'{"Image": "tiny", "HostConfig": {"Cgroup": "x"}}', [b"{}"], 0, {"C024"},
            id="what is denied in any case waits for no answer",
        ),
    ],
)  # fmt: skip
def test_the_engine_is_asked_while_the_guard_evaluates(
    body: bytes, answers: list[bytes], finished: int, rules: set[str], tmp_path: Path
) -> None:
    (tmp_path / "sealock.toml").write_text(OWN)

    async def decide() -> None:
        door = AskedDoor(asyncio.get_running_loop(), {})
        facts = Facts(door, StoredEvidence(str(tmp_path)))
        gate = Gate(LivePolicy(str(tmp_path / "sealock.toml")), facts, GlassWatch(str(tmp_path)))
        request = EngineRequest("POST", "/v1.45/containers/create", "application/json", body)
        try:
            for answer in answers:
                door.answers[IMAGE] = answer
                result = (await gate.decide(request, Caller(uid=1))).result
        finally:
            facts.close()
        denied = {reason.rule for reason in result.reasons} if isinstance(result, Denied) else set()
        assert denied >= rules
        assert isinstance(result, Allowed) is not bool(rules)
        assert door.begun == [IMAGE] * len(answers)
        assert len(door.finished) == finished
        listed, ping = (EngineRequest("GET", path, "", b"") for path in ("/containers/json", "/_ping"))
        lasting = [(await gate.decide(asked, Caller(uid=1))).lasting for asked in (request, listed, ping)]
        assert lasting == [False, True, False]

    asyncio.run(decide())


BINDS = b'{"Image": "tiny", "HostConfig": {"Binds": ["%b/link:/a", "%b/real/:/b", "%b/link:/c", "named:/d"]}}'


@pytest.mark.parametrize(
    ("allow", "binds", "audit", "body", "known"),
    [
        pytest.param("containers", "/", False, BINDS, True, id="what passes"),
        pytest.param("containers", "/srv", False, BINDS, True, id="what is denied for a path"),
        pytest.param("containers", "/srv", True, BINDS, True, id="what would be denied for a path"),
        pytest.param("ping", "/", True, BINDS, True, id="what would be denied for its route"),
        pytest.param("ping", "/", False, BINDS, False, id="what is denied for its route"),
        pytest.param("ping", "/", True, BINDS[:-1], False, id="what is no JSON"),
    ],
)  # fmt: skip
def test_the_log_gets_where_a_path_leads(  # noqa: PLR0917  a row
    allow: str,
    binds: str,
    audit: bool,  # noqa: FBT001  a row
    body: bytes,
    known: bool,  # noqa: FBT001  a row
    tmp_path: Path,
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "sealock.toml").write_text(
        f'[guard]\n[[guard.caller]]\nname = "ci"\nallow = "{allow}"\nbinds = "{binds}"\nfail-on = "critical"\n'
        'accept = ["C024"]\n'
    )
    here = str(tmp_path).encode()
    request = EngineRequest("POST", "/containers/create", "application/json", body.replace(b"%b", here))

    async def links() -> tuple[tuple[str, str], ...]:
        facts = Facts(AskedDoor(asyncio.get_running_loop(), {}), StoredEvidence(str(tmp_path)))
        gate = Gate(LivePolicy(str(tmp_path / "sealock.toml")), facts, GlassWatch(str(tmp_path)), audit=audit)
        try:
            return (await gate.decide(request, Caller(uid=0, gid=0))).links
        finally:
            facts.close()

    there = ((f"{tmp_path}/link", os.path.realpath(tmp_path / "real")),)
    assert asyncio.run(links()) == (there if known else ())
