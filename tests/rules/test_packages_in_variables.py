"""Packages that an install command names by a variable are those that the Dockerfile puts into it."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.model.build import Build
from sealock.model.location import Source
from sealock.rules.build._ran import calls
from sealock.rules.build.remote_access import RemoteAccess

BASE = "FROM alpine:3.20\n"
INSTALLED = {
    "ENV, in all its lines": ('ENV P="\\\n  nmap \\\n  nc \\\n"\nRUN apk add ${P} curl\n', ["nmap", "nc", "curl"]),
    "ARG, by its default": ("ARG P=nmap\nRUN apk add $P\n", ["nmap"]),
    "ENV, whose value ARG does not change": ("ENV P=nc\nARG P=nmap\nRUN apk add $P\n", ["nc"]),
    "the value at the time of RUN": ("ENV P=nc\nRUN apk add $P\nENV P=nmap\n", ["nc"]),
    "the script's own variable, before ENV's": ('ENV P=nc\nRUN P="a $B" && apk add $P\n', ["a", "$B"]),
    "each that a loop goes over": ("RUN for p in nmap 'a b'; do apk add $p; done\n", ["nmap", "a", "b"]),
    "an ARG without a default": ("ARG P\nRUN apk add $P\n", ["$P"]),
    "a variable that is not set": ("RUN apk add $P\n", ["$P"]),
    "an empty variable": ("ENV P=\nRUN apk add $P\n", ["$P"]),
    "a variable that is set twice": ("RUN P=nc; P=nmap; apk add $P\n", ["$P"]),
    "a variable that is added to": ("RUN P=nc; P+=' x'; apk add $P\n", ["$P"]),
    "the output of a command": ('RUN P="$(cat a b)"; apk add $P\n', ["$P"]),
    "a variable inside of a word": ("ENV P=nc\nRUN apk add $P-x\n", ["$P-x"]),
    "a variable in single quotes": ("ENV P=nc\nRUN apk add '$P'\n", ["$P"]),
    "a value of another stage": ("ENV P=nc\nFROM debian:12\nRUN apt-get install $P\n", ["$P"]),
}


def read(text: str) -> Build:
    (build,) = (subject.noun for subject in formats.read("dockerfile", Source("Dockerfile", BASE + text)).subjects
                if isinstance(subject.noun, Build))  # fmt: skip
    return build


@pytest.mark.parametrize(("text", "operands"), INSTALLED.values(), ids=INSTALLED)
def test_a_call_names_the_packages(text: str, operands: list[str]) -> None:
    (call,) = calls(read(text), ("apk", "apt-get"))
    assert [word.text for word in call.operands] == operands


def test_a_list_that_many_runs_repeat_does_not_multiply_without_bound() -> None:
    packages = " ".join(f"p{number}" for number in range(1_000))
    named = [len(call.operands) for call in calls(read(f"ENV P='{packages}'\n" + "RUN apk add $P\n" * 20), ("apk",))]
    assert named == [1_000] * 10 + [1] * 10


def test_a_finding_stands_at_the_expansion() -> None:
    build = read("ENV P='curl nmap'\nRUN apk add $P\n")
    (finding,) = RemoteAccess().check(build)
    assert finding.message == "installs nmap"
    assert finding.place is not None
    assert build.excerpt(finding.place) == "$P"
