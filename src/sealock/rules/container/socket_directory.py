from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cis_docker, cwe, given
from sealock.rules.paths import host_source, privileged_socket, sockets_in


class SocketDirectory(Rule[Container]):
    """Directory with control sockets (/run) is mounted.

    /run (or /var/run) holds the sockets of Docker, containerd and systemd: mounting the directory mounts them all, and
    read-only does not help. Over the system D-Bus, root in a container can start units as root of the host. Mount only
    the file or subdirectory that the program needs.
    """

    id = "C012"
    keywords = ("control socket", "socket", "/run", "docker.sock")
    severity = Severity.CRITICAL
    reads = ("mounts", "volumes_from")
    separate = True
    references = (cis_docker("5.32"), cwe(250))
    remedy = "Remove the mount, or mount only the file or subdirectory that the program needs."
    bad = (
        "docker run -v /run:/run alpine",
        "docker run -v /var/run/:/host/run:ro alpine",
        "services:\n  app:\n    image: alpine:3.20\n    volumes:\n      - /run/containerd:/run/containerd\n",
        "docker run -v /run/dbus/system_bus_socket:/run/dbus/system_bus_socket alpine",
    )
    good = (
        "docker run --tmpfs /run alpine",
        "docker run -v /run/udev:/run/udev:ro alpine",
        "docker run -v run:/run alpine",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, mount in enumerate(given(container.mounts, ())):
            path = host_source(mount)
            if path is None:
                continue
            if (sockets := sockets_in(path)) is not None:
                yield self.finding(
                    f"mounts {mount.source} with {sockets}: access to them is root on the host",
                    ("mounts", index),
                    fix=Remove("mounts", mount),
                )
            elif (service := privileged_socket(path)) is not None:
                yield self.finding(
                    f"mounts the {service} socket {mount.source}, which treats root in a container as root of the host",
                    ("mounts", index),
                    fix=Remove("mounts", mount),
                    severity=Severity.HIGH,
                )
