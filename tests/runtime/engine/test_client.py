"""An engine is asked within bounds, whatever it answers; each failure says what and where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import sleep

import pytest

from sealock.errors import EngineError, EngineRefusedError
from sealock.runtime.engine import Engine, EngineTimeouts, connect
from sealock.runtime.engine.client import Listed
from support.simulators.engine import EngineSimulator, Reply, json_reply, simulated, unused_socket
from support.waiting import PATIENCE, wait_until

HASTY = EngineTimeouts(silence=1.0, answer=2.0, stream=2.0)
"""For what never comes; whatever else is asked has the time that a busy machine takes."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineSimulator]:
    with simulated(tmp_path) as one:
        yield one


def only(engine: EngineSimulator, ending: str, reply: Reply) -> None:
    """Have it answer so to what ends so, and as it should to all else."""
    engine.answers = lambda path, _query: reply if path.endswith(ending) else None


PING = "/_ping"
BAD = [
    ("silent", Reply(silent=True), "sent nothing for 1 seconds"),
    ("a head that drips", Reply(body=b"OK", drip_head=0.05), "or too slowly"),
    ("a head without end", Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * (2 << 20)), "does not speak HTTP|no end"),
    ("many headers", Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500), "does not speak HTTP"),
    ("garbage", Reply(raw=b"\x00\xff\x1b[31mhello\r\n\r\n"), "does not speak HTTP"),
    ("nothing", Reply(raw=b""), "does not speak HTTP|broke off|closed the connection"),
    ("a server of pages", Reply(body=b"<html><body>hi</body></html>", kind="text/html"), ""),
]


@pytest.mark.parametrize(("reply", "says"), [pytest.param(r, s, id=i) for i, r, s in BAD if s])
def test_what_is_no_engine_is_reported_within_its_time(engine: EngineSimulator, reply: Reply, says: str) -> None:
    only(engine, "", reply)
    # What is silent or drips does so for longer than a test may take: the error shows that it was left in time.
    with pytest.raises(EngineError, match=says):
        connect(engine.where, HASTY)


def test_a_server_of_pages_is_no_engine(engine: EngineSimulator) -> None:
    engine.says_version = False
    for status in (200, 404):
        only(engine, "", Reply(status, b"<html>", "text/html"))
        with pytest.raises(EngineError, match=r"is no engine|does not answer like an engine|refused"):
            connect(engine.where)


def test_one_that_leads_elsewhere_is_not_followed(engine: EngineSimulator) -> None:
    only(engine, "/info", Reply(301, b"", headers={"Location": "http://127.0.0.1:1/"}))
    with connect(engine.where) as ours, pytest.raises(EngineRefusedError, match="301"):
        ours.info()


LATER = [
    ("cut short", Reply(body=b"{" + b" " * 1000, cut=500), "broke off in its answer"),
    ("silent", Reply(silent=True), "does not answer"),
    ("dripping", Reply(body=b" " * 1000, drip=0.02), "too slowly|took longer"),
    ("endless", Reply(body=b" " * (1 << 20), endless=True), "larger than 64 MiB|took longer"),
    ("a chunk of no size", Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "broke off"),
    ("a chunk that ends early", Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx"), "broke off"),
    ("a line of a chunk without end",
     Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * (1 << 20)), "broke off"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "says"), [pytest.param(r, s, id=i) for i, r, s in LATER])
def test_an_answer_that_goes_wrong_is_reported(engine: EngineSimulator, reply: Reply, says: str) -> None:
    with connect(engine.where, EngineTimeouts(silence=2.0, answer=4.0)) as ours:
        only(engine, "/info", reply)
        with pytest.raises(EngineError, match=says):
            ours.info()
        # The next question has a connection of its own.
        assert "26.1.5" in ours.version()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (404, b'{"message": "No such container: x"}', "No such container: x"),
        (500, b"<html>", "X"),
        (403, b'{"message": "authorization denied by plugin p: no"}', "authorization denied by plugin p"),
        (500, b'{"message": 5}', "X"),
        (500, b"[" * 100_000, "X"),
    ],
)
def test_a_refusal_has_the_engines_own_words(engine: EngineSimulator, status: int, body: bytes, says: str) -> None:
    only(engine, "/info", Reply(status, body))
    with connect(engine.where) as ours, pytest.raises(EngineRefusedError, match=says) as refusal:
        ours.info()
    assert refusal.value.status == status


