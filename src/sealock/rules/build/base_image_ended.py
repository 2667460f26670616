"""FROM an image whose makers no longer mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.model.build import Build
from sealock.model.finding import Confidence, Fault, Severity
from sealock.rules.build._images import base_images
from sealock.rules.references import cis_docker, cwe, page
from sealock.rules.rule import Rule

# Up to which version support has ended (by the middle of 2026); "" for all versions.
_ENDED: Final[dict[str, tuple[int, ...] | None]] = {
    "debian": (10,), "ubuntu": (20, 4), "alpine": (3, 19), "centos": None, "fedora": (40,), "python": (3, 8),
    "node": (18,), "ruby": (3, 1), "php": (8, 0), "golang": (1, 22), "openjdk": None, "java": None, "postgres": (12,),
    "mysql": (5, 7), "mariadb": (10, 4), "mongo": (5,), "redis": (6, 0), "elasticsearch": (7,), "rockylinux": (7,),
    "almalinux": (7,), "oraclelinux": (6,), "amazonlinux": (1,), "opensuse/leap": (15, 5), "erlang": (24,),
    "elixir": (1, 13), "perl": (5, 36), "adoptopenjdk": None, "clearlinux": None,
}  # fmt: skip
_NAMES: Final = frozenset({
    "potato", "squeeze", "wheezy", "jessie", "stretch", "buster", "precise", "trusty", "xenial", "bionic", "focal",
    "artful", "cosmic", "disco", "eoan", "groovy", "hirsute", "impish", "kinetic", "lunar", "mantic", "oracular",
})  # fmt: skip
_INTERIM: Final = re.compile(r"(?:1\d|2[0-3])\.10|(?:1[13579]|2[13])\.04|24\.10")


class BaseImageEnded(Rule[Build]):
    """Base image is out of support.

    Its makers mend no more flaws in it, and the list of known ones only grows. Some images are dead as a whole:
    `centos` ends with 8, `openjdk` gave way to `eclipse-temurin`. Move to a version that is supported. (Extended
    support that is paid for does not reach the public images.)
    """

    id = "B062"
    severity = Severity.HIGH
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.4"), cwe(1104), page("endoflife.date", "https://endoflife.date/"))
    remedy = "Build on a version that is still supported."
    mends = False
    bad = (
        "FROM debian:9\n",
        "FROM python:2.7-slim\n",
        "FROM centos:7\n",
        "FROM node:14-buster AS build\n",
        "FROM openjdk:17\n",
    )
    good = ("FROM debian:12\n", "FROM python:3.12-slim-bookworm\n", "FROM eclipse-temurin:21\n", "FROM ubuntu:24.04\n")

    def check(self, build: Build, /) -> Iterator[Fault]:
        """Compare names and versions with what has ended."""
        for named in base_images(build):
            if named.image is None or (limit := _ENDED.get(named.image.familiar, ())) == ():
                if named.image is None:
                    yield self.undecided(f"the image {named.text} hangs on a build argument", named.at)
                continue
            tag = named.image.tag or ""
            if limit is None:
                yield self.fault(
                    f"builds on {named.image.familiar}, which is no longer made", named.at, place=named.place
                )
                continue
            words = re.split(r"[-_.]", tag)
            named_release = next((word for word in words if word in _NAMES), None)
            match = re.match(r"v?(\d+(?:\.\d+)*)", tag)
            if named_release:
                yield self.fault(f"builds on {named_release}, which is out of support", named.at, place=named.place)
            elif match and (_at_most(match[1], limit) or (named.image.familiar == "ubuntu" and _INTERIM.match(tag))):
                message = f"builds on {named.image.familiar} {match[1]}, which is out of support"
                yield self.fault(message, named.at, place=named.place)


def _at_most(version: str, limit: tuple[int, ...]) -> bool:
    numbers = tuple(int(part) for part in version.split(".")[: len(limit)] if len(part) < 9)
    # "3" alone is the newest 3, which nobody can tell from here.
    return len(numbers) == len(limit) and numbers <= limit
