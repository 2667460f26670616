"""Makes the images of bench/completeness.py: Debian's releases, and images with every kind of package that is listed.

Packages are installed by their own managers, from the indexes that pip, npm and apt are set up with; what has no index
at hand comes from Debian's packages, or is made by the manager's own tools from a project written here.
"""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from databases import alpm, apks, rpms
from imagebuilder import archive, bootstrap, packed, run, unpacked, write

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
    for part in (python, node, ruby, php, rust, go, java, conda):
        part(root, tools)
    return packed(root, work / "languages.image.tar", "languages:1")


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


def ruby(root: Path, _tools: Path) -> None:
    """Debian's gems are there; a lock file by Bundler, which takes them as they are."""
    write(root / "srv/ruby/Gemfile", 'gem "rack"\ngem "nokogiri"\n')
    run("chroot", root, "bundle", "lock", "--local", "--gemfile", "/srv/ruby/Gemfile", HOME="/root")


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
    versions = {crate.name.rpartition("-")[0]: crate.name.rpartition("-")[2] for crate in crates.iterdir()}
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
            jar = next(file for file in sorted(folder.glob(pattern)) if file.is_file())
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


IMAGES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "bullseye": ("Debian 11", debian("bullseye")),
    "bookworm": ("Debian 12", debian("bookworm")),
    "trixie": ("Debian 13", debian("trixie")),
    "languages": ("Packages of every language, on Debian 13", languages),
    "rpms": ("rpm", rpms),
    "apks": ("apk", apks),
    "alpm": ("pacman", alpm),
}


def images(work: Path, names: Sequence[str]) -> dict[str, Path]:
    """Make those that are not there yet."""
    work.mkdir(parents=True, exist_ok=True)
    found: dict[str, Path] = {}
    for name in names:
        path = work / f"{name}.image.tar"
        found[name] = path if path.exists() else IMAGES[name][1](work)
    return found
