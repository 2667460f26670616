from __future__ import annotations

from sealock.rules.build._ran import Call, calls
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_UPGRADES: Final[dict[str, frozenset[str]]] = {
    "apt-get": frozenset({"upgrade", "dist-upgrade", "full-upgrade"}),
    "apt": frozenset({"upgrade", "dist-upgrade", "full-upgrade"}),
    "aptitude": frozenset({"safe-upgrade", "full-upgrade", "upgrade", "dist-upgrade"}),
    "apk": frozenset({"upgrade"}),
    "yum": frozenset({"update", "upgrade", "distro-sync"}),
    "dnf": frozenset({"update", "upgrade", "distro-sync"}),
    "microdnf": frozenset({"update", "upgrade"}),
    "tdnf": frozenset({"update", "upgrade", "distro-sync"}),
    "zypper": frozenset({"update", "up", "dist-upgrade", "dup"}),
}


class BlanketUpgrade(Rule[Build]):
    """Build upgrades all packages of the base image (apt-get upgrade).

    The contents of the image then depend on the day of the build and on the build cache, and the layer stores every
    upgraded file again. A newer base image, pinned by digest, brings the same fixes reproducibly. If the base image is
    not rebuilt in time, an upgrade is right: ignore the finding with that reason.
    """

    id = "B103"
    keywords = ("upgrade", "dist-upgrade")
    aliases = ("DL3035", "DS-0024", "DKL-DI-0003")
    differs = (("DL3035", "also the other package managers"),)
    severity = Severity.INFO
    references = (docker_docs("build/building/best-practices/#rebuild-your-images-often"),)
    remedy = "Use a newer base image, or upgrade only the packages that need it."
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get -y dist-upgrade\n",
        "FROM opensuse/leap:15.6\nRUN zypper -n dup\n",
        "FROM fedora:40\nRUN dnf -y update && dnf clean all\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y --only-upgrade openssl\n",
        "FROM fedora:40\nRUN dnf -y update openssl && dnf clean all\n",
        "FROM alpine:3.20\nRUN apk upgrade --no-cache openssl\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in calls(build, _UPGRADES):
            if call.verb.text in _UPGRADES[call.manager] and not call.operands and not _security_only(call):
                yield self.finding(
                    f"upgrades all packages with {call.manager} {call.verb.text}",
                    call.ran.at,
                    place=call.ran.command.place,
                )


def _security_only(call: Call) -> bool:
    return call.has("--security", "--advisory", "--advisories", "--cve")
