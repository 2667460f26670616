"""A distribution without its package database is an error: that nothing is known of it must not look like a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.model.container import Container
from sealock.model.inventory import Distribution, Inventory, Package
from sealock.scan.documents import unread_packages
from sealock.scan.images import ImageOptions, read_inventories
from support.commandline import sealock
from support.layeredimages import Member, file, gone, pipe, read, symbolic
from support.madeimages import docker_save, tar, write

DEBIAN = file("etc/os-release", 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n')
STATUS = "var/lib/dpkg/status"
BASH = file(STATUS, "Package: bash\nStatus: install ok installed\nVersion: 5.2\n")
LACKS = "Debian GNU/Linux 12, and has no package database"
ALLOWED = '[[image]]\nname = "{name}"\nno-package-database = "built from source"\n'


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([[DEBIAN]], id="none at all"),
        pytest.param([[DEBIAN, file(f"{STATUS}.gz", "x")]], id="a compressed one"),
        pytest.param([[DEBIAN, file(STATUS)]], id="an empty one"),
        pytest.param([[DEBIAN, pipe(STATUS)]], id="a pipe"),
        pytest.param([[DEBIAN, symbolic(STATUS, "/nowhere")]], id="a link to nothing"),
        pytest.param([[DEBIAN], [file("usr/bin/x", "x")]], id="none in a later layer"),
        pytest.param([[file("usr/lib/os-release", DEBIAN[1].decode()), symbolic("etc/os-release", "../usr/lib/os-release")]], id="an os-release that is a link"),
        pytest.param(
            [[DEBIAN, BASH, file("var/lib/dpkg/info/bash.list", "/bin/bash\n"), file("bin/bash")], [gone("var"), gone("bin")]],
            id="one that was removed with all packages",
        ),
        pytest.param([[file("etc/os-release", DEBIAN[1].decode().replace("debian", "nixos"))]], id="of a kind that is not read"),
    ],
)  # fmt: skip
def test_a_distribution_without_packages_is_an_error(layers: list[list[Member]], tmp_path: Path) -> None:
    assert LACKS in " ".join(error.message for error in read(tmp_path, *layers).errors)


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([[DEBIAN, BASH]], id="with packages"),
        pytest.param([[DEBIAN], [BASH]], id="with packages of a later layer"),
        pytest.param([[DEBIAN, file(f"{STATUS}.d/bash", BASH[1].decode())]], id="of distroless"),
        pytest.param([[DEBIAN, BASH], [gone("var/lib/dpkg")]], id="whose database was removed, not its packages"),
        pytest.param([[file("usr/bin/x", "x")]], id="without a distribution"),
    ],
)
def test_other_images_are_none(layers: list[list[Member]], tmp_path: Path) -> None:
    assert not read(tmp_path, *layers).errors


LIBC = "lib/x86_64-linux-gnu/libc.so.6"
UNKNOWN = f"it has a C library ({LIBC}) and neither os-release nor a package database: of what it is made is not known"


@pytest.mark.parametrize(
    ("path", "distribution", "packages", "reasons"),
    [
        pytest.param(LIBC, None, (), [UNKNOWN], id="a C library alone"),
        pytest.param("lib/ld-musl-x86_64.so.1", None, (), [UNKNOWN.replace(LIBC, "lib/ld-musl-x86_64.so.1")], id="musl"),
        pytest.param("app", None, (), [], id="a program that has it built in"),
        pytest.param(LIBC, Distribution("debian", "12"), (), [], id="of a distribution, which is an error"),
        pytest.param(LIBC, None, (Package("apk", "busybox", "1", "lib/apk/db/installed"),), [], id="with a package database"),
    ],
)  # fmt: skip
def test_a_c_library_of_nobody_is_named_as_skipped(
    path: str, distribution: Distribution | None, packages: tuple[Package, ...], reasons: list[str]
) -> None:
    listed = (Package("generic", "glibc", "2.36", path), *packages)
    inventory = Inventory(("a",), "", "", (), Container(), distribution, listed)
    assert [skipped.reason for skipped in unread_packages(inventory)] == reasons


def archive(tmp_path: Path) -> str:
    return write(tmp_path / "app.tar", docker_save(tar(DEBIAN), names=("acme/tool:1",)))


@pytest.mark.parametrize("command", ["check --fail-on critical", "sbom"])
@pytest.mark.parametrize(
    ("name", "status"),
    [("acme/tool", 0), ("acme/*", 0), ("app.tar", 0), ("acme/other", 2), ("", 2)],
)
def test_the_policy_allows_it_for_one_image_with_a_reason(name: str, status: int, command: str, tmp_path: Path) -> None:
    archive(tmp_path)
    if name:
        (tmp_path / "sealock.toml").write_text(ALLOWED.format(name=name))
    run = sealock(*command.split(), "app.tar", "--no-cache", cwd=tmp_path, environment={"PATH": "/bin"})
    assert run.returncode == status, run.stdout + run.stderr
    words = " ".join((run.stdout + run.stderr).split())
    assert ("has no package database, which the policy allows: built from source" in words) == (status == 0)
    assert (LACKS in words) == (status == 2)


@pytest.mark.parametrize(
    "layers",
    [pytest.param([], id="no layers"), pytest.param([bytes(10240)], id="a layer of zeros")],
)
def test_an_image_without_files_says_so(layers: list[bytes], tmp_path: Path) -> None:
    (inventory,) = read_inventories(write(tmp_path / "app.tar", docker_save(*layers)), ImageOptions())
    assert inventory.notes == ("has no files: there is nothing to look into",)
    assert not inventory.errors
