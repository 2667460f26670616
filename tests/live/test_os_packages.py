"""What the real package managers say of a root file system, the analyzers say too: dpkg, rpm with each database, pacman."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest

from sealock.inventory import modes
from sealock.inventory.alpm import Alpm
from sealock.inventory.analyzer import Analyzer
from sealock.inventory.dpkg import Dpkg
from sealock.inventory.rpm import Rpm
from sealock.model.inventory import Package
from sealock.scan.images import ImageOptions, read_inventories
from support.analyzers import joined

pytestmark = pytest.mark.live


def run(*words: str | Path, code: Sequence[int] = (0,)) -> str:
    environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C", "HOME": "/root"}
    done = subprocess.run([str(word) for word in words], env=environment, capture_output=True, check=False)
    assert done.returncode in code, done.stderr.decode(errors="replace")
    return done.stdout.decode()


def told(analyzer: Analyzer, root: Path) -> list[Package]:
    """Hand an analyzer every regular file below the root that it wants."""
    wanted = analyzer.patterns
    files: dict[str, bytes] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            within = str(path.relative_to(root))
            asked = within in wanted.paths or str(Path(within).parent) in wanted.directories
            if (asked or name in wanted.names or name.endswith(wanted.endings)) and not path.is_symlink():
                files[within] = path.read_bytes()
    return [fact for fact in joined(analyzer, files) if isinstance(fact, Package)]


def no_folders(paths: Sequence[str], root: Path) -> set[str]:
    """Leave out folders, and links such as /lib that packages take for folders on the way to their files."""
    above = {str(folder) for path in paths for folder in Path(path).parents}
    return {path for path in paths if path not in above and ((root / path).is_symlink() or not (root / path).is_dir())}


# Debian


def dpkg_says(root: Path) -> set[tuple[str, ...]]:
    form = "${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${Maintainer}\n"
    lines = run("dpkg-query", "--admindir", root / "var/lib/dpkg", "-W", "-f", form).splitlines()
    rows = [tuple(line.split("\t")) for line in lines]
    return {row[1:] for row in rows if row[0] not in {"config-files", "not-installed"}}


def dpkg_files(root: Path, package: Package) -> set[str]:
    name = f"{package.name}:{package.architecture}"
    lines = run("dpkg-query", "--admindir", root / "var/lib/dpkg", "-L", name).splitlines()
    return no_folders([line.strip("/") for line in lines if line.startswith("/") and line != "/."], root)


def as_dpkg(found: list[Package]) -> set[tuple[str, ...]]:
    return {(one.name, one.version, one.architecture, one.source, one.source_version, one.supplier) for one in found}


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("debian")
    options = ("--variant=minbase", "--mode=root", "--dpkgopt=force-unsafe-io")
    run("mmdebstrap", *options, "--include=openssl", "bookworm", root)
    return root


def test_a_debian_has_the_packages_and_files_that_dpkg_lists(debian: Path) -> None:
    found = told(Dpkg(), debian)
    assert len(found) > 60
    assert as_dpkg(found) == dpkg_says(debian)
    for package in found:
        assert no_folders(package.files, debian) == dpkg_files(debian, package), package.name
    assert next(one for one in found if one.name == "openssl").licenses
    assert sum(1 for one in found if one.licenses) > 60


def test_a_debian_is_named_by_its_os_release(debian: Path) -> None:
    (inventory,) = read_inventories(str(debian), ImageOptions(files=False))
    found = inventory.distribution
    assert found
    assert (found.id, found.version, found.codename) == ("debian", "12", "bookworm")
    assert found.name == "Debian GNU/Linux 12 (bookworm)"


def deb(
    folder: Path, name: str, architecture: str, version: str = "1:2-3", *, fails: bool = False, more: str = ""
) -> Path:
    """Make a package with the real dpkg-deb: one file, one configuration file, and perhaps a script that fails."""
    tree = folder / f"{name}-{architecture}-{version}"
    for path, text in (
        (f"usr/lib/{architecture}/{name}", "x"),
        (f"etc/{name}.conf" if architecture != "i386" else f"etc/{name}-i386.conf", "y"),
        (f"usr/share/doc/{name}/{architecture}.txt", "z"),
    ):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    control = tree / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMulti-Arch: same\n"
        f"Maintainer: Some Body <some@example.org>\n{more}Description: made for a test\n more of it\n"
    )
    (control / "conffiles").write_text("".join(f"/{path.relative_to(tree)}\n" for path in (tree / "etc").iterdir()))
    if fails:
        (control / "postinst").write_text("#!/bin/sh\nexit 1\n")
        (control / "postinst").chmod(0o755)
    run("dpkg-deb", "--build", "--root-owner-group", tree, folder)
    return folder / f"{name}_{version.partition(':')[2] or version}_{architecture}.deb"


def test_states_and_architectures_are_told_as_dpkg_tells_them(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for below in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / below).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    dpkg = ("dpkg", "--root", root, "--force-architecture")
    run(*dpkg, "--add-architecture", "i386")
    run(*dpkg, "--install", deb(tmp_path, "both", "amd64"), deb(tmp_path, "both", "i386"))
    run(*dpkg, "--install", deb(tmp_path, "rebuilt", "amd64", "2-3+b4", more="Source: origin (2-3)\n"))
    run(*dpkg, "--install", deb(tmp_path, "other", "amd64", more="Source: origin\n"))
    run(*dpkg, "--unpack", deb(tmp_path, "unpacked", "amd64"))
    run(*dpkg, "--install", deb(tmp_path, "failed", "amd64", fails=True), code=(1,))
    run(*dpkg, "--install", deb(tmp_path, "removed", "amd64"), deb(tmp_path, "purged", "amd64"))
    run(*dpkg, "--remove", "removed")
    run(*dpkg, "--purge", "purged")
    found = told(Dpkg(), root)
    names = sorted(one.name for one in found)
    assert names == ["both", "both", "failed", "other", "rebuilt", "unpacked"]
    assert as_dpkg(found) == dpkg_says(root)
    for package in found:
        assert no_folders(package.files, root) == dpkg_files(root, package)
        assert len(package.files) == 3


# rpm

SPEC = """
Name: hello
Epoch: 2
Version: 1.2.3
Release: 4.el9
Summary: made for a test
License: MIT AND GPL-2.0-or-later
Vendor: Some Vendor
ModularityLabel: nodejs:18:8090020240101:rhel9
%description
made for a test
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/hello
touch %{buildroot}/usr/bin/hello
ln -s hello %{buildroot}/usr/bin/hallo
for number in $(seq 3000); do touch %{buildroot}/usr/share/hello/file-$number; done
%files
/usr/bin/*
/usr/share/hello
"""
PART = """
%package part{0}
Summary: made for a test
BuildArch: noarch
Version: {0}.0~rc1
License: Apache-2.0
%description part{0}
made for a test
%files part{0}
"""


@pytest.fixture(scope="module")
def rpms(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("rpms")
    (folder / "hello.spec").write_text(SPEC + "".join(PART.format(number) for number in range(40)))
    run("rpmbuild", "--define", f"_topdir {folder}", "-bb", folder / "hello.spec")
    return sorted(folder.glob("RPMS/*/*.rpm"))


