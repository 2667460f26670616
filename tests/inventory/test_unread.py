from __future__ import annotations

from pathlib import Path

import pytest

from sealock.api import check
from sealock.inventory.unread import UnreadPackages
from sealock.model.inventory import FileFact
from support.analyzers import joined
from support.elffiles import make
from support.foreignfiles import macho, pe
from support.madeimages import Layout, config, docker_save, info, spread, tar, write

DESCRIPTION = b"Package: ggplot2\nVersion: 3.5.0\nBuilt: R 4.3.1; ; 2024-01-01; unix\n"
PROGRAM = make({".rodata": b"nothing"})


@pytest.mark.parametrize(
    ("path", "data", "manager"),
    [
        ("usr/local/lib/R/site-library/ggplot2/DESCRIPTION", DESCRIPTION, "R"),
        ("srv/project/DESCRIPTION", b"Package: own\nVersion: 1\n", ""),
        ("usr/local/lib/luarocks/rocks-5.1/lpeg/1.0.2-1/rock_manifest", b"rock_manifest = {}", "LuaRocks"),
        ("var/db/pkg/app-shells/bash-5.2_p21/PF", b"bash-5.2_p21", "Portage"),
        ("srv/PF", b"x", ""),
        ("usr/local/lib/perl5/site_perl/auto/JSON/.packlist", b"/x", "Perl"),
        ("usr/lib/opkg/status", b"Package: a\n", "opkg"),
        ("mnt/root/var/lib/dpkg/status", b"Package: a\n", "dpkg in another root"),
        ("srv/dpkg/status.txt", b"", ""),
        ("mnt/root/lib/apk/db/installed", b"P:a\n", "apk in another root"),
        ("mnt/root/usr/lib/apk/db/installed", b"P:a\n", "apk in another root"),
        ("mnt/root/var/lib/rpm/rpmdb.sqlite", b"SQLite", "rpm in another root"),
        ("mnt/root/usr/lib/sysimage/rpm/Packages.db", b"RpmP", "rpm in another root"),
        ("mnt/root/var/lib/rpm/Packages", b"", "rpm in another root"),
        ("mnt/root/var/lib/pacman/local/ALPM_DB_VERSION", b"9", "pacman in another root"),
        ("mnt/root/usr/lib/opkg/status", b"Package: a\n", "opkg"),
        ("opt/vcpkg/installed/vcpkg/status", b"Package: zlib\n", "vcpkg"),
        ("var/www/html/wp-includes/version.php", b"<?php", "WordPress"),
        ("usr/local/lib/php/.registry/.channel.pecl.php.net/redis.reg", b"a:2:{}", "PECL"),
        ("usr/local/lib/php/.registry/archive_tar.reg", b"a:2:{}", "PEAR"),
        ("usr/local/lib/php/.registry/.channel.pear.example.org/own.reg", b"a:2:{}", "PEAR"),
        ("usr/local/lib/php/.channels/pear.php.net.reg", b"a:2:{}", ""),
        ("home/me/.opam/default/.opam-switch/packages/dune.3.0/opam", b"", "opam"),
        ("srv/project/opam", b"", ""),
        ("var/db/xbps/pkgdb-0.38.plist", b"<plist/>", "XBPS"),
        ("var/lib/pkgtools/packages/bash-5.2-x86_64-1", b"PACKAGE NAME: bash", "Slackware"),
        ("usr/bin/bash", PROGRAM, ""),
        ("srv/app/renv.lock", b"{}", "renv.lock"),
        ("srv/app/flake.lock", b"{}", "flake.lock"),
        ("srv/app/Cargo.lock", b"", ""),
        ("srv/app.jmod", b"JM\1\0PK\3\4", "Java modules"),
        ("opt/java/jmods/java.base.jmod", b"JM\1\0PK\3\4", ""),
        ("home/linuxbrew/.linuxbrew/Cellar/openssl@3/3.0.1/INSTALL_RECEIPT.json", b"{}", "Homebrew"),
        ("usr/local/bin/composer.phar", b"<?php __HALT_COMPILER(); ?>", "phar archives"),
        ("srv/one", PROGRAM + b"MEI\014\013\012\013\016" + b"\0" * 80, "PyInstaller"),
        ("srv/two", make({"pydata": b"MEI"}), "PyInstaller"),
        ("srv/three", PROGRAM + b"d3n0l4nd" + b"\0" * 32, "deno compile"),
        ("srv/four", PROGRAM + b"\n---- Bun! ----\n" + b"\0" * 8, "bun build --compile"),
        ("srv/five.AppImage", PROGRAM[:8] + b"AI\2" + PROGRAM[11:], "AppImage"),
        ("srv/six", PROGRAM + b"d3n0l4nd" + b"\0" * 300, ""),
        ("srv/seven.exe", pe(b".data", b"x") + b"MEI\014\013\012\013\016" + b"\0" * 80, "PyInstaller"),
        ("srv/eight", macho(b"__data", b"x") + b"\n---- Bun! ----\n" + b"\0" * 8, "bun build --compile"),
        ("srv/nine", b"MZ000000AI\2" + b"\0" * 100, ""),
        ("srv/ten", b"#!/bin/sh\n# d3n0l4nd", ""),
    ],
)
def test_a_package_of_a_manager_without_an_analyzer_is_recognised(path: str, data: bytes, manager: str) -> None:
    assert joined(UnreadPackages(), {path: data}) == (
        [FileFact("unread-packages", path, detail=manager)] if manager else []
    )


