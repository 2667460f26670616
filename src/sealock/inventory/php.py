"""PHP packages as Composer installs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory._composer import ComposerPackage, package
from sealock.inventory._data import decode_json, records, table, word, words
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact, FilePatterns
from sealock.model.inventory import UNREAD, FileFact, Package
from sealock.patterns import compile_lazily

_AS_PHP: Final = ".php"
_VERSIONS: Final = compile_lazily(r"'versions'\s*=>\s*(?:array\(|\[)")
_OWN: Final = compile_lazily(r"'name'\s*=>\s*'([^'\\\n]{1,200})'")
"""The name of the project, which alone has this key."""
_ENTRY: Final = compile_lazily(
    r"'([\w.-]{1,100}/[\w.-]{1,100})'\s*=>\s*(?:array\(|\[)"
    r"|'(?:(pretty_version)'\s*=>\s*'([^'\\\n]{1,200})'|dev_requirement'\s*=>\s*(true|false))"
)
"""The name of a package, its version, and whether only development needs it, which Composer 2.0 did not write."""


class Php(Analyzer):
    """`vendor/composer/installed.json`: a list from Composer 1, a table with a list in it from Composer 2.

    Where that file was removed, `installed.php` beside it has the names and versions; `merge` leaves out repetitions.
    """

    name = "php"
    version = 5
    patterns = FilePatterns(endings=("composer/installed.json", "composer/installed.php"), limit=16 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the packages."""
        if file.path.endswith(_AS_PHP):
            yield from _of_php(file)
            return
        installed = decode_json(file.data, object)
        development = frozenset(words(table(installed).get("dev-package-names", [])))
        for record in records(table(installed).get("packages", installed), ComposerPackage):
            entry = package(record, file.path, development=word(record.name) in development, installed=True)
            if entry:
                yield entry

    def join(self, facts: Iterable[Fact], /) -> Iterator[Fact]:
        """Leave out an installed.php that could not be read beside an installed.json that was."""
        own = [fact for fact in facts if isinstance(fact, Package | FileFact)]
        listed = {fact.path.removesuffix(".json") for fact in own if fact.path.endswith(".json")}
        for fact in own:
            if isinstance(fact, Package) or fact.path.removesuffix(_AS_PHP) not in listed:
                yield fact


def _of_php(file: AnalyzedFile) -> Iterator[Package | FileFact]:
    """The packages in an installed.php, but not the project itself; the file as not read where it has another form."""
    text = file.data.decode(errors="replace")
    begin, own = _VERSIONS.search(text), _OWN.search(text)
    if begin is None:
        yield FileFact(UNREAD, file.path, detail="Composer")
        return
    name, versions, development = "", dict[str, str](), set[str]()
    for match in _ENTRY.finditer(text, begin.end()):
        if match[1]:
            name = match[1]
        elif match[2]:
            versions.setdefault(name, match[3])
        elif match[4] == "true":
            development.add(name)
    for name, version in versions.items():
        record = ComposerPackage(name, version)
        entry = None if own and name == own[1] else package(record, file.path, development=name in development)
        if entry:
            yield entry
