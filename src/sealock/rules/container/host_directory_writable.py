from __future__ import annotations

from msgspec.structs import replace

from sealock.rules.container._capabilities import hold
from sealock.rules.container._users import is_root
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, Swap, cis_docker, cwe, given
from sealock.rules.paths import exposure, host_source


class HostDirectoryWritable(Rule[Container]):
    """Host directory is bind-mounted writable.

    A container that can write the host's configuration, programs, devices or engine state can become root on the host:
    one line in /etc/cron.d is enough. Keep the program's data in a named volume or a directory of its own, and mount
    read-only (`:ro`) what it only reads.
    """

    id = "C014"
    keywords = ("bind mount", "bind-mounted", "host directory", "host path", "writable")
    aliases = ("KSV-0023",)
    severity = Severity.HIGH
    reads = ("mounts", "volumes_from")
    separate = True
    references = (cis_docker("5.6"), cwe(668))
    remedy = "Mount it read-only (:ro, readOnly: true), or only the file or subdirectory that the program needs."
    bad = (
        "docker run -v /:/host alpine",
        "docker run -v /etc:/etc/host alpine",
        "docker run --mount type=bind,source=/var/lib/docker,target=/d alpine",
        "services:\n  app:\n    image: app:1\n    volumes: [{type: bind, source: /sys, target: /sys}]\n",
        "services:\n  app:\n    image: alpine:3.20\n    volumes:\n      - /etc/localtime:/etc/localtime\n",
    )
    good = (
        "docker run -v /srv/app/data:/data alpine",
        "docker run -v /etc:/host/etc:ro alpine",
        "docker run -v /etc/nginx/conf.d:/etc/nginx/conf.d nginx:1.27",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        user = container.user
        limited = isinstance(user, str) and not is_root(user) and hold(container, "DAC_OVERRIDE") != "held"
        whose = f", as far as its user {user} may" if limited else ""
        for index, mount in enumerate(given(container.mounts, ())):
            path = None if mount.read_only else host_source(mount)
            reach = exposure(path) if path else None
            if reach is not None and reach.write is not None:
                yield self.finding(
                    f"can write {mount.source}{whose}: {reach.what}",
                    ("mounts", index),
                    fix=Swap("mounts", mount, replace(mount, read_only=True)),
                    severity=reach.write,
                    safe=reach.write is Severity.LOW,
                )
