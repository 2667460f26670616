"""Layers laid over one another: what a later one replaces or removes is said to be removed, and where each came from."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.image.entry import LayerEntry
from sealock.inventory.catalog import analyzers
from sealock.inventory.facts import LayerFacts
from sealock.inventory.merge import merge
from sealock.inventory.names import Gathering
from sealock.inventory.scan import scan_piece
from sealock.inventory.selection import Selection
from sealock.model.inventory import FileFact, Inventory, Package
from sealock.scan.images import ImageOptions, read_inventories
from support.elffiles import make
from support.madeimages import Layout, config, docker_save, info, spread, tar, write

STATUS = "var/lib/dpkg/status"


def stanza(name: str, version: str = "1.0-1") -> str:
    return f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"


def listed(tmp_path: Path, *layers: bytes) -> Inventory:
    path = tmp_path / "app.tar"
    write(path, docker_save(*layers))
    (found,) = read_inventories(str(path), ImageOptions())
    assert not found.errors, found.errors
    return found


def layer(*members: tuple[str, str]) -> bytes:
    return tar(*(info(name, text.encode()) for name, text in members))


def packages(found: Inventory) -> dict[str, tuple[str, int, bool]]:
    return {package.name: (package.version, package.layer, package.removed) for package in found.packages}


def test_a_database_that_is_written_anew_keeps_the_layer_that_first_brought_a_package(tmp_path: Path) -> None:
    found = listed(tmp_path, layer((STATUS, stanza("bash"))), layer((STATUS, stanza("bash") + stanza("curl", "8.0-1"))))
    assert packages(found) == {"bash": ("1.0-1", 0, False), "curl": ("8.0-1", 1, False)}


def test_a_package_that_a_later_database_no_longer_has_is_removed(tmp_path: Path) -> None:
    found = listed(tmp_path, layer((STATUS, stanza("bash") + stanza("curl"))), layer((STATUS, stanza("bash"))))
    assert packages(found) == {"bash": ("1.0-1", 0, False), "curl": ("1.0-1", 0, True)}


class Looked(tuple[str, ...]):
    """Files that count how often they are gone through."""

    __slots__ = ()
    times = 0

    def __iter__(self) -> Iterator[str]:
        Looked.times += 1
        return super().__iter__()


def test_the_files_of_a_package_that_is_told_again_and_again_are_looked_at_once() -> None:
    """Else few bytes, a stanza that stands there very often, cost as much as a list of a million files each time."""
    one = Package("deb", "a", "1", STATUS, files=Looked(["usr/bin/su"]))
    empty, risky = Gathering().names(), FileFact("setuid", "usr/bin/su")
    again = (one, *(replace(one, files=()) for _ in range(50)))
    told = LayerFacts(again, (risky,), (), empty, empty, empty, empty, 1, 0, ())
    found = merge([(0, told), (1, told)])
    assert (found.files[0].owner, found.packages[0].files) == ("a", ("usr/bin/su",))
    assert Looked.times == 2


def test_a_package_that_is_upgraded_is_there_twice_and_once_removed(tmp_path: Path) -> None:
    found = listed(tmp_path, layer((STATUS, stanza("bash", "1"))), layer((STATUS, stanza("bash", "2"))))
    assert [(package.version, package.layer, package.removed) for package in found.packages] == [
        ("1", 0, True),
        ("2", 1, False),
    ]


PACKAGE = ("app/node_modules/left-pad/package.json", '{"name": "left-pad", "version": "1.3.0"}')


@pytest.mark.parametrize(
    ("later", "removed"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param([("app/node_modules/left-pad/.wh.package.json", "")], True, id="a whiteout of the file"),
        pytest.param([("app/.wh.node_modules", "")], True, id="a whiteout of a directory above"),
        pytest.param([(".wh.app", "")], True, id="a whiteout of the topmost directory"),
        pytest.param([("app/node_modules/.wh..wh..opq", "")], True, id="an opaque directory above"),
        pytest.param([("app/.wh..wh..opq", ""), PACKAGE], False, id="an opaque directory, and the same file again"),
        pytest.param([("app/node_modules", "a file")], True, id="a file in the place of a directory above"),
        pytest.param([("app/.wh.node", "")], False, id="a whiteout of another name"),
        pytest.param([("lib/.wh..wh..opq", "")], False, id="another opaque directory"),
        pytest.param([(".wh..wh..opq", "")], False, id="an opaque root, which overlay file systems ignore"),
        pytest.param([("./.wh..wh..opq", "")], False, id="an opaque root in another spelling"),
    ],
)
def test_what_a_later_layer_hides_is_listed_and_said_to_be_removed(
    tmp_path: Path,
    later: list[tuple[str, str]],
    removed: bool,  # noqa: FBT001  a column
) -> None:
    found = listed(tmp_path, layer(PACKAGE), layer(*later))
    assert packages(found)["left-pad"][2] is removed


def test_what_a_layer_adds_after_its_own_whiteout_is_there(tmp_path: Path) -> None:
    found = listed(tmp_path, layer(PACKAGE), layer((".wh.app", ""), PACKAGE))
    assert packages(found)["left-pad"] == ("1.3.0", 0, False)


def test_risky_files_say_who_owns_them_and_whether_they_are_gone(tmp_path: Path) -> None:
    base = tar(
        info(STATUS, stanza("login").encode()),
        info("var/lib/dpkg/info/login.list", b"/.\n/bin\n/bin/su\n"),
        info("usr/bin/su", b"x", mode=0o4755),
        info("opt/tool", b"x", mode=0o4755),
    )
    found = listed(tmp_path, base, layer(("opt/.wh.tool", "")))
    facts = {file.path: (file.kind, file.owner, file.removed) for file in found.files}
    assert facts == {"usr/bin/su": ("setuid", "login", False), "opt/tool": ("setuid", "", True)}


def test_one_broken_file_costs_none_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    write(path, docker_save(layer(("a/node_modules/x/package.json", "{"), PACKAGE)))
    (found,) = read_inventories(str(path), ImageOptions())
    assert packages(found)["left-pad"] == ("1.3.0", 0, False)
    (error,) = found.errors
    assert "layer 1: a/node_modules/x/package.json" in error.location.file


def test_layers_are_told_with_the_instruction_that_made_them(tmp_path: Path) -> None:
    found = listed(tmp_path, layer(("a", "1")), layer(("b", "22")))
    assert [(one.index, one.created_by) for one in found.layers] == [(0, "RUN 1"), (1, "RUN 2")]
    assert found.sizes == ((0, 1, 1), (1, 1, 2))


def test_the_name_of_the_system_is_not_displaced_by_a_later_fall_back(tmp_path: Path) -> None:
    release = ("etc/os-release", 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\nNAME=Debian\n')
    found = listed(tmp_path, layer(release, (STATUS, stanza("bash"))), layer(("etc/debian_version", "12.5\n")))
    assert found.distribution is not None
    assert (found.distribution.id, found.distribution.version) == ("debian", "12")


def test_a_directory_whose_mode_a_later_layer_sets_right_is_told_no_more(tmp_path: Path) -> None:
    def directory(mode: int) -> bytes:
        return tar(info("srv", type=tarfile.DIRTYPE, mode=mode), info("srv/a", b"x"))

    def open_(*modes: int) -> list[bool]:
        found = listed(tmp_path, *(directory(mode) for mode in modes))
        return [file.removed for file in found.files if file.kind == "world-writable-directory"]

    assert open_(0o777) == [False]
    assert open_(0o777, 0o755) == [True]
    assert open_(0o777, 0o777) == [True, False]


def test_packages_that_differ_by_a_qualifier_alone_stay_apart(tmp_path: Path) -> None:
    record = '{{"name": "a", "version": "1", "build": "{}", "subdir": "noarch", "channel": "x"}}'
    paths = ("opt/conda/conda-meta/a.json", "opt/conda/conda-meta/b.json")
    found = listed(tmp_path, layer(*((path, record.format(number)) for number, path in enumerate(paths))))
    assert len(found.packages) == len({package.qualifiers for package in found.packages}) == 2
    moved = tuple(replace(package, path="same", layer=-1) for package in found.packages)
    empty = Gathering().names()
    facts = LayerFacts(moved, (), (), empty, empty, empty, empty, 1, 0, ())
    assert len(merge([(0, facts), (1, facts)]).packages) == 2


LOCK = json.dumps({"packages": {
    "node_modules/near": {"version": "1.0.0", "optional": True},
    "node_modules/far": {"version": "1.0.0", "optional": True},
    "node_modules/unbuilt": {"version": "1.0.0", "dev": True},
}})  # fmt: skip
NEAR = '{"name": "near", "version": "1.0.0"}'


@pytest.mark.parametrize(
    ("beside", "names"),
    [
        pytest.param("srv/node_modules/near", {"near", "unbuilt"}, id="what is not installed is left out"),
        pytest.param("srv/node_modules/.pnpm/near@1.0.0/node_modules/near", {"near", "unbuilt"}, id="as pnpm installs"),
        pytest.param("opt/node_modules/near", {"near", "far", "unbuilt"}, id="what is elsewhere says nothing"),
        pytest.param("srv/part/node_modules/near", {"near", "far", "unbuilt"}, id="nor does what is further below"),
        pytest.param("srv/my_node_modules/near", {"near", "far", "unbuilt"}, id="nor does a directory of another name"),
    ],
)
def test_what_a_lock_file_lets_installers_leave_out_counts_where_it_is_installed(
    beside: str, names: set[str], tmp_path: Path
) -> None:
    lower, upper = layer(("srv/package-lock.json", LOCK)), layer((f"{beside}/package.json", NEAR))
    assert {package.name for package in listed(tmp_path, lower, upper).packages} == names


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            [{"created_by": "RUN a"}, {"created_by": "ENV x", "empty_layer": True}, {"created_by": "RUN b"}],
            ["RUN a", "RUN b"],
        ),
        ([{"created_by": "RUN a"}], ["", ""]),
        ([], ["", ""]),
        ([{}, {"created_by": "RUN b"}], ["", "RUN b"]),
        ([{"created_by": "x" * 20_000}, {"created_by": "y"}], ["x" * (16 << 10) + "…", "y"]),
    ],
    ids=["as usual", "too few lines", "no lines", "a line that says nothing", "a line without end"],
)
def test_which_instruction_made_each_layer(lines: list[dict[str, Any]], told: list[str], tmp_path: Path) -> None:
    one, two = layer(("a", "1")), layer(("b", "2"))
    raw = json.dumps(json.loads(config(one, two)) | {"history": lines}).encode()
    made = Layout()
    (found,) = read_inventories(
        spread(tmp_path, made.index(made.image((one, one), (two, two), configuration=raw))), ImageOptions()
    )
    assert [one.created_by for one in found.layers] == told


LIBRARY = "usr/lib/python3/dist-packages/x/_c.so"
DEBIANS: tuple[tuple[str, str], ...] = (
    (STATUS, stanza("python3-x")),
    ("var/lib/dpkg/info/python3-x.list", f"/.\n/{LIBRARY}\n"),
    ("usr/lib/python3/dist-packages/x-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: x\nVersion: 1\n"),
    ("usr/lib/python3/dist-packages/x-1.dist-info/RECORD", "x/_c.so,,\n"),
)


@pytest.mark.parametrize("later", [[], [layer((STATUS, stanza("python3-x")))]], ids=["one layer", "told again"])
def test_a_file_of_a_distributions_package_is_not_that_of_the_language_in_it(
    tmp_path: Path, later: list[bytes]
) -> None:
    first = tar(*(info(name, text.encode()) for name, text in DEBIANS), info(LIBRARY, b"x", mode=0o4755))
    found = listed(tmp_path, first, *later)
    assert {package.name for package in found.packages} == {"python3-x", "x"}
    assert [(fact.path, fact.owner) for fact in found.files if fact.kind == "setuid"] == [(LIBRARY, "python3-x")]


@pytest.mark.parametrize(("owner", "names"), [("deb", ["nginx"]), ("pypi", ["nginx", "wheel"]), ("", ["nginx"])])
def test_a_main_program_counts_where_no_package_of_a_distribution_owns_it(
    owner: str, names: list[str], tmp_path: Path
) -> None:
    program = info("usr/sbin/nginx", make({".rodata": b"\0nginx version: nginx/1.26.3\n\0"}))
    of_dpkg = [info(STATUS, stanza("nginx").encode()), info("var/lib/dpkg/info/nginx.list", b"/usr/sbin/nginx\n")]
    of_pip = [
        info("usr/lib/wheel-1.dist-info/METADATA", b"Metadata-Version: 2.1\nName: wheel\nVersion: 1\n"),
        info("usr/lib/wheel-1.dist-info/RECORD", b"../sbin/nginx,,\n"),
    ]
    found = listed(tmp_path, tar(program, *{"deb": of_dpkg, "pypi": of_pip}.get(owner, [])))
    assert sorted(package.name for package in found.packages) == names
    assert [package.type for package in found.packages if package.name == "nginx"] == [
        "deb" if owner == "deb" else "generic"
    ]


LOG4J = {
    "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\n",
    "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties": "version=2.14.1\n"
    "groupId=org.apache.logging.log4j\nartifactId=log4j-core\n",
}


def zipped(members: dict[str, str]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["archive", "compressed layers", "directory"])
@pytest.mark.parametrize(
    ("name", "members", "listed_as"),
    [
        ("app/LOG4J.JAR", LOG4J, ["log4j-core 2.14.1"]),
        ("app/x.Jar", LOG4J, ["log4j-core 2.14.1"]),
        ("app/log4j-core-2.14.1", LOG4J, ["log4j-core 2.14.1"]),
        ("app/log4j-core-2.14.1", {"META-INF/MANIFEST.MF": "Implementation-Title: x\r\n"}, ["log4j-core 2.14.1"]),
        ("app/log4j.zip", LOG4J, ["log4j-core 2.14.1"]),
        ("app/log4j.bak", {"a": "", **LOG4J}, ["log4j-core 2.14.1"]),
        ("app/data-1.0.zip", {"a": "x" * 100}, []),
        ("app/x-1.0-py3-none-any.whl", {"x-1.0.dist-info/METADATA": "Name: x"}, []),
    ],
)
def test_java_archives_are_known_by_their_content(
    name: str, members: dict[str, str], listed_as: list[str], kind: str, tmp_path: Path
) -> None:
    plain = tar(info(name, zipped(members)))
    if kind == "directory":
        path = spread(tmp_path / "root", {name: zipped(members)})
    elif kind == "archive":
        path = write(tmp_path / "x.tar", docker_save(plain))
    else:
        made = Layout()
        path = write(tmp_path / "x.tar", made.index(made.image((plain, gzip.compress(plain)))))
    (inventory,) = read_inventories(path, ImageOptions())
    assert [f"{package.name} {package.version}" for package in inventory.packages] == listed_as
    assert not inventory.errors


def test_a_database_beyond_the_limit_is_an_error_of_its_size_and_not_read(tmp_path: Path) -> None:
    database = tmp_path / "var/lib/rpm/rpmdb.sqlite"
    database.parent.mkdir(parents=True)
    database.touch()
    os.truncate(database, 1 << 40)
    (inventory,) = read_inventories(str(tmp_path), ImageOptions())
    (error,) = inventory.errors
    assert error.message == f"it has {1 << 40} bytes, and {256 << 20} are the limit (--max-file-size)"


def test_of_a_file_that_cannot_be_read_no_size_is_reported() -> None:
    """The layer reports why; "larger than 0 bytes" would be wrong."""
    entry = LayerEntry(STATUS, "file", 0o644, 0, 0, 100, "", b"", lambda _limit: b"")
    piece = scan_piece(iter([entry]), Selection(analyzers()))
    assert (piece.faults, piece.facts) == ([], {})


def test_leftovers_have_the_mode_and_owner_of_their_file(tmp_path: Path) -> None:
    members = [
        info("app/compose.yml", b"x", mode=0o640, uid=5),
        info("app/.git", type=tarfile.DIRTYPE, mode=0o755),
    ]
    (inventory,) = read_inventories(write(tmp_path / "x.tar", docker_save(tar(*members))), ImageOptions())
    assert [(fact.path, fact.mode, fact.uid) for fact in inventory.files] == [
        ("app/compose.yml", 0o640, 5),
        ("app/.git", 0o755, 0),
    ]
