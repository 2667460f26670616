from __future__ import annotations

from sealock.model.imagename import parse
from sealock.rules.kit import UNKNOWN, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe
from sealock.rules.registries import WELL_KNOWN, covers


class UnknownRegistry(Rule[Container]):
    """Container's image comes from a registry that is not on the list.

    Whoever runs a registry decides what its images hold. Keep the list of those that you trust short, and run no
    others. Without a list of your own (`registries` in the policy) the large public registries count as trusted.
    An entry may name a host ("ghcr.io"), all below a domain ("*.example.org") or a part of a registry
    ("ghcr.io/acme/").
    """

    id = "C086"
    severity = Severity.MEDIUM
    pedantic = True
    reads = ("image",)
    references = (cis_docker("4.2"), cwe(829))
    remedy = "Run an image from a registry that you trust, or put the registry on the list."
    fixable = False
    bad = ("docker run images.example.net/base:1.2", "docker run 10.0.0.9:5000/tools:3")
    good = ("docker run ghcr.io/acme/base:1.2", "docker run debian:12.8")

    setting = "registries"
    listed = WELL_KNOWN

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.detach is UNKNOWN or not isinstance(container.image, str):
            return
        name = parse(container.image)
        if name is not None and not any(covers(entry, name) for entry in self.listed):
            yield self.finding(f"runs {container.image}, from {name.registry}", "image")
