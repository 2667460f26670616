from __future__ import annotations

from sealock.model.shell import Word
from sealock.rules.build._managers import APT
from sealock.rules.build._ran import calls
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker

_INSTALLS: Final = frozenset({"install", "add", "in", "reinstall", "groupinstall"})
_MANAGERS: Final = (*APT, "apk", "yum", "dnf", "microdnf", "tdnf", "zypper")


class OsPackagesUnpinned(Rule[Build]):
    """Distribution packages are not pinned to a version.

    Two builds of the same Dockerfile may differ. Pinned versions make builds reproducible, but break them as soon as
    the archive drops a version, which Debian and Alpine do at every update. A snapshot of the archive avoids both
    problems.
    """

    id = "B104"
    keywords = ("pinned", "version", "pin", "apt-get install", "apk add")
    aliases = ("DL3008", "DL3018", "DL3033", "DL3037", "DL3041")
    differs = (("DL3008 DL3018 DL3033 DL3037 DL3041", "only with `--pedantic`"),)
    severity = Severity.INFO
    pedantic = True
    references = (cis_docker("4.7"),)
    remedy = "Name the version (curl=8.9.1-r1, curl-8.9.1 with dnf), or build from a snapshot of the package archive."
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl git=1:2.39.2-1.1\n",
        "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
        "FROM fedora:40\nRUN dnf install -y curl && dnf clean all\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10+deb12u6\n",
        "FROM debian:12\nCOPY app.deb /\nRUN apt-get install -y ./app.deb\n",
        "FROM alpine:3.20\nRUN apk add --no-cache curl~=8.9 $PACKAGES --virtual .build\n",
        "FROM fedora:40\nRUN dnf install -y curl-8.6.0 @core https://example.org/x.rpm && dnf clean all\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in calls(build, _MANAGERS, _INSTALLS):
            loose = [word.text for word in call.operands if not _pinned(call.manager, word)]
            if loose:
                listed = ", ".join(loose[:5]) + (" …" if len(loose) > 5 else "")
                yield self.finding(f"installs {listed} without a version", call.ran.at, place=call.verb.place)


def _pinned(manager: str, word: Word) -> bool:
    text = word.text
    if not word.literal or "/" in text or text.endswith((".deb", ".rpm", ".apk")) or text[:1] in {"@", ".", "-"}:
        return True
    if any(sign in text for sign in "=<>~"):
        return True
    # An rpm name holds its version after a dash: curl-8.6.0.
    return manager in {"yum", "dnf", "microdnf", "tdnf"} and any(part[:1].isdigit() for part in text.split("-")[1:])