def rpm_says(root: Path, backend: str) -> set[tuple[str, ...]]:
    form = (
        r"%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{LICENSE}"
        r"\t%|VENDOR?{%{VENDOR}}|\t%|MODULARITYLABEL?{%{MODULARITYLABEL}}|\n"
    )
    text = run("rpm", "--root", root, "--define", f"_db_backend {backend}", "-qa", "--qf", form)
    return {tuple(line.split("\t")) for line in text.splitlines()}


def as_rpm(found: list[Package]) -> set[tuple[str, ...]]:
    return {
        (
            one.name,
            one.version,
            one.architecture,
            f"{one.source}-{one.source_version}.src.rpm",
            *one.licenses,
            one.supplier,
            dict(one.qualifiers).get("modularitylabel", ""),
        )
        for one in found
    }


def installed(root: Path, rpms: list[Path], backend: str) -> tuple[str | Path, ...]:
    rpm = ("rpm", "--root", root, "--define", f"_db_backend {backend}")
    run(*rpm, "--nodeps", "--nosignature", "--install", *rpms)
    run(*rpm, "--erase", "hello-part7", "hello-part8")
    return rpm


@pytest.mark.parametrize("rebuilt", [False, True], ids=["as written", "rebuilt"])
@pytest.mark.parametrize("backend", ["sqlite", "ndb"])
def test_an_rpm_database_has_the_packages_and_files_that_rpm_lists(
    tmp_path: Path, rpms: list[Path], backend: str, *, rebuilt: bool
) -> None:
    rpm = installed(tmp_path, rpms, backend)
    if rebuilt:
        run(*rpm, "--rebuilddb")
    found = told(Rpm(), tmp_path)
    assert len(found) == 39
    assert as_rpm(found) == rpm_says(tmp_path, backend)
    hello = next(one for one in found if one.name == "hello")
    listed = run(*rpm, "-ql", "hello").splitlines()
    assert set(hello.files) == no_folders([line.strip("/") for line in listed], tmp_path)
    assert len(hello.files) == 3002


