"""A text above a limit is an error that names the limit."""

from __future__ import annotations

from typing import Final

import pytest

from sealock import formats
from sealock.model.container import Container
from sealock.model.document import DocumentKind
from sealock.model.location import Source

D: Final = "FROM debian:12\n"


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("dockerfile", D + "#" * 50 + "\n" + "# a\n" * 300_000, "larger than 1000000 characters"),
        ("dockerfile", f"{D}RUN {'€' * 30_000}\n", "longer than 65535 bytes"),
        ("dockerfile", D + "RUN a\n" * 20_001, "more than 20000 instructions"),
        ("dockerfile", D + "RUN " + "a;" * 30_001 + "\nRUN b\n", "more than 30000 commands"),
        ("dockerfile", D + "RUN " + "a|" * 1_000 + "b\n", "more than 500 pipes"),
        (
            "dockerfile",
            "FROM debian:12 AS a\n" + "".join(f"ENV A{n}=b\n" for n in range(2_000)) + "FROM a\n" * 2_000,
            "inherit more than 1000000",
        ),
        ("run", "docker run alpine\n" + "a\n" * 2_000_000, "larger than 4000000 characters"),
        ("run", "docker run alpine\n" * 10_003, "more than 10000 run lines"),
        ("run", "#!/bin/sh\ndocker run alpine | " + "a|" * 1_000, "more than 500 pipes"),
        (
            "compose",
            "services:\n" + "".join(f"  a{n}: {{image: b}}\n" for n in range(40_000)),
            "more than 100000 nodes",
        ),
    ],
    ids=[
        "characters",
        "bytes of a line",
        "instructions",
        "commands",
        "pipes",
        "inherited entries",
        "a script's characters",
        "run lines",
        "a script's pipes",
        "nodes",
    ],
)
def test_input_above_a_limit_is_an_error(kind: DocumentKind, text: str, words: str) -> None:
    errors = formats.read(kind, Source("a.sh" if kind == "run" else "test", text)).errors
    told = sum(words in error.message for error in errors)
    # Dockerfiles name each of some stages; of a script the first place is enough.
    assert 1 <= told <= (1 if kind == "run" else 10), errors


def test_the_total_length_of_expanded_values_is_bounded() -> None:
    lines = "".join(f"LABEL l{n}=$A\n" for n in range(200))
    document = formats.read("dockerfile", Source("test", f"{D}ENV A={'a' * 60_000}\n{lines}"))
    labels = [subject.noun.labels for subject in document.subjects if isinstance(subject.noun, Container)]
    assert sum(len(repr(label)) for label in labels) < 5_000_000
