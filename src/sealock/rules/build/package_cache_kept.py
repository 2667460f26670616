from __future__ import annotations

from sealock.rules.build._fixes import append_command
from sealock.rules.build._ran import Call, calls, mounted, reaches_image, removes
from sealock.rules.kit import At, Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_RPM: Final = frozenset(
    {"install", "update", "upgrade", "reinstall", "groupinstall", "makecache", "localinstall", "builddep"}
)
_DNF_FOLDERS: Final = ("/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5", "/var/cache/tdnf")
_MANAGERS: Final[dict[str, tuple[frozenset[str], str, tuple[str, ...]]]] = {
    # What fills the cache, what empties it, where it is.
    "yum": (_RPM, "yum clean all", _DNF_FOLDERS),
    "dnf": (_RPM, "dnf clean all", _DNF_FOLDERS),
    "dnf5": (_RPM, "dnf5 clean all", _DNF_FOLDERS),
    "microdnf": (_RPM, "microdnf clean all", _DNF_FOLDERS),
    "tdnf": (_RPM, "tdnf clean all", _DNF_FOLDERS),
    "zypper": (
        frozenset({"install", "in", "update", "up", "dist-upgrade", "dup", "refresh", "ref", "patch"}),
        "zypper clean --all",
        ("/var/cache/zypp",),
    ),
    "pacman": (frozenset({""}), "rm -rf /var/cache/pacman/pkg/*", ("/var/cache/pacman/pkg", "/var/cache/pacman")),
}


class PackageCacheKept(Rule[Build]):
    """Package cache of dnf, yum, zypper or pacman stays in the image.

    The downloaded packages and the metadata of the repositories are weight that the program never reads. Empty the
    cache in the RUN that filled it, since a later one only hides it; or keep it in a cache mount.
    """

    id = "B112"
    severity = Severity.INFO
    safe = True
    references = (docker_docs("build/cache/optimize/#use-cache-mounts"),)
    remedy = "End the RUN with the manager's own clean-up (`&& dnf clean all`), or mount a cache."
    bad = (
        "FROM fedora:40\nRUN dnf install -y curl\n",
        "FROM centos:7\nRUN yum -y install curl\n",
        "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nRUN microdnf install -y curl\n",
        "FROM opensuse/leap:15.6\nRUN zypper -n in curl\n",
        "FROM archlinux:base\nRUN pacman -Sy --noconfirm curl\n",
    )
    good = (
        "FROM fedora:40\nRUN dnf install -y curl && dnf clean all\n",
        "FROM centos:7\nRUN yum -y install curl && rm -rf /var/cache/yum\n",
        "FROM fedora:40\nRUN --mount=type=cache,target=/var/cache/libdnf5 dnf install -y curl\n",
        "FROM opensuse/leap:15.6\nRUN zypper -n in curl && zypper cc -a\n",
        "FROM archlinux:base\nRUN pacman -Sy --noconfirm curl && pacman -Scc --noconfirm\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        cleaned = {call.ran.at for call in calls(build, _MANAGERS) if _cleans(call)}
        seen: set[tuple[At, str]] = set()
        for call in calls(build, _MANAGERS):
            fills, clean, folders = _MANAGERS[call.manager]
            at, run = call.ran.at, call.ran.run
            if call.verb.text not in fills or at in cleaned or (at, call.manager) in seen:
                continue
            if call.ran.stage.index not in reaching or (call.manager == "pacman" and not call.has("-S")):
                continue
            if not mounted(run, *folders) and not removes(run, *folders):
                seen.add((at, call.manager))
                yield self.finding(
                    f"leaves the cache of {call.manager} in the layer",
                    at,
                    place=call.ran.command.place,
                    fix=append_command(build, run, clean),
                )


def _cleans(call: Call) -> bool:
    if call.manager == "pacman":
        return any(word.text.startswith("-S") and "cc" in word.text for word in call.options)
    return call.verb.text in {"clean", "cc"}
