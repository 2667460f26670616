"""A pytest plugin of `./dev mutants`: records what each test reaches and how long it takes, and runs chosen tests.

`MUTANTS_RECORD` names the file for the durations, beside coverage that runs. `MUTANTS_TESTS` names a JSON file: the
tests to run, in order, with the seconds that each took; `MUTANTS_FAILED` the file for the name of the one that failed.
`MUTANTS_SERVE` is a socket: pytest collects all tests and runs none, but forks for each request, a line of JSON with a
changed file, tests and a limit in seconds, changes the file's functions in memory, runs the tests, and answers.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import signal
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import pytest

TIMED_OUT = 99
"""The exit status of a run in which a test took much longer than it should."""
COLD = 98
"""The exit status where a change is not one of a function's code: what runs at import has run."""
_CONFIGURATION = "COVERAGE_PROCESS_CONFIG"
_record = os.environ.pop("MUTANTS_RECORD", None) if "PYTEST_XDIST_WORKER" not in os.environ else None
_serve = os.environ.pop("MUTANTS_SERVE", None)
_tests = os.environ.pop("MUTANTS_TESTS", None)
_failed = [os.environ.pop("MUTANTS_FAILED", "")]
_chosen: dict[str, float] = json.loads(Path(_tests).read_text(encoding="utf-8")) if _tests else {}
_since = [0.0]
_Cached = type(lru_cache(len))
_rank = {name: position for position, name in enumerate(_chosen)}


def _label_processes(name: str) -> None:
    """Let the processes that a test starts record what they reach as that test's."""
    if held := os.environ.get(_CONFIGURATION):
        settings = json.loads(base64.b64decode(held)) | {"context": name}
        os.environ[_CONFIGURATION] = base64.b64encode(json.dumps(settings).encode()).decode()


def _clear_caches() -> None:
    """Forget what functions gave for their arguments: a test that asks again would reach none of their lines."""
    for name, module in list(sys.modules.items()):
        if name.startswith("sealock"):
            for function in vars(module).values():
                if isinstance(function, _Cached) and function.cache_parameters()["maxsize"] is not None:
                    function.cache_clear()


def _used() -> float:
    """The seconds of CPU that this process and those that it started used."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a stage take the CPU's time: what others do on the machine must not count."""
    report = yield
    report.duration, _since[0] = _used() - _since[0], _used()
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Record what a test reaches, or end the run if it takes much too long."""
    if measured := coverage.Coverage.current():
        _clear_caches()
        measured.switch_context(item.nodeid)
        _label_processes(item.nodeid)
    _since[0] = _used()
    if item.nodeid in _chosen:
        # By the CPU, so that a busy machine does not end a test; what waits for ever ends with the run.
        signal.signal(signal.SIGPROF, lambda *_: os._exit(TIMED_OUT))
        signal.setitimer(signal.ITIMER_PROF, 10 + 10 * _chosen[item.nodeid])
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        if measured:
            measured.switch_context("")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write a line for each stage of a test, with its seconds and whether it passed; or the name of one that failed."""
    if _record:
        with Path(_record).open("a", encoding="utf-8") as file:
            file.write(json.dumps([report.nodeid, report.duration, report.passed]) + "\n")
    if report.failed and _failed[0]:
        Path(_failed[0]).write_text(report.nodeid, encoding="utf-8")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the chosen tests, in their order."""
    if _chosen:
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in _rank])
        items[:] = sorted((item for item in items if item.nodeid in _rank), key=lambda item: _rank[item.nodeid])


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Answer requests instead of running the tests."""
    if not _serve:
        return None
    items = {item.nodeid: item for item in session.items}
    functions = sealock_functions()
    # What the collector never visits stays shared with the children.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(_serve)) as channel, channel.makefile("rw", encoding="utf-8") as lines:
        lines.write("ready\n")
        lines.flush()
        for line in lines:
            request = json.loads(line)
            child = os.fork()
            if not child:
                # Not a session: the kernel weighs sessions against each other, whatever their nice values.
                os.setpgid(0, 0)
                os._exit(_run(session, items, functions, request))
            lines.write(f"{_end(child, request['limit'])}\n")
            lines.flush()
    return True


def _end(child: int, limit: float) -> int:
    """Wait for a child, and end it with all that it started when the time is over; its exit status."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return TIMED_OUT


def sealock_functions() -> dict[str, list[FunctionType]]:
    """The functions of sealock, by module; in a child, looking at every object would copy them all."""
    gc.unfreeze()  # tests/conftest.py hides what is collected from the collector, and so from a look at all objects
    functions: dict[str, list[FunctionType]] = defaultdict(list)
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and str(function.__module__).startswith("sealock"):
            functions[function.__module__].append(function)
    return functions


def _run(
    session: pytest.Session,
    items: dict[str, pytest.Item],
    functions: dict[str, list[FunctionType]],
    request: dict[str, Any],
) -> int:
    if not _change(functions, Path(request["file"]), request["before"]):
        return COLD
    _failed[0] = request["failed"]
    _chosen.update(request["tests"])
    chosen = [items[name] for name in request["tests"] if name in items]
    for item, following in pairwise([*chosen, None]):
        if item is not None:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return 1
    return 0


def _change(functions: dict[str, list[FunctionType]], file: Path, before: str) -> bool:
    """Give the functions of a module the code that its file now has; whether no more than that changed."""
    parts = file.with_suffix("").parts
    name = ".".join(parts[parts.index("src") + 1 :]).removesuffix(".__init__")
    if name not in sys.modules:
        return True  # it will be imported from the changed file
    changed = changed_function(compile(before, file, "exec"), compile(file.read_bytes(), file, "exec"))
    if changed is None:
        return False
    codes = {(old.co_qualname, old.co_firstlineno): new for old, new in with_inner(*changed)}
    same = [
        (each, codes[key])
        for each in functions.get(name, ())
        if (key := (each.__code__.co_qualname, each.__code__.co_firstlineno)) in codes
    ]
    if any(function.__code__.co_freevars != new.co_freevars for function, new in same):
        return False
    for function, new in same:
        function.__code__ = new
    # A function that was not found would run as before, and every test would pass.
    return bool(same)


def with_inner(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """A function that differs, and those in it that do: what it made as the module was imported has the old code."""
    yield old, new
    inner = ([part for part in code.co_consts if isinstance(part, CodeType)] for code in (old, new))
    for one, other in zip(*inner, strict=False):
        if one != other and one.co_qualname == other.co_qualname:
            yield from with_inner(one, other)


def changed_function(old: CodeType, new: CodeType) -> tuple[CodeType, CodeType] | None:
    """The one function whose code differs, before and after; None where a module or a class differs by itself."""
    inner = [[part for part in code.co_consts if isinstance(part, CodeType)] for code in (old, new)]
    own = [[part for part in code.co_consts if not isinstance(part, CodeType)] for code in (old, new)]
    if old.co_code != new.co_code or repr(own[0]) != repr(own[1]) or old.co_names != new.co_names:
        return None
    for one, other in zip(*inner, strict=True):
        if one != other:
            is_function = one.co_flags & 2  # CO_NEWLOCALS, which the bodies of modules and classes have not
            return (one, other) if is_function else changed_function(one, other)
    return None
