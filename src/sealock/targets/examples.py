"""What in a directory is documentation, an example or a test, by its path below the directory that the user named."""

from __future__ import annotations

from typing import Final

from sealock.formats.detection import is_certain
from sealock.patterns import compile_lazily
from sealock.targets.locks import is_lock

DIRECTORIES: Final = frozenset({
    "doc", "docs", "documentation", "example", "examples", "fixture", "fixtures", "sample", "samples", "test",
    "test-data", "test-fixtures", "test_data", "testdata", "testing", "tests", "__fixtures__", "__tests__",
})  # fmt: skip
"""Names of directories that hold documentation, examples and tests, in lower case."""
_NAMED_SO: Final = compile_lazily(
    r"(?:.*[-_.])?(?:(?:e2e|integration|integ|int|unit|functional|acceptance|smoke|system|regression|conformance)[-_.]?"
    r"tests?|tests|examples|samples|fixtures)|e2e(?:[-_.].*)?|tests?[-_.](?:cases|data|files|fixtures|resources|assets|e2e)"
    r"|end[-_]?to[-_]?end(?:[-_.]?tests?)?|(?:android|test)(?:test|cases)"
)
"""Other names for such directories: e2e_tests, integrationTest, Shop.Tests, client-examples."""
ENDINGS: Final = (".md", ".markdown", ".mdx", ".rst", ".adoc", ".asciidoc", ".txt")
"""Endings of files that people read."""


def is_example(path: str) -> bool:
    """Whether a file is an example; `path` is relative to the directory that the user named."""
    *directories, base = path.split("/")
    return (is_documentation(base) and not is_lock(path)) or any(map(is_example_directory, directories))


def is_example_directory(base: str) -> bool:
    """Whether a directory of this name holds documentation, examples or tests."""
    name = base.lower()
    return name in DIRECTORIES or _NAMED_SO.fullmatch(name) is not None


def is_documentation(base: str) -> bool:
    """Whether a file of this name is documentation: text for people, and neither a lock file nor a Dockerfile."""
    return base.lower().endswith(ENDINGS) and not is_lock(base) and not is_certain(base)
