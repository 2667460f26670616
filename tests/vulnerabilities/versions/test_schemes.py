"""Which order goes with which ecosystem and which kind of package."""

from __future__ import annotations

from typing import get_args

import pytest

from sealock.model.inventory import PackageType
from sealock.vulnerabilities.versions import VersionScheme, key, of_package, scheme_of

ECOSYSTEMS: list[tuple[str, VersionScheme | None]] = [
    ("Debian:12", "dpkg"),
    ("Debian", "dpkg"),
    ("Ubuntu:22.04", "dpkg"),
    ("Ubuntu:Pro:18.04:LTS", "dpkg"),
    ("Alpine:v3.20", "apk"),
    ("Wolfi", "apk"),
    ("Chainguard", "apk"),
    ("AlmaLinux:9", "rpm"),
    ("Rocky Linux:9", "rpm"),
    ("Red Hat", "rpm"),
    ("Red Hat:enterprise_linux:9::baseos", "rpm"),
    ("openSUSE:Leap 15.6", "rpm"),
    ("openSUSE Tumbleweed", "rpm"),
    ("SUSE:Linux Enterprise Server 15 SP5", "rpm"),
    ("SUSE Linux Enterprise Server 15", "rpm"),
    ("PyPI", "pep440"),
    ("npm", "npm"),
    ("crates.io", "cargo"),
    ("Go", "go"),
    ("Maven", "maven"),
    ("Maven:https://repo.example/", "maven"),
    ("RubyGems", "gem"),
    ("Packagist", "composer"),
    ("NuGet", "nuget"),
    ("Hex", "cargo"),
    ("Bitnami", "npm"),
    ("Pub", None),
    ("Android", None),
    ("GitHub Actions", None),
    ("", None),
]


@pytest.mark.parametrize(("ecosystem", "scheme"), ECOSYSTEMS)
def test_an_ecosystem_has_its_order_whatever_its_release(ecosystem: str, scheme: VersionScheme | None) -> None:
    assert scheme_of(ecosystem) == scheme


@pytest.mark.parametrize("kind", get_args(PackageType))
def test_each_kind_of_package_has_an_order_that_reads_versions(kind: PackageType) -> None:
    assert key(of_package(kind), "1.2.3") is not None
