"""Finds the rules: every module in a noun's folder holds one. There is no list to extend."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Final

from sealock.model.document import SubjectKind
from sealock.modules import within
from sealock.rules.rule import Rule

KINDS: Final[tuple[SubjectKind, ...]] = (
    "container",
    "build",
    "project",
    "image",
    "daemon",
    "host",
    "network",
    "enforced",
)


@cache
def rules(kind: SubjectKind) -> tuple[Rule[Any], ...]:
    """Load the rules on one kind of noun, by id; only these are imported, since start-up counts."""
    found = [
        var()
        for module in within(import_module(f"sealock.rules.{kind}"))
        for var in vars(module).values()
        if isinstance(var, type) and issubclass(var, Rule) and var.__module__ == module.__name__
    ]
    return tuple(sorted(found, key=lambda rule: rule.id))


def every_rule() -> tuple[Rule[Any], ...]:
    """Load all rules, by id."""
    return tuple(sorted((rule for kind in KINDS for rule in rules(kind)), key=lambda rule: rule.id))
