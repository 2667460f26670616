from __future__ import annotations

from sealock.rules.build._images import copied_images, is_context
from sealock.rules.kit import Build, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe
from sealock.rules.registries import WELL_KNOWN, covers
from sealock.rules.shared._images import named_images


class UnknownRegistry(Rule[Build | Container]):
    """Image comes from a registry that is not trusted.

    The operator of a registry decides what its images contain. Keep the list of registries that you trust short, and
    use no others. Without a list of your own (`registries` in the policy), sealock trusts the large public registries.
    An entry names a host ("ghcr.io"), the subdomains of a domain ("*.example.org") or a part of a registry
    ("ghcr.io/acme/").
    """

    id = "C086"
    keywords = ("registry", "trusted", "allow list")
    aliases = ("DL3026", "KSV-0034")
    kinds = ("build", "container")
    severity = Severity.MEDIUM
    pedantic = True
    reads = ("image",)
    references = (cis_docker("4.2"), cwe(829))
    remedy = "Use an image from a registry that you trust, or add the registry to the list."
    fixable = False
    bad = (
        "FROM images.example.net/base:1.2\n",
        "FROM alpine:3.20\nCOPY --from=10.0.0.9:5000/tools:3 /x /x\n",
        "docker run images.example.net/base:1.2",
        "docker run 10.0.0.9:5000/tools:3",
        "services:\n  web:\n    image: 10.0.0.9:5000/tools:3\n",
    )
    good = (
        "FROM ghcr.io/acme/base:1.2\n",
        "FROM debian:12.8\n",
        "docker run ghcr.io/acme/base:1.2",
        "docker run debian:12.8",
        "services:\n  web:\n    image: ghcr.io/acme/tools:3\n",
        "services:\n  web:\n    build: .\n    image: registry.example.net/web:1\n",
    )

    setting = "registries"
    listed = WELL_KNOWN

    def check(self, noun: Build | Container, /) -> Iterator[RuleFinding]:
        copied = copied_images(noun) if isinstance(noun, Build) else ()
        for named in (*named_images(noun), *(image for image in copied if not is_context(image))):
            if named.image is None:
                yield self.skip(named.unclear, named.at)
            elif not any(covers(entry, named.image) for entry in self.listed):
                yield self.finding(
                    f"{named.use} {named.text}, from {named.image.registry}", named.at, place=named.place
                )
