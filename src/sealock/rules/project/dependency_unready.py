from __future__ import annotations

from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, docker_docs


class DependencyUnready(Rule[Project]):
    """depends_on does not wait for readiness.

    `depends_on` without a condition waits until the other container is started, not until it answers: the program then
    connects to a database that is still starting. Add a health check and wait with `condition: service_healthy`;
    programs that retry by themselves need neither.
    """

    id = "P007"
    keywords = ("depends_on", "service_healthy")
    severity = Severity.INFO
    pedantic = True
    references = (docker_docs("compose/how-tos/startup-order/"),)
    remedy = "Wait with condition: service_healthy, and add a health check to the other service."
    bad = (
        "services:\n  app:\n    image: acme/app:1\n    depends_on: [db]\n  db:\n    image: postgres:16\n",
        (
            "services:\n  app:\n    image: acme/app:1\n    depends_on:\n      db:\n        condition: service_started\n"
            "  db:\n    image: postgres:16\n"
        ),
    )
    good = (
        (
            "services:\n  app:\n    image: acme/app:1\n    depends_on:\n      db:\n        condition: service_healthy\n"
            "  db:\n    image: postgres:16\n    healthcheck:\n      test: pg_isready\n"
        ),
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for service in project.services:
            for index, dependency in enumerate(service.depends_on):
                if dependency.condition == "service_started":
                    yield self.finding(
                        f"starts {service.name} before {dependency.service} is ready",
                        ("services", service.name, "depends_on", index),
                        evidence=f"{service.name} {dependency.service}",
                    )
