from __future__ import annotations

from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.rules.paths import credentials, engine_of, exposure, normal, sockets_in


class VolumeBoundToHost(Rule[Project]):
    """Named volume is bound to a sensitive host directory.

    With the driver options `o: bind` and `device:` a named volume is a directory of the host. If that is /, /etc,
    /var/run or a home directory, every service that mounts the volume can take over the host, and the service does not
    show it. Keep data in a directory of its own.
    """

    id = "P014"
    keywords = ("volume", "host directory", "named volume", "bind mount", "host path")
    severity = Severity.HIGH
    references = (cis_docker("5.6"), cwe(668), docker_docs("engine/storage/volumes/"))
    remedy = "Let the engine manage the volume, or bind it to a directory that holds only its data."
    bad = (
        (
            "services:\n  app:\n    image: acme/app:1\n    volumes: ['data:/data']\nvolumes:\n  data:\n"
            "    driver_opts:\n      type: none\n      o: bind\n      device: /var/run\n"
        ),
    )
    good = (
        (
            "services:\n  app:\n    image: acme/app:1\n    volumes: ['data:/data']\nvolumes:\n  data:\n"
            "    driver_opts:\n      type: none\n      o: bind\n      device: /srv/app/data\n"
        ),
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for volume in project.volumes:
            options = dict(volume.options)
            device = options.get("device", "")
            if not device.startswith(("/", "~", "$")) or options.get("type", "none") not in {"none", "bind", ""}:
                continue
            path = normal(device)
            at = ("volumes", volume.name, "driver_opts")
            reach = exposure(path)
            content = engine_of(path) or sockets_in(path) or credentials(path)
            if content or (reach and reach.write):
                severity = reach.write if reach and reach.write and not content else Severity.CRITICAL
                yield self.finding(
                    f"binds the volume {volume.name} to {device}: {content or (reach.what if reach else '')}",
                    at,
                    severity=severity,
                    evidence=f"{volume.name} {device}",
                )
