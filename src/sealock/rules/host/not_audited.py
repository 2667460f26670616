"""Nobody notes who touches the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.finding import Fault, Severity
from sealock.model.host import Host
from sealock.rules.references import cis_docker, man
from sealock.rules.rule import Rule

_ALWAYS: Final = frozenset({"/etc/docker", "/var/lib/docker"})
_WATCHED: Final = _ALWAYS | {
    "/usr/bin/dockerd", "/usr/sbin/dockerd", "/run/containerd", "/usr/lib/systemd/system/docker.service",
    "/lib/systemd/system/docker.service", "/run/containerd/containerd.sock",
    "/usr/lib/systemd/system/docker.socket", "/lib/systemd/system/docker.socket", "/etc/default/docker",
    "/etc/docker/daemon.json", "/etc/containerd/config.toml", "/etc/sysconfig/docker", "/usr/bin/containerd",
    "/usr/bin/containerd-shim", "/usr/bin/containerd-shim-runc-v1", "/usr/bin/containerd-shim-runc-v2",
    "/usr/bin/runc", "/usr/sbin/runc", "/run/docker.sock",
}  # fmt: skip
"""Those of CIS 1.1.3 to 1.1.18."""


class NotAudited(Rule[Host]):
    """Nobody notes who touches the engine.

    After a break-in the first question is who did what. The kernel's audit log answers it for files that a rule
    watches: the engine's programs, its sockets, its settings and its data.
    """

    id = "H004"
    severity = Severity.LOW
    reads = ("audited",)
    references = (cis_docker("1.1.3"), man("audit.rules", 7))
    remedy = "Put the rules into /etc/audit/rules.d/docker.rules and load them with `augenrules --load`."
    mends = False
    bad = ('{"observed": {"host": {"audited": ["/etc/docker"]}}}',)
    good = (
        (
            '{"observed": {"host": {"audited": ["/usr/bin/dockerd", "/etc/docker", "/var/lib/docker", '
            '"/run/containerd", "/usr/bin/containerd", "/usr/bin/runc", '
            '"/usr/lib/systemd/system/docker.service", "/usr/lib/systemd/system/docker.socket", '
            '"/run/docker.sock"], "files": null}}}'
        ),
    )

    def check(self, host: Host, /) -> Iterator[Fault]:
        """What is there and neither watched itself nor through a folder above it."""
        watched = {one.rstrip("/") for one in given(host.audited, ())}
        there = {one.path for one in given(host.files, ())} | _ALWAYS
        for path in sorted(there & _WATCHED):
            above = {path[:at] for at, letter in enumerate(path) if letter == "/" and at} | {path}
            if not watched & above:
                remedy = f"Add `-w {path} -k docker` to /etc/audit/rules.d/docker.rules, then `augenrules --load`."
                yield self.fault(f"has no audit rule on {path}", evidence=path, remedy=remedy)
