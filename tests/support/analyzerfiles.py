"""A sound file of each kind that an analyzer reads: what fuzzers begin with."""

from __future__ import annotations

import io
import json
import zipfile
import zlib

from support import rpmdatabases as rpm
from support.elffiles import make
from support.packageholders import bundle, native_image, packed


def jar(inner: bytes = b"", depth: int = 0) -> bytes:
    """A Java archive, within as many others."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/maven/g/a/pom.properties", "version=1\ngroupId=g\nartifactId=a\n")
        if inner or depth:
            archive.writestr("inner.jar", inner or jar(depth=depth - 1))
    return buffer.getvalue()


def go() -> bytes:
    modules = "path\tx.org/app\nmod\tx.org/app\tv1.2.3\t\ndep\tx.org/other\tv0.1.0\th1:abc=\n"
    marked = b"0" * 16 + modules.encode() + b"1" * 16
    return make(
        {".go.buildinfo": b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x06go1.22" + bytes([len(marked)]) + marked}
    )


PACKAGES = [rpm.header(rpm.package(name)) for name in ("hello", "world")]
LOCK = {"lockfileVersion": 3, "packages": {"": {"name": "x"}, "node_modules/a": {"version": "1.0.0"}}}
BITNAMI = {
    "SPDXID": "SPDXRef-DOCUMENT",
    "spdxVersion": "SPDX-2.3",
    "name": "SPDX document for Redis(R) 7.2.4",
    "documentDescribes": ["SPDXRef-Package-redis"],
    "packages": [
        {
            "SPDXID": "SPDXRef-Package-redis",
            "name": "redis",
            "versionInfo": "7.2.4",
            "licenseDeclared": "BSD-3-Clause",
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": "pkg:bitnami/redis@7.2.4-4?arch=amd64&distro=debian-12",
                }
            ],
        }
    ],
}
SOUND: dict[str, list[tuple[str, bytes]]] = {
    "accounts": [("etc/passwd", b"root:x:0:0::/:/bin/sh\ntoor::0:0::/:/bin/sh\na:x:7:7::/:\nb:x:7:7::/:\n")],
    "alpm": [("var/lib/pacman/local/a-1-1/desc", b"%NAME%\na\n\n%VERSION%\n1-1\n\n%ARCH%\nany\n\n")],
    "apk": [("lib/apk/db/installed", b"C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\no:musl\nF:lib\nR:libc.so\n\n")],
    "apk-repositories": [("etc/apk/repositories", b"https://x.org/alpine/v3.20/main\n")],
    "bun lock": [("app/bun.lock", b'{"lockfileVersion": 1, "packages": {"a": ["a@1.0.0", "", {}, "sha512-x"],},}')],
    "bundler lock": [("app/Gemfile.lock", b"GEM\n  remote: https://x.org/\n  specs:\n    a (1.0)\n      b (~> 2)\n\nPLATFORMS\n")],
    "cargo lock": [("app/Cargo.lock", b'version = 3\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+x"\n')],
    "cocoapods lock": [("app/Podfile.lock", b"PODS:\n  - A (1.0):\n    - B/Part (= 2.0)\n  - B/Part (2.0)\n\nDEPENDENCIES:\n  - A\n")],
    "conan lock": [("app/conan.lock", b'{"version": "0.5", "requires": ["zlib/1.3.1#f52e%1"], "build_requires": []}')],
    "composer lock": [("app/composer.lock", b'{"packages": [{"name": "a/b", "version": "v1.0"}], "packages-dev": []}')],
    "conda": [("opt/conda/conda-meta/a.json", b'{"name": "a", "version": "1", "build": "0", "channel": "x", "subdir": "y"}')],
    "deno lock": [("app/deno.lock", b'{"version": "4", "jsr": {"@a/b@1.0.0": {}}, "npm": {"c@2.0.0": {"integrity": "x"}}}')],
    "dotnet": [("app/x.deps.json", b'{"libraries": {"A/1.0": {"type": "package"}}, "targets": {}}')],
    "dotnetbundle": [("app/web", bundle())],
    "dpkg": [
        ("var/lib/dpkg/status", b"Package: a\nStatus: install ok installed\nVersion: 1:2-3\nArchitecture: amd64\n\n"),
        ("var/lib/dpkg/info/a.list", b"/.\n/usr\n/usr/bin/a\n"),
        ("usr/share/doc/a/copyright", b"Format: https://x.org/copyright-format/1.0/\n\nFiles: *\nLicense: MIT\n"),
    ],
    "erlang": [("app/lib/plug-1.2.3/ebin/plug.app", b'{application,plug,[{description,"A"},\n {vsn,"1.2.3"}]}.\n')],
    "gems": [("g/specifications/a-1.0.gemspec", b'Gem::Specification.new do |s|\n  s.name = "a".freeze\n  s.version = "1.0"\nend\n')],
    "go.mod": [("app/go.mod", b"module x.org/a\n\ngo 1.22\n\nrequire (\n\tx.org/b v1.2.3 // indirect\n)\n")],
    "gobinary": [("usr/bin/app", go())],
    "gradle lock": [("app/gradle.lockfile", b"# comment\ng:a:1.0=compileClasspath,runtimeClasspath\nempty=annotationProcessor\n")],
    "jars": [("app/a-1.jar", jar(jar()))],
    "jdk": [("opt/java/openjdk/release", b'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="21.0.2"\n')],
    "libc": [("usr/bin/app", make(needed=["libc.so.6"], symbols=[("qsort_r", "libc.so.6", "GLIBC_2.8")]))],
    "mix lock": [("app/mix.lock", b'%{\n  "a": {:hex, :a, "1.0.0", "00", [:mix], [{:b, "~> 1.0", [hex: :b]}], "hexpm", "11"},\n}\n')],
    "nativeimage": [("app/web", native_image())],
    "npm": [("usr/lib/node_modules/a/package.json", b'{"name": "a", "version": "1.0.0", "license": "MIT"}')],
    "npm lock": [("app/package-lock.json", json.dumps(LOCK).encode())],
    "nuget lock": [("app/packages.lock.json", b'{"version": 1, "dependencies": {"net8.0": {"A": {"type": "Direct", "resolved": "1.0"}}}}')],
    "osrelease": [("etc/os-release", b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n')],
    "packages.config": [("app/packages.config", b'<?xml version="1.0"?><packages><package id="A" version="1.0" /></packages>')],
    "pdm lock": [("app/pdm.lock", b'[metadata]\nlock_version = "4.5"\n[[package]]\nname = "a"\nversion = "1.0"\ngroups = ["default"]\n')],
    "php": [("app/vendor/composer/installed.json", b'{"packages": [{"name": "a/b", "version": "1.0.0"}]}')],
    "pipenv lock": [("app/Pipfile.lock", b'{"default": {"a": {"version": "==1.0"}}, "develop": {}}')],
    "pnpm lock": [("app/pnpm-lock.yaml", b"lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: x}\n")],
    "poetry lock": [("app/poetry.lock", b'[[package]]\nname = "a"\nversion = "1.0"\n\n[metadata]\nlock-version = "2.0"\n')],
    "pom.xml": [("app/pom.xml", b"<project><properties><v>1.0</v></properties><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version></dependency></dependencies></project>")],
    "pub lock": [("app/pubspec.lock", b'packages:\n  a:\n    dependency: "direct main"\n    source: hosted\n    version: "1.0.0"\n')],
    "pylock": [("app/pylock.toml", b'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1.0"\n')],
    "python": [("x/a-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: a\nVersion: 1.0\nLicense: MIT\n\ntext\n")],
    "requirements": [("app/requirements.txt", b"a==1.0 --hash=sha256:00\nb>=2\n-r other.txt\n")],
    "rpm": [
        ("var/lib/rpm/rpmdb.sqlite", rpm.sqlite(PACKAGES)),
        ("var/lib/rpm/Packages.db", rpm.ndb(PACKAGES)),
        ("var/lib/rpm/Packages", rpm.berkeley(PACKAGES)),
    ],
    "rustbinary": [("usr/bin/app", make({".dep-v0": zlib.compress(b'{"packages": [{"name": "a", "version": "1.0", "source": "registry"}]}')}))],
    "sboms": [
        ("opt/bitnami/redis/.spdx-redis.spdx", json.dumps(BITNAMI).encode()),
        ("usr/lib/a-1.dist-info/sboms/a.cdx.json", b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "a", "version": "1", "purl": "pkg:pypi/a@1"}]}'),
    ],
    "secrets": [("app/.env", b"DB_PASSWORD=Tr0ub4dor-and-3\nURL=https://a:Tr0ub4dor7@h.org/\n")],
    "staticlibs": [("usr/bin/app", make({".rodata": b"\0 deflate 1.2.13 Copyright 1995-2022 Jean-loup Gailly \0"}))],
    "swift lock": [("app/Package.resolved", b'{"version": 2, "pins": [{"location": "https://github.com/a/b.git", "state": {"version": "1.0.0"}}]}')],
    "unread": [("usr/local/lib/R/site-library/a/DESCRIPTION", b"Package: a\nVersion: 1.0\nBuilt: R 4.3.1; ; 2024-01-01\n")],
    "uv lock": [("app/uv.lock", b'version = 1\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "x" }\n')],
    "yarn lock": [
        ("app/yarn.lock", b'# yarn lockfile v1\n\na@^1.0.0:\n  version "1.0.0"\n  resolved "https://x.org/a.tgz"\n'),
        ("app/yarn.lock", b'__metadata:\n  version: 8\n\n"a@npm:^1.0.0":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n'),
    ],
    "zipped": [("srv/app", packed({"node_modules/a/package.json": '{"name": "a", "version": "1.0.0"}'}))],
}  # fmt: skip
FILES = [(name, path, data) for name, files in SOUND.items() for path, data in files]
