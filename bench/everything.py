"""Makes the images of bench/completeness.py: Debian's releases, and images with every kind of package that is listed.

Packages are installed by their own managers, from the indexes that pip, npm and apt are set up with; what has no index
at hand comes from Debian's packages, or is made by the manager's own tools from a project written here.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

DEBIAN = (
    "ca-certificates",
    "curl",
    "git",
    "openssl",
    "nginx-light",
    "python3-requests",
    "ruby-rack",
    "libjackson2-databind-java",
)
MORE = (
    "python3", "ruby-rack", "ruby-sinatra", "ruby-nokogiri", "bundler", "libjackson2-databind-java", "libguava-java",
    "libcommons-lang3-java", "libslf4j-java", "runc", "php-cli", "ca-certificates",
)  # fmt: skip


def run(*words: str | Path, folder: Path | None = None, **variables: str) -> str:
    """Run a tool to its end; what it says on standard error is shown when it fails."""
    environment = os.environ | {"LC_ALL": "C"} | variables
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
        sys.exit(f"{words[0]} failed")
    return done.stdout


def bootstrap(suite: str, to: Path, packages: Sequence[str]) -> None:
    """Install a Debian release, from the same place as this machine's."""
    targets = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
    home = next(one for one in targets if one.startswith("http") and "security" not in one)
    include = f"--include={','.join(packages)}"
    run("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", include, suite, to, f"deb {home} {suite} main")


def archive(layer: Path, to: Path, name: str) -> Path:
    """Make a docker archive of one plain layer."""
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/bin/sh"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created_by": "ADD rootfs.tar /"}],
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(to, "w") as made:
        for path, data in ((config_name, config), ("manifest.json", manifest)):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            made.addfile(member, BytesIO(data))
        member = tarfile.TarInfo("layer.tar")
        member.size = layer.stat().st_size
        with layer.open("rb") as file:
            made.addfile(member, file)
    return to


def packed(root: Path, to: Path, name: str) -> Path:
    """Make a docker archive of a folder."""
    layer = to.with_suffix(".layer")
    run("tar", "--numeric-owner", "-cf", layer, "-C", root, ".")
    archive(layer, to, name)
    layer.unlink()
    return to


def debian(suite: str) -> Callable[[Path], Path]:
    """A release of Debian with several packages."""

    def make(work: Path) -> Path:
        layer = work / f"{suite}.layer"
        bootstrap(suite, layer.with_suffix(".tar"), DEBIAN)
        made = archive(layer.with_suffix(".tar"), work / f"{suite}.image.tar", f"debian:{suite}")
        layer.with_suffix(".tar").unlink()
        return made

    return make


def languages(work: Path) -> Path:
    """Debian 13 with packages of every language."""
    root = work / "languages"
    shutil.rmtree(root, ignore_errors=True)
    bootstrap("trixie", root, MORE)
    tools = work / "tools"
    for part in (python, node, php, rust, go, java, conda):
        part(root, tools)
    return packed(root, work / "languages.image.tar", "languages:1")


