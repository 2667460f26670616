from __future__ import annotations

import re

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known, line
from sealock.rules.build._managers import APT
from sealock.rules.build._ran import calls, reaches_image
from sealock.rules.kit import Build, Confidence, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs

_TOOLS: Final = compile_lazily(
    r"(?:build-essential|build-base|base-devel|gcc|g\+\+|clang|llvm|make|cmake|ninja(?:-build)?|autoconf|automake|libtool|musl-dev|"
    r"gcc-c\+\+|cargo|rust|golang(?:-go)?|go|gdb|strace|python3?-dev(?:el)?|linux-headers|kernel-headers|openjdk-\d+-jdk(?:-headless)?|"
    r"[\w.+-]+-dev|[\w.+-]+-devel|@?development[- ]tools)(?:-\d+)?",
    re.IGNORECASE,
)
_REMOVERS: Final = frozenset({"remove", "purge", "autoremove", "auto-remove", "del", "erase", "autopurge"})
_MANAGERS: Final = (*APT, "apk", "yum", "dnf", "dnf5", "microdnf", "tdnf", "zypper")


class CompilersLeft(Rule[Build]):
    """Compilers and headers stay in the image.

    An attacker inside the container can use them to build tools on the spot, and each package brings its own
    vulnerabilities and updates. Build in one stage and copy the result to another that contains only the run-time
    files; or remove them in the RUN that installs them.
    """

    id = "B046"
    keywords = ("compilers", "compiler", "gcc", "build-essential", "multi-stage")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.3"), docker_docs("build/building/multi-stage/"))
    remedy = "Build in a separate stage, and copy the result with COPY --from."
    fixable = False
    bad = (
        "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y gcc libpq-dev\nRUN pip install psycopg2\n",
        "FROM alpine:3.20\nRUN apk add --no-cache build-base linux-headers\n",
    )
    good = (
        "FROM debian:12 AS build\nRUN apt-get install -y gcc\nFROM debian:12\nCOPY --from=build /x /x\n",
        "FROM alpine:3.20\nRUN apk add --no-cache --virtual .b build-base && make && apk del .b\n",
        "FROM debian:12\nRUN apt-get install -y gcc && make && apt-get purge -y --auto-remove gcc\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        cleaned = {call.ran.at for call in calls(build, _MANAGERS, _REMOVERS)}
        for call in calls(build, _MANAGERS, ("install", "add", "in", "groupinstall")):
            if call.ran.stage.index not in reaching or call.ran.at in cleaned:
                continue
            names = [word for word in call.operands if _TOOLS.fullmatch(word.text.partition("=")[0])]
            if names:
                few = ", ".join(word.text.partition("=")[0] for word in names[:4])
                yield self.finding(
                    f"keeps {few}{' and more' if len(names) > 4 else ''} in the image",
                    call.ran.at,
                    place=known(names[0].place),
                    evidence=line(call.ran.command),
                )
