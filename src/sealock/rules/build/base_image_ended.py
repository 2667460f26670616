from __future__ import annotations

import re
from datetime import date

from sealock.model.imagename import ImageName
from sealock.rules.build._images import base_images
from sealock.rules.build._ran import reaches_image
from sealock.rules.endofsupport import NAMES, SupportDays
from sealock.rules.kit import (
    Build,
    Confidence,
    DatedRule,
    Final,
    Iterator,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    page,
)

_DISTRIBUTIONS: Final = {
    "debian": "debian", "ubuntu": "ubuntu", "alpine": "alpine", "fedora": "fedora", "rockylinux": "rocky",
    "rockylinux/rockylinux": "rocky", "almalinux": "almalinux", "oraclelinux": "ol", "amazonlinux": "amzn",
    "opensuse/leap": "opensuse-leap",
}  # fmt: skip
"""The os-release ids of distribution images."""

_DISCONTINUED: Final = frozenset({"centos", "openjdk", "java", "adoptopenjdk", "clearlinux"})
"""Images that get no new version."""


class BaseImageEnded(DatedRule[Build]):
    """Base image has reached end of support.

    The base image no longer gets security fixes, and its list of known vulnerabilities only grows. Some images ended
    entirely: `centos` stops at 8, `eclipse-temurin` replaces `openjdk`. Move to a supported version. (Paid extended
    support does not reach the public images.)
    """

    id = "B062"
    keywords = ("end of support", "end of life", "EOL", "base image", "support")
    severity = Severity.HIGH
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.4"), cwe(1104), page("endoflife.date", "https://endoflife.date/"))
    remedy = "Build on a supported version."
    fixable = False
    bad = (
        "FROM debian:9\n",
        "FROM python:2.7-slim\n",
        "FROM centos:7\n",
        "FROM node:14-buster AS build\n",
        "FROM openjdk:17\n",
    )
    good = (
        "FROM debian:12\n",
        "FROM python:3.12-slim-bookworm\n",
        "FROM eclipse-temurin:21\n",
        "FROM ubuntu:24.04\n",
        "FROM postgres:17\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        for named in base_images(build):
            if named.image is None:
                yield self.skip(f"the image {named.text} depends on a build argument", named.at)
            elif message := _ended(named.image, self.support, self.today):
                # A stage that only builds is not exposed at run time.
                severity = None if named.at[1] in reaching else Severity.MEDIUM
                yield self.finding(f"builds on {message}", named.at, place=named.place, severity=severity)


def _ended(image: ImageName, support: SupportDays, today: date) -> str:
    """The ended image with its date, or "" if it is supported or unknown."""
    name, tag = image.familiar, image.tag or ""
    if name in _DISCONTINUED:
        return f"{name}, which is discontinued"
    if image.official:
        for word in re.split(r"[-_.]", tag):
            if word in NAMES and (day := support.ended(*NAMES[word], today)):
                return f"{word}, which reached end of support on {day}"
    match = re.match(r"v?(\d+(?:\.\d+)*)", tag)
    product = _DISTRIBUTIONS.get(name, name if image.official else "")
    if match is None or not (day := support.ended(product, match[1], today)):
        return ""
    return f"{name} {match[1]}, which reached end of support on {day}"
