"""Files that a container sees through links are read under the path of the link; a database that is none is an error."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sealock.image import writtenpaths
from sealock.inventory import links
from sealock.model.inventory import Inventory
from sealock.scan import processes
from sealock.scan.images import ImageOptions, read_inventories, workers
from support.layeredimages import Member, directory, file, gone, hard, pipe, read, symbolic
from support.madeimages import info

STATUS = "var/lib/dpkg/status"
OPENSSL = "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.1-1\n\n"
LODASH = '{"name": "lodash", "version": "4.17.10"}'
FLASK = "Metadata-Version: 2.1\nName: Flask\nVersion: 0.5\n"
APK = "P:musl\nV:1.2.4-r0\nA:x86_64\n\n"
STORE = "root/.local/share/pnpm/store/v3/files/00/abc"
NODE = "usr/src/app/node_modules/.pnpm/lodash@4.17.10/node_modules/lodash/package.json"
CACHE = "root/.cache/uv/archive-v0/x/flask-0.5.dist-info"
VENV = "srv/.venv/lib/python3.11/site-packages/flask-0.5.dist-info"


def packages(inventory: Inventory) -> list[tuple[str, str, int, bool]]:
    return [(package.name, package.path, package.layer, package.removed) for package in inventory.packages]


SEEN: dict[str, tuple[list[list[Member]], tuple[str, str, int, bool]]] = {
    "a manifest that pnpm linked from its store": (
        [[file(STORE, LODASH), hard(NODE, STORE)]],
        ("lodash", NODE, 0, False),
    ),
    "a manifest that is a link, with a leading slash in its target": (
        [[file(STORE, LODASH), hard(NODE, f"/{STORE}")]],
        ("lodash", NODE, 0, False),
    ),
    "a chain of hard links": (
        [[file(STORE, LODASH), hard("a", STORE), hard("b", "a"), hard(NODE, "b")]],
        ("lodash", NODE, 0, False),
    ),
    "a chain of very many hard links": (
        [[file(STORE, LODASH), *(hard(f"c{n}", f"c{n - 1}" if n else STORE) for n in range(99)), hard(NODE, "c98")]],
        ("lodash", NODE, 0, False),
    ),
    "a hard link across layers": ([[file(STORE, LODASH)], [hard(NODE, STORE)]], ("lodash", NODE, 0, False)),
    "a hard link whose other name a later layer removes": (
        [[file(STORE, LODASH), hard(NODE, STORE)], [gone("root/.local")]],
        ("lodash", NODE, 0, False),
    ),
    "a hard link that a later layer removes": (
        [[file(STORE, LODASH), hard(NODE, STORE)], [gone("usr/src/app")]],
        ("lodash", NODE, 0, True),
    ),
    "the file of a virtual environment, whose cache a later layer removes": (
        [
            [file(f"{CACHE}/METADATA", FLASK), hard(f"{VENV}/METADATA", f"{CACHE}/METADATA")],
            [gone("root/.cache")],
        ],
        ("flask", f"{VENV}/METADATA", 0, False),
    ),
    "one file under two names, once": (
        [[file(f"{CACHE}/METADATA", FLASK), hard(f"{VENV}/METADATA", f"{CACHE}/METADATA")]],
        ("flask", f"{CACHE}/METADATA", 0, False),
    ),
    "one manifest under many names, once": (
        [[file(STORE, LODASH), *(hard(f"srv/{n}/node_modules/lodash/package.json", STORE) for n in range(5))]],
        ("lodash", "srv/0/node_modules/lodash/package.json", 0, False),
    ),
    "one of many names that a later layer leaves": (
        [
            [file(STORE, LODASH), *(hard(f"srv/{n}/node_modules/lodash/package.json", STORE) for n in range(3))],
            [gone("srv/0"), gone("srv/2")],
        ],
        ("lodash", "srv/1/node_modules/lodash/package.json", 0, False),
    ),
    "a database that is a hard link, as in ostree": (
        [[file("sysroot/ostree/repo/objects/00/ab.file", OPENSSL), hard(STATUS, "sysroot/ostree/repo/objects/00/ab.file")]],
        ("openssl", STATUS, 0, False),
    ),
    "a database that is a symbolic link": (
        [[file("data/x", OPENSSL), symbolic(STATUS, "../../../data/x")]],
        ("openssl", STATUS, 0, False),
    ),
    "a database in a directory that is a symbolic link": (
        [[file("usr/lib/dpkgdb/status", OPENSSL), symbolic("var/lib/dpkg", "../../usr/lib/dpkgdb")]],
        ("openssl", STATUS, 0, False),
    ),
    "a database moved by a later layer, with a link in its place": (
        [
            [directory("var/lib/dpkg"), file(STATUS, OPENSSL)],
            [file("usr/lib/dpkgdb/status", OPENSSL), gone("var/lib/dpkg"), symbolic("var/lib/dpkg", "/usr/lib/dpkgdb")],
        ],
        ("openssl", STATUS, 0, False),
    ),
    "a database below /var/lib, which is a symbolic link": (
        [[file("data/lib/dpkg/status", OPENSSL), symbolic("var/lib", "/data/lib")]],
        ("openssl", STATUS, 0, False),
    ),
    "a database behind links of several layers": (
        [
            [file("data/c/status", OPENSSL)],
            [symbolic("var/lib/dpkg", "/data/a"), symbolic("data/b", "c")],
            [symbolic("data/a", "b")],
        ],
        ("openssl", STATUS, 0, False),
    ),
    "a database behind a symbolic link to a hard link": (
        [[file("data/x", OPENSSL), hard("data/y", "data/x"), symbolic(STATUS, "/data/y")]],
        ("openssl", STATUS, 0, False),
    ),
    "a database behind a symbolic link that leads above the root": (
        [[file("data/x", OPENSSL), symbolic(STATUS, "../../../../../../data/x")]],
        ("openssl", STATUS, 0, False),
    ),
    "the packages of a distroless image behind a link": (
        [[file("data/openssl", OPENSSL), symbolic("var/lib/dpkg/status.d", "/data")]],
        ("openssl", "var/lib/dpkg/status.d/openssl", 0, False),
    ),
    "the database of apk behind a link": (
        [[file("data/installed", APK), symbolic("lib/apk/db", "/data")]],
        ("musl", "lib/apk/db/installed", 0, False),
    ),
    "a database at a known place behind the link of a merged /usr, once": (
        [[file("usr/lib/apk/db/installed", APK), symbolic("lib", "usr/lib")]],
        ("musl", "usr/lib/apk/db/installed", 0, False),
    ),
    "metadata behind a symbolic link": (
        [[file("data/x", FLASK), symbolic(f"{VENV}/METADATA", "/data/x")]],
        ("flask", f"{VENV}/METADATA", 0, False),
    ),
    "a dist-info directory that is a symbolic link": (
        [[file("data/METADATA", FLASK), symbolic(VENV, "/data")]],
        ("flask", f"{VENV}/METADATA", 0, False),
    ),
    "a package of a workspace, in node_modules by a link": (
        [[file("srv/packages/lodash/package.json", LODASH), symbolic("srv/node_modules/lodash", "../packages/lodash")]],
        ("lodash", "srv/node_modules/lodash/package.json", 0, False),
    ),
    "node_modules itself a link": (
        [[file("opt/modules/lodash/package.json", LODASH), symbolic("srv/node_modules", "/opt/modules")]],
        ("lodash", "srv/node_modules/lodash/package.json", 0, False),
    ),
    "a module of node_modules behind pnpm's links, once": (
        [[file(NODE, LODASH), symbolic("usr/src/app/node_modules/lodash", ".pnpm/lodash@4.17.10/node_modules/lodash")]],
        ("lodash", NODE, 0, False),
    ),
    "a module in a scope that is a link": (
        [
            [
                file("opt/scope/x/package.json", '{"name": "@s/lodash", "version": "1"}'),
                symbolic("srv/node_modules/@s", "/opt/scope"),
            ]
        ],
        ("lodash", "srv/node_modules/@s/x/package.json", 0, False),
    ),
    "a database written through a link of its own layer": (
        [[directory("var/lib"), symbolic("srv", "/var/lib"), file("srv/dpkg/status", OPENSSL)]],
        ("openssl", STATUS, 0, False),
    ),
    "a database written through a link of its own layer, with an entry for its directory": (
        [[directory("var/lib"), symbolic("srv", "/var/lib"), directory("srv/dpkg"), file("srv/dpkg/status", OPENSSL)]],
        ("openssl", STATUS, 0, False),
    ),
    "a database written through a link of its own layer, far behind it": (
        [
            [
                directory("var/lib"), symbolic("srv", "/var/lib"), *(file(f"f{n}") for n in range(5000)),
                file("srv/dpkg/status", OPENSSL), *(file(f"g{n}") for n in range(5000)),
            ],
        ],
        ("openssl", STATUS, 0, False),
    ),
    "a database written through a chain of links that lead above the root": (
        [[directory("var/lib"), symbolic("a", "b"), symbolic("b", "../../var/lib"), file("a/dpkg/status", OPENSSL)]],
        ("openssl", STATUS, 0, False),
    ),
    "a database that is a hard link at a path through a link": (
        [[file("x", OPENSSL), directory("var/lib"), symbolic("srv", "/var/lib"), hard("srv/dpkg/status", "x")]],
        ("openssl", STATUS, 0, False),
    ),
    "a database that is a hard link to what a link leads to": (
        [[file("opt/d/x", OPENSSL), symbolic("srv", "/opt/d"), hard(STATUS, "srv/x")]],
        ("openssl", STATUS, 0, False),
    ),
    "a database that is a symbolic link, written through another": (
        [[file("x", OPENSSL), directory("var/lib/dpkg"), symbolic("srv", "/var/lib"), symbolic("srv/dpkg/status", "/x")]],
        ("openssl", STATUS, 0, False),
    ),
    "a manifest written through a link, behind a hard link": (
        [[directory("opt"), symbolic("srv", "/opt"), file("srv/x", LODASH), hard(NODE, "opt/x")]],
        ("lodash", NODE, 0, False),
    ),
    "a link of a layer below, and a directory of that name above it": (
        [
            [directory("var/lib"), symbolic("srv", "/var/lib"), file(STATUS, OPENSSL)],
            [directory("srv"), directory("srv/dpkg"), file("srv/dpkg/status", OPENSSL.replace("openssl", "curl"))],
        ],
        ("openssl", STATUS, 0, False),
    ),
    "a link that a later layer replaces by a file of its own": (
        [
            [file("data/x", OPENSSL), symbolic(STATUS, "/data/x")],
            [file(STATUS, OPENSSL.replace("openssl", "curl"))],
        ],
        ("curl", STATUS, 1, False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("files", [True, False], ids=["with files", "packages only"])
@pytest.mark.parametrize("case", SEEN)
def test_a_package_behind_a_link_is_listed_once_at_the_path_that_the_container_sees(
    case: str,
    files: bool,  # noqa: FBT001  a column
    tmp_path: Path,
) -> None:
    layers, package = SEEN[case]
    inventory = read(tmp_path, *layers, files=files)
    assert packages(inventory) == [package]
    assert not inventory.errors


def test_only_files_whose_name_a_later_layer_removes_get_another_name(tmp_path: Path) -> None:
    lodash, chalk = "node_modules/lodash/package.json", "node_modules/chalk/package.json"
    lower = [
        file(f"a/{lodash}", LODASH), hard(f"b/{lodash}", f"a/{lodash}"), hard(f"c/{lodash}", f"a/{lodash}"),
        file(f"d/{chalk}", LODASH.replace("lodash", "chalk")), hard(f"e/{chalk}", f"d/{chalk}"),
    ]  # fmt: skip
    inventory = read(tmp_path, lower, [gone("a"), gone("b")])
    assert sorted(packages(inventory)) == [("chalk", f"d/{chalk}", 0, False), ("lodash", f"c/{lodash}", 0, False)]


def test_what_a_layer_writes_through_its_own_link_replaces_what_was_there(tmp_path: Path) -> None:
    below = [directory("var/lib/dpkg"), file(STATUS, OPENSSL)]
    upper = [
        directory("var/lib"),
        symbolic("srv", "/var/lib"),
        file("srv/dpkg/status", OPENSSL.replace("3.0.1", "3.0.2")),
    ]
    inventory = read(tmp_path, below, upper)
    assert [(package.version, package.removed) for package in inventory.packages] == [
        ("3.0.1-1", True),
        ("3.0.2-1", False),
    ]


def test_links_written_through_in_a_large_archive_end_soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(writtenpaths, "_MOST_STEPS", 100)
    members = [directory("a"), *(member for n in range(99) for member in (symbolic(f"l{n}", "a"), file(f"l{n}/x")))]
    assert [error.message for error in read(tmp_path, members).errors] == [writtenpaths.STEPS_EXCEEDED]


def test_a_large_archive_that_is_read_in_pieces_is_read_through_its_links(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(workers, "WORTH", 1)
    monkeypatch.setattr(workers, "SPACING", 4096)
    monkeypatch.setattr(processes, "count_children", lambda: 1)
    members = [
        directory("var/lib"), symbolic("srv", "/var/lib"), *(file(f"f{n}", "x" * 2000) for n in range(9)),
        file("srv/dpkg/status", OPENSSL),
    ]  # fmt: skip
    assert packages(read(tmp_path, members)) == [("openssl", STATUS, 0, False)]


def test_the_files_of_a_moved_database_belong_to_its_packages(tmp_path: Path) -> None:
    inventory = read(
        tmp_path,
        [
            file("data/status", OPENSSL),
            file("data/info/openssl.list", "/.\n/usr\n/usr/bin\n/usr/bin/openssl\n"),
            symbolic("var/lib/dpkg", "/data"),
        ],
    )
    assert [package.files for package in inventory.packages] == [("usr/bin/openssl",)]


def test_a_distribution_is_named_by_a_hard_link(tmp_path: Path) -> None:
    inventory = read(tmp_path, [file("o/1", "ID=debian\nVERSION_ID=12\n"), hard("usr/lib/os-release", "o/1")])
    assert inventory.distribution is not None
    assert (inventory.distribution.id, inventory.distribution.version) == ("debian", "12")


def test_a_risky_file_whose_other_name_is_removed_stays_under_its_hard_link(tmp_path: Path) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n-----END OPENSSH PRIVATE KEY-----\n"
    inventory = read(tmp_path, [file("a/key", key), hard("b/key", "a/key")], [gone("a")])
    assert [(fact.path, fact.removed) for fact in inventory.files if fact.kind == "secret"] == [
        ("b/key", False),
    ]


ERRORS: dict[str, tuple[list[list[Member]], str]] = {
    "a named pipe": ([[pipe(STATUS)]], "it is a pipe, and should be a file"),
    "a device": ([[info(STATUS, type=tarfile.CHRTYPE)]], "it is a device, and should be a file"),
    "a directory": ([[directory(STATUS)]], "it is a directory, and should be a file"),
    "a loop": ([[symbolic(STATUS, "status")]], "it is a symbolic link that leads round in a circle"),
    "a loop of directories": (
        [[symbolic("var/lib/dpkg", "../a"), symbolic("var/a", "lib/dpkg")]],
        "it is a symbolic link that leads round in a circle",
    ),
    "a dangling link": ([[symbolic(STATUS, "/nowhere")]], "it is a link to /nowhere, where there is nothing"),
    "a dangling link of a directory": (
        [[symbolic("var/lib/dpkg", "/nowhere")]],
        "it is a link to /nowhere, where there is nothing",
    ),
    "a link to a directory": (
        [[directory("data"), file("data/x"), symbolic(STATUS, "/data")]],
        "it is a link to /data, where there is a directory",
    ),
    "a link to a pipe": ([[pipe("data/x"), symbolic(STATUS, "/data/x")]], "it is a pipe, and should be a file"),
    "a link to what a later layer removes": (
        [[file("data/x", OPENSSL), symbolic(STATUS, "/data/x")], [gone("data/x")]],
        "it is a link to /data/x, where there is nothing",
    ),
    "a database written through a link of the layer below": (
        [[directory("var/lib"), symbolic("srv", "/var/lib")], [file("srv/dpkg/status", OPENSSL)]],
        "it lies below /srv, a symbolic link of layer 1: engines differ in whether they follow it",
    ),
    "a database written through a link of the layer below, with an entry for its directory": (
        [
            [directory("var/lib"), symbolic("srv", "/var/lib")],
            [directory("srv/dpkg"), file("srv/dpkg/status", OPENSSL)],
        ],
        "it lies below /srv, a symbolic link of layer 1: engines differ in whether they follow it",
    ),
    "a database written through a chain of links of layers below": (
        [[symbolic("srv", "/opt")], [symbolic("opt", "var/lib")], [file("srv/dpkg/status", OPENSSL)]],
        "it lies below /srv, a symbolic link of layer 1: engines differ in whether they follow it",
    ),
    "two databases written through one link, the first is named": (
        [
            [directory("var/lib"), symbolic("srv", "/var/lib")],
            [file("srv/dpkg/status", OPENSSL), file("srv/rpm/Packages", "x")],
        ],
        "it lies below /srv, a symbolic link of layer 1: engines differ in whether they follow it",
    ),
    "a hard link to nothing": (
        [[hard(STATUS, "nowhere")]],
        "it is a hard link to /nowhere, which is no file of the image",
    ),
    "a hard link to itself": ([[hard(STATUS, STATUS)]], "it is a hard link to /var/lib/dpkg/status, which is no file"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_a_database_that_is_no_file_is_an_error(case: str, tmp_path: Path) -> None:
    layers, message = ERRORS[case]
    (error,) = {error.message: error for error in read(tmp_path, *layers).errors if "is" in error.message}.values()
    assert message in error.message
    assert error.location.file.endswith((f": {STATUS}", ": var/lib/dpkg", ": srv/dpkg/status"))


def test_hard_links_in_a_circle_are_errors(tmp_path: Path) -> None:
    circle = [hard(STATUS, "a"), hard("a", "b"), hard("b", STATUS)]
    assert {error.message for error in read(tmp_path, circle).errors if "is" in error.message} == {
        "it is a hard link to /a, which the archive writes after it: what it leads to is not known",
        "it is a hard link to /a, which is no file of the image",
    }


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([symbolic("opt/app.jar", "/nowhere")], id="a library"),
        pytest.param(
            [symbolic("var/lib/rpm", "../../usr/share/rpm"), directory("usr/share/rpm")], id="rpm's directory"
        ),
        pytest.param([symbolic("lib", "usr/lib"), directory("usr/lib")], id="a merged /usr"),
        pytest.param([symbolic("etc/x", "x")], id="a loop elsewhere"),
    ],
)
def test_other_links_without_a_file_are_none(members: list[Member], tmp_path: Path) -> None:
    assert not read(tmp_path, members).errors


def test_a_root_file_system_in_a_directory_is_read_as_a_container_sees_it(tmp_path: Path) -> None:
    for path, text in {STORE: LODASH, "usr/lib/dpkgdb/status": OPENSSL, NODE: ""}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / NODE).unlink()
    os.link(tmp_path / STORE, tmp_path / NODE)
    (tmp_path / "var/lib").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg").symlink_to("/usr/lib/dpkgdb")
    (inventory,) = read_inventories(str(tmp_path), ImageOptions())
    assert packages(inventory) == [("openssl", STATUS, 0, False), ("lodash", NODE, 0, False)]
    assert not inventory.errors


MANY = 3000


@pytest.mark.untraced
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda n: [file("f"), *(hard(f"l{i}", f"l{i - 1}" if i else "f") for i in range(n))], id="a chain"
        ),
        pytest.param(lambda n: [symbolic(f"x{i}.jar", f"x{i + 1}.jar") for i in range(n)], id="a symbolic chain"),
        pytest.param(
            lambda n: [
                file("r/package.json", LODASH),
                *(symbolic(f"a/node_modules/p{i}", "/r") for i in range(n)),
            ],
            id="many links to one directory",
        ),
        pytest.param(
            lambda n: [symbolic(f"a{i}/node_modules", f"/a{(i + 1) % n}") for i in range(n)],
            id="directories in a circle",
        ),
        pytest.param(
            lambda n: [
                file("f", LODASH),
                *(hard(f"a/node_modules/p{i}/package.json", "f") for i in range(n)),
            ],
            id="many names of one file",
        ),
    ],
)
def test_very_many_links_list_no_package_twice(make: Callable[[int], list[Member]], tmp_path: Path) -> None:
    assert len(read(tmp_path, make(MANY)).packages) <= 1


def test_more_links_than_are_followed_are_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(links, "MOST", 10)
    members = [
        member
        for number in range(20)
        for member in (
            file(f"store/{number}", json.dumps({"name": f"p{number}", "version": "1"})),
            hard(f"srv/node_modules/p{number}/package.json", f"store/{number}"),
        )
    ]
    inventory = read(tmp_path, members)
    assert len(inventory.packages) == 10
    assert [error.message for error in inventory.errors] == [links.FULL]
