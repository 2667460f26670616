"""The inventory as a table: the image, its layers, its packages by type, and errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sealock.model.inventory import Inventory, instruction
from sealock.reports.ansi import Ink
from sealock.reports.page import Page
from sealock.reports.sbom.items import SbomItem, describe_image, list_items
from sealock.text import count, fit, format_size, line, sentence, width

_NAMES: Final = {
    "deb": "Debian packages",
    "apk": "Alpine packages",
    "rpm": "RPM packages",
    "alpm": "Pacman packages",
    "pypi": "Python packages",
    "npm": "Node packages",
    "gem": "Ruby gems",
    "composer": "PHP packages",
    "maven": "Java archives",
    "nuget": ".NET packages",
    "conda": "Conda packages",
    "golang": "Go modules",
    "cargo": "Rust crates",
    "pub": "Dart packages",
    "hex": "Elixir and Erlang packages",
    "cocoapods": "CocoaPods",
    "swift": "Swift packages",
    "conan": "Conan packages",
    "jsr": "JSR packages",
    "bitnami": "Bitnami packages",
    "generic": "Programs and libraries",
}
_FACTS: Final = 12
"""Maximum files of a kind to show."""


def render(inventory: Inventory, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Render for a terminal of this width."""
    page = _Page(inventory, max(width, 40), colour=colour, unicode=unicode)
    lines = [*page.head(), *page.layers(), *page.packages(), *page.files(), *page.errors(), *page.summary()]
    return "\n".join(row.rstrip() for row in lines) + "\n"


class _Page(Page):
    """Each method yields the lines of one part."""

    def __init__(self, inventory: Inventory, room: int, *, colour: bool, unicode: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.inventory = inventory
        self.items = list_items(inventory)

    def head(self) -> Iterator[str]:
        """The image's name and properties."""
        about, inventory = describe_image(self.inventory), self.inventory
        name = line(inventory.names[0] if inventory.names else inventory.read_as.partition(",")[0] or about.name)
        yield self.headline(name)
        system = inventory.distribution
        words = {
            "Names": ", ".join(line(name) for name in inventory.names[1:]),
            "Why": line(inventory.read_as.partition("because ")[2]),
            "Id": line(inventory.id),
            "Manifest": line(inventory.manifest),
            "Platform": line(inventory.platform),
            "System": line(system.name or f"{system.id} {system.version}") if system else "",
        }
        for label, text in words.items():
            if text:
                yield f"{self.paint('faint', f'{label:<10}')}{fit(text, self.room - 10)}"
        yield ""

    def layers(self) -> Iterator[str]:
        """The layers from the bottom up, with the instruction that made each."""
        if not self.inventory.layers or self.inventory.read_as:
            return  # a root file system has no layers
        yield self.paint("heading", count(len(self.inventory.layers), "layer").capitalize())
        rows = [
            (
                str(layer.index + 1),
                format_size(layer.size),
                line(instruction(layer.created_by) or layer.digest or layer.diff_id),
            )
            for layer in self.inventory.layers
        ]
        yield from self.table(rows, right=(0, 1))
        yield ""

    def packages(self) -> Iterator[str]:
        """The packages of each type; a file that lists all of them is in the heading."""
        for kind, group in groupby(self.items, key=lambda item: item.package.type):
            listed = list(group)
            paths = {item.package.path for item in listed}
            where = f" {self.signs.dot} {line(paths.pop())}" if len(paths) == 1 else ""
            title = f"{_NAMES[kind]}: {len(listed)}"
            yield self.paint("heading", title) + self.paint("faint", fit(where, max(self.room - width(title), 1)))
            twice = {name for name, times in Counter(item.name for item in listed).items() if times > 1}
            rows = [self.row(item, path=not where, precise=item.name in twice) for item in listed]
            inks: list[Ink | None] = ["faint" if item.package.removed else None for item in listed]
            yield from self.table([("Name", "Version", "Layer", "" if where else "Path"), *rows], inks=["faint", *inks])
            yield ""

    def row(self, item: SbomItem, *, path: bool, precise: bool) -> tuple[str, ...]:
        """The cells of a package; `precise` adds the architecture, as dpkg does for packages of one name."""
        package = item.package
        notes = [
            word
            for word, applies in (
                ("removed", package.removed),
                (f"record removed in {package.record_removed_in + 1}", package.record_removed_in >= 0),
                ("development", package.development),
            )
            if applies
        ]
        note = f" ({', '.join(notes)})" if notes else ""
        layer = str(package.layer + 1) if package.layer >= 0 else ""
        name = f"{item.name}:{package.architecture}" if precise and package.architecture else item.name
        return line(name), line(package.version), layer + note, line(package.path) if path else ""

    def files(self) -> Iterator[str]:
        """The notable files, by kind."""
        ordered = sorted(self.inventory.files, key=lambda file: (file.kind, file.path, file.layer))
        for kind, group in groupby(ordered, key=lambda fact: fact.kind):
            facts = list(group)
            yield self.paint("heading", f"{fit(line(kind).capitalize(), 24)}: {count(len(facts), 'file')}")
            rows = [
                (f"{fact.mode & 0o7777:04o}", line(fact.path), line(fact.owner), line(fact.detail))
                for fact in facts[:_FACTS]
            ]
            yield from self.table(rows)
            if len(facts) > _FACTS:
                yield self.paint("faint", f"  and {len(facts) - _FACTS} more")
            yield ""

    def errors(self) -> Iterator[str]:
        """The errors."""
        for error in self.inventory.errors:
            badge = self.paint("alarm", f"{self.signs.of[max(self.signs.of)]} ERROR") + " " * 5
            yield from self.hanging(line(error.location.file), 12, "bold", badge=badge)
            yield from self.hanging(sentence(line(error.message)), 12)
        if self.inventory.errors:
            yield ""

    def removed_records(self) -> Iterator[str]:
        """Which layers removed records of packages, and left the files."""
        counts = Counter(item.package.record_removed_in for item in self.items if item.package.record_removed_in >= 0)
        made_by = {layer.index: instruction(layer.created_by) for layer in self.inventory.layers}
        for index, number in sorted(counts.items()):
            made = f" ({line(made_by[index])})" if made_by.get(index) else ""
            yield f"Layer {index + 1}{made} removes the records of {count(number, 'package')}, and their files stay"

    def summary(self) -> Iterator[str]:
        """The last line: the number of packages, and whether the list is complete."""
        removed = sum(item.package.removed for item in self.items)
        words = count(len(self.items), "package") + (f", {removed} of them removed by a later layer" if removed else "")
        words += "".join(f". {text}" for text in self.removed_records())
        if self.inventory.errors:
            words += f". {count(len(self.inventory.errors), 'error')}: not everything could be read"
        sign = self.signs.arrow if self.inventory.errors else self.signs.good
        yield from self.hanging(f"{words}.", 2, "bold", badge=f"{sign} ")
