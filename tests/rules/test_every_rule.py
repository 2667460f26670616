"""Holds every rule to its own page: bad is found, good is not, the fix fixes, silence is never a pass."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from sealock import formats
from sealock.errors import FormatError
from sealock.model.absent import UNKNOWN
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import RuleFinding
from sealock.model.location import Place
from sealock.rules.catalog import every_rule, kinds_of, rules
from sealock.rules.evaluation import evaluate
from sealock.rules.rule import Rule, title
from sealock.scan.manual import pages
from support.documents import read
from support.rulevectors import findings_of, fix

RULES = every_rule()
BAD = [pytest.param(rule, text, id=f"{rule.id}-{index}") for rule in RULES for index, text in enumerate(rule.bad)]
GOOD = [pytest.param(rule, text, id=f"{rule.id}-{index}") for rule in RULES for index, text in enumerate(rule.good)]
EACH = [pytest.param(rule, id=rule.id) for rule in RULES]
KINDS_OF = {rule.id: kinds_of(rule) for rule in RULES}


DIFFERENT = {
    ("B013", "B150"): "a secret, and the legacy form of the instruction",
    ("B010", "C086"): "the digest, and the registry",
    ("B020", "B186"): "a script from the network, and bash words in dash",
    ("B024", "B150"): "a TLS check that is off, and the legacy form of the instruction",
    ("B029", "B121"): "the host key of ssh, and that ssh has no effect in a build",
    ("B062", "C081"): "the end of support, and the digest",
    ("B064", "B189"): "a certificate authority from the network, and curl without --fail",
    ("B101", "B110"): "the index in a layer of its own, and its weight",
    ("B103", "B110"): "an upgrade, and the cache that it fills",
    ("B104", "B110"): "versions, and the cache",
    ("B104", "B109"): "versions, and recommended packages",
    ("B105", "B110"): "versions, and the cache",
    ("B108", "B110"): "hashes, and the cache",
    ("B110", "B115"): "the cache, and a question that nobody answers",
    ("B110", "B183"): "the cache, and a failure that a semicolon hides",
    ("B116", "B150"): "DEBIAN_FRONTEND in ENV, and the legacy form of the instruction",
    ("B118", "B120"): "a second program for downloads, and the progress that it prints",
    ("B130", "B192"): "the health check, and the user",
    ("B136", "C072"): "the shell form, and the debugger that it starts",
    ("B139", "B189"): "a pipeline without pipefail, and curl without --fail",
    ("B142", "B182"): "cd instead of WORKDIR, and cd without a check",
    ("B143", "B147"): "the same name twice, and its case",
    ("C004", "C005"): "NET_RAW is graver than the other defaults on the host's own network",
    ("C041", "C085"): "what a tmpfs allows, and its size",
    ("C060", "C062"): "the address of a port, and its number",
    ("C060", "P013"): "an open port, and the power of the service behind it",
    ("C081", "C086"): "the digest, and the registry",
}
"""Rules that may report one place: the two faults are different, and to fix one leaves the other."""


@pytest.mark.repeats
@pytest.mark.parametrize(("rule", "text"), BAD)
def test_what_a_page_calls_bad_is_found(rule: Rule[Any], text: str) -> None:
    findings = findings_of(rule, text)
    assert findings
    assert all(finding.location.line > 0 for finding in findings)


VARY = {page.id for page in pages() if page.varies}


@pytest.mark.repeats
@pytest.mark.parametrize(("rule", "text"), BAD)
def test_a_page_says_that_a_finding_may_be_more_or_less_severe(rule: Rule[Any], text: str) -> None:
    assert rule.id in VARY or {finding.severity for finding in findings_of(rule, text)} == {rule.severity}


@pytest.mark.repeats
@pytest.mark.parametrize(("rule", "text"), GOOD)
def test_what_a_page_calls_good_is_judged_and_not_found(rule: Rule[Any], text: str) -> None:
    document = read(text)
    result = evaluate("test", document, dict.fromkeys(KINDS_OF[rule.id], (rule,)))
    assert not document.errors
    assert not result.findings
    assert len(result.skipped) < sum(subject.kind in KINDS_OF[rule.id] for subject in document.subjects)


@pytest.mark.repeats
@pytest.mark.parametrize(("rule", "text"), BAD)
def test_the_fix_removes_faults_and_fixing_twice_changes_nothing(rule: Rule[Any], text: str) -> None:
    if not rule.fixable:
        assert all(finding.remedy.text for finding in findings_of(rule, text))
        return
    fixed = fix(text, rule)
    assert not read(fixed).errors
    assert fix(fixed, rule) == fixed
    assert len(findings_of(rule, fixed)) < len(findings_of(rule, text))


STAGES = [
    pytest.param(rule, f"{text.rstrip()}\n", id=f"{rule.id}-{index}")
    for rule in RULES
    for index, text in enumerate(rule.bad)
    if "build" in KINDS_OF[rule.id] and text.startswith("FROM")
]
OF_THE_FINAL_STAGE = {
    "B046", "B047", "B048", "B065", "B109", "B110", "B130", "B157", "B159", "B188", "B190", "B191", "B192",
}  # fmt: skip
"""What these rules report is gone with a stage that is not the final one."""


@pytest.mark.repeats
@pytest.mark.parametrize(("rule", "text"), STAGES)
def test_what_comes_before_hides_no_fault(rule: Rule[Any], text: str) -> None:
    alone = Counter(finding.message for finding in findings_of(rule, text))
    for good in rule.good:
        if good.startswith("FROM"):
            assert not alone - Counter(finding.message for finding in findings_of(rule, f"{good.rstrip()}\n{text}"))


def test_a_fault_in_two_stages_is_reported_in_each_unless_the_first_is_gone() -> None:
    fewer = {
        rule.id
        for rule, text in (case.values for case in STAGES)
        if isinstance(rule, Rule) and isinstance(text, str)
        if len(findings_of(rule, f"{text}{text}")) < 2 * len(findings_of(rule, text))
    }
    assert fewer == OF_THE_FINAL_STAGE


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in rules("container")])
def test_silence_is_no_pass(rule: Rule[Any]) -> None:
    result = judge_noun(rule, Container())
    assert result.skipped
    assert not result.findings


def judge_noun(rule: Rule[Any], noun: Container) -> Any:
    document = read("docker run alpine")
    subject = Subject("nobody", noun, {})
    return evaluate("test", Document(document.kind, document.sources, (subject,)), {"container": (rule,)})


def test_rules_read_no_clock() -> None:
    clock = re.compile(r"\b(?:today|now|utcnow|time|time_ns|monotonic)\(|^import time|^from time ", re.MULTILINE)
    files = Path(formats.__path__[0]).parent.joinpath("rules").rglob("*.py")
    assert [file.name for file in files if clock.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("rule", EACH)
def test_a_page_is_complete(rule: Rule[Any]) -> None:
    page = (type(rule).__doc__ or "").strip()
    assert re.fullmatch(r"[BCEFHIKNPT]\d{3}", rule.id)
    assert title(type(rule))
    assert len(title(type(rule))) <= 72
    words = [word for word in rule.keywords if word.casefold() in title(type(rule)).casefold()]
    assert words, "the title names the fault in the words that people search for"
    assert len(page.splitlines()) >= 3, "the page says why it matters"
    assert rule.remedy.strip()
    assert rule.bad
    assert rule.good
    if KINDS_OF[rule.id] == ("container",):
        assert set(rule.reads) <= set(Container.__struct_fields__)
        assert rule.reads


def faults(document: Document) -> Iterator[tuple[Rule[Any], Subject, RuleFinding, Place]]:
    """What all rules find, with the subject and the place."""
    for subject in document.subjects:
        for rule in rules(subject.kind):
            image = rule.of_runs and isinstance(subject.noun, Container) and subject.noun.image_role == "base"
            if not image and not any(getattr(subject.noun, field, None) is UNKNOWN for field in rule.reads):
                for fault in rule.check(subject.noun):
                    if not fault.unknown:
                        yield rule, subject, fault, fault.place or subject.place(fault.at)


def same_fault(one: tuple[Any, Subject, RuleFinding, Place], other: tuple[Any, Subject, RuleFinding, Place]) -> bool:
    """Whether two rules report the same thing: at one place, and of one field where they check the same noun."""
    (_, subject, fault, place), (_, other_subject, other_fault, other_place) = one, other
    if place != other_place or place.start < 0:
        return False
    if subject is other_subject:
        length = min(len(fault.at), len(other_fault.at))
        return bool(length) and fault.at[:length] == other_fault.at[:length]
    # Two nouns have no common fields; what is missing from either stands at the noun as a whole.
    wholes = {subject.where.get(()), other_subject.where.get(())}
    return subject.kind != other_subject.kind and place not in wholes


@pytest.mark.repeats
def test_one_fault_is_one_finding() -> None:
    met = set()
    for rule in RULES:
        for text in (*rule.bad, *rule.good):
            for one, other in combinations(faults(read(text)), 2):
                pair = tuple(sorted((one[0].id, other[0].id)))
                if pair[0] != pair[1] and same_fault(one, other):
                    assert pair in DIFFERENT, (pair, text, one[2].message, other[2].message)
                    met.add(pair)
    assert met == set(DIFFERENT)


def test_ids_and_titles_are_unique() -> None:
    assert not [id_ for id_, count in Counter(rule.id for rule in RULES).items() if count > 1]
    assert not [name for name, count in Counter(title(type(rule)) for rule in RULES).items() if count > 1]


def test_a_format_that_has_no_words_for_a_change_says_so() -> None:
    from sealock.model.change import Set  # noqa: PLC0415  used here alone

    document = read("FROM scratch\nCOPY a /\n")
    container = next(subject for subject in document.subjects if subject.kind == "container")
    with pytest.raises(FormatError):
        formats.edits(document, container, Set("privileged", False))
