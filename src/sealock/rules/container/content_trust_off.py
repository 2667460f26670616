from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class ContentTrustOff(Rule[Container]):
    """Content trust is disabled for the image.

    Where DOCKER_CONTENT_TRUST is set, --disable-content-trust exempts this image. On Docker Hub this no longer matters:
    its notary service shuts down on 8 December 2026. It matters with a notary server of your own. Pin images by digest,
    and verify signatures of a system that lives on (cosign, Notation).
    """

    id = "C082"
    keywords = ("content trust", "DOCKER_CONTENT_TRUST", "signature")
    aliases = ("CIS-DI-0005",)
    severity = Severity.INFO
    reads = ("image",)
    references = (cis_docker("4.5"), docker_docs("engine/security/trust/"))
    remedy = "Remove the flag if you have a notary server of your own; in any case pin the image by digest."
    bad = ("docker run --disable-content-trust alpine:3.20", "docker create --disable-content-trust=true alpine:3.20")
    good = ("docker run alpine:3.20", "docker run --disable-content-trust=false alpine:3.20")
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.content_trust is False:
            yield self.finding("skips the signature check of its image", "content_trust")
