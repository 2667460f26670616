from __future__ import annotations

from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.rules.paths import credentials, engine_of, exposure, normal, sockets_in


class VolumeOfHost(Rule[Project]):
    """Named volume is bound to a sensitive host directory.

    With the driver options `o: bind` and `device:` a volume that looks like any other is a folder of the host. Where
    that is /, /etc, /var/run or a home folder, every service that mounts the volume can take the host over, and nothing
    at the service shows it. Keep data in a folder of its own.
    """

    id = "P014"
    keywords = ("volume", "host directory", "named volume", "bind mount", "host path")
    severity = Severity.HIGH
    references = (cis_docker("5.6"), cwe(668), docker_docs("engine/storage/volumes/"))
    remedy = "Let the volume be the engine's own, or point it at a folder that holds nothing but its data."
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
            found = exposure(path)
            held = engine_of(path) or sockets_in(path) or credentials(path)
            if held or (found and found.write):
                severity = found.write if found and found.write and not held else Severity.CRITICAL
                yield self.finding(
                    f"makes the volume {volume.name} out of {device}: {held or (found.what if found else '')}",
                    at,
                    severity=severity,
                    evidence=f"{volume.name} {device}",
                )
