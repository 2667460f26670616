from __future__ import annotations

from sealock.rules.images import moves
from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class ServiceImageMoves(Rule[Project]):
    """Service's image has no version.

    Without a tag, or with `latest`, `docker compose pull` brings whatever was pushed last: an update comes unasked, and
    after it nobody can say what ran before. Name a version; better, its digest too. A service that is built here only
    names the result and is not meant.
    """

    id = "P020"
    severity = Severity.MEDIUM
    references = (cis_docker("5.28"), cwe(1357), docker_docs("build/building/best-practices/#pin-base-image-versions"))
    remedy = "Name the version that you mean, as in nginx:1.27.2, and pin its digest: `sealock pin FILE`."
    bad = ("services:\n  web:\n    image: nginx\n", "services:\n  web:\n    image: ghcr.io/acme/app:latest\n")
    good = ("services:\n  web:\n    image: nginx:1.27.2\n  app:\n    build: .\n    image: app\n",)
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        built = {service.container.image for service in project.services if service.build}
        for service in project.services if project.kind == "compose" else ():
            image = service.container.image
            if service.build is None and isinstance(image, str) and image not in built and (promise := moves(image)):
                yield self.finding(
                    promise.message,
                    ("services", service.name, "image"),
                    severity=promise.severity,
                    confidence=promise.confidence,
                )
