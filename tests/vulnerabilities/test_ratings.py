"""How bad a flaw counts, what comes first, and where its package is from."""

from __future__ import annotations

import pytest

from sealock.model.advisory import DistributionState, Epss, Exploited, Rating, Span
from sealock.model.inventory import Layer
from sealock.model.severity import Severity
from sealock.vulnerabilities.match import match
from support.madedatabases import Table
from support.madeinventories import advisory, affects, deb, inventory, pypi


@pytest.mark.parametrize(
    ("own", "state", "ratings", "severity"),
    [
        (Severity.LOW, "affected", (Rating("GHSA", Severity.CRITICAL),), Severity.LOW),
        (None, "affected", (Rating("GHSA", Severity.HIGH), Rating("NVD", None, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8)), Severity.HIGH),
        (None, "affected", (Rating("NVD", None, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),), Severity.CRITICAL),
        (None, "affected", (Rating("NVD", None, "", 5.0),), Severity.MEDIUM),
        (None, "unimportant", (Rating("NVD", None, "", 9.8),), Severity.INFO),
        (None, "affected", (), Severity.MEDIUM),
    ],
)  # fmt: skip
def test_the_distributions_word_counts_before_the_feeds_and_the_feeds_before_the_score(
    own: Severity | None, state: DistributionState, ratings: tuple[Rating, ...], severity: Severity
) -> None:
    table = Table(
        advisory("CVE-2024-0001", affects("Debian:12", "bash", Span(), state=state, severity=own), ratings=ratings)
    )
    (flaw,) = match(inventory(deb("bash", "5.2-1")), table).vulnerabilities
    assert flaw.severity is severity
    assert set(ratings) <= set(flaw.ratings)
    assert ("unrated" in flaw.note) is (own is None and state != "unimportant" and not ratings)


def test_within_a_severity_the_exploited_come_first_then_the_likely() -> None:
    names = ["CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003", "CVE-2024-0004"]
    high = Rating("GHSA", Severity.HIGH)
    table = Table(
        *(advisory(name, affects("PyPI", "thing", Span()), ratings=(high,)) for name in names[:3]),
        advisory(names[3], affects("PyPI", "thing", Span()), ratings=(Rating("GHSA", Severity.CRITICAL),)),
        exploited={"CVE-2024-0003": Exploited("2024-05-01")},
        epss={"CVE-2024-0002": Epss(0.5, 0.9), "CVE-2024-0001": Epss(0.1, 0.5)},
    )
    found = match(inventory(pypi("thing", "1")), table).vulnerabilities
    assert [flaw.id for flaw in found] == ["CVE-2024-0004", "CVE-2024-0003", "CVE-2024-0002", "CVE-2024-0001"]
    assert found[1].exploited == Exploited("2024-05-01")


def test_the_layer_and_its_instruction_are_told() -> None:
    layers = (Layer(0, "sha256:a", "sha256:b", "ADD rootfs"), Layer(1, "sha256:c", "sha256:d", "RUN pip install"))
    table = Table(advisory("CVE-2024-0001", affects("PyPI", "thing", Span())))
    (entry,) = match(inventory(pypi("thing", "1", layer=1), layers=layers), table).vulnerabilities
    assert (entry.package.layer, entry.package.instruction) == ("sha256:d", "RUN pip install")
