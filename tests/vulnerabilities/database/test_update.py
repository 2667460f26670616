"""Updates take only what has changed, replace the file whole or not at all, and several at once are safe."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from sealock.errors import DatabaseError
from sealock.net.http import HttpTimeouts, HttpTransport
from sealock.vulnerabilities.database import update
from sealock.vulnerabilities.database.freshness import old, ready
from sealock.vulnerabilities.database.location import NAME, clear
from sealock.vulnerabilities.database.seal import opened, seal, unseal
from sealock.vulnerabilities.database.sources import Got, Web
from sealock.vulnerabilities.feeds.catalog import FEEDS, FeedFile
from sealock.vulnerabilities.feeds.feed import FeedError
from sealock.vulnerabilities.store import AdvisoryStore
from support import feedmirror
from support.simulators.feeds import Oddity, Publisher, serving
from support.waiting import PATIENCE, wait_until

NOW = 1_782_000_000
ZIP = "osv/PyPI/all.zip"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return feedmirror.mirror(tmp_path / "mirror")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "db"


@pytest.fixture
def publisher(mirror: Path) -> Iterator[Publisher]:
    with serving(mirror) as one:
        yield one


def fetched(
    place: Path, publisher: Publisher, *feeds: str, now: float = NOW, quiet: float = PATIENCE
) -> dict[str, update.UpdateOutcome]:
    source = Web(HttpTransport(patience=HttpTimeouts(connect=PATIENCE, quiet=quiet)), publisher.url)
    return {
        outcome.feed: outcome
        for outcome in update.update(str(place), source, [FEEDS[name] for name in feeds], now=lambda: now)
    }


def left(place: Path) -> list[str]:
    return sorted(entry.name for entry in place.iterdir())


def store(place: Path) -> AdvisoryStore:
    return opened(str(place / NAME))


def changed(mirror: Path, name: str = "PYSEC-2026-8") -> None:
    """One more record in PyPI's archive."""
    files = {path.name: path.read_bytes() for path in sorted((feedmirror.VECTORS / "osv/PyPI").iterdir())}
    more = {"id": name, "modified": "2026-07-01T00:00:00Z", "affected": [{"package": {"ecosystem": "PyPI", "name": "weir"}, "versions": ["1"]}]}  # fmt: skip
    (mirror / ZIP).write_bytes(feedmirror.zipped({**files, f"{name}.json": json.dumps(more).encode()}))


def test_a_mirrors_folder_is_read_whole_then_only_what_changed(mirror: Path, place: Path) -> None:
    first = feedmirror.updated(place, mirror, now=NOW)
    assert {outcome.result for outcome in first.values()} == {"updated", "absent"}
    assert first["osv/NuGet"].result == "absent"
    second = feedmirror.updated(place, mirror, now=NOW + 5)
    assert {outcome.result for outcome in second.values()} == {"unchanged", "absent"}
    state = store(place).feeds()["osv/PyPI"]
    assert (state.fetched, state.checked) == (NOW, NOW + 5)
    changed(mirror)
    third = feedmirror.updated(place, mirror, now=NOW + 9)
    assert [name for name, outcome in third.items() if outcome.result == "updated"] == ["osv/PyPI"]
    found = store(place)
    assert found.feeds()["osv/PyPI"].records == 4
    assert set(found.about("PyPI", ["weir"])) == {"weir"}
    assert feedmirror.claims(found, "Debian:12", "lockgate")["CVE-2026-1000 debian-tracker"].state == "affected"
    assert found.epss(["CVE-1999-0001"])
    assert found.exploited(["CVE-2026-1000"])
    assert found.ended


@pytest.mark.parametrize(
    ("feeds", "covered"),
    [
        (("kev",), set()),
        (("epss", "endoflife"), set()),
        (("debian-tracker",), {"Debian:12"}),
        (("osv/PyPI", "kev"), {"PyPI"}),
        (("osv/Debian",), {"Debian:12"}),
    ],
)
def test_only_feeds_of_packages_cover_an_ecosystem(
    mirror: Path, place: Path, feeds: tuple[str, ...], covered: set[str]
) -> None:
    feedmirror.updated(place, mirror, *feeds)
    opened_store = store(place)
    asked = {"", "Debian", "Debian:12", "PyPI", "npm", "Alpine"}
    assert {ecosystem for ecosystem in asked if opened_store.covers(ecosystem)} == covered


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_what_is_no_file_in_a_mirror_is_told_and_not_waited_for(
    mirror: Path, place: Path, make: Callable[[Path], None]
) -> None:
    feedmirror.updated(place, mirror, "kev", "osv/PyPI")
    (mirror / ZIP).unlink()
    make(mirror / ZIP)
    outcomes = feedmirror.updated(place, mirror, "osv/PyPI", "kev")
    assert {name: outcome.result for name, outcome in outcomes.items()} == {"osv/PyPI": "failed", "kev": "unchanged"}
    assert store(place).covers("PyPI")


