from __future__ import annotations

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

_KERNEL = frozenset({"/dev", "/proc", "/sys"})
_SYSTEM = frozenset({"/etc", "/run", "/var/run", "/bin", "/sbin", "/lib", "/lib64", "/usr", "/usr/bin", "/boot", "/"})


class VolumeOverSystem(Rule[Container]):
    """Volume is mounted over a system directory.

    A volume on /dev, /proc or /sys hides what the kernel and the engine put there, including the masks. One on /etc,
    /run or /usr keeps accounts, sockets and programs from one version of the image to the next: updates never arrive,
    and what an attacker left stays. Keep data in a directory of its own.
    """

    id = "C067"
    keywords = ("volume", "system directory", "/etc")
    aliases = ("DKL-DI-0002",)
    severity = Severity.MEDIUM
    reads = ("mounts",)
    references = (cis_docker("5.6"), cwe(668), docker_docs("reference/dockerfile/#volume"))
    remedy = "Keep the data in a directory of its own, for example /data or /var/lib/NAME; use a tmpfs for /run."
    bad = (
        "FROM alpine:3.20\nVOLUME /proc\n",
        'FROM alpine:3.20\nVOLUME ["/data", "/etc"]\n',
        "docker run -v conf:/etc alpine",
        "services:\n  app:\n    image: alpine:3.20\n    volumes: ['dev:/dev']\nvolumes:\n  dev:\n",
    )
    good = (
        "FROM alpine:3.20\nVOLUME /var/lib/app\n",
        "docker run --tmpfs /run -v conf:/etc/app -v /dev/shm:/dev/shm alpine",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, mount in enumerate(given(container.mounts, ())):
            target = mount.target.rstrip("/") or "/"
            if mount.kind != "volume" or "ephemeral" in mount.options:
                continue
            below = any(target.startswith(f"{path}/") for path in _KERNEL) and not target.startswith("/dev/")
            what = "over the kernel's file system" if target in _KERNEL or below else "a system directory"
            if target in _KERNEL or below or target in _SYSTEM:
                yield self.finding(
                    f"mounts a volume on {target}, {what}", ("mounts", index), fix=Remove("mounts", mount)
                )
