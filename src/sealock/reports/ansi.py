"""Writes to terminals in the sixteen colours that every palette shows, but black, white, yellow and blue.

Those four vanish on a light or on a dark background. What a colour says is said in words or signs as well.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from sealock.model.finding import Severity

Ink: TypeAlias = Literal["bold", "faint", "alarm", "red", "green", "magenta", "cyan", "heading"]

_CODES: Final[dict[Ink, str]] = {
    "bold": "1",
    "faint": "2",
    "alarm": "1;7;31",
    "red": "1;31",
    "green": "32",
    "magenta": "35",
    "cyan": "36",
    "heading": "1;4",
}
INKS: Final[dict[Severity, Ink]] = {
    Severity.CRITICAL: "alarm",
    Severity.HIGH: "red",
    Severity.MEDIUM: "magenta",
    Severity.LOW: "cyan",
    Severity.INFO: "faint",
}


class Signs:
    """The signs of a terminal that knows Unicode, and those of one that does not."""

    def __init__(self, *, unicode: bool) -> None:
        words = "✖ ▲ ■ ● ○ ✔ │ ─ · × ⋮ →" if unicode else "x ! * - . = | - - x : >"
        signs = words.split(" ")
        self.of = dict(zip(sorted(Severity, reverse=True), signs, strict=False))
        self.good, self.bar, self.rule, self.dot, self.times, self.more, self.arrow = signs[5:]


class Paint:
    """Puts ink on text, or leaves it plain."""

    def __init__(self, *, on: bool) -> None:
        self.on = on

    def __call__(self, ink: Ink, text: str) -> str:
        """The text in that ink."""
        return f"\x1b[{_CODES[ink]}m{text}\x1b[0m" if self.on and text else text
