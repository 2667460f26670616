"""Each condition of a policy's entries decides: what all others let pass is refused by one, and what one lets pass."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from reports.samples import finding
from sealock.model.advisory import Installed, Vulnerability
from sealock.model.finding import Finding, Suppression
from sealock.model.imagename import parse
from sealock.model.location import Location, Source
from sealock.model.severity import Severity
from sealock.policy.baseline import needed
from sealock.policy.guard import CallerConditions, GuardExemption, has_labels, matches_image
from sealock.policy.ignores import VULNERABILITIES, Ignore
from sealock.policy.settings import Policy, read
from sealock.policy.suppressions import suppress
from sealock.policy.trust import TrustPolicy, decide_unsigned

PLACE = Location("sealock.toml", 1)
TODAY = date(2026, 6, 1)
FLAW = Vulnerability(
    "CVE-2026-1",
    Installed("deb", "libssl3", "1", "", source="openssl"),
    Severity.HIGH,
    "debian",
    aliases=("GHSA-1",),
    advisories=("DSA-1",),
)


def policy(text: str) -> Policy:
    return read(Source("sealock.toml", text), "/repo")


IMAGES = policy('[guard]\n[[guard.caller]]\nname = "a"\nallow = "ping"\nimages = "ghcr.io/acme/*"\n').guard.callers[0]
EXEMPTION = GuardExemption(
    ("C001", "C002"), "builds", date(2026, 6, 1), PLACE, "ci-*", IMAGES.reach.images, ("build-*", "test")
)
COVERED: dict[str, Any] = {
    "rule": "C001",
    "caller": "ci-1",
    "image": "ghcr.io/acme/a:1",
    "name": "build-1",
    "today": TODAY,
}


@pytest.mark.parametrize(
    ("changes", "covers"),
    [
        pytest.param({}, True, id="all hold, on the last day"),
        pytest.param({"rule": "C002", "name": "test"}, True, id="another rule and name of the lists"),
        pytest.param({"rule": "C003"}, False, id="another rule"),
        pytest.param({"today": date(2026, 6, 2)}, False, id="the day after the last"),
        pytest.param({"caller": "dev"}, False, id="another caller"),
        pytest.param({"image": "ghcr.io/other/a"}, False, id="another image"),
        pytest.param({"image": ""}, False, id="no image"),
        pytest.param({"image": "no name!"}, False, id="what is no name of an image"),
        pytest.param({"name": "web"}, False, id="another name"),
    ],
)
def test_an_exemption_covers_where_every_condition_holds(changes: dict[str, Any], covers: bool) -> None:  # noqa: FBT001
    assert EXEMPTION.covers(**(COVERED | changes)) is covers


def test_an_exemption_without_conditions_covers_every_container() -> None:
    assert GuardExemption(("C001",), "builds", TODAY, PLACE).covers("C001", "dev", "", "web", TODAY)
    assert not matches_image((), "ghcr.io/acme/a")


@pytest.mark.parametrize(
    ("labels", "has"),
    [
        pytest.param({"team": "web-1", "role": "ci", "x": "y"}, True, id="all, and another"),
        pytest.param({"team": "web-1"}, False, id="one is missing"),
        pytest.param({"team": "db", "role": "ci"}, False, id="one has another value"),
        pytest.param({}, False, id="none"),
    ],
)
def test_labels_have_to_be_there_with_their_values(labels: dict[str, str], has: bool) -> None:  # noqa: FBT001
    assert has_labels((("team", "web*"), ("role", "ci")), labels) is has


def test_a_condition_speaks_of_containers_or_of_processes() -> None:
    containers: list[dict[str, Any]] = [
        {"containers": ("a",)},
        {"container_images": IMAGES.reach.images},
        {"container_labels": (("a", "b"),)},
    ]
    for given in containers:
        assert (CallerConditions(**given).about_containers, CallerConditions(**given).about_processes) == (True, False)
    for process in ({"uids": (0,)}, {"gids": (0,)}, {"tls_names": ("a",)}):
        conditions = CallerConditions(**process)
        assert (conditions.about_containers, conditions.about_processes) == (False, True)


SUPPRESSING = {
    "ignores": '[[ignore]]\nrule = "C001"\nreason = "r"',
    "exclude": 'exclude = ["a"]',
    "skip": 'skip = ["C001"]',
    "policies": 'policies = ["a"]',
    "severity": '[severity]\nC001 = "low"',
    "trust": '[trust]\ndefault = "accept"',
    "a lower threshold than fails": 'fail-on = "critical"',
    "a higher severity that is shown": 'min-severity = "high"',
    "examples that count less": "examples = false",
}


@pytest.mark.parametrize("text", SUPPRESSING.values(), ids=SUPPRESSING)
def test_a_policy_below_that_would_loosen_is_known(text: str) -> None:
    outer = policy('fail-on = "high"\nexamples = true')
    assert policy(text).loosens(outer)
    assert not policy('fail-on = "low"\nrequire-targets = true\npedantic = true').loosens(outer)


@pytest.mark.parametrize("key", ["require_targets", "fail_on_skipped", "pedantic"])
def test_what_either_policy_requires_is_required(key: str) -> None:
    strict = policy(f"{key.replace('_', '-')} = true")
    assert getattr(Policy().tightened(strict), key) is True
    assert getattr(strict.tightened(Policy()), key) is True
    assert getattr(Policy().tightened(Policy()), key) is False


def test_the_registries_of_the_outer_policy_stay() -> None:
    outer, inner = policy('registries = ["a.example"]'), policy('registries = ["b.example"]')
    assert outer.tightened(inner).registries == outer.registries
    assert Policy().tightened(inner).registries == inner.registries


def ignore(*rules: str, **fields: Any) -> Ignore:
    return Ignore(rules, "reason", PLACE, **fields)


def fault(rule: str = "C001", **fields: Any) -> Finding:
    return finding(rule, Severity.HIGH, **fields)


@pytest.mark.parametrize(
    ("given", "found", "covers"),
    [
        pytest.param(ignore("C001"), fault(), True, id="its rule"),
        pytest.param(ignore("C002"), fault(), False, id="another rule"),
        pytest.param(ignore("C001", package="openssl"), fault(), False, id="a package, and a fault that is none's"),
        pytest.param(ignore("C001", subject="service w*"), fault(subject="service web"), True, id="its subject"),
        pytest.param(ignore("C001", subject="service w*"), fault(subject="service db"), False, id="another subject"),
        pytest.param(ignore("C001", files=("b", "a")), fault(), True, id="one of its files"),
        pytest.param(ignore("C001", files=("b",)), fault(), False, id="another file"),
        pytest.param(ignore("C001", lines=(2, 3)), fault(location=Location("sealock.toml", 3)), True, id="its line"),
        pytest.param(ignore("C001", lines=(2, 3)), fault(location=Location("sealock.toml", 4)), False, id="another line"),
        pytest.param(ignore("C001", lines=(2, 3)), fault(location=Location("other", 3)), False, id="a line elsewhere"),
        pytest.param(ignore("CVE-2026-1"), fault("CVE-2026-1", vulnerability=FLAW), True, id="a vulnerability's id"),
        pytest.param(ignore("GHSA-1"), fault("CVE-2026-1", vulnerability=FLAW), True, id="its alias"),
        pytest.param(ignore("DSA-1"), fault("CVE-2026-1", vulnerability=FLAW), True, id="its advisory"),
        pytest.param(ignore("CVE-2026-2"), fault("CVE-2026-1", vulnerability=FLAW), False, id="another's id"),
        pytest.param(ignore(package="libssl*"), fault("CVE-2026-1", vulnerability=FLAW), True, id="its package"),
        pytest.param(ignore(package="openssl"), fault("CVE-2026-1", vulnerability=FLAW), True, id="its source package"),
        pytest.param(ignore(package="zlib"), fault("CVE-2026-1", vulnerability=FLAW), False, id="another package"),
        pytest.param(
            ignore("CVE-2026-2", package="openssl"),
            fault("CVE-2026-1", vulnerability=FLAW),
            False,
            id="its package and another's id",
        ),
    ],
)  # fmt: skip
def test_an_ignore_covers_where_all_that_it_names_fits(given: Ignore, found: Finding, covers: bool) -> None:  # noqa: FBT001
    assert given.covers(found, "a") is covers


@pytest.mark.parametrize(
    ("given", "skipped", "later"),
    [
        pytest.param(ignore("C001"), {"C001"}, True, id="its rule was skipped"),
        pytest.param(ignore("C001"), {"C002"}, False, id="another was skipped"),
        pytest.param(ignore("C001"), {VULNERABILITIES}, False, id="a rule, and vulnerabilities were skipped"),
        pytest.param(ignore("CVE-2026-1"), {VULNERABILITIES}, True, id="an id, and vulnerabilities were skipped"),
        pytest.param(ignore(package="a"), {VULNERABILITIES}, True, id="a package, and vulnerabilities were skipped"),
        pytest.param(ignore("CVE-2026-1"), {"C002"}, False, id="an id, and a rule was skipped"),
    ],
)
def test_an_ignore_may_apply_later_where_what_it_names_was_skipped(
    given: Ignore,
    skipped: set[str],
    later: bool,  # noqa: FBT001
) -> None:
    assert given.may_apply_later(frozenset(skipped)) is later


def test_an_ignore_that_has_expired_suppresses_nothing_and_the_next_does() -> None:
    old, current = ignore("C001", until="2026-05-31"), ignore("C001", until="2026-06-01")
    for inline, of_policy in (((old, current), ()), ((), (old, current))):
        given = replace(Policy(), ignores=of_policy)
        assert [used for _, used in suppress([fault()], "a", given, inline, TODAY)] == [current]
    given = replace(Policy(), ignores=(old,))
    assert [used for _, used in suppress([fault()], "a", given, (old,), TODAY)] == [None]


def test_only_the_rule_that_a_policy_below_raises_is_raised() -> None:
    stricter = Policy().tightened(policy('[severity]\nC001 = "critical"'))
    made = [found.severity for found, _ in suppress([fault(), fault("C002")], "a", stricter, (), TODAY)]
    assert made == [Severity.CRITICAL, Severity.HIGH]


def test_a_new_baseline_keeps_what_counts_and_what_the_old_one_has() -> None:
    open_, known, ignored = (
        fault(),
        fault(suppressed=Suppression("baseline", "")),
        fault(suppressed=Suppression("x:1", "")),
    )
    assert needed([open_, known, ignored]) == (open_, known)


TRUST = """
[[trust.image]]
match = ["ghcr.io/acme/*", "ghcr.io/*"]
refuse = "first"
[[trust.image]]
match = ["ghcr.io/acme/app*"]
refuse = "longest"
[[trust.image]]
match = ["ghcr.io/acme/app*", "quay.io/acme"]
refuse = "as long, and later"
"""


@pytest.mark.parametrize(
    ("image", "why"),
    [
        pytest.param("ghcr.io/acme/app", "longest", id="the longest pattern"),
        pytest.param("ghcr.io/acme/web", "first", id="the only one"),
        pytest.param("quay.io/acme/web", "", id="none"),
    ],
)
def test_the_entry_with_the_longest_pattern_is_an_images(image: str, why: str) -> None:
    name = parse(image)
    assert name is not None
    decision = decide_unsigned(policy(TRUST).trust, name)
    assert decision is not None
    assert decision.why == (f"the policy refuses it: {why}" if why else "")


@pytest.mark.parametrize(
    ("text", "image", "notes"),
    [
        pytest.param(TRUST, "ghcr.io/acme/app", 0, id="an entry matches"),
        pytest.param(TRUST, "quay.io/acme/web", 2, id="a pattern is above, and there is no default"),
        pytest.param(TRUST, "quay.io/other/web", 1, id="there is no default"),
        pytest.param("[trust]\ndefault = 'accept'" + TRUST, "quay.io/acme/web", 1, id="a pattern is above"),
        pytest.param("[trust]\ndefault = 'refuse'" + TRUST, "quay.io/acme/web", 0, id="it is refused"),
        pytest.param("", "quay.io/acme/web", 0, id="no entries"),
    ],
)
def test_a_slip_of_the_policy_is_noted_where_no_entry_matches(text: str, image: str, notes: int) -> None:
    name = parse(image)
    assert name is not None
    trust: TrustPolicy = policy(text).trust
    assert len(trust.notes(name)) == notes