def write(path: Path, text: str) -> Path:
    """Write a text into a folder that may not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def python(root: Path, _tools: Path) -> None:
    """Wheels by pip (pythonnet carries .NET's deps.json, uv the list of its crates), and lock files by uv."""
    site = root / "usr/local/lib/python3.13/dist-packages"
    wanted = ("requests", "numpy", "pythonnet", "cryptography", "uv")
    run(sys.executable, "-m", "pip", "install", "--quiet", "--target", site, *wanted)
    project = root / "srv/python"
    write(
        project / "pyproject.toml",
        '[project]\nname = "own"\nversion = "1.0"\nrequires-python = ">=3.11"\ndependencies = ["flask"]\n',
    )
    run(sys.executable, "-m", "uv", "lock", "--quiet", folder=project)
    write(project / "requirements.in", "jinja2\n")
    run(
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "-o",
        "requirements.txt",
        "requirements.in",
        folder=project,
    )


def node(root: Path, tools: Path) -> None:
    """Packages by npm (esbuild is a Go program), and the lock files of npm, yarn, pnpm and bun."""
    project = root / "srv/node"
    write(
        project / "package.json",
        json.dumps({"name": "own", "version": "1.0.0", "dependencies": {"express": "4", "esbuild": "*"}}),
    )
    run("npm", "install", "--no-audit", "--no-fund", "--silent", folder=project)
    run("npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", tools, "yarn@1", "pnpm@9", "bun")
    own = json.dumps({"name": "own", "version": "1.0.0", "dependencies": {"semver": "7"}})
    for name, words in {
        "yarn": ("yarn", "install", "--silent", "--no-progress"),
        "pnpm": ("pnpm", "install", "--lockfile-only"),
        "bun": ("bun", "install", "--lockfile-only"),
    }.items():
        folder = root / "srv" / name
        write(folder / "package.json", own)
        run(tools / "node_modules/.bin" / words[0], *words[1:], folder=folder)


def php(root: Path, _tools: Path) -> None:
    """Packages by Composer, from folders."""
    project = root / "srv/php"
    for name, version in (("acme/paint", "2.1.0"), ("acme/brush", "1.0.3")):
        about = {"name": name, "version": version, "license": "MIT"}
        write(project / "parts" / name / "composer.json", json.dumps(about))
    own = {
        "name": "acme/own",
        "repositories": [{"type": "path", "url": "parts/acme/*", "options": {"symlink": False}}, {"packagist": False}],
        "require": {"acme/paint": "^2", "acme/brush": "^1"},
    }
    write(project / "composer.json", json.dumps(own))
    run("composer", "install", "--quiet", "--no-interaction", folder=project, COMPOSER_ALLOW_SUPERUSER="1")


def rust(root: Path, tools: Path) -> None:
    """A program by cargo auditable, of crates in Debian's packages."""
    crates = unpacked(tools / "crates", ("librust-itoa-dev", "librust-fnv-dev")) / "usr/share/cargo/registry"
    versions = {one.name.rpartition("-")[0]: one.name.rpartition("-")[2] for one in crates.iterdir()}
    project = tools / "rust"
    needs = "".join(f'{name} = "{versions[name]}"\n' for name in ("itoa", "fnv"))
    write(
        project / "Cargo.toml", f'[package]\nname = "own"\nversion = "0.3.0"\nedition = "2021"\n[dependencies]\n{needs}'
    )
    write(
        project / "src/main.rs",
        "fn main() { let m: fnv::FnvHashMap<i32, i32> = Default::default();\n"
        'print!("{}{}", itoa::Buffer::new().format(1), m.len()); }',
    )
    write(
        project / ".cargo/config.toml",
        f'[source.debian]\ndirectory = "{crates}"\n[source.crates-io]\nreplace-with = "debian"\n',
    )
    run("cargo", "auditable", "build", "--quiet", "--offline", folder=project)
    (root / "usr/local/bin").mkdir(parents=True, exist_ok=True)
    shutil.copy(project / "target/debug/own", root / "usr/local/bin/rust-own")
    (root / "srv/rust").mkdir(parents=True)
    shutil.copy(project / "Cargo.lock", root / "srv/rust/Cargo.lock")


def go(root: Path, tools: Path) -> None:
    """A program by go build, of modules in Debian's packages."""
    source = unpacked(tools / "modules", ("golang-github-pkg-errors-dev",)) / "usr/share/gocode/src"
    project = tools / "go"
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(source / "github.com/pkg/errors", project / "vendor/github.com/pkg/errors")
    write(project / "vendor/modules.txt", "# github.com/pkg/errors v0.9.1\n## explicit\ngithub.com/pkg/errors\n")
    write(project / "go.mod", "module example.org/own\n\ngo 1.21\n\nrequire github.com/pkg/errors v0.9.1\n")
    write(
        project / "main.go",
        'package main\n\nimport "github.com/pkg/errors"\n\nfunc main() { println(errors.New("x").Error()) }\n',
    )
    run(
        "go",
        "build",
        "-mod=vendor",
        "-o",
        root / "usr/local/bin/go-own",
        folder=project,
        CGO_ENABLED="0",
        GOFLAGS="",
        GOTOOLCHAIN="local",
    )
    (root / "srv/go").mkdir(parents=True)
    shutil.copy(project / "go.mod", root / "srv/go/go.mod")


def java(root: Path, _tools: Path) -> None:
    """Debian's jars within an archive of an application, within another."""
    folder = root / "usr/share/java"
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w") as war:
        for pattern in ("jackson-databind*.jar", "guava*.jar", "commons-lang3*.jar"):
            jar = next(one for one in sorted(folder.glob(pattern)) if one.is_file())
            war.writestr(f"WEB-INF/lib/{jar.name}", jar.read_bytes())
    (root / "srv/java").mkdir(parents=True)
    with zipfile.ZipFile(root / "srv/java/app.ear", "w") as ear:
        ear.writestr("app.war", inner.getvalue())


def conda(root: Path, _tools: Path) -> None:
    """Records as conda writes them: no channel is at hand."""
    for name, version, build in (("xz", "5.4.6", "h5eee18b_0"), ("libffi", "3.4.4", "h6a678d5_0")):
        record: dict[str, Any] = {
            "build": build, "build_number": 0, "channel": "main/linux-64", "depends": [], "files": [f"lib/{name}.so"],
            "fn": f"{name}-{version}-{build}.conda", "license": "MIT", "name": name, "subdir": "linux-64",
            "version": version,
        }  # fmt: skip
        write(root / "opt/conda/conda-meta" / f"{name}-{version}-{build}.json", json.dumps(record, indent=2))


def unpacked(folder: Path, packages: Sequence[str]) -> Path:
    """Fetch Debian's packages and unpack them side by side."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run("apt-get", "download", "-q", *packages, folder=folder)
    for file in folder.glob("*.deb"):
        run("dpkg-deb", "-x", file, folder)
    return folder


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
            f"Summary: made\nLicense: MIT\nVendor: Acme\n%description\nmade\n%install\nmkdir -p %{{buildroot}}/usr/share/{name}\n"
            f"echo x > %{{buildroot}}/usr/share/{name}/x\n%files\n/usr/share/{name}\n",
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
    import sqlite3  # noqa: PLC0415  needed here alone

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


IMAGES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "bullseye": ("Debian 11", debian("bullseye")),
    "bookworm": ("Debian 12", debian("bookworm")),
    "trixie": ("Debian 13", debian("trixie")),
    "languages": ("Packages of every language, on Debian 13", languages),
    "rpms": ("rpm", rpms),
    "apks": ("apk", apks),
}


def images(work: Path, names: Sequence[str]) -> dict[str, Path]:
    """Make those that are not there yet."""
    work.mkdir(parents=True, exist_ok=True)
    found: dict[str, Path] = {}
    for name in names:
        path = work / f"{name}.image.tar"
        found[name] = path if path.exists() else IMAGES[name][1](work)
    return found
