"""What is done with a decision: nothing that audit mode only looks at ends a container."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from sealock.errors import EngineError
from sealock.guard.breakglass import GlassWatch
from sealock.guard.decision.exchange import Allowed, Denied, EngineRequest, GuardReason, PathAnswer
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.facts import Facts
from sealock.guard.gate import Gate
from sealock.guard.imageevidence import StoredEvidence
from sealock.guard.livepolicy import LivePolicy

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
