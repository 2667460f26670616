from __future__ import annotations

from sealock.model.project import Service
from sealock.rules.kit import Confidence, Final, Iterator, Project, Rule, RuleFinding, Severity, cwe, docker_docs
from sealock.rules.project._members import is_database, is_front, networks_of, speaks_of

_MOST: Final = 20
"""Databases that are named for one network."""


class FlatNetwork(Rule[Project]):
    """Published service and database share a network.

    Services of one network reach each other on every port. A proxy that serves strangers needs the application, and the
    application its database, but not the proxy the database: whoever gets into the proxy is at its door at once. Make a
    network for each pair that speaks (front, back), and mark the inner one `internal: true`.
    """

    id = "P001"
    keywords = ("network", "database", "segmentation")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (cwe(653), docker_docs("compose/how-tos/networking/#specify-custom-networks"))
    remedy = "Make one network for proxy and application and another, internal one for application and database."
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
        held_by: dict[str, list[Service]] = {}
        for service in project.services:
            for network in networks_of(service):
                held_by.setdefault(network, []).append(service)
        databases = {network: [one for one in held if is_database(one)] for network, held in held_by.items()}
        for front in project.services:
            if not is_front(front) or not front.container.ports:
                continue
            for network in networks_of(front):
                near = databases[network][:_MOST]
                seen = [one.name for one in near if not speaks_of(front, one.name)]
                if len(held_by[network]) > 2 and seen:
                    yield self.finding(
                        f"lets {front.name}, which serves strangers, reach {' and '.join(seen)} on network {network}",
                        ("services", front.name),
                        evidence=f"{front.name} {network} {' '.join(seen)}",
                    )
