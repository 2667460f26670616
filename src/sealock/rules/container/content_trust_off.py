from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class ContentTrustOff(Rule[Container]):
    """Content trust is disabled for the image.

    Where the engine's caller has turned Docker Content Trust on, --disable-content-trust takes this image out of it.
    That says nothing on Docker Hub, whose signatures end with its notary service on 8 December 2026; it matters with a
    notary server of your own. Pin images by digest, and verify signatures that are kept today (cosign, Notation).
    """

    id = "C082"
    keywords = ("content trust", "DOCKER_CONTENT_TRUST", "signature")
    aliases = ("CIS-DI-0005",)
    severity = Severity.INFO
    reads = ("image",)
    references = (cis_docker("4.5"), docker_docs("engine/security/trust/"))
    remedy = "Take the flag away where you have a notary server of your own; pin the image by digest in any case."
    bad = ("docker run --disable-content-trust alpine:3.20", "docker create --disable-content-trust=true alpine:3.20")
    good = ("docker run alpine:3.20", "docker run --disable-content-trust=false alpine:3.20")
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.content_trust is False:
            yield self.finding("takes its image without the signature check", "content_trust")
