"""No text makes the reader raise, every place is right, and every change reads back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.dockerfile.reader import MAX_ERRORS
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET
from sealock.model.absent import given as value_or
from sealock.model.build import Build, BuildText, Flag, Heredoc, Instruction
from sealock.model.change import Add, FieldChange, Remove, Set, Swap, changed
from sealock.model.container import Container, Health, Label, Mount, Variable
from sealock.model.document import Document
from sealock.model.location import Place, Source
from sealock.model.shell import Script, Word
from support.draws import draws
from support.linecount import lines_run

PIECES = [
    "FROM ", "from alpine:3", "FROM debian AS b", "FROM b", "FROM scratch", "RUN ", "COPY ", "ADD ", "ENV ", "ARG ", "LABEL ",
    "USER ", "WORKDIR ", "EXPOSE ", "VOLUME ", "CMD ", "ENTRYPOINT ", "HEALTHCHECK ", "SHELL ", "ONBUILD ", "STOPSIGNAL ",
    "MAINTAINER ", "--from=b ", "--mount=type=cache,target=/x ", "--chown=a:b ", "--interval=1m30s ", "CMD curl -f http://x || exit 1",
    "NONE", "a=1 ", 'b="x y" ', "c='z' ", "$A ", "${A:-b}", "${A%%x*}", "${A//b/c}", "${", "}", "$", '"', "'", "\\", "\\\n", "`", "`\n",
    "\n", "\n", "\n", "\n", "\r\n", " ", "\t", "# comment\n", "# escape=`\n", "# syntax=docker/dockerfile:1\n", "#", "<<EOF", "<<-E ",
    "<<'Q'", "\nEOF\n", "\n\tE\n", "\nQ\n", "#!/bin/bash\n", "#!/usr/bin/python3\n", '["a", "b"]', '["sh", "-c", "echo $A | sh"]', "[1]",
    "[", "]", "echo a && b | c", "sh -c 'x; y'", "(a; b)", "80 443/udp", "8000-8010", "/a /b", "../c", "é", "\x00", "\ufeff", "\ud800",
    "\u2028", "\x85", "100:200", "0",
]  # fmt: skip
dockerfiles = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def read(text: str) -> Document:
    return formats.read("dockerfile", Source("Dockerfile", text))


def nouns(value: Any) -> Iterator[Any]:
    """Every struct in a noun."""
    if isinstance(value, Struct):
        yield value
        for name in value.__struct_fields__:
            yield from nouns(getattr(value, name))
    elif isinstance(value, tuple):
        for element in value:
            yield from nouns(element)


def check_places(document: Document) -> None:
    text = document.source.text
    if not document.subjects:
        assert len(document.errors) > MAX_ERRORS, "only what is no Dockerfile is skipped"
        return
    build = document.subjects[0].noun
    assert isinstance(build, Build)
    for noun in nouns(build):
        place = getattr(noun, "place", None)
        if not isinstance(place, Place):
            continue
        assert 0 <= place.start <= place.end <= len(text), noun
        excerpt = text[place.start : place.end]
        match noun:
            case BuildText(raw=raw) if "\n" not in excerpt:
                assert excerpt == raw
            case BuildText(raw=raw):
                assert is_subsequence(raw, excerpt)
            case Instruction():
                if "\n" not in text[noun.keyword_place.start : noun.keyword_place.end]:
                    assert text[noun.keyword_place.start : noun.keyword_place.end].upper() == noun.keyword
                inner = [part.place for part in nouns(noun) if isinstance(part, BuildText | Flag | Heredoc | Word)]
                assert all(place.start <= part.start <= part.end <= place.end for part in inner)
            case Heredoc(body=body, strip_tabs=False):
                assert excerpt == body
            case Word(text=word, literal=True) if excerpt and not set(excerpt) & set("'\"\\`\n$"):
                assert excerpt == word
            case _:
                pass
    for subject in document.subjects:
        assert all(0 <= place.start <= place.end <= len(text) for place in subject.where.values())


def is_subsequence(part: str, whole: str) -> bool:
    rest = iter(whole)
    return all(char in rest for char in part)


@draws(200)
@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    check_places(read(text))


@draws(200)
@given(dockerfiles)
def test_anything_like_a_dockerfile_is_read_and_every_place_is_right(text: str) -> None:
    document = read(text)
    check_places(document)
    if not document.subjects:
        return
    build = document.subjects[0].noun
    assert isinstance(build, Build)
    assert document.errors or build.stages


def test_every_script_is_a_script() -> None:
    build = read("FROM a\nRUN x\nCMD y\nHEALTHCHECK CMD z\n").subjects[0].noun
    assert isinstance(build, Build)
    assert all(isinstance(script, Script) for _, _, _, script in build.scripts())


HOSTILE = {
    "one long line": "FROM a\nRUN " + "x " * 4_000_000,
    "many short lines": "FROM a\n" + "ENV A=1\n" * 20_000,
    "one instruction of many lines": "FROM a\nRUN x \\\n" + " y \\\n" * 50_000,
    "variables that double": "FROM scratch\nENV A=xxxxxxxxxx\n" + "ENV A=$A$A$A$A\n" * 200,
    "variables in variables": "FROM scratch\nENV A=" + "${B:-" * 5_000 + "\n",
    "a pattern of stars": f"FROM scratch\nENV A={'a' * 4000}\n" + "ENV B=${A//" + "*a" * 100 + "b/c}\n",
    "a pattern of question marks": f"FROM scratch\nENV A={'a' * 4000}\n" + "ENV B=${A//" + "?" * 200 + "b/c}\n",
    "JSON in JSON": "FROM a\nCMD " + "[" * 50_000 + "\n",
    "quotes without end": "FROM a\n" + "ENV A='\n" * 2_000,
    "here-documents without end": "FROM a\nRUN " + "<<A " * 10_000 + "\n",
    "flags without end": "FROM a\nCOPY " + "--x " * 10_000 + "a b\n",
    "many stages on stages": "FROM a AS s0\nENV A=1\n" + "".join(f"FROM s{i} AS s{i + 1}\n" for i in range(2_000)),
    "empty continuations": "FROM a\nRUN \\\n" + "\n" * 200_000,
    "ENV of many pairs": "FROM a\nENV \\\n" + "A=1 \\\n" * 20_000 + "B=2\n",
}


@pytest.mark.untraced
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_bounded_work(text: str) -> None:
    assert lines_run(lambda: read(text)) < 30_000_000


words = st.text(st.sampled_from("abXY01 -_./:=$\"'\\`é,[]{}#"), max_size=8)
names = st.text(st.sampled_from("abcABC_"), min_size=1, max_size=3)
ports = st.sampled_from(["80/tcp", "443/tcp", "53/udp", "8000-8010/tcp", "22/tcp"])
variables = st.builds(Variable, names, words)
labels = st.builds(Label, names, words)
volumes = st.builds(Mount, st.just("volume"), st.none(), st.sampled_from(["/a", "/b", "/c d", "/$x", '/"q"']))
commands = st.lists(words, max_size=3).map(tuple)
healths = st.builds(
    Health,
    test=st.one_of(
        words.map(str.strip).filter(lambda line: bool(line) and line[0] != "[").map(lambda line: ("CMD-SHELL", line)),
        st.lists(words, min_size=1, max_size=2).map(lambda args: ("CMD", *args)),
    ),
    interval=st.sampled_from([None, 30.0, 0.5]),
    retries=st.sampled_from([None, 3]),
)
changes: st.SearchStrategy[FieldChange] = st.one_of(
    st.builds(Set, st.just("user"), st.sampled_from(["10001:10001", "app", UNSET])),
    st.builds(Set, st.just("working_dir"), st.sampled_from(["/x", "/x y", "/$a"])),
    st.builds(Set, st.just("stop_signal"), st.sampled_from(["SIGTERM", "9", UNSET])),
    st.builds(Set, st.just("image"), st.just("debian:13@sha256:" + "a" * 64)),
    st.builds(Set, st.sampled_from(["entrypoint", "command"]), st.one_of(commands, st.just(UNSET))),
    st.builds(Set, st.just("health"), st.one_of(healths, st.just(Health(disabled=True)), st.just(UNSET))),
    *(
        st.one_of(st.builds(Add, st.just(field), element), st.builds(Set, st.just(field), st.lists(element, max_size=3, unique_by=key).map(tuple)))
        for field, element, key in (
            ("environment", variables, lambda variable: variable.name),
            ("labels", labels, lambda label: label.name),
            ("expose", ports, str),
            ("mounts", volumes, lambda volume: volume.target),
        )
    ),
)  # fmt: skip
LINES = [
    "ENV a=1 b=2\n", 'ENV c="x y" \\\n    a=3\n', "ENV abc old form\n", "LABEL a=1\nLABEL b=2 c=3\n", "EXPOSE 80 443 \\\n  53/udp\n",
    "EXPOSE 22\n", "VOLUME /a /b\n", 'VOLUME ["/a", "/c d"]\n', "USER root\n", "USER app\n", "RUN make\n", "WORKDIR /w\n", "COPY a /\n",
    "CMD run it\n", 'CMD ["a"]\n', 'ENTRYPOINT ["e"]\n', "HEALTHCHECK --retries=2 CMD x\n", "HEALTHCHECK NONE\n", "STOPSIGNAL 9\n",
    "# a comment\n", "\n", "ARG a=1\n", "FROM base\n", "RUN <<EOF\nx\nEOF\n", "ONBUILD USER x\n",
]  # fmt: skip
sound = st.lists(st.sampled_from(LINES), max_size=10).map(lambda lines: "FROM debian:12 AS base\n" + "".join(lines))


def loosely(container: Container) -> dict[str, Any]:
    """The fields, where the order in a list does not count and an empty list is none."""
    fields = {name: getattr(container, name) for name in container.__struct_fields__}
    for name in ("environment", "labels", "expose", "mounts"):
        fields[name] = set(value_or(fields[name], ()))
    return fields


@draws(200)
@given(sound, changes, st.sampled_from(["\n", "\r\n"]))
def test_a_change_in_the_text_is_the_change_in_the_noun(text: str, change: FieldChange, ends: str) -> None:
    text = text.replace("\n", ends)
    document = read(text)
    subject = document.subjects[-1]
    assert isinstance(subject.noun, Container)
    try:
        edits = formats.edits(document, subject, change)
    except FormatError:
        return
    fixed = apply_edits(text, edits)
    again = read(fixed)
    assert again.errors == ()
    noun = again.subjects[-1].noun
    assert isinstance(noun, Container)
    assert loosely(noun) == loosely(changed(subject.noun, change))
    assert fixed.count("#") >= text.count("#") - (change.field == "health")
    assert formats.edits(again, again.subjects[-1], change) == ()


@draws(100)
@given(sound, st.data())
def test_removals_and_swaps_read_back_too(text: str, data: st.DataObject) -> None:
    document = read(text)
    subject = document.subjects[-1]
    assert isinstance(subject.noun, Container)
    fields = [
        name for name in ("environment", "labels", "expose", "mounts") if value_or(getattr(subject.noun, name), ())
    ]
    if not fields:
        return
    field = data.draw(st.sampled_from(fields))
    element = data.draw(st.sampled_from(getattr(subject.noun, field)))
    fresh = {
        "environment": Variable("zz", "1"),
        "labels": Label("zz", "1"),
        "expose": "1/udp",
        "mounts": Mount("volume", None, "/zz"),
    }
    either: list[FieldChange] = [Remove(field, element), Swap(field, element, fresh[field])]
    change = data.draw(st.sampled_from(either))
    try:
        edits = formats.edits(document, subject, change)
    except FormatError as refused:
        assert "builds on that too" in str(refused) or "does not reach" in str(refused)  # noqa: PT017  both are sound
        return
    again = read(apply_edits(text, edits)).subjects[-1].noun
    assert isinstance(again, Container)
    assert loosely(again) == loosely(changed(subject.noun, change))
