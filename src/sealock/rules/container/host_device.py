from __future__ import annotations

from sealock.rules.container._devices import tier
from sealock.rules.kit import (
    Container,
    Iterator,
    Remove,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
    given,
)
from sealock.rules.paths import host_source, normal, within


class HostDevice(Rule[Container]):
    """Host device is passed to the container.

    A disk or the host's memory is the host; input devices are what people type. Serial lines, cameras and graphics
    cards are what home automation and media programs are for, so those count little. Give the narrowest device, and
    only the permissions that are needed: `/dev/x:/dev/x:r` cannot write and makes no node (m).
    """

    id = "C025"
    keywords = ("device", "--device")
    severity = Severity.HIGH
    reads = ("devices",)
    references = (cis_docker("5.18"), cwe(668), docker_docs("reference/cli/docker/container/run/#device"))
    remedy = "Take the device away, or give the narrowest one with just the permissions that are needed (:r, :rw)."
    bad = (
        "docker run --device /dev/sda alpine",
        "docker run --device=/dev/mem:/dev/mem:r alpine",
        "docker run -v /dev/input:/dev/input:ro alpine",
        "services:\n  app:\n    image: alpine:3.20\n    devices:\n      - /dev/kvm:/dev/kvm\n",
    )
    good = (
        "docker run alpine",
        "services:\n  app:\n    image: alpine:3.20\n    volumes:\n      - data:/dev/shm\nvolumes:\n  data:\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, device in enumerate(given(container.devices, ())):
            severity, what = tier(normal(device.source))
            if severity > Severity.INFO:
                yield self.finding(
                    f"has {device.source} ({device.permissions}): {what}",
                    ("devices", index),
                    fix=Remove("devices", device),
                    severity=severity,
                )
        for index, mount in enumerate(given(container.mounts, ())):
            path = host_source(mount)
            if path and path != "/dev" and within(path, "/dev"):
                severity, what = tier(path)
                yield self.finding(
                    f"mounts {mount.source}: {what}",
                    ("mounts", index),
                    fix=Remove("mounts", mount),
                    severity=min(severity, Severity.MEDIUM),
                    remedy="Give it with devices (--device) and its permissions; a mount alone opens no device.",
                )