@pytest.mark.parametrize(
    "body", [b"[1]", b"{}", b'[{"Id": 5}]', b"nope", b"[" * 100_000, b'[{"Id": "a", "Names": [null]}]', b'["\xff"]']
)
def test_a_list_that_is_none_is_reported(engine: EngineSimulator, body: bytes) -> None:
    only(engine, "/containers/json", Reply(body=body))
    with connect(engine.where) as ours, pytest.raises(EngineError, match="does not answer like an engine"):
        ours.containers()


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (("/db",), "db"),
        (("/web/db", "/db"), "db"),
        (("/web/db",), "0123456789ab"),
        ((), "0123456789ab"),
    ],
    ids=["its own", "a link of another comes first", "only a link of another", "none"],
)
def test_a_container_has_its_own_name_or_the_start_of_its_id(names: tuple[str, ...], name: str) -> None:
    assert Listed("0123456789abcdef", names).name == name


@pytest.mark.parametrize(
    ("api", "spoken"), [("1.24", "1.24"), ("1.45", "1.45"), ("1.99", "1.47"), ("2.0", "1.47"), ("1.047", "1.47")]
)
def test_the_newest_version_that_both_speak(tmp_path: Path, api: str, spoken: str) -> None:
    with simulated(tmp_path, api) as engine, connect(engine.where) as ours:
        assert ours.api == spoken
        ours.info()
        assert engine.asked[-1] == f"/v{spoken}/info"


def test_an_engine_too_old_to_say_its_version_in_the_head(tmp_path: Path) -> None:
    with simulated(tmp_path, "1.24") as engine:
        engine.says_version = False
        with connect(engine.where) as ours:
            assert ours.api == "1.24"


@pytest.mark.parametrize("api", ["1.23", "0.9"])
def test_an_engine_older_than_that_is_reported(tmp_path: Path, api: str) -> None:
    with simulated(tmp_path, api) as engine, pytest.raises(EngineError, match=f"has API {api}; sealock needs"):
        connect(engine.where)


@pytest.mark.parametrize("api", ["", "x", "1", "1.x", "1.2.3", "-1.50", "1.4²", "9" * 5000])
def test_a_version_that_is_none(tmp_path: Path, api: str) -> None:
    with simulated(tmp_path) as engine:
        only(engine, "/version", json_reply({"ApiVersion": api}))
        engine.says_version = False
        with pytest.raises(EngineError, match="is no engine"):
            connect(engine.where)


def test_a_connection_serves_many_questions(engine: EngineSimulator) -> None:
    with connect(engine.where) as ours:
        for _ in range(5):
            ours.info()
    assert engine.connections == 1


def test_several_are_asked_at_the_same_time_and_not_more(engine: EngineSimulator) -> None:
    names = [engine.container(f"c{number}") for number in range(30)]
    with connect(engine.where) as ours:

        def slowly(name: str) -> str:
            sleep(0.01)
            return ours.container(name)

        answers = list(ours.each(slowly, [*names, "gone"]))
    assert [name for name, _ in answers] == [*names, "gone"]
    assert isinstance(answers[-1][1], EngineRefusedError)
    assert engine.connections <= 8
    assert engine.most_at_once <= 8


def test_closing_frees_those_who_wait(engine: EngineSimulator) -> None:
    ours = connect(engine.where)
    only(engine, "/info", Reply(silent=True))
    said: list[str] = []

    def wait() -> None:
        try:
            ours.info()
        except EngineError as error:
            said.append(str(error))

    thread = Thread(target=wait)
    thread.start()
    wait_until(lambda: engine.asked[-1].endswith("/info"))
    ours.close()
    thread.join(PATIENCE / 2)  # the engine would be silent for longer
    assert len(said) == 1


