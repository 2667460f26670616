"""What layers write through symbolic links, and what they write again, as Docker unpacks it: what its containers see is listed, or is an error."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from sealock.scan.images import ImageOptions, read_inventories
from support.layeredimages import Member, directory, file, gone, hard, symbolic
from support.madeimages import docker_save, tar, write
from support.realengine import Engine, engine

pytestmark = pytest.mark.live

STATUS = "var/lib/dpkg/status"
LIB, SRV = directory("var/lib"), symbolic("srv", "/var/lib")


def database(name: str) -> str:
    return f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1-1\n\n"


OLD, NEW = database("old"), database("new")
FILES = (STATUS, "x", "srv/dpkg/status", "opt/dpkg/status", "opt/x", "var/lib/dpkg")
DIRECTORIES = ("var/lib", "var/lib/dpkg", "srv", "srv/dpkg", "opt", "opt/dpkg")
THROUGH = file("srv/dpkg/status", NEW)
CASES: dict[str, list[list[Member]]] = {
    "a link of the same layer": [[LIB, SRV, THROUGH]],
    "a relative link": [[LIB, symbolic("srv", "var/lib"), THROUGH]],
    "a link above the root": [[LIB, symbolic("srv", "../../var/lib"), THROUGH]],
    "a chain of links": [[LIB, symbolic("a", "b"), symbolic("b", "/var/lib"), file("a/dpkg/status", NEW)]],
    "a link that follows the file": [[LIB, file(STATUS, OLD), file("opt/dpkg/status", NEW), symbolic("opt/x", "dpkg")]],
    "a link whose directory is not there": [[SRV, THROUGH]],
    "a link of the same layer over another database": [[LIB, file(STATUS, OLD)], [LIB, SRV, THROUGH]],
    "a link of the layer below": [[LIB, SRV], [THROUGH]],
    "a link of the layer below that a directory replaces": [
        [LIB, file(STATUS, OLD), SRV],
        [directory("srv"), directory("srv/dpkg"), THROUGH],
    ],
    "a whiteout through a link of the same layer": [[LIB, file(STATUS, OLD)], [LIB, SRV, gone("srv/dpkg/status")]],
    "a hard link to what is behind a link": [
        [LIB, file("opt/x", NEW), symbolic("srv", "/opt"), directory("var/lib/dpkg"), hard(STATUS, "srv/x")]
    ],
    "a hard link at a path through a link": [[file("x", NEW), LIB, SRV, hard("srv/dpkg/status", "x")]],
    "a hard link to a file below": [[file("x", NEW), directory("var/lib/dpkg")], [hard(STATUS, "x")]],
    "a symbolic link written through a link": [[file("x", NEW), LIB, SRV, symbolic("srv/dpkg/status", "/x")]],
    "links in a circle": [[symbolic("a", "b"), symbolic("b", "a"), file("a/x", NEW)]],
    "a database that the archive writes again": [[LIB, file(STATUS, OLD), file(STATUS, NEW)]],
    "a database that the archive writes again as a link": [
        [LIB, file("x", NEW), file(STATUS, OLD), symbolic(STATUS, "/x")]
    ],
    "a link that the archive writes again as a database": [
        [LIB, file("x", OLD), symbolic(STATUS, "/x"), file(STATUS, NEW)]
    ],
    "a hard link that the archive writes again as a database": [
        [LIB, file("x", OLD), hard(STATUS, "x"), file(STATUS, NEW)]
    ],
    "a hard link to what the archive writes again after it": [[LIB, file("x", OLD), hard(STATUS, "x"), file("x", NEW)]],
    "a directory that the archive writes again": [[LIB, file(STATUS, OLD), directory("var/lib/dpkg")]],
    "a directory that a link replaces": [
        [LIB, file("opt/status", NEW), file(STATUS, OLD), symbolic("var/lib/dpkg", "/opt")]
    ],
    "a link that a directory replaces": [
        [LIB, file("opt/status", OLD), symbolic("var/lib/dpkg", "/opt"), directory("var/lib/dpkg"), file(STATUS, NEW)]
    ],
    "a directory that a file and then a directory replace": [
        [LIB, file(STATUS, OLD), file("var/lib/dpkg"), directory("var/lib/dpkg"), file(STATUS, NEW)]
    ],
    "a database before its whiteout": [[LIB, file(STATUS, OLD), gone(STATUS)]],
    "a database after its whiteout": [[LIB, gone(STATUS), file(STATUS, NEW)]],
    "a link to the directory of another database": [
        [file(STATUS, OLD), file("opt/d/status", NEW)],
        [symbolic("var/lib/dpkg", "/opt/d")],
    ],
}


@pytest.fixture(scope="module", params=["vfs", "overlay2"])
def docker(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine with this storage driver: overlay2 unpacks each layer by itself, vfs over those below."""
    with engine(driver=request.param) as made:
        yield made


