"""Where packages are looked up, and under which name and version."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.model.inventory import Distribution, Package
from sealock.vulnerabilities.ecosystems import (
    Lookup,
    NoData,
    look_up,
    normalised,
    release,
    source_epochs,
    streams,
    suse_release,
)

BOOKWORM = Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)")


def package(kind: Any, name: str, version: str, **more: Any) -> Package:
    return Package(kind, name, version, "a/path", **more)


@pytest.mark.parametrize(
    ("distribution", "stream", "ecosystems"),
    [
        (BOOKWORM, "", ("Debian:12",)),
        (Distribution("debian", "12.5"), "", ("Debian:12",)),
        (Distribution("debian", "", "trixie"), "", ("Debian:13",)),
        (Distribution("debian", "", "forky"), "", ("Debian:14",)),
        (Distribution("debian"), "", ()),
        (Distribution("ubuntu", "22.04"), "", ("Ubuntu:22.04:LTS", "Ubuntu:22.04")),
        (Distribution("ubuntu", "23.04"), "", ("Ubuntu:23.04",)),
        (Distribution("ubuntu", "24.10"), "", ("Ubuntu:24.10",)),
        (Distribution("ubuntu"), "", ()),
        (Distribution("alpine", "3.20.3"), "", ("Alpine:v3.20",)),
        (Distribution("alpine", "3.20.3"), "v3.21", ("Alpine:v3.21",)),
        (Distribution("alpine", "3.22.0_alpha20250108"), "", ("Alpine:edge",)),
        (Distribution("alpine", "3.20.3"), "edge", ("Alpine:edge",)),
        (Distribution("alpine", "nonsense"), "", ()),
        (Distribution("alpine", "3.x"), "", ()),
        (Distribution("alpine", "edge.20"), "", ()),
        (Distribution("almalinux", "9.4"), "", ("AlmaLinux:9",)),
        (Distribution("rocky", "8.10"), "", ("Rocky Linux:8",)),
        (Distribution("rocky"), "", ()),
        (Distribution("rhel", "9.4"), "", ("Red Hat:9",)),
        (Distribution("redhat", "8.10"), "", ("Red Hat:8",)),
        (Distribution("alma", "8.10"), "", ("AlmaLinux:8",)),
        (Distribution("centos", "9", "", "CentOS Stream 9"), "", ()),
        (Distribution("wolfi", "20230201"), "", ("Wolfi",)),
        (Distribution("opensuse-leap", "15.6"), "", ("openSUSE:Leap 15.6",)),
        (Distribution("opensuse-leap-micro", "5.5"), "", ("openSUSE:Leap Micro 5.5",)),
        (Distribution("opensuse-tumbleweed", "20260801"), "", ("openSUSE:Tumbleweed",)),
        (Distribution("sles", "15.5"), "", ("SUSE:Linux Enterprise 15 SP5",)),
        (Distribution("sled", "15"), "", ("SUSE:Linux Enterprise 15",)),
        (Distribution("sles_sap", "12.0"), "", ("SUSE:Linux Enterprise 12",)),
        (Distribution("sles", "16.0"), "", ("SUSE:Linux Enterprise 16.0",)),
        (Distribution("sles", "16"), "", ("SUSE:Linux Enterprise 16.0",)),
        (Distribution("sles", "next.1"), "", ("SUSE:Linux Enterprise next.1",)),
        (Distribution("sles", "²"), "", ("SUSE:Linux Enterprise ².0",)),
        (Distribution("sles", "9" * 5000), "", (f"SUSE:Linux Enterprise {'9' * 5000}.0",)),
        (Distribution("sles", "100.1"), "", ("SUSE:Linux Enterprise 100.1",)),
        (Distribution("sles"), "", ()),
        (Distribution("sle-micro", "5.5"), "", ("SUSE:Linux Enterprise Micro 5.5",)),
        (Distribution("sl-micro", "6.0"), "", ("SUSE:Linux Micro 6.0",)),
        (Distribution("openeuler", "24.03", "", "openEuler 24.03 (LTS-SP1)"), "", ("openEuler:24.03-LTS-SP1",)),
        (Distribution("openeuler", "22.03", "", "openEuler 22.03 (LTS)"), "", ("openEuler:22.03-LTS",)),
        (Distribution("openeuler", "23.09", "", "openEuler 23.09"), "", ("openEuler:23.09",)),
        (Distribution("openeuler", "", "", "openEuler"), "", ()),
        (Distribution("mageia", "9"), "", ("Mageia:9",)),
        (Distribution("mariner", "2.0.20240123"), "", ("Azure Linux:2",)),
        (Distribution("cbl-mariner", "2.0"), "", ("Azure Linux:2",)),
        (Distribution("azurelinux", "3.0"), "", ("Azure Linux:3",)),
        (Distribution("photon", "5.0"), "", ("Photon OS:5.0",)),
        (Distribution("photon"), "", ()),
        (Distribution("minimos", "20250108"), "", ("MinimOS",)),
        (Distribution("kali", "2024.3", like=("debian",)), "", ()),
        (Distribution("raspbian", "12", like=("debian",)), "", ()),
    ],
)
def test_a_distribution_is_judged_by_its_own_release(
    distribution: Distribution, stream: str, ecosystems: tuple[str, ...]
) -> None:
    assert release(distribution, stream) == ecosystems


@pytest.mark.parametrize(
    ("one", "name", "version"),
    [
        (package("deb", "dmsetup", "2:1.02.185-2", source="lvm2", source_version="2.03.16-2"), "lvm2", "2.03.16-2"),
        (package("deb", "sed", "4.9-1", source="sed", source_version="4.9-1"), "sed", "4.9-1"),
        (package("deb", "base-files", "12.4+deb12u1"), "base-files", "12.4+deb12u1"),
        (package("deb", "libacl1", "2.3.1-3+b1"), "libacl1", "2.3.1-3"),
        (package("deb", "libacl1", "2.3.1-3+b1", source="acl", source_version="2.3.1-3+b1"), "acl", "2.3.1-3"),
        (package("deb", "x", "1:6.1.112-1", source="linux-signed-amd64", source_version="6.1.112+1"), "linux", "6.1.112-1"),
        (package("deb", "y", "6.8.0-45.45", source="linux-signed", source_version="6.8.0-45.45"), "linux", "6.8.0-45.45"),
        (package("deb", "z", "6.1.112", source="linux-signed-arm64", source_version="6.1.112"), "linux", "6.1.112"),
        (package("deb", "z", "6.1-2+1", source="linux-signed-arm64", source_version="6.1-1+1"), "linux", "6.1-1+1"),
    ],
)  # fmt: skip
def test_debian_goes_by_source_package_and_source_version(one: Package, name: str, version: str) -> None:
    found = look_up(one, BOOKWORM)
    assert isinstance(found, Lookup)
    assert (found.name, found.version) == (name, version)


def test_alpine_goes_by_origin() -> None:
    one = package("apk", "libcrypto3", "3.3.1-r0", source="openssl", source_version="3.3.1-r0")
    assert look_up(one, Distribution("alpine", "3.20.1")) == Lookup(("Alpine:v3.20",), "openssl", "3.3.1-r0")


def test_almalinux_and_red_hat_go_by_binary_package_with_its_epoch_and_module() -> None:
    label = (("modularitylabel", "nodejs:12:8030020201124152102:229f0a1c"),)
    one = package("rpm", "npm", "1:6.14.8-1.12.19.1.1", source="nodejs", source_version="12.19.1-1", qualifiers=label)
    found = look_up(one, Distribution("almalinux", "8.3"))
    assert found == Lookup(("AlmaLinux:8",), "npm", "1:6.14.8-1.12.19.1.1", module="nodejs:12")


@pytest.mark.parametrize("distribution", [
    Distribution("rocky", "9.4"), Distribution("opensuse-leap", "15.6"), Distribution("sles", "15.5"),
    Distribution("photon", "5.0"), Distribution("azurelinux", "3.0"), Distribution("mageia", "9"),
])  # fmt: skip
@pytest.mark.parametrize(
    ("one", "name", "version"),
    [
        (package("rpm", "libssl", "3.0.7-24.el9", source="openssl", source_version="3.0.7-24.el9"), "openssl", "3.0.7-24.el9"),
        (package("rpm", "openssl-libs", "1:3.0.7-24", source="openssl", source_version="3.0.7-24"), "openssl", "1:3.0.7-24"),
        (package("rpm", "bash", "0:5.1-9", source="bash", source_version="5.1-9"), "bash", "0:5.1-9"),
        (package("rpm", "perl-IO", "1.38-4", source="perl", source_version="5.26.3-4"), "perl", "4:5.26.3-4"),
        (package("rpm", "npm", "1:8.1-1.16", source="nodejs", source_version="16.1-1"), "nodejs", "1:16.1-1"),
        (package("rpm", "a-b", "2:1-1", source="a", source_version="3:7-1"), "a", "3:7-1"),
        (package("rpm", "a-b", "2:1-1", source="a"), "a", "2:1-1"),
        (package("rpm", "local", "2:1-1"), "local", "2:1-1"),
    ],
)  # fmt: skip
def test_other_distributions_with_rpm_go_by_source_package(
    distribution: Distribution, one: Package, name: str, version: str
) -> None:
    perl = package("rpm", "perl-libs", "4:5.26.3-4", source="perl", source_version="5.26.3-4")
    found = look_up(one, distribution, epochs=source_epochs([perl, one]))
    assert isinstance(found, Lookup)
    assert (found.name, found.version) == (name, version)


@pytest.mark.parametrize(
    ("ecosystem", "known"),
    [
        ("SUSE:Linux Enterprise Module for Basesystem 15 SP5", "SUSE:Linux Enterprise 15 SP5"),
        ("SUSE:Linux Enterprise Server 15 SP5-LTSS", "SUSE:Linux Enterprise 15 SP5"),
        ("SUSE:Linux Enterprise High Performance Computing 15 SP5-ESPOS", "SUSE:Linux Enterprise 15 SP5"),
        ("SUSE:Linux Enterprise Server for SAP Applications 12 SP5", "SUSE:Linux Enterprise 12 SP5"),
        ("SUSE:Package Hub 15 SP5", "SUSE:Linux Enterprise 15 SP5"),
        ("SUSE:Linux Enterprise Desktop 15", "SUSE:Linux Enterprise 15"),
        ("SUSE:Linux Enterprise Server 16.0", "SUSE:Linux Enterprise 16.0"),
        ("SUSE:Linux Enterprise Micro 5.5", "SUSE:Linux Enterprise Micro 5.5"),
        ("SUSE:Linux Micro 6.0", "SUSE:Linux Micro 6.0"),
        ("SUSE:Manager Server 4.3", "SUSE:Manager Server 4.3"),
        ("openSUSE:Leap 15.5", "openSUSE:Leap 15.5"),
        ("Rocky Linux:9", "Rocky Linux:9"),
    ],
)
def test_what_suse_says_of_a_module_counts_for_its_release(ecosystem: str, known: str) -> None:
    assert suse_release(ecosystem) == known


def test_ubuntu_has_a_second_pocket() -> None:
    found = look_up(package("deb", "bash", "5.1-6"), Distribution("ubuntu", "22.04"))
    assert isinstance(found, Lookup)
    assert found.also == ("Ubuntu:Pro:22.04:LTS", "Ubuntu:Pro:22.04")


@pytest.mark.parametrize(
    ("one", "ecosystem", "name"),
    [
        (package("pypi", "Zope.Interface_Extra", "1"), "PyPI", "zope-interface-extra"),
        (package("npm", "core", "1", namespace="@angular"), "npm", "@angular/core"),
        (package("npm", "JSONStream", "1"), "npm", "JSONStream"),
        (package("golang", "net", "v0.1.0", namespace="golang.org/x"), "Go", "golang.org/x/net"),
        (package("golang", "stdlib", "1.22.5"), "Go", "stdlib"),
        (package("golang", "toml", "v1", namespace="github.com/BurntSushi"), "Go", "github.com/burntsushi/toml"),
        (package("maven", "log4j-core", "2.14.1", namespace="org.apache.logging.log4j"), "Maven", "org.apache.logging.log4j:log4j-core"),
        (package("nuget", "Newtonsoft.Json", "9.0.1"), "NuGet", "newtonsoft.json"),
        (package("composer", "HttpFoundation", "1", namespace="Symfony"), "Packagist", "symfony/httpfoundation"),
        (package("gem", "rails", "5.2.0"), "RubyGems", "rails"),
        (package("cargo", "time", "0.1.42"), "crates.io", "time"),
        (package("generic", "openssl", "3.0.1"), "OSS-Fuzz", "openssl"),
        (package("generic", "python", "3.12.1"), "Bitnami", "python"),
        (package("generic", "httpd", "2.4.62"), "Bitnami", "apache"),
        (package("generic", "openjdk", "21.0.2"), "Bitnami", "java"),
        (package("bitnami", "redis", "7.2.4-4"), "Bitnami", "redis"),
    ],
)  # fmt: skip
def test_languages_go_by_the_name_that_they_compare(one: Package, ecosystem: str, name: str) -> None:
    found = look_up(one, BOOKWORM)
    assert isinstance(found, Lookup)
    assert (found.ecosystems, found.name) == ((ecosystem,), name)
    assert normalised(ecosystem, name) == name


def test_the_build_of_a_bitnami_package_is_no_part_of_its_version() -> None:
    assert look_up(package("bitnami", "redis", "7.2.4-4"), None) == Lookup(("Bitnami",), "redis", "7.2.4")


@pytest.mark.parametrize(
    ("version", "spelling"),
    [
        ("3.12.1", "3.12.1"),
        ("3.14.0rc1", "3.14.0-rc1"),
        ("8.4.0RC1", "8.4.0-RC1"),
        ("21", "21.0.0"),
        ("11.0.20.1", "11.0.20"),
        ("1.8.0_392", "1.8.392"),
        ("17.0.9-ea", "17.0.9-ea"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_a_program_is_looked_up_by_the_version_as_bitnami_spells_it(version: str, spelling: str) -> None:
    found = look_up(package("generic", "openjdk", version), None)
    assert isinstance(found, Lookup)
    assert found.version == spelling


@pytest.mark.parametrize(
    ("one", "distribution", "grave", "words"),
    [
        (package("deb", "sed", "4.9-1"), None, True, "the distribution is unknown"),
        (package("deb", "sed", "4.9-1"), Distribution(""), True, "the distribution is unknown"),
        (package("deb", "sed", "4.9-1"), Distribution("kali", "2024.3", name="Kali GNU/Linux"), True, "Kali GNU/Linux"),
        (package("alpm", "zlib", "1:1.3-1"), Distribution("arch", name="Arch Linux"), True, "Arch Linux"),
        (package("rpm", "sed", "4-1"), Distribution("amzn", "2023"), True, "no advisory feed covers amzn 2023"),
        (
            package("rpm", "sed", "4-1"),
            Distribution("ol", "9.4", name="Oracle Linux"),
            True,
            "feed covers Oracle Linux",
        ),
        (package("rpm", "sed", "4-1"), Distribution("fedora", "42"), True, "no advisory feed covers fedora 42"),
        (package("rpm", "bash", "5-1"), BOOKWORM, True, "for Debian:12 do not cover packages of type rpm"),
        (package("deb", "bash", "5-1"), Distribution("rocky", "9.4"), True, "do not cover packages of type deb"),
        (package("conda", "numpy", "1.26"), None, False, "type conda"),
        (package("maven", "commons-io", "2.4"), None, False, "its group"),
    ],
)
def test_what_nobody_has_data_for_says_so(
    one: Package,
    distribution: Distribution | None,
    grave: bool,  # noqa: FBT001  a table's column
    words: str,
) -> None:
    found = look_up(one, distribution)
    assert isinstance(found, NoData)
    assert found.grave is grave
    assert words in found.reason


@pytest.mark.parametrize(
    ("repositories", "stream"),
    [
        ("https://mirror.example/alpine/v3.20/main\nhttps://mirror.example/alpine/v3.20/community\n", "v3.20"),
        ("# https://mirror.example/alpine/edge/main\nhttps://mirror.example/alpine/v3.9/main", "v3.9"),
        ("https://mirror.example/alpine/edge/main\n", "edge"),
        ("https://mirror.example/alpine/v3.20/main\n@edge https://mirror.example/alpine/edge/testing\n", ""),
        ("https://mirror.example/alpine/latest-stable/main\n", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_stream_is_that_of_the_repositories_where_they_agree(repositories: str, stream: str) -> None:
    assert streams(repositories) == stream
