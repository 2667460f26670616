"""Finds the demonstrations: every module of `demonstrations` holds some. `reasons` has the rules without one."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from msgspec.structs import replace

from sealock.modules import within
from sealock.rules.catalog import every_rule
from sealock.show.demonstration import Demonstration
from sealock.show.reasons import REASONS, SAME

SHOWABLE: Final = ("C", "K", "N", "E")
"""The first letters of the rules on what runs."""


@cache
def demonstrations() -> dict[str, Demonstration]:
    """Every demonstration, by the id of its rule."""
    reads = {rule.id: rule.reads for rule in every_rule()}
    modules = within(import_module("sealock.show.demonstrations"))
    each = (about for module in modules for about in module.DEMONSTRATIONS)
    complete = (about if about.fields else replace(about, fields=reads[about.rule]) for about in each)
    return {about.rule: about for about in sorted(complete, key=lambda about: about.rule)}


def find(rule: str) -> tuple[Demonstration | None, str]:
    """The demonstration of a rule's harm, which may be another rule's; else why there is none."""
    if demonstration := demonstrations().get(SAME.get(rule, rule)):
        return demonstration, ""
    return None, REASONS.get(rule, "it is about a file or an image, not about what runs")
