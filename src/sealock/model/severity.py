"""Severity and confidence."""

from __future__ import annotations

from enum import IntEnum


class Severity(IntEnum):
    """How bad it is if it is true. Ordered."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @property
    def word(self) -> str:
        """The lower-case name that reports and settings use."""
        return self.name.lower()

    @property
    def lower(self) -> Severity:
        """The severity below, INFO for itself."""
        return Severity(max(self - 1, Severity.INFO))


class Confidence(IntEnum):
    """How sure we are that it is true. Ordered."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """The lower-case name that reports use."""
        return self.name.lower()
