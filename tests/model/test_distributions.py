"""Which distribution a stage has, as a table of Dockerfiles."""

from __future__ import annotations

import pytest

from sealock.model.absent import UNKNOWN
from sealock.model.build import Build
from sealock.model.distributions import distributions
from support.documents import read

STAGES = [
    ("the name of the image says it", "FROM debian:13\n", ["debian"]),
    ("another name says nothing", "FROM acme/base\nRUN make\n", [UNKNOWN]),
    ("apk is Alpine's", "FROM acme/base\nRUN apk add curl\n", ["alpine"]),
    ("apt-get is Debian's", "FROM acme/base\nRUN set -e; if true; then apt-get update; fi\n", ["debian"]),
    ("so is apt", 'FROM acme/base\nRUN ["apt", "update"]\n', ["debian"]),
    ("microdnf is Red Hat's", "FROM acme/base\nRUN microdnf install -y curl\n", ["redhat"]),
    ("yum is too", "FROM acme/base\nRUN yum -y install curl && dnf clean all\n", ["redhat"]),
    ("zypper is SUSE's", "FROM acme/base\nRUN zypper in curl\n", ["suse"]),
    ("pacman is Arch's", "FROM acme/base\nRUN pacman -S curl\n", ["arch"]),
    ("two managers say nothing", "FROM acme/base\nRUN apk add curl || apt-get install curl\n", [UNKNOWN]),
    ("the name counts for more than a call", "FROM alpine:3.20\nRUN apt-get update\n", ["alpine"]),
    (
        "a stage has what it builds on",
        "FROM acme/base AS a\nRUN apk add curl\nFROM a\nRUN make\n",
        ["alpine", "alpine"],
    ),
    ("but not what builds on it", "FROM acme/base AS a\nFROM a\nRUN apk add curl\n", [UNKNOWN, "alpine"]),
    (
        "each stage by itself",
        "FROM acme/base\nRUN apk add a\nFROM acme/base\nRUN dnf install a\n",
        ["alpine", "redhat"],
    ),
    ("an unknown argument says nothing", "ARG BASE\nFROM $BASE\n", [UNKNOWN]),
    ("nothing at all", "FROM scratch\nCOPY a /\n", ["none"]),
]


@pytest.mark.parametrize(("text", "found"), [pytest.param(text, found, id=name) for name, text, found in STAGES])
def test_the_distribution_of_each_stage(text: str, found: list[object]) -> None:
    (build,) = (subject.noun for subject in read(text).subjects if isinstance(subject.noun, Build))
    assert list(distributions(build)) == found
