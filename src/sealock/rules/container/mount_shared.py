from __future__ import annotations

from msgspec.structs import replace

from sealock.rules.kit import (
    Container,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    Swap,
    cis_docker,
    cwe,
    docker_docs,
    given,
)


class MountShared(Rule[Container]):
    """Shared mount propagation.

    With shared propagation, what the container mounts below that directory appears on the host and in other containers
    that share it. Only programs that mount file systems for others (storage drivers) need it, together with SYS_ADMIN.
    rprivate is the default; rslave propagates mounts from the host only.
    """

    id = "C042"
    keywords = ("mount propagation", "rshared")
    severity = Severity.MEDIUM
    reads = ("mounts", "volumes_from")
    separate = True
    references = (cis_docker("5.20"), cwe(668), docker_docs("engine/storage/bind-mounts/#configure-bind-propagation"))
    remedy = (
        "Use rprivate propagation (mountPropagation: None), or rslave (HostToContainer) if the container has to see "
        "later mounts of the host."
    )
    bad = (
        "docker run -v /mnt/data:/data:shared alpine",
        "docker run --mount type=bind,src=/mnt,dst=/mnt,bind-propagation=rshared alpine",
        "services:\n  app:\n    image: alpine:3.20\n    volumes: ['/mnt/x:/x:rshared']\n",
    )
    good = ("docker run -v /mnt/data:/data:rslave alpine", "docker run -v /mnt/data:/data alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, mount in enumerate(given(container.mounts, ())):
            if mount.propagation in {"shared", "rshared"}:
                yield self.finding(
                    f"propagates mounts below {mount.target} to the host ({mount.propagation})",
                    ("mounts", index),
                    fix=Swap("mounts", mount, replace(mount, propagation="rprivate")),
                )
