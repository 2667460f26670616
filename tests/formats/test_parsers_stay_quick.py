"""Parsers take linear time, and a text above a limit is an error that names the limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from sealock import formats
from sealock.model.container import Container
from sealock.model.document import DocumentKind
from sealock.model.location import Source
from support.linecount import LINEAR, SIZE, grows

Maker = Callable[[int], str]
D: Final = "FROM debian:12\n"
C: Final = "services:\n  a:\n    image: b\n"
S: Final = "#!/bin/sh\ndocker run alpine\n"
CONFIG: Final = '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"config":{%s}}'


def numbered(text: str) -> Maker:
    """A text again and again, each time with the number in the place of N."""
    return lambda times: "".join(text.replace("N", str(n)) for n in range(times))


def repeated(text: str) -> Maker:
    return lambda times: text * times


def within(head: str, middle: Maker, tail: str = "") -> Maker:
    return lambda times: head + middle(times) + tail


TEXTS: dict[str, tuple[DocumentKind, str, Maker]] = {
    "instructions": ("dockerfile", "Dockerfile", within(D, repeated("RUN a\n"))),
    "variables": ("dockerfile", "Dockerfile", within(D, numbered("ENV AN=$A0\n"))),
    "one ENV": ("dockerfile", "Dockerfile", within(D + "ENV", numbered(" AN=b"), "\n")),
    "labels": ("dockerfile", "Dockerfile", within(D + "LABEL", numbered(" a.bN='c d'"), "\n")),
    "arguments": ("dockerfile", "Dockerfile", within("", numbered("ARG AN=$A0\n"), D)),
    "a value that grows": ("dockerfile", "Dockerfile", within(D + "ENV A=a\n", repeated("ENV A=$A$A\n"))),
    "stages": ("dockerfile", "Dockerfile", numbered("FROM debian:12 AS aN\nENV A=b\n")),
    "copies": ("dockerfile", "Dockerfile", within(D, repeated("COPY --chown=a:b a b c/\n"))),
    "sources": ("dockerfile", "Dockerfile", within(D + "COPY", repeated(" a"), " b/\n")),
    "an exec form": ("dockerfile", "Dockerfile", within(D + "CMD [", repeated('"a", '), '"b"]\n')),
    "continued lines": ("dockerfile", "Dockerfile", within(D + "RUN a \\\n", repeated("  && b \\\n"), "  && c\n")),
    "comments within": ("dockerfile", "Dockerfile", within(D + "RUN a \\\n", repeated("# b\n\n"), "  && c\n")),
    "a here-document": ("dockerfile", "Dockerfile", within(D + "RUN <<E\n", repeated("a b\n"), "E\n")),
    "here-documents": ("dockerfile", "Dockerfile", within(D, repeated("COPY <<E /a\nb\nE\n"))),
    "here-documents on a line": (
        "dockerfile",
        "Dockerfile",
        lambda n: D + "RUN cat" + " <<E" * n + "\n" + "a\nE\n" * n,
    ),
    "flags": ("dockerfile", "Dockerfile", within(D + "RUN", repeated(" --mount=type=cache,target=/a"), " b\n")),
    "no Dockerfile": ("dockerfile", "Dockerfile", repeated("something else\n")),
    "joined commands": ("dockerfile", "Dockerfile", within(D + "RUN a", repeated(" && b"), "\n")),
    "sequences": ("dockerfile", "Dockerfile", within(D + "RUN a", repeated("; b >c"), "\n")),
    "pipes": ("dockerfile", "Dockerfile", within(D + "RUN a", repeated(" >x | b"), "\n")),
    "words": ("dockerfile", "Dockerfile", within(D + "RUN a", repeated(" b"), "\n")),
    "redirects": ("dockerfile", "Dockerfile", within(D + "RUN a", repeated(" >b"), "\n")),
    "substitutions": ("dockerfile", "Dockerfile", within(D + "RUN a", repeated(" $(b)"), "\n")),
    "quotes": ("dockerfile", "Dockerfile", within(D + 'RUN a "', repeated("$b 'c' "), '"\n')),
    "elifs": ("dockerfile", "Dockerfile", within(D + "RUN if a; then b; ", repeated("elif c; then d; "), "fi\n")),
    "services": ("compose", "compose.yaml", within("services:\n", numbered("  aN:\n    image: b\n"))),
    "dependencies": (
        "compose",
        "compose.yaml",
        within("services:\n  a0:\n    image: b\n", numbered("  bN:\n    image: b\n    depends_on: [a0]\n")),
    ),
    "ports": ("compose", "compose.yaml", within(C + "    ports:\n", numbered("      - 1N:80\n"))),
    "volumes": ("compose", "compose.yaml", within(C + "    volumes:\n", numbered("      - ./aN:/bN\n"))),
    "environment": ("compose", "compose.yaml", within(C + "    environment:\n", numbered("      AN: ${B:-c}\n"))),
    "a flow list": ("compose", "compose.yaml", within("services: {a: {image: b, command: [", repeated("c, "), "d]}}")),
    "a flow mapping": (
        "compose",
        "compose.yaml",
        within("services: {a: {image: b, labels: {", numbered("lN: c, "), "}}}"),
    ),
    "aliases": (
        "compose",
        "compose.yaml",
        within("x-a: &a {image: b}\nservices:\n", numbered("  sN:\n    <<: *a\n    user: '1'\n")),
    ),
    "extends": (
        "compose",
        "compose.yaml",
        within("services:\n  a:\n    image: b\n", numbered("  sN:\n    extends: a\n")),
    ),
    "networks": ("compose", "compose.yaml", within(C + "networks:\n", numbered("  nN: {}\n"))),
    "expansions": ("compose", "compose.yaml", within(C + "    user: '", repeated("${A:-b}"), "'\n")),
    "run lines": ("run", "a.sh", within(S, repeated("docker run -v /:/a alpine\n"))),
    "other lines": ("run", "a.sh", within(S, repeated("echo a\n"))),
    "options": ("run", "a.sh", within("docker run", repeated(" -e A=b"), " alpine\n")),
    "shell variables": ("run", "a.sh", within("#!/bin/sh\n", numbered("AN=b\n"), "docker run $A0 alpine\n")),
    "a variable that grows": (
        "run",
        "a.sh",
        within("#!/bin/sh\nA=b\n", repeated('A="$A $A"\n'), "docker run $A alpine\n"),
    ),
    "array elements": (
        "run",
        "a.sh",
        within("#!/bin/bash\nA=(", repeated("-e a "), ')\ndocker run "${A[@]}" alpine\n'),
    ),
    "targets": ("run", "Makefile", numbered("tN:\n\tdocker run alpine\n")),
    "Make variables": (
        "run",
        "Makefile",
        within("A = a\n", numbered("AN := b $(A)\n"), "all:\n\tdocker run $(A0) alpine\n"),
    ),
    "a Make variable added to": (
        "run",
        "Makefile",
        within("A := a\n", repeated("A += b\n"), "all:\n\tdocker run $(A) alpine\n"),
    ),
    "Markdown blocks": ("run", "README.md", repeated("text\n```sh\ndocker run alpine\n```\n")),
    "a Markdown list": ("run", "README.md", within("```sh\ndocker run alpine\n```\n", repeated("- `a`\n"))),
    "systemd units": ("run", "a.service", within("[Service]\n", repeated("ExecStart=/usr/bin/docker run alpine\n"))),
    "CI steps": ("run", "ci.yml", within("steps:\n", repeated("  - run: docker run alpine\n"))),
    "image variables": ("image-config", "a.json", lambda n: CONFIG % ('"Env":["A=b"' + ',"A=b"' * n + "]")),
    "image labels": (
        "image-config",
        "a.json",
        lambda n: CONFIG % ('"Labels":{"a":"b"' + "".join(f',"l{i}":"b"' for i in range(n)) + "}"),
    ),
}


@pytest.mark.parametrize(("kind", "name", "make"), TEXTS.values(), ids=TEXTS)
def test_a_parser_stays_quick(kind: DocumentKind, name: str, make: Maker) -> None:
    def reading(times: int) -> Callable[[], object]:
        return lambda: formats.read(kind, Source(name, make(times)))

    reading(2)()
    assert grows(reading(SIZE), reading(2 * SIZE)) < LINEAR


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("dockerfile", D + "#" * 50 + "\n" + "# a\n" * 300_000, "larger than 1000000 characters"),
        ("dockerfile", D + "RUN a\n" * 20_001, "more than 20000 instructions"),
        ("dockerfile", D + "RUN " + "a;" * 30_001 + "\nRUN b\n", "more than 30000 commands"),
        ("dockerfile", D + "RUN " + "a|" * 1_000 + "b\n", "more than 500 pipes"),
        (
            "dockerfile",
            "FROM debian:12 AS a\n" + "".join(f"ENV A{n}=b\n" for n in range(2_000)) + "FROM a\n" * 2_000,
            "inherit more than 1000000",
        ),
        ("run", "docker run alpine\n" + "a\n" * 500_000, "larger than 1000000 characters"),
        ("run", "docker run alpine\n" * 10_001, "more than 10000 run lines"),
        ("run", "#!/bin/sh\ndocker run alpine | " + "a|" * 1_000, "more than 500 pipes"),
        (
            "compose",
            "services:\n" + "".join(f"  a{n}: {{image: b}}\n" for n in range(40_000)),
            "more than 100000 nodes",
        ),
    ],
    ids=[
        "characters",
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
    assert any(words in error.message for error in errors), errors


def test_the_total_length_of_expanded_values_is_bounded() -> None:
    lines = "".join(f"LABEL l{n}=$A\n" for n in range(200))
    document = formats.read("dockerfile", Source("test", f"{D}ENV A={'a' * 60_000}\n{lines}"))
    labels = [subject.noun.labels for subject in document.subjects if isinstance(subject.noun, Container)]
    assert sum(len(repr(label)) for label in labels) < 5_000_000
