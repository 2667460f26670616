"""The identity of a finding: what a rebuild, another version or other words leave as it is."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.model.identity import FindingIdentity, identify, repository
from support.madefindings import finding, vulnerable

SAME: dict[str, tuple[Any, Any]] = {
    "other words": (finding("F001", "setuid bin/su", message="a"), finding("F001", "setuid bin/su", message="b")),
    "another severity": (finding("F001", "setuid bin/su", severity=2), finding("F001", "setuid bin/su", severity=5)),
    "another subject": (finding("F001", "setuid bin/su", subject="image app:1"), finding("F001", "setuid bin/su")),
    "another day of the build": (
        finding("F016", "built 2024-01-01", thing="built"),
        finding("F016", "built 2025-01-01", thing="built"),
    ),
    "another version of the package": (vulnerable("CVE-1", "curl", "1"), vulnerable("CVE-1", "curl", "2")),
    "another path of the package": (vulnerable("CVE-1", "curl", path="a"), vulnerable("CVE-1", "curl", path="b")),
}
OTHER: dict[str, tuple[Any, Any]] = {
    "another rule": (finding("F001", "setuid bin/su"), finding("F002", "setuid bin/su")),
    "another file": (finding("F001", "setuid bin/su"), finding("F001", "setuid bin/mount")),
    "another vulnerability": (vulnerable("CVE-1", "curl"), vulnerable("CVE-2", "curl")),
    "another package": (vulnerable("CVE-1", "curl"), vulnerable("CVE-1", "wget")),
}


@pytest.mark.parametrize("what", SAME)
def test_these_do_not_change_the_identity(what: str) -> None:
    before, after = SAME[what]
    assert identify(before) == identify(after)


@pytest.mark.parametrize("what", OTHER)
def test_these_are_other_findings(what: str) -> None:
    before, after = OTHER[what]
    assert identify(before) != identify(after)


def test_the_caller_names_the_subject_without_its_version() -> None:
    assert identify(finding("F001", "setuid bin/su"), "example.com/app") == FindingIdentity(
        "F001", "setuid bin/su", "example.com/app"
    )


@pytest.mark.parametrize(
    ("names", "subject"),
    [
        (("nginx:1.27",), "docker.io/library/nginx"),
        (("ghcr.io/acme/app@sha256:" + "0" * 64,), "ghcr.io/acme/app"),
        (("Not A Name", "app:2"), "docker.io/library/app"),
        (("Not A Name",), ""),
        ((), ""),
    ],
)
def test_the_repository_of_an_image(names: tuple[str, ...], subject: str) -> None:
    assert repository(names) == subject


def test_the_key_of_an_identity_has_every_part() -> None:
    keys = {FindingIdentity(*parts).key for parts in (("a", "b", "c"), ("a", "b"), ("a", "bc"), ("ab", "", "c"))}
    assert len(keys) == 4
