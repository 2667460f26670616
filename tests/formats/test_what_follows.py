"""What a reader passes over, or reports, ends no text: what follows it is read all the same, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from sealock import formats
from sealock.formats.files import NOTHING
from sealock.model.container import Container
from sealock.model.document import DocumentKind
from sealock.model.location import Source

UNIT = "[Container]\nImage=a:1\n"
ROWS: list[tuple[str, DocumentKind, str, str, str, Any]] = [
    ("an option with a value that is none", "run", "a", "docker run --memory x --cpus 2 a:1\n", "cpus", 2.0),
    ("a key that is a list", "compose", "c.yaml", '? [a]\n: b\nservices: {a: {image: "a:1", privileged: true}}\n', "privileged", True),
    ("a mount", "quadlet", "a.container", f"{UNIT}Volume=/srv/a:/a\nVolume=/srv/b:/b\n", "mounts", ["/srv/a", "/srv/b"]),
    ("a device", "quadlet", "a.container", f"{UNIT}AddDevice=/dev/a\nAddDevice=/dev/b\n", "devices", ["/dev/a", "/dev/b"]),
    ("a line with a quote that is not closed", "quadlet", "a.container", f'{UNIT}Environment="A=1\nEnvironment=B=2\n', "environment", ["A", "B"]),
    ("a line without a value", "quadlet", "a.container", f"{UNIT}Environment=\nEnvironment=B=2 C=3\n", "environment", ["B", "C"]),
    ("a line with an escape that nobody knows", "quadlet", "a.container", f"{UNIT}Environment=A=\\xzz\nEnvironment=B=2\n", "environment", ["B"]),
]  # fmt: skip


def shown(value: Any) -> Any:
    if isinstance(value, tuple):
        return [
            getattr(each, "name", None) or getattr(each, "host", None) or getattr(each, "source", None) or each
            for each in value
        ]
    return list(value) if hasattr(value, "keys") else value


@pytest.mark.parametrize(
    ("kind", "name", "text", "field", "value"), [pytest.param(*row, id=sentence) for sentence, *row in ROWS]
)
def test_what_follows_is_read(kind: DocumentKind, name: str, text: str, field: str, value: Any) -> None:
    document = formats.read(kind, Source(name, text), NOTHING)
    (container,) = (subject.noun for subject in document.subjects if isinstance(subject.noun, Container))
    assert shown(getattr(container, field)) == value
