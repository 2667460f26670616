"""Makes images whose packages are known by the databases of rpm, apk and pacman: for bench/everything.py."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from io import BytesIO
from pathlib import Path

from imagebuilder import packed, run, write


def rpms(work: Path) -> Path:
    """A database that rpm itself wrote, of packages that rpmbuild made."""
    root, made = work / "rpms", work / "rpmbuild"
    for folder in (root, made):
        shutil.rmtree(folder, ignore_errors=True)
    (root / "var/lib/rpm").mkdir(parents=True)
    write(root / "etc/os-release", 'ID="fedora"\nVERSION_ID="40"\nNAME="Fedora Linux"\nPRETTY_NAME="Fedora Linux 40"\n')
    for name, version, epoch in (("paint", "1.2", ""), ("brush", "3.0.1", "2"), ("canvas", "0~rc1", "")):
        spec = write(
            made / f"{name}.spec",
            f"Name: {name}\nVersion: {version}\nRelease: 4%{{?dist}}\n{f'Epoch: {epoch}' if epoch else ''}\n"
            f"Summary: made\nLicense: MIT\nVendor: Acme\n%description\nmade\n%install\n"
            f"mkdir -p %{{buildroot}}/usr/share/{name}\necho x > %{{buildroot}}/usr/share/{name}/x\n"
            f"%files\n/usr/share/{name}\n",
        )
        run(
            "rpmbuild",
            "-bb",
            "--quiet",
            "--define",
            f"_topdir {made}",
            "--define",
            "dist .fc40",
            "--target",
            "x86_64",
            spec,
        )
    files = sorted((made / "RPMS").rglob("*.rpm"))
    run(
        "rpm",
        "--root",
        root,
        "--dbpath",
        "/var/lib/rpm",
        "--define",
        "_db_backend sqlite",
        "-i",
        "--nodeps",
        "--ignorearch",
        "--noscripts",
        *files,
    )
    # rpm leaves its changes in the log until the database is opened once more.
    database = sqlite3.connect(root / "var/lib/rpm/rpmdb.sqlite")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return packed(root, work / "rpms.image.tar", "rpms:1")


APK = """C:Q1{sum}=
P:{name}
V:{version}
A:x86_64
S:1000
I:4096
T:made
U:https://example.org
L:MIT
o:{origin}
m:Some Body <some@example.org>
t:1700000000
c:0123456789abcdef0123456789abcdef01234567
D:so:libc.musl-x86_64.so.1
F:usr
F:usr/share
F:usr/share/{name}
R:x
Z:Q1{sum}=

"""


def apks(work: Path) -> Path:
    """A database as apk writes it: apk itself is not at hand."""
    root = work / "apks"
    shutil.rmtree(root, ignore_errors=True)
    rows = (("musl", "1.2.5-r0", "musl"), ("busybox", "1.36.1-r29", "busybox"), ("libcrypto3", "3.3.1-r3", "openssl"))
    text = "".join(
        APK.format(name=name, version=version, origin=origin, sum="A" * 27) for name, version, origin in rows
    )
    write(root / "lib/apk/db/installed", text)
    write(
        root / "etc/os-release", 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.1\nPRETTY_NAME="Alpine Linux v3.20"\n'
    )
    write(root / "etc/alpine-release", "3.20.1\n")
    return packed(root, work / "apks.image.tar", "apks:1")


def alpm(work: Path) -> Path:
    """A database that pacman wrote, of packages as makepkg packs them."""
    root = work / "alpm"
    shutil.rmtree(root, ignore_errors=True)
    (root / "var/lib/pacman").mkdir(parents=True)
    write(root / "etc/os-release", 'NAME="Arch Linux"\nID=arch\nPRETTY_NAME="Arch Linux"\nBUILD_ID=rolling\n')
    config = write(work / "pacman.conf", "[options]\nArchitecture = x86_64\nSigLevel = Never\n")
    made = []
    for name, version in (("paint", "1:2.3-4"), ("paint-libs", "1:2.3-4"), ("brush", "0.9-1")):
        info = (
            f"pkgname = {name}\npkgbase = {name.partition('-')[0]}\npkgver = {version}\npkgdesc = made\nsize = 1\n"
            "arch = x86_64\nbuilddate = 1\npackager = Some Body <some@example.org>\nlicense = MIT\n"
        )
        made.append(work / f"{name}.pkg.tar")
        with tarfile.open(made[-1], "w") as packet:
            for path, text in ((".PKGINFO", info), (f"usr/bin/{name}", "x")):
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(text), 0o755
                packet.addfile(member, BytesIO(text.encode()))
    pacman = ("pacman", "--config", config, "--root", root, "--dbpath", root / "var/lib/pacman")
    run(*pacman, "--noconfirm", "--noscriptlet", "-U", *made)
    return packed(root, work / "alpm.image.tar", "alpm:1")
