from __future__ import annotations

from sealock.rules.container._images import watches_the_host
from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cis_docker, cwe, given
from sealock.rules.paths import exposure, host_source


class HostFolderReadable(Rule[Container]):
    """Host directory is bind-mounted read-only.

    Read-only keeps the host from being changed and not from being read: password hashes, keys, other containers'
    secrets in the engine's state, and through a mount of / the sockets below it too. Mount just the files that the
    program needs. Monitors of the host need some of it; for those that we know the finding is low.
    """

    id = "C015"
    keywords = ("bind mount", "bind-mounted", "host directory", "host path", "read-only")
    aliases = ("KSV-0023",)
    severity = Severity.MEDIUM
    reads = ("mounts", "volumes_from")
    references = (cis_docker("5.6"), cwe(668))
    remedy = "Mount just the file or subfolder that the program needs, or nothing of the host."
    bad = (
        "docker run -v /:/host:ro alpine",
        "docker run -v /etc/shadow:/x:ro alpine",
        "services:\n  app:\n    image: alpine:3.20\n    volumes:\n      - /var/lib/docker/containers:/logs:ro\n",
    )
    good = (
        "docker run -v /etc/localtime:/etc/localtime:ro alpine",
        "services:\n  app:\n    image: alpine:3.20\n    volumes:\n      - /lib/modules:/lib/modules:ro\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, mount in enumerate(given(container.mounts, ())):
            path = host_source(mount) if mount.read_only else None
            found = exposure(path) if path else None
            if path is None or found is None or found.read is None:
                continue
            monitor = watches_the_host(container)
            also = ", sockets included" if path == "/" else ""
            yield self.finding(
                f"can read {mount.source}: {found.what}{also}{', as a monitor of the host does' if monitor else ''}",
                ("mounts", index),
                fix=() if monitor else Remove("mounts", mount),
                severity=Severity.LOW if monitor else found.read,
            )
