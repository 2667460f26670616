"""Kubernetes quantities: 512Mi, 1.5G, 250m, 1e3."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Final

from sealock.formats.kubernetes.manifest import ManifestValue, text
from sealock.patterns import compile_lazily

_QUANTITY: Final = compile_lazily(
    r"([+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30}))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,2}))?"
)
_UNITS: Final = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    **{unit: Decimal(1000) ** (power + 1) for power, unit in enumerate("kMGTPE")},
    **{f"{unit}i": Decimal(1024) ** (power + 1) for power, unit in enumerate("KMGTPE")},
}  # fmt: skip


def _amount(value: ManifestValue) -> Decimal:
    match = _QUANTITY.fullmatch(text(value))
    if match is None:
        msg = "must be a quantity such as 512Mi or 250m"
        raise ValueError(msg)
    exponent = Decimal(10) ** int(match[3] or 0)
    return Decimal(match[1]) * _UNITS.get(match[2] or "", Decimal(1)) * exponent


def size(value: ManifestValue) -> int:
    """A number of bytes; the cluster rounds up."""
    return int(_amount(value).to_integral_value(ROUND_CEILING))


def cpus(value: ManifestValue) -> float:
    """A number of CPUs."""
    return float(_amount(value))


def size_as_text(amount: int) -> str:
    """Write bytes."""
    for unit, shift in (("Gi", 30), ("Mi", 20), ("Ki", 10)):
        if amount and amount % 2**shift == 0:
            return f"{amount // 2**shift}{unit}"
    return str(amount)


def cpus_as_text(amount: float) -> str:
    """Write a number of CPUs."""
    return str(int(amount)) if amount == int(amount) else f"{round(amount * 1000)}m"