BERKELEY = """
use DB_File; use Fcntl;
my ($out, $size, @blobs) = @ARGV;
my $info = DB_File::HASHINFO->new; $info->{bsize} = $size;
tie(my %base, 'DB_File', $out, O_RDWR|O_CREAT, 0644, $info) or die $!;
$base{pack('V', 0)} = pack('V', scalar @blobs);
my $number = 1;
for my $blob (@blobs) { open(my $file, '<:raw', $blob) or die $!; local $/; $base{pack('V', $number++)} = <$file>; }
delete $base{pack('V', 3)};
untie %base;
"""


@pytest.mark.parametrize("size", [512, 4096, 32768])
def test_a_berkeley_database_has_the_packages_that_rpm_reads_from_it(
    tmp_path: Path, rpms: list[Path], size: int
) -> None:
    """Rpm writes none any more; so the real library writes one, from rpm's own headers, and rpm reads it too."""
    import sqlite3  # noqa: PLC0415  this test alone takes a database apart by another reader

    installed(tmp_path / "first", rpms, "sqlite")
    base = sqlite3.connect(tmp_path / "first/var/lib/rpm/rpmdb.sqlite")
    blobs = []
    for number, (blob,) in enumerate(base.execute("SELECT blob FROM Packages")):
        blobs.append(tmp_path / str(number))
        blobs[-1].write_bytes(blob)
    base.close()
    assert max(blob.stat().st_size for blob in blobs) > 100_000
    root = tmp_path / "second"
    (root / "var/lib/rpm").mkdir(parents=True)
    run("perl", "-e", BERKELEY, root / "var/lib/rpm/Packages", str(size), *blobs)
    found = told(Rpm(), root)
    assert len(found) == 38
    assert as_rpm(found) == rpm_says(root, "bdb_ro")


# pacman


def test_a_pacman_database_has_the_packages_and_files_that_pacman_lists(tmp_path: Path) -> None:
    root, made = tmp_path / "root", []
    (root / "var/lib/pacman").mkdir(parents=True)
    for name, base in (("hello", "hello"), ("hello-libs", "hello")):
        info = (
            f"pkgname = {name}\npkgbase = {base}\npkgver = 1:2.3-4\npkgdesc = made for a test\nsize = 1\narch = x86_64\n"
            "builddate = 1\npackager = Some Body <some@example.org>\nlicense = MIT\nlicense = Apache-2.0\n"
        )
        made.append(tmp_path / f"{name}-1:2.3-4-x86_64.pkg.tar")
        with tarfile.open(made[-1], "w") as tar:
            for path, text in ((".PKGINFO", info), (f"usr/bin/{name}", "x"), (f"usr/share/{name}/empty/", "")):
                entry = tarfile.TarInfo(path)
                entry.size = len(text)
                entry.type = tarfile.DIRTYPE if path.endswith("/") else tarfile.REGTYPE
                entry.mode = 0o755
                tar.addfile(entry, BytesIO(text.encode()))
    config = tmp_path / "pacman.conf"
    config.write_text("[options]\nArchitecture = x86_64\nSigLevel = Never\n")
    pacman = ("pacman", "--config", config, "--root", root, "--dbpath", root / "var/lib/pacman")
    run(*pacman, "--noconfirm", "--noscriptlet", "-U", *made)
    found = sorted(told(Alpm(), root), key=lambda one: one.name)
    assert [f"{one.name} {one.version}" for one in found] == run(*pacman, "-Q").splitlines()
    for package in found:
        listed = run(*pacman, "-Qlq", package.name).splitlines()
        within = [line.removeprefix(str(root)).strip("/") for line in listed]
        assert no_folders(package.files, root) == no_folders(within, root)
        assert package.source == "hello"
        assert package.licenses == ("MIT", "Apache-2.0")


# File capabilities


@pytest.mark.parametrize(
    "text", ["cap_net_raw=ep", "cap_net_admin,cap_net_raw=eip", "cap_chown=p", "cap_bpf,cap_checkpoint_restore=ei"]
)
def test_file_capabilities_are_written_as_getcap_writes_them(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file"
    file.touch()
    run("setcap", text, file)
    decoded = modes.decoded(os.getxattr(file, "security.capability"))
    assert f"{file} {decoded}" == run("getcap", file).strip()
    run("setcap", decoded, file)
    assert run("getcap", file).split()[1] == decoded
