"""The order of packages in an SBOM rests on each of their fields, and so never on the order in which they were found."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sealock.model.inventory import Package
from sealock.reports.sbom.items import _order

PLAIN = Package("deb", "curl", "1", "var/lib/dpkg/status", layer=0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "npm"), ("namespace", "x"), ("name", "wget"), ("version", "2"), ("architecture", "arm64"), ("path", "x"), ("layer", 1),
        ("removed", True), ("found_by", "dpkg"), ("qualifiers", (("a", "b"),)), ("licenses", ("MIT",)), ("files", ("usr/bin/curl",)),
        ("source", "s"), ("source_version", "3"), ("supplier", "me"), ("development", True),
    ],
)  # fmt: skip
def test_packages_that_differ_in_one_field_have_an_order(field: str, value: Any) -> None:
    other = replace(PLAIN, **{field: value})
    assert getattr(PLAIN, field) != value
    assert _order(other) > _order(PLAIN)