def test_a_kept_connection_that_the_engine_closed_is_replaced(engine: EngineSimulator) -> None:
    only(engine, "/info", Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
    with connect(engine.where) as ours:
        assert ours.info() == "{}"
        sleep(0.05)  # for the end of the connection to come; before it, the question is asked again
        assert "26.1.5" in ours.version()


def test_what_the_engine_closes_in_the_moment_that_it_is_used_is_asked_once_more(engine: EngineSimulator) -> None:
    shut = [Reply(raw=b"")]
    with connect(engine.where) as ours:
        ours.version()
        engine.answers = lambda path, _query: shut.pop() if path.endswith("/info") and shut else None
        assert "26.1.5" in ours.info()
        assert [path for path in engine.asked if path.endswith("/info")] == ["/v1.45/info"] * 2
        shut += [Reply(raw=b"")] * 5
        with pytest.raises(EngineError, match="closed connection without response"):
            ours.info()
        assert len(shut) == 3


@pytest.mark.parametrize(("ask", "times"), [("post", 1), ("delete", 1), ("get", 2)])
def test_only_a_question_is_asked_once_more(engine: EngineSimulator, ask: str, times: int) -> None:
    shut = [Reply(raw=b"")] * 3
    with connect(engine.where) as ours:
        ours.version()
        engine.answers = lambda path, _query: shut.pop() if path.endswith("/things") and shut else None
        with pytest.raises(EngineError, match="closed connection without response"):
            getattr(ours, ask)("/things")
    assert len(shut) == 3 - times


def test_what_is_said_unasked_is_not_taken_for_an_answer(engine: EngineSimulator) -> None:
    lie = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'
    only(engine, "/info", Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + lie))
    with connect(engine.where) as ours:
        assert ours.info() == "{}"
        assert "26.1.5" in ours.version()


def test_a_stream_comes_as_it_is_sent(engine: EngineSimulator) -> None:
    engine.images["app:1"] = {"Id": "x", "RepoTags": ["app:1"]}
    engine.saved["app:1"] = bytes(range(256)) * 4000
    with connect(engine.where) as ours:
        assert b"".join(ours.saved("app:1")) == engine.saved["app:1"]
        only(engine, "/get", Reply(body=b"x" * 1000, cut=400))
        with pytest.raises(EngineError, match="it lacks 600 bytes"):
            list(ours.saved("app:1"))


def test_the_process_that_listens_is_known(engine: EngineSimulator) -> None:
    with connect(engine.where) as ours:
        assert ours.process() == os.getpid()


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("unix:///nowhere/engine.sock", "the socket does not exist"),
        ("tcp://127.0.0.1:1", "nothing listens"),
        ("tcp://no-such-host.invalid:2375", "not known"),
    ],
)
def test_where_nothing_is_it_says_what_to_do(where: str, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        connect(where)


def test_a_socket_without_a_listener(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="is the engine running"):
        connect(unused_socket(tmp_path))


def test_an_engine_is_named_by_its_address(engine: EngineSimulator) -> None:
    with connect(engine.where) as ours:
        assert isinstance(ours, Engine)
        assert str(ours.endpoint) == engine.where


def test_no_more_is_asked_for_than_is_taken(engine: EngineSimulator) -> None:
    names = [engine.container(f"c{number}") for number in range(100)]
    with connect(engine.where) as ours:
        answers = ours.each(ours.container, names)
        next(answers)
        # As many as are under way at once are asked, and then none for as long as nothing is taken.
        wait_until(lambda: len(engine.asked) > 8)
        sleep(0.3)
        assert len(engine.asked) < 30
        assert len(list(answers)) == 99


def test_a_list_of_more_than_anybody_has_is_refused(engine: EngineSimulator) -> None:
    only(engine, "/containers/json", json_reply([{"Id": str(number)} for number in range(20_001)]))
    with connect(engine.where) as ours, pytest.raises(EngineError, match="limit of 20000"):
        ours.containers()


def test_a_stream_that_stops_is_reported(engine: EngineSimulator) -> None:
    engine.images["app:1"] = {"Id": "x", "RepoTags": ["app:1"]}
    only(engine, "/get", Reply(body=b"x" * 100, drip=0.2))
    with connect(engine.where, HASTY) as ours, pytest.raises(EngineError, match="stopped, or sent too slowly"):
        list(ours.saved("app:1"))
