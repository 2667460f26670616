from __future__ import annotations

from sealock.rules.build._fetched import unchecked
from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe


class ArchiveUnchecked(Rule[Build]):
    """Downloaded archive is unpacked without a checksum check.

    The contents of the archive become part of the image, whether or not the server is trustworthy, and `curl … | tar
    xz` leaves no moment for a check. Save the archive, compare it with a checksum in the Dockerfile (`sha256sum -c`),
    and then unpack it; or fetch it with `ADD --checksum=sha256:…`.
    """

    id = "B022"
    keywords = ("checksum", "tar", "download")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.11"), cwe(494))
    remedy = "Save the archive, check it with `sha256sum -c`, and then unpack it."
    fixable = False
    bad = (
        "FROM debian:12\nRUN curl -fsSL https://example.com/a.tar.gz | tar xz -C /opt\n",
        "FROM debian:12\nRUN wget https://example.com/a.zip && unzip a.zip && rm a.zip\n",
    )
    good = (
        "FROM debian:12\nRUN curl -O https://example.com/a.tgz && echo '1f2e a.tgz' | sha256sum -c && tar xf a.tgz\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for use in unchecked(build):
            if use.how == "unpacked":
                yield self.finding(
                    f"unpacks {use.file} without checking it",
                    use.at,
                    place=use.place,
                    evidence=use.line,
                )
