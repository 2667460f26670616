from __future__ import annotations

from sealock.rules.container._images import monitors_host
from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cis_docker, cwe, given
from sealock.rules.paths import exposure, host_source


class HostDirectoryReadable(Rule[Container]):
    """Host directory is bind-mounted read-only.

    A read-only mount stops changes, not reading: password hashes, keys, the secrets of other containers in the engine's
    state, and with a mount of / also the sockets below it. Mount only the files that the program needs. Monitors of the
    host need some of it; for known ones the severity is low.
    """

    id = "C015"
    keywords = ("bind mount", "bind-mounted", "host directory", "host path", "read-only")
    aliases = ("KSV-0023",)
    severity = Severity.MEDIUM
    reads = ("mounts", "volumes_from")
    separate = True
    references = (cis_docker("5.6"), cwe(668))
    remedy = "Mount only the file or subdirectory that the program needs, or nothing of the host."
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
            reach = exposure(path) if path else None
            if path is None or reach is None or reach.read is None:
                continue
            monitor = monitors_host(container)
            also = ", with its sockets" if path == "/" else ""
            yield self.finding(
                f"can read {mount.source}: {reach.what}{also}{' (usual for a host monitor)' if monitor else ''}",
                ("mounts", index),
                fix=() if monitor else Remove("mounts", mount),
                severity=Severity.LOW if monitor else reach.read,
            )
