"""The best mechanism that works is chosen, and why the better ones do not is said."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.errors import TargetError
from sealock.runtime.watch import filtered, tracepoints
from sealock.runtime.watch.watcher import open_watcher


def fails(why: str) -> Any:
    """A mechanism that does not work here."""

    class _Missing:
        def __init__(self) -> None:
            raise TargetError(why)

    return _Missing


class _Works:
    """A mechanism that works."""


@pytest.fixture
def mechanisms(monkeypatch: pytest.MonkeyPatch) -> None:
    """No tracepoints and no log, but notifications."""
    monkeypatch.setattr(tracepoints, "TracepointWatcher", fails("no types"))
    monkeypatch.setattr(filtered, "LogWatcher", fails("no log"))
    monkeypatch.setattr(filtered, "NotifyWatcher", _Works)


@pytest.mark.usefixtures("mechanisms")
def test_the_first_that_works_is_taken() -> None:
    made, reasons = open_watcher(None, running=False)
    assert (type(made).__name__, reasons) == ("_Works", ("no types", "no log"))
    made, reasons = open_watcher("notify", running=False)
    assert (type(made).__name__, reasons) == ("_Works", ())


@pytest.mark.usefixtures("mechanisms")
@pytest.mark.parametrize(
    ("wanted", "running", "why"),
    [
        pytest.param("log", False, "no log", id="the one that is wanted does not work"),
        pytest.param("notify", True, "notify cannot watch a container that already runs", id="it comes too late"),
        pytest.param(None, True, "no types; log cannot watch a container that already runs; notify cannot watch a container that already runs", id="none works for a container that runs"),
    ],
)  # fmt: skip
def test_where_none_works_the_reasons_are_said(wanted: Any, why: str, *, running: bool) -> None:
    with pytest.raises(TargetError) as raised:
        open_watcher(wanted, running=running)
    assert str(raised.value) == why
