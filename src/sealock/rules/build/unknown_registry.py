from __future__ import annotations

from itertools import chain

from sealock.rules.build._images import base_images, copied_images, is_context
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe
from sealock.rules.registries import WELL_KNOWN, covers


class BuildUnknownRegistry(Rule[Build]):
    """Image comes from a registry that is not on the list of trusted ones.

    Whoever runs a registry decides what its images hold. Keep the list of those that you trust short, and build on
    no others. Without a list of your own (`registries` in the policy) the large public registries count as trusted.
    An entry may name a host ("ghcr.io"), all below a domain ("*.example.org") or a part of a registry
    ("ghcr.io/acme/").
    """

    id = "B004"
    severity = Severity.MEDIUM
    pedantic = True
    references = (cis_docker("4.2"), cwe(829))
    remedy = "Build on an image from a registry that you trust, or put the registry on the list."
    fixable = False
    bad = ("FROM images.example.net/base:1.2\n", "FROM alpine:3.20\nCOPY --from=10.0.0.9:5000/tools:3 /x /x\n")
    good = ("FROM ghcr.io/acme/base:1.2\n", "FROM debian:12.8\n")

    setting = "registries"
    listed = WELL_KNOWN

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for named in chain(
            base_images(build), (copied_image for copied_image in copied_images(build) if not is_context(copied_image))
        ):
            if named.image is None:
                yield self.skip(f"the image {named.text} hangs on a build argument", named.at)
            elif not any(covers(entry, named.image) for entry in self.listed):
                yield self.finding(f"takes {named.text} from {named.image.registry}", named.at, place=named.place)
