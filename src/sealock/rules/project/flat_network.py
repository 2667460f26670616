from __future__ import annotations

from sealock.model.project import Service
from sealock.rules.kit import Confidence, Final, Iterator, Project, Rule, RuleFinding, Severity, cwe, docker_docs
from sealock.rules.project._members import is_database, is_front, networks_of, refers_to

_MAX_DATABASES: Final = 20
"""Databases that a finding names at most for a network."""


class FlatNetwork(Rule[Project]):
    """Published service and database share a network.

    Services on one network reach each other on every port. A public proxy needs the application, and the application
    its database, but the proxy does not need the database: an attacker in the proxy reaches it at once. Make a network
    for each pair that communicates (front, back), and mark the inner one `internal: true`.
    """

    id = "P001"
    keywords = ("network", "database", "segmentation")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (cwe(653), docker_docs("compose/how-tos/networking/#specify-custom-networks"))
    remedy = "Make one network for proxy and application, and an internal one for application and database."
    bad = (
        (
            "services:\n  web:\n    image: nginx:1.27\n    ports: ['80:80']\n  app:\n    image: acme/app:1\n"
            "  db:\n    image: postgres:16\n"
        ),
    )
    good = (
        (
            "services:\n  web:\n    image: nginx:1.27\n    ports: ['80:80']\n    networks: [front]\n"
            "  app:\n    image: acme/app:1\n    networks: [front, back]\n"
            "  db:\n    image: postgres:16\n    networks: [back]\n"
            "networks:\n  front:\n  back:\n    internal: true\n"
        ),
        "services:\n  app:\n    image: acme/app:1\n  db:\n    image: postgres:16\n",
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        if project.kind != "compose":
            return
        services: dict[str, list[Service]] = {}
        for service in project.services:
            for network in networks_of(service):
                services.setdefault(network, []).append(service)
        databases = {
            network: [member for member in members if is_database(member)] for network, members in services.items()
        }
        for front in project.services:
            if not is_front(front) or not front.container.ports:
                continue
            for network in networks_of(front):
                near = databases[network][:_MAX_DATABASES]
                names = [database.name for database in near if not refers_to(front, database.name)]
                if len(services[network]) > 2 and names:
                    yield self.finding(
                        f"lets the published {front.name} reach {' and '.join(names)} on network {network}",
                        ("services", front.name),
                        evidence=f"{front.name} {network} {' '.join(names)}",
                    )
