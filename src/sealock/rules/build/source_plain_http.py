from __future__ import annotations

import re

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known, line, swap
from sealock.rules.build._ran import ran
from sealock.rules.build._written import located, writings
from sealock.rules.kit import Build, Edit, Final, Iterator, Place, Rule, RuleFinding, Severity, cis_docker, cwe
from sealock.secrets.values import mask

_SOURCE: Final = compile_lazily(
    r"(?:\bdeb(?:-src)?\s+(?:\[[^\]\n]*\]\s*)?|\bURIs:[ \t]*|\bbaseurl[ \t]*=[ \t]*|"
    r"\bmirrorlist[ \t]*=[ \t]*|\bgpgkey[ \t]*=[ \t]*|\bServer[ \t]*=[ \t]*|^)(http://[^\s\"']+)",
    re.IGNORECASE | re.MULTILINE,
)
_FILES: Final = ("/apt/", "/apk/repositories", ".repo", ".list", ".sources", "/yum", "mirrorlist", "pacman")
_SIGNED: Final = compile_lazily(
    r"http://(?:[\w.-]+\.)?(?:debian\.org|ubuntu\.com|alpinelinux\.org|centos\.org|fedoraproject\.org|rockylinux\.org|"
    r"archlinux\.org|opensuse\.org|almalinux\.org|kali\.org|apt\.postgresql\.org)(?:/|$)",
    re.IGNORECASE,
)


class SourcePlainHttp(Rule[Build]):
    """Package source over plain HTTP.

    Signatures, where checked, protect the packages. Over plain HTTP an attacker on the network still sees what is
    installed, can hold back updates, and can exploit flaws in the package manager before it checks any signature. Use
    HTTPS.
    """

    id = "B035"
    keywords = ("plain HTTP", "package source", "repository", "HTTP", "mirror")
    severity = Severity.MEDIUM
    references = (cis_docker("4.11"), cwe(319))
    remedy = "Use HTTPS for the source, and name the key that signs it."
    bad = (
        'FROM debian:12\nRUN echo "deb http://e.com/deb stable main" >> /etc/apt/sources.list\n',
        "FROM alpine:3.20\nRUN apk add --no-cache -X http://alpine.example.org/alpine/edge/testing x\n",
        'FROM ubuntu:24.04\nRUN add-apt-repository "deb http://e.com/deb stable main"\n',
        "FROM rockylinux:9\nCOPY <<EOF /etc/yum.repos.d/x.repo\n[x]\nbaseurl=http://e.com/\nEOF\n",
        "FROM alpine:3.20\nRUN echo http://alpine.example.org/alpine/edge/main >> /etc/apk/repositories\n",
    )
    good = (
        'FROM debian:12\nRUN echo "deb [signed-by=/k.gpg] https://e.com/deb stable main" >> /etc/apt/sources.list\n',
        "FROM debian:12\nRUN sed -i 's|http://debian.example.org|https://debian.example.org|g' /etc/apt/sources.list\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for writing in writings(build):
            if not any(part in writing.file for part in _FILES):
                continue
            for match in _SOURCE.finditer(writing.text):
                if match[1] in writing.instead or _is_comment(writing.text, match.start()):
                    continue  # sed replaces it, or nothing reads it
                place = located(build, writing, match[1])
                fix = (Edit(Place(place.start, place.start + 7), "https://"),) if place else ()
                yield self._fault(writing.at, place or known(writing.place), match[1], writing.file, fix)
        for call in ran(build, "add-apt-repository", "apk", "yum-config-manager", "dnf", "zypper"):
            for word in call.command.words[1:]:
                text = word.text.removeprefix("--repository=").removeprefix("--add-repo=")
                if source := _SOURCE.match(text):
                    edits = swap(build, word, "http://", "https://")
                    yield self._fault(call.at, known(word.place), source[1], line(call.command), edits)

    def _fault(
        self, at: tuple[str | int, ...], place: Place | None, address: str, where: str, fix: tuple[Edit, ...]
    ) -> RuleFinding:
        return self.finding(
            f"installs packages from {mask(address)} over plain HTTP",
            at,
            place=place,
            evidence=f"{where}: {mask(address)}"[:200],
            severity=Severity.LOW if _SIGNED.match(address) else None,
            fix=fix,
        )


def _is_comment(text: str, at: int) -> bool:
    """Whether an offset is in a line that begins with a number sign."""
    return text[text.rfind("\n", 0, at) + 1 : at].lstrip().startswith("#")