def test_a_file_that_was_only_touched_is_unchanged(mirror: Path, place: Path) -> None:
    feedmirror.updated(place, mirror, "osv/PyPI")
    os.utime(mirror / ZIP, (5, 5))
    assert feedmirror.updated(place, mirror, "osv/PyPI")["osv/PyPI"].result == "unchanged"


def test_of_several_files_one_that_changed_has_the_feed_read_whole(mirror: Path, place: Path) -> None:
    feedmirror.updated(place, mirror, "alpine-secdb/v3.20")
    path = mirror / "alpine-secdb/v3.20/community.json"
    path.write_text(path.read_text().replace("CVE-2026-1006", "CVE-2026-1007"))
    assert feedmirror.updated(place, mirror, "alpine-secdb/v3.20")["alpine-secdb/v3.20"].result == "updated"
    assert set(feedmirror.claims(store(place), "Alpine:v3.20", "weir")) == {"CVE-2026-1007 alpine-secdb/v3.20"}
    assert "lockgate" in store(place).about("Alpine:v3.20", ["lockgate"])
    path.unlink()
    assert feedmirror.updated(place, mirror, "alpine-secdb/v3.20")["alpine-secdb/v3.20"].result == "updated"
    assert store(place).about("Alpine:v3.20", ["weir"]) == {}


def test_an_updated_database_is_what_a_new_one_is(mirror: Path, place: Path, tmp_path: Path) -> None:
    """Names that another feed had lent are given back when it no longer has them."""
    files = {"a.json": b'{"id": "GO-2026-0001", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "Go", "name": "x"}, "versions": ["1.0.0"]}]}'}  # fmt: skip
    feedmirror.updated(place, mirror)
    assert "GO-2026-0001" in feedmirror.claims(store(place), "PyPI", "lock-gate")["PYSEC-2026-7 osv/PyPI"].aliases
    (mirror / "osv/Go/all.zip").write_bytes(feedmirror.zipped(files))
    feedmirror.updated(place, mirror)
    feedmirror.updated(tmp_path / "new", mirror)
    assert "GO-2026-0001" not in feedmirror.claims(store(place), "PyPI", "lock-gate")["PYSEC-2026-7 osv/PyPI"].aliases
    for ecosystem, name in (
        ("PyPI", "lock-gate"),
        ("Debian:12", "lockgate"),
        ("Go", "x"),
        ("Ubuntu:22.04:LTS", "lockgate"),
    ):
        assert feedmirror.claims(store(place), ecosystem, name) == feedmirror.claims(
            store(tmp_path / "new"), ecosystem, name
        )
    names = ["CVE-2026-1000", "GHSA-aaaa-bbbb-cccc", "PYSEC-2026-7"]
    assert store(place).details(names) == store(tmp_path / "new").details(names)


def test_feeds_are_added_to_a_partial_database(mirror: Path, place: Path) -> None:
    feedmirror.updated(place, mirror, "osv/PyPI")
    assert not store(place).covers("Debian:12")
    feedmirror.updated(place, mirror, "osv/Debian", "kev")
    assert store(place).covers("Debian:12")
    assert store(place).covers("PyPI")
    assert set(store(place).feeds()) == {"osv/PyPI", "osv/Debian", "kev"}


def test_over_http_tags_say_what_is_unchanged(publisher: Publisher, place: Path) -> None:
    assert fetched(place, publisher, "osv/PyPI", "kev")["kev"].result == "updated"
    assert {outcome.result for outcome in fetched(place, publisher, "osv/PyPI", "kev").values()} == {"unchanged"}
    assert [status for _, status in publisher.asked] == [200, 200, 304, 304]
    changed(publisher.root)
    assert [outcome.result for outcome in fetched(place, publisher, "osv/PyPI", "kev").values()] == [
        "updated",
        "unchanged",
    ]


