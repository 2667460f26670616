"""Every rule on a container that a create request can break denies the request, where the policy says so."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.formats.inspect.created import read_created
from sealock.guard.decision.effects import read_again
from sealock.guard.decision.ruleset import RuleSet
from sealock.model.absent import UNKNOWN
from sealock.model.container import Container
from sealock.rules.catalog import rules as catalog
from support.createbodies import body_of
from support.documents import read
from support.guardworld import GuardWorld, rules

POLICY = """
pedantic = true
registries = ["ghcr.io"]
[guard]
[[guard.caller]]
name = "all"
allow = ["containers"]
fail-on = "info"
binds = ["/"]
devices = ["*"]
accept = ["G013", "G014"]
"""
NOT_OF_ENGINES = {
    "C074": "the fault lies between the health check and the image's content, which a request does not hold",
    "C082": "content trust is a setting of the client",
    "C084": "a project directory is relative, and requests hold absolute paths",
    "C090": "pods only", "C091": "pods only", "C092": "pods only", "C093": "pods only", "C094": "pods only",
    "C096": "pods only",
    "C083": "an image's configuration is in no request",
    "C052": "a request for json-file without options asks for the engine's default, see C053",
    "C025": "the list of devices in the policy decides, see G014",
    "C026": "the list of devices in the policy decides, see G014",
}  # fmt: skip

ODD: tuple[tuple[Any, Any], ...] = (
    ([], {}), (None, None), (["A=1", "B"], {"a": "1"}), ("A=1", ["a"]), (["A", 5], {"a": None}), ({"A": "1"}, "a"), (5, 5),
)  # fmt: skip


def lines() -> list[tuple[str, str]]:
    return [
        (rule.id, bad)
        for rule in catalog("container")
        for bad in rule.bad
        if bad.startswith("docker run ") and "$" not in bad and "~" not in bad and rule.id not in NOT_OF_ENGINES
    ]


def test_every_rule_is_tried_or_has_a_reason() -> None:
    assert {rule.id for rule in catalog("container")} == {rule for rule, _ in lines()} | set(NOT_OF_ENGINES)


@pytest.mark.parametrize(("rule", "line"), lines())
def test_a_rule_denies_the_request(rule: str, line: str) -> None:
    noun = next(subject.noun for subject in read(line).subjects if isinstance(subject.noun, Container))
    world = GuardWorld(POLICY)
    world.engine["/containers/app/json"] = {"Id": "a" * 64, "Name": "/app", "Config": {}, "HostConfig": {}}
    decision = world.decide("POST /v1.44/containers/create?name=web", body_of(noun))
    assert rule in rules(decision), decision


def containers() -> list[Container]:
    """The containers of all vectors, of any format."""
    texts = dict.fromkeys(text for rule in catalog("container") for text in (*rule.bad, *rule.good))
    return [subject.noun for text in texts for subject in read(text).subjects if isinstance(subject.noun, Container)]


def test_what_is_left_open_or_known_already_changes_no_result() -> None:
    rules = RuleSet(catalog("container"))
    nouns = containers()
    assert len(nouns) > 300
    for _ in ("at first", "and again"):
        for noun in nouns:
            unknown = {name for name in Container.__struct_fields__ if getattr(noun, name) is UNKNOWN}
            expected = {
                rule.id: tuple(rule.check(noun)) if unknown.isdisjoint(rule.reads) else None for rule in rules.all
            }
            found = {rule.id: faults for rule, faults in rules.find(noun)}
            assert found == {rule: faults for rule, faults in expected.items() if faults != ()}, noun


def test_a_body_like_one_before_is_read_as_if_it_were_the_first() -> None:
    bodies = [body_of(noun) for noun in containers()]
    bodies += [{**body, "Env": env, "Labels": labels, "Cmd": []} for body in bodies[:3] for env, labels in ODD]
    for body in bodies:
        assert read_again(body) == read_created(body), body
