"""Which of the peers' rules and of ours speak of the same kind of fault: facts, found by running them."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of fault: whose rules find it. `security` marks those on which we must find all that both peers find."""

    name: str
    hadolint: frozenset[str]
    trivy: frozenset[str]
    ours: frozenset[str]
    security: bool = False
    note: str = ""
    """Why a file of theirs may not be one of ours."""


def _kind(  # noqa: PLR0913  one for each column of the table
    name: str, hadolint: str, trivy: str, ours: str, *, security: bool = False, note: str = ""
) -> Kind:
    return Kind(name, frozenset(hadolint.split()), frozenset(trivy.split()), frozenset(ours.split()), security, note)


KINDS = (
    _kind("runs as root", "DL3002", "DS-0002", "C046", security=True),
    _kind("base image without a fixed tag", "DL3006 DL3007", "DS-0001", "C080", security=True),
    _kind(
        "secret in ENV or ARG",
        "DL3064",
        "DS-0031",
        "B013 B014 C048",
        security=True,
        note="empty values, placeholders and names of files (…_FILE) are no secrets",
    ),
    _kind("sudo in a build", "DL3004", "DS-0010", "B040", security=True),
    _kind(
        "ADD where COPY suffices",
        "DL3020",
        "DS-0005",
        "B008",
        security=True,
        note="a variable that holds an address is B009's matter",
    ),
    _kind(
        "recommended packages installed",
        "DL3015",
        "DS-0029",
        "B109",
        security=True,
        note="stages that do not reach the image do not count",
    ),
    _kind("port out of range", "DL3011", "DS-0008", "B132"),
    _kind("relative WORKDIR", "DL3000", "DS-0009", "B134"),
    _kind("several CMD", "DL4003", "DS-0016", "B137"),
    _kind("several ENTRYPOINT", "DL4004", "DS-0007", "B137"),
    _kind("several HEALTHCHECK", "DL3012", "DS-0023", "B131"),
    _kind("MAINTAINER", "DL4000", "DS-0022", "B140"),
    _kind("cd in RUN", "DL3003", "DS-0013", "B142 B141", note="in the middle of a RUN"),
    _kind("several sources, target without a slash", "DL3021", "DS-0011", "B154"),
    _kind("no answer to the package manager", "DL3014 DL3030 DL3034 DL3038", "DS-0021", "B115"),
    _kind(
        "cache of apk kept",
        "DL3019",
        "DS-0025",
        "B110",
        note="removed in the same RUN, or in a stage that is left behind",
    ),
    _kind("cache of dnf, yum or zypper kept", "DL3032 DL3036 DL3040", "DS-0015 DS-0019 DS-0020", "B110"),
    _kind("wget and curl", "DL4001", "DS-0014", "B118"),
    _kind("stage name twice", "DL3024", "DS-0012", "B143"),
    _kind(
        "copies from its own stage",
        "DL3023",
        "DS-0006",
        "",
        note="BuildKit refuses the file, so it is a problem (exit 2)",
    ),
    _kind("EXPOSE 22", "", "DS-0004", "C066", security=True),
    _kind("package index updated alone", "", "DS-0017", "B101", note="an upgrade uses the index too, and is B103"),
    _kind("distribution upgraded", "DL3035", "DS-0024", "B103"),
    _kind("lists of apt kept", "DL3009", "", "B110", note="apt-get dist-clean removes them too"),
    _kind("cache of pip kept", "DL3042", "", "B110", note="removed in the same RUN, or in a stage that is left behind"),
    _kind("pipe without pipefail", "DL4006", "", "B139", note="behind echo and printf, whose failure says nothing"),
    _kind("progress of wget", "DL3047", "", "B120", note="busybox's wget has no such option"),
    _kind("apt", "DL3027", "", "B117"),
    _kind(
        "shell form of CMD or ENTRYPOINT",
        "DL3025",
        "",
        "B136",
        note="theirs asks it of HEALTHCHECK too, which is sent no signals, and of who has set SHELL",
    ),
    _kind("ENV that uses itself", "DL3044", "", "B153"),
    _kind(
        "versions of packages",
        "DL3008 DL3013 DL3016 DL3018 DL3028 DL3033 DL3037 DL3041",
        "",
        "B104 B105",
        note="a variable may hold a version",
    ),
)