def test_without_tags_the_sum_of_a_file_says_so(publisher: Publisher, place: Path) -> None:
    publisher.tags = False
    fetched(place, publisher, "osv/PyPI")
    assert fetched(place, publisher, "osv/PyPI")["osv/PyPI"].result == "unchanged"
    assert [status for _, status in publisher.asked] == [200, 200]


def test_names_with_spaces_are_asked_for_as_addresses_have_them(publisher: Publisher, place: Path) -> None:
    assert fetched(place, publisher, "osv/Rocky Linux")["osv/Rocky Linux"].result == "updated"
    assert "osv/Rocky%20Linux" in FEEDS["osv/Rocky Linux"].files[0].url.replace(
        "osv-vulnerabilities.storage.googleapis.com", "osv"
    )


BOMB = feedmirror.zipped({"a.json": b" " * (70 << 20)})


@pytest.mark.parametrize(
    ("oddity", "why"),
    [
        pytest.param(Oddity(status=500, body=b"oops"), "status 500", id="an error"),
        pytest.param(Oddity(status=403, body=b"no"), "status 403", id="a refusal"),
        pytest.param(Oddity(body=b"<html>log in", kind="text/html; charset=utf-8"), "HTML page", id="a login page"),
        pytest.param(Oddity(body=b"<html>log in"), "not a complete zip archive", id="a login page that does not say so"),
        pytest.param(Oddity(body=b"", kind="application/zip"), "not a complete zip archive", id="nothing"),
        pytest.param(Oddity(cut=100), "", id="an answer that breaks off"),
        pytest.param(Oddity(body=BOMB), "zip bomb", id="a bomb"),
        pytest.param(Oddity(body=feedmirror.zipped({"a.json": b"{"})), "none of its 1 records can be read; a.json", id="broken records alone"),
        pytest.param(Oddity(body=feedmirror.zipped({})), "it has no records", id="an empty archive"),
        pytest.param(Oddity(hold=True), "", id="an answer that stalls"),
    ],
)  # fmt: skip
def test_a_feed_that_fails_leaves_what_there_was_and_others_go_on(
    publisher: Publisher, place: Path, oddity: Oddity, why: str
) -> None:
    fetched(place, publisher, "osv/PyPI")
    before = feedmirror.claims(store(place), "PyPI", "lock-gate")
    changed(publisher.root)
    publisher.oddities[ZIP] = oddity
    quiet = 1.0 if oddity.hold else PATIENCE
    outcomes = fetched(place, publisher, "osv/PyPI", "kev", now=NOW + 100, quiet=quiet)
    assert outcomes["osv/PyPI"].result == "failed"
    assert why in outcomes["osv/PyPI"].why
    assert outcomes["kev"].result == "updated"
    assert feedmirror.claims(store(place), "PyPI", "lock-gate") == before
    assert store(place).feeds()["osv/PyPI"].checked == NOW
    assert left(place) == [NAME, "lock"]


def test_nothing_is_written_where_all_fails(publisher: Publisher, place: Path) -> None:
    publisher.oddities[ZIP] = Oddity(status=500, body=b"")
    assert fetched(place, publisher, "osv/PyPI")["osv/PyPI"].result == "failed"
    assert left(place) == ["lock"]


def test_the_newest_file_is_found_through_the_text_that_names_it(
    publisher: Publisher, mirror: Path, tmp_path: Path
) -> None:
    (mirror / "latest.txt").write_text("csaf_vex.tar.zst\n")
    source = Web(HttpTransport())
    base = f"{publisher.url}/redhat-vex/"
    found = source.fetch(FeedFile("x", base, f"{publisher.url}/latest.txt"), None, str(tmp_path))
    assert isinstance(found, Got)
    found.stream.close()
    assert found.state.url == f"{base}csaf_vex.tar.zst"
    (mirror / "latest.txt").write_text("../../etc/passwd\n")
    with pytest.raises(FeedError, match="names no file"):
        source.fetch(FeedFile("x", base, f"{publisher.url}/latest.txt"), None, str(tmp_path))


