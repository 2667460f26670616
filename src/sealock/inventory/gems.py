"""Ruby gems as RubyGems installs them: one generated specification for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.model.inventory import Package

LONGEST: Final = 4096
"""Maximum characters of a statement: names, versions and licences are short."""
PAIRS: Final = {"{": "}", "(": ")", "[": "]", "<": ">"}
ESCAPES: Final = {"n": "\n", "t": "\t", "s": " "}


class Gems(Analyzer):
    """`specifications/*.gemspec`, and those of the default gems below it; RubyGems writes a statement a line."""

    name = "gems"
    placed = True
    patterns = FilePatterns(endings=(".gemspec",), homes=("specifications",), limit=4 << 20)

    def claims(self, path: str, /) -> bool:
        """Whether it is the specification of an installed gem."""
        return path.rpartition("/")[0].removesuffix("/default").rpartition("/")[2] == "specifications"

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the gem."""
        if not self.claims(file.path):
            return
        attributes = statements(file.data.decode(errors="replace"))
        name, version = (word(next(iter(attributes.get(key, ())), "")) for key in ("name", "version"))
        if not name or not version:
            message = "names no gem, or not its version"
            raise BrokenFileError(message)
        platform = word(next(iter(attributes.get("platform", ())), ""))
        licenses = [word(text) for text in (*attributes.get("licenses", ()), *attributes.get("license", ()))]
        yield Package(
            "gem",
            name,
            version,
            file.path,
            licenses=tuple(dict.fromkeys(license_ for license_ in licenses if license_)),
            qualifiers=(("platform", platform),) if platform and platform != "ruby" else (),
        )


def statements(text: str) -> dict[str, list[str]]:
    """The strings on the right of `s.name = ...`, by the attribute's name; of several, the first counts."""
    attributes: dict[str, list[str]] = {}
    stub: list[str] = []
    for line in text.splitlines():
        statement = line.strip()
        if statement.startswith("# stub: ") and not stub:
            stub = statement.split(" ", 5)[2:5]
        left, equals, right = statement.partition("=")
        variable, _, attribute = left.strip().partition(".")
        if equals and variable.isidentifier() and attribute not in attributes:
            attributes[attribute] = strings(right[:LONGEST])
    # The stub line is what RubyGems itself goes by; it knows the platform too.
    for key, value in zip(("name", "version", "platform"), stub, strict=False):
        if not attributes.get(key):
            attributes[key] = [value]
    return attributes


def strings(text: str) -> list[str]:
    """The string literals of a Ruby expression: "double", 'single', %q{any} and %q<any>."""
    literals: list[str] = []
    at = 0
    while at < len(text):
        mark = text[at]
        if mark == "#":
            break
        if mark in {'"', "'"}:
            literal, at = quoted(text, at + 1, mark)
            literals.append(literal)
        elif mark == "%" and text[at + 1 : at + 2] in {"q", "Q"} and text[at + 2 : at + 3]:
            literal, at = quoted(text, at + 3, PAIRS.get(text[at + 2], text[at + 2]))
            literals.append(literal)
        elif text.startswith(("if ", "unless "), at) and text[at - 1 : at] in {"", " "}:
            break  # the statement's condition
        else:
            at += 1
    return literals


def quoted(text: str, at: int, end: str) -> tuple[str, int]:
    """The literal up to its end mark, and where the text goes on."""
    parts: list[str] = []
    while at < len(text) and text[at] != end:
        if text[at] == "\\":
            at += 1
            escaped = text[at : at + 1]
            parts.append(ESCAPES.get(escaped, escaped) if end == '"' else escaped)
        else:
            parts.append(text[at])
        at += 1
    return "".join(parts), at + 1
