from __future__ import annotations

from sealock.rules.kit import Final, Inventory, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe
from sealock.text import count, list_first

SHOWN: Final = 5
"""Most names of a group that a message lists."""

_GROUPS: Final = {
    "shells": ("bash", "dash", "zsh", "ksh", "mksh", "fish", "tcsh", "csh", "busybox", "busybox-static", "toybox"),
    "package managers": (
        "apt", "dpkg", "aptitude", "apk-tools", "yum", "dnf", "microdnf", "tdnf", "zypper", "rpm", "pacman",
        "pip", "python3-pip", "py3-pip", "npm", "yarn", "composer", "rubygems", "conda", "mamba", "snapd",
    ),
    "compilers and build tools": (
        "gcc", "g++", "gcc-c++", "cpp", "clang", "llvm", "tcc", "rustc", "rust", "cargo", "golang", "golang-go", "go",
        "make", "cmake", "ninja", "ninja-build", "meson", "build-essential", "build-base", "base-devel", "binutils",
        "autoconf", "automake", "ghc", "gfortran", "default-jdk", "gdb",
    ),
    "network tools": (
        "curl", "wget", "netcat-openbsd", "netcat-traditional", "netcat", "nmap", "nmap-ncat", "ncat", "socat",
        "openssh-client", "openssh-clients", "openssh-client-default", "tcpdump", "telnet", "ftp", "rsync",
        "bind-tools", "bind-utils",
    ),
}  # fmt: skip
_KINDS: Final = {name: group for group, names in _GROUPS.items() for name in names}
_SYSTEM: Final = frozenset({"deb", "apk", "rpm", "alpm", "pypi", "npm", "gem", "conda"})


class ToolsLeft(Rule[Inventory]):
    """Shells, compilers or network tools in the image.

    Shells, package managers, compilers and download tools let an attacker look around, download more and build it on
    the spot, and each has vulnerabilities of its own. Build in one stage and copy the result to a small one:
    distroless, scratch, or a base with only the libraries that the program needs.
    """

    id = "F012"
    keywords = ("compilers", "shells", "tools", "attack surface", "compiler", "shell")
    severity = Severity.INFO
    references = (cis_docker("4.3"), cwe(1125))
    remedy = "Copy the program from a build stage to a smaller base image (distroless, scratch)."
    pedantic = True
    fixable = False
    bad = (
        '{"sealock": "1", "packages": [{"type": "deb", "name": "gcc-12", "version": "1"}]}',
        '{"sealock": "1", "packages": [{"type": "apk", "name": "busybox", "version": "1"}]}',
    )
    good = (
        '{"sealock": "1", "packages": [{"type": "deb", "name": "tzdata", "version": "1"}]}',
        '{"sealock": "1", "packages": [{"type": "deb", "name": "gcc-12-base", "version": "1"}]}',
        '{"sealock": "1", "packages": [{"type": "deb", "name": "curl", "version": "1", "removed": true}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        tools: dict[str, set[str]] = {}
        for package in image.packages:
            if package.type in _SYSTEM and not package.removed and (group := _group(package.name)):
                tools.setdefault(group, set()).add(package.name)
        if tools:
            number = sum(map(len, tools.values()))
            groups = ", ".join(_listed(group, sorted(tools[group])) for group in _GROUPS if group in tools)
            yield self.finding(
                f"contains {count(number, 'tool')}: {groups}",
                evidence="tools " + ", ".join(sorted(tools)),
                thing="tools",
            )


def _group(name: str) -> str:
    """The group of a package; versions in its name do not count: gcc-12, clang19, golang-1.24, dnf5."""
    return _KINDS.get(name.rstrip("0123456789.").removesuffix("-"), "")


def _listed(group: str, names: list[str]) -> str:
    return f"{group} ({list_first(names, SHOWN)})"
