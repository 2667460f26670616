"""Package URLs as the specification writes them, and as its own library reads them back."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from reports.inventories import EVERY_TYPE, packages
from sealock.model.inventory import Distribution, Package
from sealock.model.purl import purl
from support.draws import draws

DEBIAN = Distribution("debian", "12")
RED_HAT = Distribution("rhel", "9.3")
ALPINE = Distribution("alpine", "3.19.1")

ROWS: list[tuple[str, Package, Distribution | None, str]] = [
    ("a Debian package", Package("deb", "curl", "7.50.3-1", "", architecture="i386"), DEBIAN, "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=debian-12"),
    ("a Debian epoch stays in the version", Package("deb", "attr", "1:2.4.47-2", "", architecture="amd64"), DEBIAN, "pkg:deb/debian/attr@1:2.4.47-2?arch=amd64&distro=debian-12"),
    ("a Debian source of another name", Package("deb", "libc6", "2.36-9", "", source="glibc", source_version="2.36-9"), DEBIAN, "pkg:deb/debian/libc6@2.36-9?distro=debian-12&upstream=glibc"),
    ("a Debian source of another version", Package("deb", "lvm2", "2.03.16-2+b1", "", source="lvm2", source_version="2.03.16-2"), DEBIAN, "pkg:deb/debian/lvm2@2.03.16-2%2Bb1?distro=debian-12&upstream=lvm2%402.03.16-2"),
    ("Debian unstable has a name alone", Package("deb", "curl", "8", ""), Distribution("debian", codename="sid"), "pkg:deb/debian/curl@8?distro=debian-sid"),
    ("Ubuntu is a namespace of its own", Package("deb", "curl", "8", ""), Distribution("ubuntu", "24.04"), "pkg:deb/ubuntu/curl@8?distro=ubuntu-24.04"),
    ("without os-release", Package("deb", "curl", "8", ""), None, "pkg:deb/debian/curl@8"),
    ("an Alpine package", Package("apk", "curl", "7.83.0-r0", "", architecture="x86", source="curl", source_version="7.83.0-r0"), ALPINE, "pkg:apk/alpine/curl@7.83.0-r0?arch=x86&distro=alpine-3.19.1"),
    ("an Alpine subpackage", Package("apk", "libcurl", "7.83.0-r0", "", source="curl", source_version="7.83.0-r0"), ALPINE, "pkg:apk/alpine/libcurl@7.83.0-r0?distro=alpine-3.19.1&upstream=curl"),
    ("an rpm epoch is a qualifier", Package("rpm", "openssl", "1:3.0.7-27.el9", "", architecture="x86_64", source="openssl-3.0.7-27.el9.src.rpm"), RED_HAT, "pkg:rpm/rhel/openssl@3.0.7-27.el9?arch=x86_64&distro=rhel-9.3&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm"),
    ("an rpm epoch of nought is none", Package("rpm", "bash", "0:5.1-6", ""), RED_HAT, "pkg:rpm/rhel/bash@5.1-6?distro=rhel-9.3"),
    ("an rpm source by name and version", Package("rpm", "perl-libs", "4:5.32-481", "", source="perl", source_version="4:5.32-481"), RED_HAT, "pkg:rpm/rhel/perl-libs@5.32-481?distro=rhel-9.3&epoch=4&upstream=perl-5.32-481.src.rpm"),
    ("an rpm source by its name alone", Package("rpm", "a", "1-1", "", source="b"), RED_HAT, "pkg:rpm/rhel/a@1-1?distro=rhel-9.3&upstream=b"),
    ("an rpm source by its file, with a version", Package("rpm", "a", "1-1", "", source="b-2-1.src.rpm", source_version="2-1"), RED_HAT, "pkg:rpm/rhel/a@1-1?distro=rhel-9.3&upstream=b-2-1.src.rpm"),
    ("rpm keeps upper case", Package("rpm", "ImageMagick", "7-1", ""), RED_HAT, "pkg:rpm/rhel/ImageMagick@7-1?distro=rhel-9.3"),
    ("an Arch package", Package("alpm", "python-pip", "1:21.0-1", "", architecture="any"), Distribution("arch"), "pkg:alpm/arch/python-pip@1:21.0-1?arch=any&distro=arch"),
    ("Python names are normalised", Package("pypi", "Django_Allauth", "12.23", ""), DEBIAN, "pkg:pypi/django-allauth@12.23"),
    ("a Python epoch is encoded as it must be", Package("pypi", "x", "1!2.0+local", ""), None, "pkg:pypi/x@1%212.0%2Blocal"),
    ("an npm scope", Package("npm", "animation", "12.3.1", "", namespace="@angular"), None, "pkg:npm/%40angular/animation@12.3.1"),
    ("an npm scope within the name", Package("npm", "@angular/animation", "12.3.1", ""), None, "pkg:npm/%40angular/animation@12.3.1"),
    ("a gem with its platform", Package("gem", "jruby-launcher", "1.1.2", "", qualifiers=(("platform", "java"),)), None, "pkg:gem/jruby-launcher@1.1.2?platform=java"),
    ("a composer package in lower case", Package("composer", "Laravel", "5.5.0", "", namespace="Laravel"), None, "pkg:composer/laravel/laravel@5.5.0"),
    ("Maven coordinates", Package("maven", "batik-anim", "1.9.1", "", namespace="org.apache.xmlgraphics"), None, "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1"),
    ("Maven coordinates with a colon", Package("maven", "org.slf4j:slf4j-api", "2", ""), None, "pkg:maven/org.slf4j/slf4j-api@2"),
    ("NuGet keeps upper case", Package("nuget", "EnterpriseLibrary.Common", "6.0.1304", ""), None, "pkg:nuget/EnterpriseLibrary.Common@6.0.1304"),
    ("conda's build and channel", Package("conda", "absl-py", "0.4.1", "", qualifiers=(("type", "tar.bz2"), ("subdir", "linux-64"), ("channel", "main"), ("build", "py36h06a4308_0"))), None, "pkg:conda/absl-py@0.4.1?build=py36h06a4308_0&channel=main&subdir=linux-64&type=tar.bz2"),
    ("a Go module", Package("golang", "genproto", "v0.0.1", "", namespace="google.golang.org"), None, "pkg:golang/google.golang.org/genproto@v0.0.1"),
    ("a Go module in lower case", Package("golang", "github.com/Azure/Go", "v1", ""), None, "pkg:golang/github.com/azure/go@v1"),
    ("Go's standard library", Package("golang", "stdlib", "1.22.5", ""), None, "pkg:golang/stdlib@1.22.5"),
    ("a crate", Package("cargo", "clippy_utils", "0.1.0", ""), None, "pkg:cargo/clippy_utils@0.1.0"),
    ("a library in a program", Package("generic", "openssl", "1.1.10g", ""), DEBIAN, "pkg:generic/openssl@1.1.10g"),
    ("a package of Dart in lower case", Package("pub", "Http.Parser", "1.0A", ""), None, "pkg:pub/http_parser@1.0A"),
    ("a package of Hex in lower case", Package("hex", "Acme/Jason", "1.4", ""), None, "pkg:hex/acme/jason@1.4"),
    ("a component of Bitnami in lower case", Package("bitnami", "WordPress", "6.2", ""), None, "pkg:bitnami/wordpress@6.2"),
    ("no version", Package("pypi", "x", "", ""), None, "pkg:pypi/x"),
    ("no name", Package("pypi", "", "1", ""), None, ""),
    ("a name of slashes", Package("pypi", "///", "1", ""), None, ""),
    ("spaces and signs after a namespace", Package("composer", "a b", "1 2", "", namespace="N m"), None, "pkg:composer/n%20m/a%20b@1%202"),
    ("signs in the namespace alone", Package("npm", "a", "1", "", namespace="@a b"), None, "pkg:npm/%40a%20b/a@1"),
    ("signs in the version alone", Package("npm", "a", "1 2", "", namespace="@b"), None, "pkg:npm/%40b/a@1%202"),
    ("signs in a qualifier alone", Package("maven", "a", "1", "", namespace="g.b", qualifiers=(("type", "a b"),)), None, "pkg:maven/g.b/a@1?type=a%20b"),
    ("signs, and no version", Package("generic", "a b", "", ""), None, "pkg:generic/a%20b"),
    ("letters beyond ASCII", Package("gem", "é", "1é", "", namespace="ü"), None, "pkg:gem/%C3%BC/%C3%A9@1%C3%A9"),
    ("a package of Dart with a namespace", Package("pub", "a", "1", "", namespace="b"), None, "pkg:pub/b/a@1"),
    ("a name of Maven with two colons", Package("maven", "g:a:b", "1", ""), None, "pkg:maven/g/a:b@1"),
    ("a name of Maven with a namespace and a colon", Package("maven", "a:b", "1", "", namespace="g"), None, "pkg:maven/g/a:b@1"),
    ("a qualifier without a value", Package("conda", "x", "1", "", qualifiers=(("build", ""), ("", "y"), ("type", " "))), None, "pkg:conda/x@1"),
    ("an rpm source with a version that has only an epoch", Package("rpm", "a", "1-1", "", source="b", source_version="1:"), RED_HAT, "pkg:rpm/rhel/a@1-1?distro=rhel-9.3&upstream=b"),
    ("an rpm epoch that is no number", Package("rpm", "a", "x:1-1", ""), RED_HAT, "pkg:rpm/rhel/a@x:1-1?distro=rhel-9.3"),
    ("an rpm epoch and nothing after it", Package("rpm", "a", "1:", ""), RED_HAT, "pkg:rpm/rhel/a@1:?distro=rhel-9.3"),
    ("a source of the same name and no version", Package("deb", "a", "1", "", source="a"), DEBIAN, "pkg:deb/debian/a@1?distro=debian-12"),
    ("a distribution without a name", Package("apk", "a", "1", ""), Distribution("", "3"), "pkg:apk/alpine/a@1"),
    ("spaces and signs", Package("generic", "a b?c#d", "1@2", ""), None, "pkg:generic/a%20b%3Fc%23d@1%402"),
    ("a qualifier with an impossible key", Package("conda", "x", "1", "", qualifiers=(("a b", "c"), ("1x", "y"), ("Build", "z"))), None, "pkg:conda/x@1?build=z"),
]  # fmt: skip


@pytest.mark.parametrize(("package", "distribution", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_a_package_has_the_url_of_the_specification(
    package: Package, distribution: Distribution | None, expected: str
) -> None:
    assert purl(package, distribution) == expected


@pytest.mark.parametrize("package", EVERY_TYPE, ids=lambda package: f"{package.type} {package.name}")
def test_the_specifications_library_reads_it_back(package: Package) -> None:
    read = PackageURL.from_string(purl(package, DEBIAN))
    assert read.type == package.type
    assert read.to_string() == purl(package, DEBIAN)
    assert package.version.removeprefix("1:" if package.type == "rpm" else "") == read.version


@given(packages)
@draws(200)
def test_any_package_has_a_url_that_is_read_back_as_it_was(package: Package) -> None:
    url = purl(package, DEBIAN)
    if not url:
        assert not package.name.encode("utf-8", "replace").decode().strip("/ ").strip() or not package.name.strip()
        return
    assert url.isascii()
    assert url.isprintable()
    read = PackageURL.from_string(url)
    assert read.to_string() == url
    assert read.type == package.type
    assert len(url) < 40_000


@pytest.mark.parametrize("name", ["libstdc++-12-dev", "a~b", "g++"])
def test_names_of_every_spelling_come_back(name: str) -> None:
    url: Any = purl(Package("deb", name, "1", ""), DEBIAN)
    assert unquote(url.partition("@")[0]).endswith(f"/{name}")


PARTS = st.text("ab1._~-+:@/ %_A", max_size=6)


@draws(200)
@given(st.sampled_from(["deb", "rpm", "pypi", "npm", "golang", "conda", "generic"]), PARTS, PARTS, PARTS, PARTS)
def test_it_reads_back_as_it_was_written_whether_the_library_wrote_it_or_not(
    kind: Any, namespace: str, name: str, version: str, value: str
) -> None:
    qualifiers = (("zone", value), ("area", version)) if value and version else ()
    url = purl(Package(kind, name, version, "", namespace=namespace, qualifiers=qualifiers))
    assert not url or PackageURL.from_string(url).to_string() == url
