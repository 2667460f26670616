"""The table of a format's keys, each with the option of a run line that it stands for.

A reader makes a word of each value (`AddCapability=CHOWN` is `--cap-add=chown`), and `runargs` reads the words. So a
format says only how its keys are spelled, and what its values mean is in one place.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from sealock.model.shell import Word

Shape: TypeAlias = Literal["text", "flag", "switch", "list", "words", "args", "pairs", "arguments", "command"]
"""How a key holds the values of its option.

text: one value | flag: whether the option is set | switch: whether it has the value of the table | list: a value for
each item or line | words, args: several in a line, the latter with escapes | pairs: names with values | arguments: the
options themselves | command: the words after the image
"""
Holder: TypeAlias = Any
"""Where a format keeps a value: an entry of a unit, a value of a tree."""


class OptionKey(Struct, frozen=True):
    """A key, and the option that it stands for. In `value` the key's own text takes the place of {}.

    What is not `writable` is read, and a change is spelled by another key, since older programs do not know this one.
    """

    key: str
    option: str = ""
    shape: Shape = "text"
    value: str = "{}"
    writable: bool = True

    def option_word(self, text: str) -> str:
        """The word of a run line for a value of the key."""
        if self.shape in {"arguments", "command"}:
            return text
        if self.shape == "flag":
            return f"--{self.option}" if text == "true" else f"--{self.option}={text}"
        return f"--{self.option}={self.value.replace('{}', text)}"

    def own_text(self, text: str) -> str | None:
        """The key's text for a value of the option, None where the key cannot have it."""
        before, found, after = self.value.partition("{}")
        if not found:
            return "true" if text == self.value else None
        inner = text[len(before) : len(text) - len(after)]
        return inner if len(text) >= len(before) + len(after) and self.value.replace("{}", inner) == text else None


class KeyWord(Word, frozen=True):
    """A word, and where it comes from: the row of the table, what holds its value, and which item of that it is."""

    row: OptionKey = OptionKey("")
    holder: Holder = None
    item: int = 0
