from __future__ import annotations

from sealock.model.container import Health
from sealock.model.imagename import family
from sealock.model.wrappers import unwrap_words
from sealock.rules.images import lacks
from sealock.rules.kit import Confidence, Container, Iterator, Rule, RuleFinding, Severity, docker_docs


class HealthToolMissing(Rule[Container]):
    """Health check calls a program that the image lacks.

    The check always fails: the container stays unhealthy, and services that wait for it never start. Alpine has wget
    but no curl, slim and database images have neither, distroless images have no shell. Use a program that the image
    contains (pg_isready, redis-cli ping), or the program's own check.
    """

    id = "C074"
    keywords = ("health check", "HEALTHCHECK", "curl")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    reads = ("health", "image")
    of_runs = True
    references = (docker_docs("reference/compose-file/services/#healthcheck"),)
    remedy = (
        "Use a program that the image contains (wget on Alpine, pg_isready, redis-cli ping), or the program's own "
        "check."
    )
    bad = (
        "docker run --health-cmd 'curl -f http://localhost' node:22-alpine",
        (
            "services:\n  db:\n    image: postgres:16\n    healthcheck:\n"
            "      test: [CMD, curl, -f, 'http://localhost:5432']\n"
        ),
        "docker run --health-cmd true gcr.io/distroless/static:nonroot",
    )
    good = (
        "docker run --health-cmd 'wget -qO- http://localhost' node:22-alpine",
        "services:\n  web:\n    image: nginx:1.27\n    healthcheck:\n      test: curl -f http://localhost\n",
        "docker run --health-cmd 'curl -f http://localhost' acme/app:1",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        health, image = container.health, container.image
        if not isinstance(health, Health) or not isinstance(image, str) or len(health.test) < 2:
            return
        if health.test[0] == "CMD-SHELL" and family(image) == "none":
            yield self.finding(f"checks its health with a shell, but {image} has none", "health", evidence="shell")
            return
        words = unwrap_words(health.test[1].split() if health.test[0] == "CMD-SHELL" else health.test[1:])
        program = words[0].rpartition("/")[2] if words else ""
        if program in {"curl", "wget"} and lacks(image, program):
            yield self.finding(
                f"checks its health with {program}, but {image} does not contain it", "health", evidence=program
            )
