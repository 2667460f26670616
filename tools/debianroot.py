"""Makes the root file system of the container image: Debian's Python, what it needs, and nothing else.

There is no shell, no package manager and no setuid program in it. mmdebstrap resolves, fetches, verifies and extracts
the packages; what their dependencies bring and Python does not use is taken out again, with its record.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

SUITE = "trixie"
WANTED = ("python3-minimal", "libpython3-stdlib", "base-files", "ca-certificates", "netbase")
UNUSED = frozenset({
    "debconf", "dpkg", "libacl1", "libdb5.3t64", "libmd0", "libncursesw6", "libpcre2-8-0", "libreadline8t64",
    "libselinux1", "libtinfo6", "mawk", "media-types", "openssl", "openssl-provider-legacy", "readline-common", "tar",
    "tzdata",
})  # fmt: skip
"""For maintainer scripts, which never run here, and for Python's modules for terminals, dbm and time zones."""
SKIPPED = (
    "dev", "proc", "run", "sys", "boot", "home", "etc/apt", "var/lib/apt", "var/cache", "var/log", "var/lib/dpkg",
    "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bug", "usr/share/doc-base", "usr/share/info",
    "usr/share/base-files", "usr/share/python3", "usr/lib/python3/dist-packages", "usr/share/pixmaps",
    "usr/share/applications",
)  # fmt: skip
USER = 65532
"""The numbers of the user and the group that the image runs as, as distroless images have them."""
STATE = "var/lib/sealock"
"""Where the service keeps its state: an empty volume takes its owner and mode from there."""
_ACCOUNTS = {
    "etc/passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\n"
    f"sealock:x:{USER}:{USER}:sealock:/home/sealock:/usr/sbin/nologin\n",
    "etc/group": f"root:x:0:\nsealock:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


class Dependency(NamedTuple):
    """What was built in: its package URL, and the digest of the file that it came from."""

    uri: str
    sha256: str


def run(*words: str | Path, **variables: str) -> str:
    """Run a program to its end and return its output; end where it fails."""
    done = subprocess.run(
        [str(word) for word in words],
        env=os.environ | {"LC_ALL": "C"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout[-2000:]}{done.stderr[-4000:]}\nrelease: {words[0]} failed")
    return done.stdout


def make_root(folder: Path) -> tuple[Dependency, ...]:
    """Make the root in folder/"root", and return its packages."""
    root, archives = folder / "root", folder / "archives"
    archives.mkdir(parents=True)
    hook = f'--extract-hook=cp "$1"/var/cache/apt/archives/*.deb "{archives}"'
    run(
        "mmdebstrap", "--quiet", "--variant=extract", "--mode=root", f"--include={','.join(WANTED)}",
        "--skip=check/qemu,check/empty", hook, SUITE, root,
    )  # fmt: skip
    records = root / "var/lib/dpkg/status.d"
    kept = []
    for archive in sorted(archives.glob("*.deb")):
        control = run("dpkg-deb", "--field", archive)
        fields = dict(line.split(": ", 1) for line in control.splitlines() if line[0] != " " and ": " in line)
        if fields["Package"] in UNUSED:
            _take_out(root, archive)
            continue
        name, version = fields["Package"], fields["Version"].replace(":", "%3A").replace("+", "%2B")
        uri = f"pkg:deb/debian/{name}@{version}?arch={fields['Architecture']}&distro={SUITE}"
        kept.append(Dependency(uri, hashlib.sha256(archive.read_bytes()).hexdigest()))
        records.mkdir(parents=True, exist_ok=True)
        # As in distroless images: the stanza of a package, and next to it the sums of its files.
        (records / name).write_text(f"{control.rstrip()}\nStatus: install ok installed\n", encoding="utf-8")
        sums = run("dpkg-deb", "--info", archive, "md5sums")
        (records / f"{name}.md5sums").write_text(sums, encoding="utf-8")
    _trim(root)
    _configure(root)
    shutil.rmtree(archives)
    return tuple(kept)


def _take_out(root: Path, archive: Path) -> None:
    """Take the files of a package out of the root; directories stay where others use them."""
    entries = (line.split(maxsplit=5)[5] for line in run("dpkg-deb", "--contents", archive).splitlines())
    for name in sorted((entry.partition(" -> ")[0] for entry in entries), reverse=True):
        path = root / name
        if path.is_dir() and not path.is_symlink():
            if name != "./" and not any(path.iterdir()):
                path.rmdir()
        else:
            path.unlink(missing_ok=True)


def _trim(root: Path) -> None:
    """Take out what no program reads here. The licences stay."""
    records = root / "var/lib/dpkg/status.d"
    kept = root / "records"
    records.rename(kept)
    for name in SKIPPED:
        shutil.rmtree(root / name, ignore_errors=True)
    records.parent.mkdir(parents=True)
    kept.rename(records)
    for path in sorted((root / "usr/share/doc").rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.name != "copyright":
            path.unlink()
    for gconv in (root / "usr/lib").glob("*/gconv"):
        shutil.rmtree(gconv)


def _configure(root: Path) -> None:
    """Do what the packages' scripts would: accounts, and one file with all certificates."""
    for name, text in _ACCOUNTS.items():
        (root / name).write_text(text, encoding="utf-8")
    certificates = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    together = root / "etc/ssl/certs/ca-certificates.crt"
    together.parent.mkdir(parents=True, exist_ok=True)
    together.write_text("".join(path.read_text(encoding="ascii") for path in certificates), encoding="ascii")
    for name in ("home/sealock", STATE):
        own = root / name
        own.mkdir(parents=True)
        os.chown(own, USER, USER)
        own.chmod(0o700)
    work = root / "work"
    work.mkdir()
