"""SBOMs: renders an inventory in one of the formats, whose module is imported on demand.

Equal inventories give equal texts: everything is sorted, there is no time unless it is given, and the serial number
derives from the content.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal, TypeAlias

from sealock.model.advisory import Vulnerability
from sealock.model.inventory import Inventory

SbomFormat: TypeAlias = Literal["table", "cyclonedx", "spdx", "json"]

_MODULES = {form: f"sealock.reports.sbom.{name}" for form, name in {
    "table": "table", "cyclonedx": "cyclonedx", "spdx": "spdx", "json": "native",
}.items()}  # fmt: skip
_STANDARD = frozenset({"cyclonedx", "spdx"})


def render(
    form: SbomFormat,
    inventory: Inventory,
    *,
    serial: str = "",
    timestamp: str = "",
    vulnerabilities: Sequence[Vulnerability] = (),
    **style: Any,  # noqa: ANN401  only the table takes a style
) -> str:
    """Render the inventory. The serial (a UUID) and the time (RFC 3339, in UTC) go into CycloneDX and SPDX.

    Known vulnerabilities go only into CycloneDX, and the style (width, colour, unicode) only into the table.
    """
    words = style if form == "table" else {}
    if form in _STANDARD:
        words = {"serial": serial, "timestamp": timestamp}
    if form == "cyclonedx":
        words["vulnerabilities"] = vulnerabilities
    text: str = import_module(_MODULES[form]).render(inventory, **words)
    return text
