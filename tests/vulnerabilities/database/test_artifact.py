"""The database in a registry: pushed as it is, pulled whole, and refused where it is not what it should be."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import DatabaseError, TransportError
from sealock.text import format_size
from sealock.vulnerabilities.database.artifact import ARTIFACT, FILE, SHAPE, pull, push
from sealock.vulnerabilities.database.location import NAME
from sealock.vulnerabilities.database.seal import opened, seal, unseal
from sealock.vulnerabilities.records import SCHEMA
from support import feedmirror
from support.registryworld import Client, name
from support.simulators.registry import Asked, RegistrySimulator, Reply, registry, sha256

FEEDS = ("kev", "osv/Debian")


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as one:
        yield one


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return feedmirror.mirror(tmp_path / "mirror")


@pytest.fixture
def here(tmp_path: Path, mirror: Path) -> Path:
    """A folder with a database."""
    feedmirror.updated(tmp_path / "here", mirror, *FEEDS, now=1_790_000_000)
    return tmp_path / "here"


@pytest.fixture
def there(tmp_path: Path, mirror: Path) -> Path:
    """Another folder, with another database."""
    feedmirror.updated(tmp_path / "there", mirror, "kev")
    return tmp_path / "there"


def left(place: Path) -> list[str]:
    return sorted(entry.name for entry in place.iterdir())


def share(server: RegistrySimulator, data: bytes, **more: Any) -> str:
    """Put a file on the registry's shelves as if it were a database; give the manifest's digest."""
    empty = server.add_blob(b"{}") | {"mediaType": "application/vnd.oci.empty.v1+json"}
    table = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": ARTIFACT,
        "config": empty,
        "layers": [server.add_blob(data) | {"mediaType": FILE}],
        "annotations": {SHAPE: str(SCHEMA)},
    }
    return str(server.add_manifest("db", table | more, "1")["digest"])


def test_what_is_pushed_is_pulled_byte_for_byte(server: RegistrySimulator, here: Path, there: Path) -> None:
    sent = push(Client(), name(server, "team/db:1"), str(here))
    assert (sent.result, sorted(sent.feeds), sent.size) == ("pushed", [*FEEDS], (here / NAME).stat().st_size)
    got = pull(Client(), name(server, "team/db:1"), str(there))
    assert (got.result, got.digest, sorted(got.feeds)) == ("pulled", sent.digest, [*FEEDS])
    assert (there / NAME).read_bytes() == (here / NAME).read_bytes()
    assert left(there) == [NAME, "lock"]
    store = opened(str(there / NAME), thorough=True)
    assert store.covers("Debian:12")
    store.close()


def test_a_first_pull_makes_the_folder(server: RegistrySimulator, here: Path, tmp_path: Path) -> None:
    digest = push(Client(), name(server, "db"), str(here)).digest
    told: list[str] = []
    got = pull(Client(), name(server, f"db@{digest}"), str(tmp_path / "new/folder"), told.append)
    assert got.result == "pulled"
    assert told == [f"{server.host}/db, {format_size(got.size)}"]


def test_the_artifact_says_what_it_is(server: RegistrySimulator, here: Path) -> None:
    sent = push(Client(), name(server, "db:1"), str(here))
    kind, raw = server.manifests["db"]["1"]
    table = json.loads(raw)
    assert (sha256(raw), kind) == (sent.digest, "application/vnd.oci.image.manifest.v1+json")
    assert table["artifactType"] == "application/vnd.sealock.vulnerabilities.v1"
    assert table["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    (layer,) = table["layers"]
    assert (layer["mediaType"], layer["annotations"]) == (
        "application/vnd.sealock.vulnerabilities.v1+sqlite",
        {"org.opencontainers.image.title": "advisories.db"},
    )
    assert table["annotations"] == {
        "org.opencontainers.image.created": "2026-09-21T14:13:20Z",
        "dev.sealock.vulnerabilities.feeds": '{"kev":"2026-06-01","osv/Debian":"2026-05-01"}',
        "dev.sealock.vulnerabilities.shape": str(SCHEMA),
    }


def test_the_same_database_is_the_same_artifact_and_goes_over_the_wire_once(
    server: RegistrySimulator, here: Path, there: Path
) -> None:
    pushed = push(Client(), name(server, "db:1"), str(here))
    server.asked.clear()
    assert push(Client(), name(server, "db:2"), str(here)).digest == pushed.digest
    assert not [asked for asked in server.asked if asked.method in {"POST", "PATCH"}]
    pull(Client(), name(server, "db:1"), str(there))
    server.asked.clear()
    again = pull(Client(), name(server, "db:2"), str(there))
    assert (again.result, again.digest) == ("unchanged", pushed.digest)
    assert not [asked for asked in server.asked if "/blobs/" in asked.path]


def test_readers_keep_what_they_opened(server: RegistrySimulator, here: Path, there: Path) -> None:
    push(Client(), name(server, "db:1"), str(here))
    before = opened(str(there / NAME))
    pull(Client(), name(server, "db:1"), str(there))
    assert sorted(before.feeds()) == ["kev"]
    before.close()


def _resealed(change: str) -> Callable[[Path], bytes]:
    """A database that was changed from within, with a stamp that is right."""

    def made(path: Path) -> bytes:
        unseal(str(path))
        with sqlite3.connect(path) as connection:
            connection.executescript(change)
        connection.close()
        seal(str(path))
        return path.read_bytes()

    return made


def _plain(change: Callable[[bytes], bytes]) -> Callable[[Path], bytes]:
    return lambda path: change(path.read_bytes())


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(_plain(lambda data: data[: len(data) // 2]), "is damaged", id="half of it"),
        pytest.param(_plain(lambda data: data[:50]), "only part of one", id="a beginning"),
        pytest.param(_plain(lambda _data: b""), "only part of one", id="nothing"),
        pytest.param(_plain(lambda _data: b"\x1f\x8b" + b"x" * 9000), "not an advisory database", id="something else"),
        pytest.param(_plain(lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]), "is damaged", id="a bit"),
        pytest.param(_plain(lambda data: data[:-1] + bytes([data[-1] ^ 1])), "is damaged", id="a bit of its stamp"),
        pytest.param(_plain(lambda data: data + b"x"), "is damaged", id="something behind it"),
        pytest.param(_resealed("PRAGMA user_version=99"), "from a newer sealock", id="newer, though it says otherwise"),
        pytest.param(_resealed("PRAGMA user_version=0"), "from an older sealock", id="older, though it says otherwise"),
        pytest.param(_resealed("PRAGMA application_id=7"), "of another program", id="another program's"),
        pytest.param(_resealed("DROP TABLE claim"), "tables are not those", id="without a table"),
        pytest.param(
            _resealed("DROP TABLE epss; CREATE VIEW epss AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)"
                      " SELECT i AS block, i AS data FROM n"),
            "tables are not those", id="a view that never ends",
        ),
        pytest.param(
            _resealed("CREATE TRIGGER t AFTER INSERT ON feed BEGIN SELECT 1; END"), "tables are not those", id="a trigger"
        ),
        pytest.param(_resealed("UPDATE feed SET data = X'00'"), "is damaged", id="feeds that cannot be read"),
        pytest.param(_resealed("DELETE FROM meta"), "is damaged", id="without what unpacks it"),
    ],
)  # fmt: skip
def test_what_is_no_sound_database_is_refused_and_the_old_one_stays(
    server: RegistrySimulator, here: Path, there: Path, spoil: Callable[[Path], bytes], why: str
) -> None:
    digest = share(server, spoil(here / NAME))
    before = (there / NAME).read_bytes()
    with pytest.raises(DatabaseError, match=why) as raised:
        pull(Client(), name(server, "db:1"), str(there))
    assert str(raised.value).startswith(f"{server.host}/db:1@{digest} is refused: ")
    assert str(raised.value).endswith("; the current database stays in use")
    assert (there / NAME).read_bytes() == before
    assert left(there) == [NAME, "lock"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        pytest.param(
            {"artifactType": "application/x"}, "it is not an advisory database but application/x", id="its type"
        ),
        pytest.param({"artifactType": ""}, "not an advisory database but an image", id="no type"),
        pytest.param({"layers": []}, "should have one file of type", id="no file"),
        pytest.param(
            {"annotations": {SHAPE: "99"}},
            rf"from a newer sealock \(shape 99, and this one reads {SCHEMA}\)",
            id="newer",
        ),
        pytest.param({"annotations": {SHAPE: "9" * 5000}}, r"newer sealock \(shape 9{20},", id="newer beyond counting"),
        pytest.param({"annotations": {SHAPE: "-1"}}, r"another sealock \(shape -1,", id="a shape that is none"),
        pytest.param({"annotations": {}}, r"another sealock \(shape unknown,", id="no shape"),
    ],
)
def test_a_manifest_that_is_not_a_databases_is_refused_before_anything_is_fetched(
    server: RegistrySimulator, here: Path, there: Path, more: dict[str, Any], why: str
) -> None:
    share(server, (here / NAME).read_bytes(), **more)
    with pytest.raises(DatabaseError, match=why):
        pull(Client(), name(server, "db:1"), str(there))
    assert not [asked for asked in server.asked if "/blobs/" in asked.path]


def test_two_files_or_an_endless_one_are_refused(server: RegistrySimulator, here: Path, there: Path) -> None:
    file = server.add_blob((here / NAME).read_bytes()) | {"mediaType": FILE}
    share(server, b"", layers=[file, file])
    with pytest.raises(DatabaseError, match="should have one file"):
        pull(Client(), name(server, "db:1"), str(there))
    share(server, b"", layers=[file | {"size": 1 << 40}])
    with pytest.raises(DatabaseError, match="bytes, more than"):
        pull(Client(), name(server, "db:1"), str(there))
    share(server, b"", layers=[file | {"mediaType": "application/x"}])
    with pytest.raises(DatabaseError, match="should have one file of type"):
        pull(Client(), name(server, "db:1"), str(there))


def test_an_index_is_no_database(server: RegistrySimulator, there: Path) -> None:
    server.add_index("db", "1", images={})
    with pytest.raises(DatabaseError, match="not an advisory database but an index"):
        pull(Client(), name(server, "db:1"), str(there))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda data: data[:-1] + b"x", "digest", id="another byte"),
        pytest.param(lambda data: data + b"x", "byte", id="one byte more"),
        pytest.param(lambda data: data[:-1], "byte", id="one byte less"),
    ],
)
def test_a_registry_that_gives_something_else_is_not_believed(
    server: RegistrySimulator, here: Path, there: Path, change: Callable[[bytes], bytes], why: str
) -> None:
    push(Client(), name(server, "db:1"), str(here))
    digest = next(one for one, data in server.blobs.items() if len(data) > 100)
    before, spoilt = (there / NAME).read_bytes(), change(server.blobs[digest])

    def answers(asked: Asked) -> Reply | None:
        return Reply(200, spoilt) if asked.method == "GET" and asked.path.endswith(digest) else None

    server.answers = answers
    with pytest.raises(TransportError, match=why):
        pull(Client(), name(server, "db:1"), str(there))
    assert (there / NAME).read_bytes() == before
    assert left(there) == [NAME, "lock"]


def test_a_manifest_that_has_another_digest_is_not_believed(server: RegistrySimulator, here: Path, there: Path) -> None:
    digest = push(Client(), name(server, "db:1"), str(here)).digest
    kind, raw = server.manifests["db"]["1"]
    server.manifests["db"][digest] = (kind, raw.replace(b'"kev"', b'"KEV"').replace(b"kev", b"KEV"))
    with pytest.raises(TransportError, match="refused"):
        pull(Client(), name(server, f"db@{digest}"), str(there))


def test_a_push_goes_on_after_a_break(server: RegistrySimulator, here: Path) -> None:
    broken: list[Asked] = []

    def answers(asked: Asked) -> Reply | None:
        if asked.method == "PATCH" and not broken:
            broken.append(asked)
            return Reply(202, raw=b"")
        return None

    server.answers = answers
    client = Client()
    assert push(client, name(server, "db:1"), str(here)).result == "pushed"
    assert broken
    assert client.waited


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.unlink(), "there is no advisory database yet"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "is damaged"),
    ],
    ids=["none", "a damaged one"],
)
def test_only_a_sound_database_is_pushed(
    server: RegistrySimulator, here: Path, spoil: Callable[[Path], object], why: str
) -> None:
    spoil(here / NAME)
    with pytest.raises(DatabaseError, match=why):
        push(Client(), name(server, "db:1"), str(here))
    assert server.asked == []


@pytest.mark.parametrize(("at", "why"), [(60, "from a newer sealock"), (68, "of another program")])
def test_what_is_not_ours_to_replace_is_left_alone(
    server: RegistrySimulator, here: Path, there: Path, at: int, why: str
) -> None:
    push(Client(), name(server, "db:1"), str(here))
    data = (there / NAME).read_bytes()
    foreign = data[:at] + (99).to_bytes(4, "big") + data[at + 4 :]
    (there / NAME).write_bytes(foreign)
    with pytest.raises(DatabaseError, match=why):
        pull(Client(), name(server, "db:1"), str(there))
    assert (there / NAME).read_bytes() == foreign


@pytest.mark.parametrize("data", [b"", b"x" * 9000], ids=["nothing", "rubbish"])
def test_a_spoilt_database_is_replaced(server: RegistrySimulator, here: Path, there: Path, data: bytes) -> None:
    push(Client(), name(server, "db:1"), str(here))
    (there / NAME).write_bytes(data)
    assert pull(Client(), name(server, "db:1"), str(there)).result == "pulled"