UPDATE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
from sealock.vulnerabilities.feeds.catalog import FEEDS
from sealock.vulnerabilities.database import update
from sealock.vulnerabilities.database.sources import Got, Web
from sealock.net.http import HttpTransport
for one in update.update(sys.argv[1], Web(HttpTransport(), sys.argv[2]), [FEEDS["osv/PyPI"], FEEDS["kev"]]):
    print(one.feed, one.result)
"""


def started(place: Path, publisher: Publisher) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", UPDATE, place, publisher.url], stdout=subprocess.PIPE, text=True)


def test_an_update_that_is_killed_leaves_what_there_was(publisher: Publisher, place: Path) -> None:
    fetched(place, publisher, "osv/PyPI")
    before = (place / NAME).read_bytes()
    changed(publisher.root)
    publisher.oddities[ZIP] = Oddity(hold=True)
    process = started(place, publisher)
    assert publisher.reached.wait(PATIENCE)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert any(name.startswith("incoming-") for name in left(place))
    assert (place / NAME).read_bytes() == before
    assert store(place).covers("PyPI")
    publisher.let_go.set()
    publisher.oddities.clear()
    assert fetched(place, publisher, "osv/PyPI")["osv/PyPI"].result == "updated"
    assert left(place) == [NAME, "lock"]


def test_an_update_that_is_interrupted_cleans_up(publisher: Publisher, place: Path) -> None:
    publisher.oddities[ZIP] = Oddity(hold=True)
    process = started(place, publisher)
    assert publisher.reached.wait(PATIENCE)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert left(place) == ["lock"]


def test_of_two_updates_at_once_the_second_waits_and_finds_all_done(publisher: Publisher, place: Path) -> None:
    publisher.oddities[ZIP] = Oddity(hold=True)
    first = started(place, publisher)
    assert publisher.reached.wait(PATIENCE)
    told: list[str] = []
    source = Web(HttpTransport(), publisher.url)
    outcomes: list[update.UpdateOutcome] = []

    def second() -> None:
        outcomes.extend(update.update(str(place), source, [FEEDS["osv/PyPI"], FEEDS["kev"]], told.append))

    thread = Thread(target=second)
    thread.start()
    wait_until(lambda: told)
    assert told == ["waiting for another update"]
    publisher.oddities.clear()
    publisher.let_go.set()
    output, _ = first.communicate()
    thread.join()
    assert output.split() == ["osv/PyPI", "updated", "kev", "updated"]
    assert [outcome.result for outcome in outcomes] == ["unchanged", "unchanged"]


def test_readers_keep_what_they_opened(mirror: Path, place: Path) -> None:
    feedmirror.updated(place, mirror, "osv/PyPI")
    reader = store(place)
    changed(mirror)
    feedmirror.updated(place, mirror, "osv/PyPI")
    assert reader.about("PyPI", ["weir"]) == {}
    assert store(place).about("PyPI", ["weir"])


def test_where_nothing_can_be_written_the_error_says_so(mirror: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match=r"cannot be opened \(Not a directory\): set SEALOCK_DB_DIR"):
        feedmirror.updated(tmp_path / "file", mirror, "kev")


def _truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _header(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + value.to_bytes(4, "big") + data[at + 4 :]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(_truncated, "is damaged", id="half"),
        pytest.param(lambda data: data[:50], "not an advisory database, or only part", id="a beginning"),
        pytest.param(lambda _data: b"", "not an advisory database, or only part", id="nothing"),
        pytest.param(lambda _data: b"x" * 9000, "not an advisory database", id="another kind of file"),
        pytest.param(lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], "is damaged", id="one bit"),
        pytest.param(lambda data: data[:-52], "is damaged", id="without its stamp"),
        pytest.param(lambda data: data + b"x", "is damaged", id="with something behind it"),
        pytest.param(lambda data: _header(data, 60, 0), "from an older sealock .*db update", id="older"),
    ],
)
def test_a_spoilt_database_is_told_of_and_built_anew(mirror: Path, place: Path, spoil: object, why: str) -> None:
    feedmirror.updated(place, mirror, "kev")
    whole = (place / NAME).read_bytes()
    assert callable(spoil)
    (place / NAME).write_bytes(spoil(whole))
    with pytest.raises(DatabaseError, match=why):
        store(place)
    feedmirror.updated(place, mirror, "kev")
    assert store(place).exploited(["CVE-2026-1000"])


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        pytest.param(60, 99, r"from a newer sealock \(shape 99, .*SEALOCK_DB_DIR", id="newer"),
        pytest.param(68, 7, "a database of another program", id="of another program"),
    ],
)
def test_what_is_not_ours_to_replace_is_left_alone(mirror: Path, place: Path, at: int, value: int, why: str) -> None:
    feedmirror.updated(place, mirror, "kev")
    foreign = _header((place / NAME).read_bytes(), at, value)
    (place / NAME).write_bytes(foreign)
    with pytest.raises(DatabaseError, match=why):
        store(place)
    with pytest.raises(DatabaseError, match=why):
        feedmirror.updated(place, mirror, "kev")
    assert (place / NAME).read_bytes() == foreign
    assert left(place) == [NAME, "lock"]


def test_what_only_the_strong_sum_sees(mirror: Path, place: Path) -> None:
    feedmirror.updated(place, mirror, "kev")
    path = place / NAME
    unseal(str(path))
    data = bytearray(path.read_bytes())
    seal(str(path))
    stamp = bytearray(path.read_bytes()[len(data) :])
    stamp[-1] ^= 1
    path.write_bytes(data + stamp)
    opened(str(path)).close()
    with pytest.raises(DatabaseError, match="is damaged"):
        opened(str(path), thorough=True)


def test_damage_within_a_well_stamped_file_is_told_when_it_is_read(mirror: Path, place: Path) -> None:
    feedmirror.updated(place, mirror)
    path = str(place / NAME)
    unseal(path)
    with sqlite3.connect(path) as connection:
        for table in ("claim", "detail", "epss", "feed"):
            connection.execute(f"UPDATE {table} SET data = X'00112233'")  # noqa: S608  names of our own
    connection.close()
    seal(path)
    spoilt = opened(path)
    for ask in (
        lambda: spoilt.about("PyPI", ["lock-gate"]),
        lambda: spoilt.details(["CVE-2026-1000"]),
        lambda: spoilt.epss(["CVE-2026-1000"]),
        spoilt.feeds,
    ):
        with pytest.raises(DatabaseError, match="is damaged"):
            ask()


def test_a_database_is_cleared(mirror: Path, place: Path) -> None:
    assert clear(str(place)) is False
    feedmirror.updated(place, mirror, "kev")
    assert clear(str(place)) is True
    assert clear(str(place)) is False
    with pytest.raises(DatabaseError, match="there is no advisory database yet"):
        store(place)


class Counting:
    """Gives a transport, and counts how often it was asked for."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> HttpTransport:
        self.count += 1
        return HttpTransport()


