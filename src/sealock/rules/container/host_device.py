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

    A disk or /dev/mem gives away the host; input devices show what people type. Serial lines, cameras and GPUs are what
    home automation and media programs need, so they count little. Pass the narrowest device with only the permissions
    it needs: `/dev/x:/dev/x:r` cannot write or create nodes (m).
    """

    id = "C025"
    keywords = ("device", "--device")
    severity = Severity.HIGH
    reads = ("devices",)
    references = (cis_docker("5.18"), cwe(668), docker_docs("reference/cli/docker/container/run/#device"))
    remedy = "Remove the device, or pass the narrowest one with only the permissions it needs (:r, :rw)."
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
                    f"can access {device.source} ({device.permissions}): {what}",
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
                    remedy="Pass it with devices (--device) and its permissions; a mount does not open a device.",
                )
