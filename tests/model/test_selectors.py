"""Labels that a selector of Kubernetes selects (apimachinery's labels.Requirement)."""

from __future__ import annotations

import pytest

from sealock.model.clusternetwork import LabelRequirement, LabelSelector, SelectorOperator

LABELS = {"app": "web", "tier": ""}


@pytest.mark.parametrize(
    ("key", "operator", "values", "fits"),
    [
        ("app", "In", ("db", "web"), True),
        ("app", "In", ("db",), False),
        ("tier", "In", ("",), True),
        ("none", "In", ("", "web"), False),
        ("app", "NotIn", ("web",), False),
        ("app", "NotIn", ("db",), True),
        ("none", "NotIn", ("web",), True),
        ("app", "Exists", (), True),
        ("tier", "Exists", (), True),
        ("none", "Exists", (), False),
        ("none", "DoesNotExist", (), True),
        ("tier", "DoesNotExist", (), False),
    ],
)
def test_a_requirement_fits(key: str, operator: SelectorOperator, values: tuple[str, ...], *, fits: bool) -> None:
    assert LabelRequirement(key, operator, values).fits(LABELS) is fits


@pytest.mark.parametrize(
    ("keys", "fits"), [((), True), (("app",), True), (("app", "tier"), True), (("app", "none"), False)]
)
def test_a_selector_selects_what_meets_all(keys: tuple[str, ...], *, fits: bool) -> None:
    assert LabelSelector(tuple(LabelRequirement(key, "Exists") for key in keys)).fits(LABELS) is fits