def _at(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every feed at one publisher."""
    for name, feed in list(FEEDS.items()):
        files = tuple(FeedFile(file.path, f"{publisher.url}/{file.path}") for file in feed.files)
        moved = type(feed)(
            name, feed.family, feed.title, files, feed.ecosystem, standard=feed.standard, partial=feed.partial
        )
        monkeypatch.setitem(FEEDS, name, moved)


def test_a_check_fetches_only_what_the_ecosystems_need(
    publisher: Publisher, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _at(publisher, monkeypatch)
    transport = Counting()
    wanted = [("Debian:12",), ("PyPI",)]
    found = ready(wanted, transport, where=str(place), now=lambda: NOW)
    assert set(found.store.feeds()) == {"osv/Debian", "debian-tracker", "osv/PyPI", "kev", "epss", "endoflife"}
    assert found.notes == ()
    ready(wanted, transport, where=str(place), now=lambda: NOW)
    assert transport.count == 1
    later = ready([*wanted, ("Ubuntu:22.04:LTS", "Ubuntu:22.04")], transport, where=str(place), now=lambda: NOW)
    assert "osv/Ubuntu" in later.store.feeds()
    nothing = ready([("NuGet",)], transport, where=str(place), now=lambda: NOW)
    assert nothing.notes == ("feed osv/NuGet: its publisher no longer has it at this address",)
    assert not nothing.store.covers("NuGet")


def test_a_check_fetches_anew_what_an_older_version_left(
    mirror: Path, publisher: Publisher, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _at(publisher, monkeypatch)
    feedmirror.updated(place, mirror, "osv/PyPI")
    (place / NAME).write_bytes(_header((place / NAME).read_bytes(), 60, 1))
    with pytest.raises(DatabaseError, match="from an older sealock"):
        ready([("PyPI",)], None, where=str(place))
    found = ready([("PyPI",)], HttpTransport, where=str(place), now=lambda: NOW)
    assert found.store.about("PyPI", ["lock-gate"])


def test_a_check_that_may_not_fetch_says_so(mirror: Path, place: Path) -> None:
    with pytest.raises(DatabaseError, match="there is no advisory database yet"):
        ready([("PyPI",)], None, where=str(place))
    feedmirror.updated(place, mirror, "osv/PyPI")
    found = ready([("PyPI",), ("Debian:12",)], None, where=str(place), now=lambda: NOW)
    assert found.store.covers("PyPI")
    assert not found.store.covers("Debian:12")


def test_a_check_where_nothing_can_be_reached_says_so(
    publisher: Publisher, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("osv/PyPI", "kev", "epss", "endoflife"):
        feed = FEEDS[name]
        files = tuple(FeedFile(file.path, f"{publisher.url}/nowhere") for file in feed.files)
        monkeypatch.setitem(
            FEEDS, name, type(feed)(name, feed.family, feed.title, files, feed.ecosystem, partial=feed.partial)
        )
    with pytest.raises(
        DatabaseError, match=r"none could be fetched; .*`sealock db pull REF` bring one \(feeds osv/PyPI"
    ):
        ready([("PyPI",)], HttpTransport, where=str(place))


@pytest.mark.parametrize(
    ("days", "ecosystem", "told"),
    [
        pytest.param(6, "PyPI", "", id="a week is fine"),
        pytest.param(8, "PyPI", "2 feeds are old: kev (8 days), osv/PyPI (8 days);", id="more is not"),
        pytest.param(
            8, "Haiku", "feed kev is old: last checked 8", id="of feeds that are not asked, only those for all"
        ),
    ],
)
def test_old_data_is_told(mirror: Path, place: Path, days: int, ecosystem: str, told: str) -> None:
    feedmirror.updated(place, mirror, "osv/PyPI", "kev", now=1_781_000_000)
    found = old(store(place).feeds(), [(ecosystem,)], 1_781_000_000 + days * 86_400)
    assert len(found) == bool(told)
    assert all(text.startswith(told) for text in found)


def test_a_mirror_that_stands_still_is_old_too(mirror: Path, place: Path) -> None:
    feedmirror.updated(place, mirror, "osv/Debian", now=NOW + 86_400 * 300)
    (found,) = old(store(place).feeds(), [("Debian:12",)], NOW + 86_400 * 300)
    assert "days old (2026-05-01)" in found


def test_an_update_that_is_killed_at_any_moment_leaves_a_whole_database(mirror: Path, place: Path) -> None:
    feedmirror.updated(place, mirror)
    code = """
import sys
sys.path.insert(0, sys.argv[3])
from support import feedmirror
from pathlib import Path
print("begun", flush=True)
while True:
    # A space behind the document makes another file of it.
    with open(sys.argv[2] + "/kev/known_exploited_vulnerabilities.json", "ab") as file:
        file.write(b" ")
    feedmirror.updated(Path(sys.argv[1]), Path(sys.argv[2]), "kev")
"""
    for moment in (0.0, 0.005, 0.02, 0.05):
        process = subprocess.Popen(
            [sys.executable, "-c", code, place, mirror, str(Path(feedmirror.__file__).parents[1])],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(moment)
        process.kill()
        process.communicate()
        found = opened(str(place / NAME), thorough=True)
        assert found.exploited(["CVE-2026-1000"])
        assert found.covers("Debian:12")
        found.close()
    feedmirror.updated(place, mirror)
    assert left(place) == [NAME, "lock"]


def test_feeds_that_fail_for_one_reason_share_a_sentence() -> None:
    lost = (
        "https://{}.example/all.zip could not be reached: the name {}.example cannot be resolved (no answer): is there?"
    )
    outcomes = [update.UpdateOutcome(f"feed{number}", "failed", lost.format(number, number)) for number in range(9)]
    outcomes += [
        update.UpdateOutcome("kev", "failed", "it answers with 500"),
        update.UpdateOutcome("epss", "unchanged"),
    ]
    assert list(update.failures(outcomes)) == [
        (
            "feeds feed0, feed1, feed2, feed3, feed4, feed5 and 3 more: the names of their servers cannot be resolved "
            "(no answer): is there?"
        ),
        "feed kev: it answers with 500",
    ]
