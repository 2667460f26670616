"""Inventories to render: one of every type of package, and strategies for hostile ones."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st

from sealock.model.container import Container
from sealock.model.finding import InputError
from sealock.model.inventory import Distribution, FileFact, Inventory, Layer, Package, PackageType
from sealock.model.location import Location

BASE, APP = "sha256:" + "b" * 64, "sha256:" + "c" * 64
DEBIAN = Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)")
DPKG = "var/lib/dpkg/status"
EVERY_TYPE = (
    Package("deb", "libc6", "2.36-9+deb12u9", DPKG, architecture="amd64", source="glibc", source_version="2.36-9+deb12u9", licenses=("LGPL-2.1+", "GPL-2.0"), found_by="dpkg", layer=0, supplier="GNU Libc Maintainers <debian-glibc@lists.example>"),
    Package("deb", "libc6", "2.36-9+deb12u9", DPKG, architecture="i386", source="glibc", source_version="2.36-9+deb12u9", found_by="dpkg", layer=0),
    Package("deb", "dmsetup", "2:1.02.185-2", DPKG, architecture="amd64", source="lvm2", source_version="2.03.16-2", found_by="dpkg", layer=0),
    Package("apk", "musl", "1.2.4-r2", "lib/apk/db/installed", architecture="x86_64", source="musl", source_version="1.2.4-r2", licenses=("MIT",), layer=0),
    Package("rpm", "openssl-libs", "1:3.0.7-27.el9", "var/lib/rpm/rpmdb.sqlite", architecture="x86_64", source="openssl-3.0.7-27.el9.src.rpm", licenses=("ASL 2.0",), layer=0),
    Package("alpm", "pacman", "6.0.2-7", "var/lib/pacman/local/pacman-6.0.2-7/desc", architecture="x86_64", licenses=("GPL-2.0-or-later AND MIT",), layer=0),
    Package("pypi", "Flask_Login", "0.6.3", "usr/lib/python3/dist-packages/flask_login-0.6.3.dist-info/METADATA", licenses=("MIT", "Apache-2.0 OR MIT"), layer=1),
    Package("npm", "core", "17.0.1", "app/node_modules/@angular/core/package.json", namespace="@angular", licenses=("mit",), layer=1),
    Package("npm", "core", "17.0.1", "srv/node_modules/@angular/core/package.json", namespace="@angular", layer=1),
    Package("gem", "rack", "3.0.8", "usr/lib/ruby/gems/specifications/rack-3.0.8.gemspec", licenses=("MIT",), layer=1),
    Package("composer", "yaml", "v6.4.0", "app/composer.lock", namespace="symfony", layer=1, development=True),
    Package("maven", "log4j-core", "2.17.1", "app/app.jar!BOOT-INF/lib/log4j-core-2.17.1.jar", namespace="org.apache.logging.log4j", layer=1),
    Package("nuget", "Newtonsoft.Json", "13.0.3", "app/app.deps.json", layer=1),
    Package("conda", "numpy", "1.26.4", "opt/conda/conda-meta/numpy-1.26.4.json", qualifiers=(("build", "py311h64a7726_0"), ("channel", "conda-forge"), ("subdir", "linux-64")), layer=1),
    Package("golang", "text", "v0.14.0", "usr/bin/tool", namespace="golang.org/x", layer=1),
    Package("golang", "stdlib", "1.21.5", "usr/bin/tool", layer=1),
    Package("cargo", "serde", "1.0.195", "usr/bin/rg", layer=1),
    Package("generic", "openssl", "3.0.15", "opt/server", layer=1, removed=True),
)  # fmt: skip


def inventory(packages: tuple[Package, ...] = EVERY_TYPE, **fields: Any) -> Inventory:
    values: dict[str, Any] = {
        "names": ("registry.example/shop/web:1.4",),
        "id": "sha256:" + "a" * 64,
        "platform": "linux/amd64",
        "layers": (
            Layer(0, BASE, created_by="ADD base.tar /", size=74_800_000),
            Layer(1, APP, created_by="COPY . /app"),
        ),
        "container": Container(),
        "distribution": DEBIAN,
        "files": (FileFact("setuid", "usr/bin/su", 0o104755, layer=0, owner="util-linux"),),
        "sizes": ((0, 6500, 70_000_000), (1, 12, 1000)),
    }
    return Inventory(packages=packages, **(values | fields))


def broken() -> Inventory:
    return inventory(errors=(InputError("ends in the middle of an entry", Location("app.tar: layer 2")),))


def bare() -> Inventory:
    return Inventory((), "", "", (), Container())


texts = st.one_of(
    st.text(st.characters(), max_size=12),
    st.text("/@:?#&=%. ()<>-+é\x00\x1b\x7f\u202e\ud800\U0001f600", max_size=8),
    st.sampled_from(
        [
            "",
            "MIT",
            "GPL-2.0+",
            "MIT AND",
            "LicenseRef-x",
            "(((",
            "9" * 5000,
            "A B <c@d>",
            "x (y)",
            "NONE",
            "NOASSERTION",
        ]
    ),
)
packages = st.builds(
    Package,
    st.sampled_from(get_args(PackageType)), texts, texts, texts, texts, texts, texts, texts,
    st.lists(texts, max_size=3).map(tuple),
    st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
    texts, st.integers(-1, 3), st.booleans(),
    st.lists(texts, max_size=2).map(tuple), texts, st.booleans(),
)  # fmt: skip
hostile = st.builds(
    Inventory,
    st.lists(texts, max_size=2).map(tuple), texts, texts,
    st.lists(st.builds(Layer, st.integers(0, 3), texts, texts, texts, st.integers(0, 2**40)), max_size=3).map(tuple),
    st.just(Container()),
    st.one_of(st.none(), st.builds(Distribution, texts, texts, texts, texts, st.lists(texts, max_size=2).map(tuple))),
    st.lists(packages, max_size=5).map(tuple),
    st.lists(st.builds(FileFact, texts, texts, st.integers(0, 2**20)), max_size=3).map(tuple),
    st.just(()),
    st.lists(st.builds(InputError, texts, st.builds(Location, texts)), max_size=2).map(tuple),
    texts,
)  # fmt: skip