@pytest.mark.parametrize(
    "path",
    [
        "var/lib/dpkg/status",
        "lib/apk/db/installed",
        "usr/lib/apk/db/installed",
        "var/lib/rpm/Packages",
        "usr/lib/sysimage/rpm/rpmdb.sqlite",
        "usr/share/rpm/Packages.db",
        "var/lib/pacman/local/ALPM_DB_VERSION",
    ],
)
def test_a_database_of_the_own_root_is_left_to_its_analyzer(path: str) -> None:
    assert not UnreadPackages().claims(path)
    assert UnreadPackages().claims(f"mnt/{path}")


def test_a_package_in_the_store_of_nix_counts_once() -> None:
    store = "nix/store/0abc-openssl-3.0.13"
    files = {
        f"{store}/bin/openssl": PROGRAM,
        f"{store}/lib/libssl.so.3": PROGRAM,
        "nix/store/1def-bash-5/bin/sh": PROGRAM,
    }
    assert [fact.path for fact in joined(UnreadPackages(), files) if isinstance(fact, FileFact)] == [
        store,
        "nix/store/1def-bash-5",
    ]


def test_a_check_names_them_as_skipped_but_for_those_that_a_distribution_owns(tmp_path: Path) -> None:
    library = "usr/lib/R/site-library"
    status = b"Package: r-cran-x\nStatus: install ok installed\nVersion: 1\n\n"
    image = tar(
        info(f"{library}/ggplot2/DESCRIPTION", DESCRIPTION),
        info(f"{library}/x/DESCRIPTION", DESCRIPTION),
        info("var/lib/dpkg/status", status),
        info("var/lib/dpkg/info/r-cran-x.list", f"/{library}/x/DESCRIPTION\n".encode()),
        info("etc/os-release", b"ID=debian\nVERSION_ID=12\nNAME=Debian\n"),
    )
    write(tmp_path / "app.tar", docker_save(image))
    (target,) = check(str(tmp_path / "app.tar")).targets
    assert [skipped.reason for skipped in target.skipped if skipped.subject == "packages of R"] == [
        f"no analyzer lists packages of R: {library}/ggplot2/DESCRIPTION"
    ]


@pytest.mark.parametrize(("system", "skipped", "root"), [("windows", 1, False), ("linux", 0, True)])
def test_what_windows_itself_brings_is_named_as_skipped(
    tmp_path: Path,
    system: str,
    skipped: int,
    root: bool,  # noqa: FBT001  a column
) -> None:
    layer = tar(info("Files/Windows/System32/cmd.exe", b"MZ"))
    made = Layout()
    members = made.index(made.image((layer, layer), configuration=config(layer, os=system)))
    (target,) = check(spread(tmp_path, members)).targets
    assert len([entry for entry in target.skipped if entry.subject == "packages of Windows"]) == skipped
    assert ("C046" in {finding.rule for finding in target.findings}) is root