@pytest.mark.parametrize("case", CASES)
def test_what_a_container_sees_is_listed_or_is_an_error(docker: Engine, case: str, tmp_path: Path) -> None:
    compare(docker, CASES[case], tmp_path)


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_what_random_archives_write_is_listed_or_is_an_error(docker: Engine, first: int, tmp_path: Path) -> None:
    compared = sum(compare(docker, random_layers(seed), tmp_path) for seed in range(first, first + 40))
    assert compared > 5


def compare(docker: Engine, layers: list[list[Member]], tmp_path: Path) -> bool:
    """Compare what is listed of an image with what its container sees; whether the engine takes it."""
    archive = write(tmp_path / "app.tar", docker_save(*(tar(*members) for members in layers)))
    (inventory,) = read_inventories(archive, ImageOptions())
    listed = {item.name for item in inventory.packages if not item.removed and item.record_removed_in < 0}
    if docker.docker("load", "--input", str(archive)).returncode:
        return False  # no container of this engine can be made from it
    seen = installed(docker, tmp_path / "exported.tar")
    shown = [[(member.name, member.type, member.linkname) for member, _ in layer] for layer in layers]
    assert seen == listed or inventory.errors, shown
    return True


def random_layers(seed: int) -> list[list[Member]]:
    """Layers of a few members that replace, remove and lead to each other; each database has a package of its own."""
    random = Random(seed)  # noqa: S311  no secret
    layers: list[list[Member]] = [[] for _ in range(random.randint(1, 3))]
    for place, layer in enumerate(layers):
        files: list[str] = []
        for number in range(random.randint(1, 5)):
            kind = random.choices("fhsdw", (50, 10, 12, 15, 10))[0]
            path = random.choice(FILES if kind in "fh" else DIRECTORIES if kind == "d" else (*FILES, *DIRECTORIES))
            target = random.choice((*FILES, *DIRECTORIES))
            if kind == "s":
                written = random.choice((f"/{target}", f"../../../{target}", target.rpartition("/")[2]))
                layer.append(symbolic(path, written))
            elif kind in "dw":
                layer.append(directory(path) if kind == "d" else gone(path))
            elif kind == "h" and files:
                layer.append(hard(path, random.choice(files)))
            else:
                files.append(path)
                layer.append(file(path, database(f"p{place}-{number}")))
    return layers


def installed(docker: Engine, exported: Path) -> set[str]:
    """The packages of the database that a container of the image sees."""
    made = docker.docker("create", "app:1", "sh")
    assert made.returncode == 0, made.stderr
    done = docker.docker("export", "--output", str(exported), made.stdout.strip())
    assert done.returncode == 0, done.stderr
    with tarfile.open(exported) as archive:
        members = {member.name.strip("/"): member for member in archive}
        member = members.get(resolve(STATUS, members))
        while member and member.islnk():
            member = members.get(member.linkname.strip("/"))
        stream = archive.extractfile(member) if member and member.isfile() else None
        text = stream.read().decode() if stream else ""
    return set(re.findall(r"^Package: (.+)$", text, re.MULTILINE))


def resolve(path: str, members: dict[str, tarfile.TarInfo], hops: int = 40) -> str:
    """Follow the symbolic links of an archive; "" for a loop."""
    done: list[str] = []
    left = path.split("/")
    while left:
        part = left.pop(0)
        member = members.get("/".join((*done, part)))
        if part == "..":
            done = done[:-1]
        elif member and member.issym():
            above = [] if member.linkname.startswith("/") else done
            return resolve("/".join((*above, member.linkname, *left)), members, hops - 1) if hops else ""
        elif part not in {"", "."}:
            done.append(part)
    return "/".join(done)
