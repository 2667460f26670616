"""End of support of distributions: by their names, by image names, and for unknown ones."""

from __future__ import annotations

from datetime import date

import pytest

from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import Severity
from sealock.model.inventory import Distribution, Inventory
from sealock.model.location import Source
from sealock.rules.catalog import rules
from sealock.rules.endofsupport import AS_OF, ENDS, NAMES, has_ended, last_day
from sealock.rules.evaluation import Evaluation, evaluate
from support.documents import read

VERSIONS = [
    ("debian", "10", "2024-06-30", True),
    ("debian", "11", "2026-08-31", True),
    ("debian", "11.9", "2026-08-31", True),
    ("debian", "12", "2028-06-30", False),
    ("debian", "4", "2012-02-06", True),
    ("debian", "6.0", "2016-02-29", True),
    ("debian", "14", "", False),
    ("raspbian", "10", "2024-06-30", True),
    ("ubuntu", "20.04", "2025-05-29", True),
    ("ubuntu", "24.04.1", "2029-05-31", False),
    ("ubuntu", "25.10", "2026-07-09", True),
    ("ubuntu", "8.04", "2015-04-30", True),
    ("ubuntu", "20", "", False),
    ("alpine", "3.2", "2017-05-01", True),
    ("alpine", "3.20.3", "2026-04-01", True),
    ("alpine", "3.21.0", "2026-11-01", True),
    ("alpine", "3.22", "2027-05-01", False),
    ("alpine", "3.24.1", "2028-05-01", False),
    ("alpine", "3", "", False),
    ("alpine", "2.1", "2015-11-01", True),
    ("fedora", "42", "2026-05-13", True),
    ("fedora", "43", "2026-12-02", False),
    ("fedora", "12", "2018-05-29", True),
    ("centos", "7", "2024-06-30", True),
    ("centos", "9", "2027-05-31", False),
    ("rhel", "8.10", "2029-05-31", False),
    ("rhel", "6.9", "2020-11-30", True),
    ("rocky", "9.5", "2032-05-31", False),
    ("almalinux", "8.4", "2029-03-01", False),
    ("ol", "7.9", "2024-12-31", True),
    ("amzn", "2", "2026-06-30", True),
    ("amzn", "2018.03", "2023-12-31", True),
    ("amzn", "2023", "2029-06-30", False),
    ("opensuse-leap", "15.6", "2026-04-30", True),
    ("opensuse-leap", "16.0", "2027-10-31", False),
    ("arch", "", "", False),
    ("wolfi", "20230201", "", False),
    ("debian", "", "", False),
    ("debian", "sid", "", False),
    ("debian", "9" * 5000, "", False),
    ("debian", "²", "", False),
    ("", "", "", False),
]


@pytest.mark.parametrize(("distribution", "version", "day", "over"), VERSIONS)
def test_the_last_day_of_a_version(distribution: str, version: str, day: str, over: bool) -> None:  # noqa: FBT001  a column
    assert last_day(distribution, version) == day
    assert has_ended(distribution, version) is over


def test_the_table_has_valid_dates() -> None:
    days = [day for versions in ENDS.values() for day in versions.values()]
    assert [date.fromisoformat(day).isoformat() for day in (*days, AS_OF)] == [*days, AS_OF]


def test_code_names_map_to_versions_of_the_table() -> None:
    assert [name for name, (distribution, version) in NAMES.items() if version not in ENDS[distribution]] == []


def evaluated(distribution: Distribution | None) -> Evaluation:
    inventory = Inventory((), "", "", (), Container(), distribution)
    document = Document("inventory", {"": Source("image", "")}, (Subject("image", inventory, {}),))
    return evaluate("image", document, {"image": rules("image")})


def test_an_ended_distribution_is_named_with_its_last_day() -> None:
    (finding,) = evaluated(Distribution("debian", "10", "buster", "Debian GNU/Linux 10 (buster)")).findings
    assert (finding.rule, finding.severity, finding.evidence) == ("F011", Severity.HIGH, "debian 10")
    assert finding.message == "is Debian GNU/Linux 10 (buster), which has had no security fixes since 2024-06-30"


def test_a_distribution_without_a_full_name_is_named_by_its_id() -> None:
    (finding,) = evaluated(Distribution("ubuntu", "18.04", "bionic")).findings
    assert finding.message.startswith("is ubuntu 18.04 (bionic), ")


@pytest.mark.parametrize(
    "distribution",
    [
        None,
        Distribution("debian", "13"),
        Distribution("debian", codename="forky"),
        Distribution("alpine", "3.24_alpha20251001", name="Alpine Linux edge"),
        Distribution("fedora", "45", name="Fedora Linux 45 (Container Image Prerelease) Rawhide"),
        Distribution("arch", name="Arch Linux"),
        Distribution("wolfi", "20230201"),
    ],
)
def test_supported_and_rolling_distributions_give_no_result(distribution: Distribution | None) -> None:
    result = evaluated(distribution)
    assert not result.findings
    assert not result.skipped


@pytest.mark.parametrize("distribution", [Distribution("debian", "14"), Distribution("ubuntu", "27.04")])
def test_an_unknown_version_is_skipped(distribution: Distribution) -> None:
    result = evaluated(distribution)
    assert not result.findings
    (reason,) = result.skipped
    assert (reason.rule, AS_OF in reason.reason) == ("F011", True)


BASES = [
    ("debian:11-slim", "debian 11, which reached end of support on 2026-08-31"),
    ("debian:bullseye", "bullseye, which reached end of support on 2026-08-31"),
    ("python:3.12-buster", "buster, which reached end of support on 2024-06-30"),
    ("ubuntu:25.04", "ubuntu 25.04, which reached end of support on 2026-01-15"),
    ("alpine:3.21", "alpine 3.21, which reached end of support on 2026-11-01"),
    ("alpine:3.22", ""),
    ("alpine:3", ""),
    ("fedora:41", "fedora 41, which reached end of support on 2025-12-15"),
    ("rockylinux:9", ""),
    ("oraclelinux:7-slim", "oraclelinux 7, which reached end of support on 2024-12-31"),
    ("amazonlinux:1", "amazonlinux 1, which reached end of support on 2023-12-31"),
    ("amazonlinux:2023.6", ""),
    ("opensuse/leap:15.5", "opensuse/leap 15.5, which reached end of support on 2024-12-31"),
    ("centos:9", "centos, which is discontinued"),
    ("python:3.8", "python 3.8, which reached end of support"),
    ("someone/else:buster", ""),
    ("debian:trixie", ""),
]


@pytest.mark.parametrize(("base", "message"), BASES)
def test_base_images_go_by_the_same_table(base: str, message: str) -> None:
    result = evaluate("test", read(f"FROM {base}\n"), {"build": [rule for rule in rules("build") if rule.id == "B062"]})
    assert [finding.message for finding in result.findings] == ([f"builds on {message}"] if message else [])
