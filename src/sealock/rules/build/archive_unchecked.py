from __future__ import annotations

from sealock.rules.build._commands import known, line
from sealock.rules.build._fetched import unchecked
from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe


class ArchiveUnchecked(Rule[Build]):
    """Downloaded archive is unpacked without a checksum check.

    What is in the archive becomes a part of the image, whoever made it. `curl … | tar xz` leaves no moment for
    a check. Save the archive, compare it with a checksum that stands in the Dockerfile (`sha256sum -c`), and unpack
    it then; or fetch it with `ADD --checksum=sha256:…`.
    """

    id = "B022"
    keywords = ("checksum", "tar", "download")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.11"), cwe(494))
    remedy = "Save the archive, check it with `sha256sum -c`, and unpack it then."
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
                    f"unpacks {use.file} just as it was downloaded",
                    use.at,
                    place=known(use.command.place),
                    evidence=line(use.command),
                )
