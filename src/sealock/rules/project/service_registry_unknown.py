from __future__ import annotations

from sealock.model.imagename import parse
from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cis_docker, cwe
from sealock.rules.registries import WELL_KNOWN, covers


class ServiceRegistryUnknown(Rule[Project]):
    """Service's image comes from a registry that is not on the list.

    Whoever runs a registry decides what its images hold. Keep the list of those that you trust short, and run no
    others. Without a list of your own (`registries` in the policy) the large public registries count as trusted.
    An entry may name a host ("ghcr.io"), all below a domain ("*.example.org") or a part of a registry
    ("ghcr.io/acme/").
    """

    id = "P022"
    severity = Severity.MEDIUM
    pedantic = True
    references = (cis_docker("4.2"), cwe(829))
    remedy = "Run an image from a registry that you trust, or put the registry on the list."
    fixable = False
    bad = ("services:\n  web:\n    image: 10.0.0.9:5000/tools:3\n",)
    good = (
        "services:\n  web:\n    image: ghcr.io/acme/tools:3\n",
        "services:\n  web:\n    build: .\n    image: registry.example.net/web:1\n",
    )

    setting = "registries"
    listed = WELL_KNOWN

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        built = {service.container.image for service in project.services if service.build}
        for service in project.services if project.kind == "compose" else ():
            image = service.container.image
            name = parse(image) if isinstance(image, str) and service.build is None and image not in built else None
            if name is not None and not any(covers(entry, name) for entry in self.listed):
                yield self.finding(f"runs {image}, from {name.registry}", ("services", service.name, "image"))
