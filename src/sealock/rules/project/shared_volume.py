from __future__ import annotations

from sealock.model.container import Mount
from sealock.model.project import Service
from sealock.rules.kit import Confidence, Iterator, Project, Rule, RuleFinding, Severity, cwe, docker_docs, given


class SharedVolume(Rule[Project]):
    """Several services write to one volume.

    A volume that two programs write is a path from one into the other: an attacker in the web server can place files
    for the application. Usually one of them only reads; mount the volume there with `:ro`.
    """

    id = "P002"
    keywords = ("volume", "shared")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (cwe(668), docker_docs("reference/compose-file/services/#volumes"))
    remedy = "Mount the volume read-only (:ro) in every service that only reads it."
    bad = (
        (
            "services:\n  web:\n    image: nginx:1.27\n    volumes: ['www:/usr/share/nginx/html']\n"
            "  app:\n    image: acme/app:1\n    volumes: ['www:/app/public']\nvolumes:\n  www:\n"
        ),
    )
    good = (
        (
            "services:\n  web:\n    image: nginx:1.27\n    volumes: ['www:/usr/share/nginx/html:ro']\n"
            "  app:\n    image: acme/app:1\n    volumes: ['www:/app/public']\nvolumes:\n  www:\n"
        ),
        (
            "services:\n  web:\n    image: acme/app:1\n    volumes: ['www:/app/public']\n"
            "  worker:\n    image: acme/app:1\n    volumes: ['www:/app/public']\nvolumes:\n  www:\n"
        ),
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        writers: dict[str, list[tuple[Service, int, Mount]]] = {}
        for service in project.services:
            for index, mount in enumerate(given(service.container.mounts, ())):
                if mount.kind == "volume" and mount.source and not mount.read_only:
                    writers.setdefault(mount.source, []).append((service, index, mount))
        for volume, mounts in writers.items():
            if len({_program(service) for service, _, _ in mounts}) > 1:
                names = list(dict.fromkeys(service.name for service, _, _ in mounts))
                service, index, _ = mounts[-1]
                yield self.finding(
                    f"lets {', '.join(names[:-1])} and {names[-1]} write the volume {volume}",
                    ("services", service.name, "mounts", index),
                    evidence=f"{volume} {' '.join(names)}",
                )


def _program(service: Service) -> object:
    build = service.build
    return (build.context, build.dockerfile, build.target) if build else service.container.image
