"""Finds the rules: every module in a noun's directory, or in rules/shared, holds one. There is no list to extend."""

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
    return tuple(
        sorted(
            (*_rules_in(kind), *(rule for rule in _rules_in("shared") if kind in rule.kinds)), key=lambda rule: rule.id
        )
    )


@cache
def _rules_in(directory: str) -> tuple[Rule[Any], ...]:
    return tuple(
        var()
        for module in within(import_module(f"sealock.rules.{directory}"))
        for var in vars(module).values()
        if isinstance(var, type) and issubclass(var, Rule) and var.__module__ == module.__name__
    )


def every_rule() -> tuple[Rule[Any], ...]:
    """Load all rules, by id."""
    return tuple(sorted({rule.id: rule for kind in KINDS for rule in rules(kind)}.values(), key=lambda rule: rule.id))


@cache
def kinds_of(rule: Rule[Any]) -> tuple[SubjectKind, ...]:
    """Name the kinds of noun that a rule checks."""
    return tuple(kind for kind in KINDS if rule in rules(kind))
