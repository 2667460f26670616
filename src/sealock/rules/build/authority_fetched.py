from __future__ import annotations

from sealock.model.build import AddFile
from sealock.rules.build._commands import is_verified, known, line
from sealock.rules.build._fetched import AUTHORITY_DIRECTORIES
from sealock.rules.build._ran import ran
from sealock.rules.downloads import DOWNLOADERS, saved_as
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cwe, man
from sealock.secrets.values import mask


class AuthorityFetched(Rule[Build]):
    """Certificate authority is downloaded without verification.

    The holder of a trusted certificate authority can impersonate every server. A CA certificate that the build
    downloads is whatever the server, or an attacker on the network, sends that day. Copy the certificate from your own
    repository, or check it against a checksum.
    """

    id = "B064"
    keywords = ("certificate authority", "CA certificate")
    severity = Severity.HIGH
    references = (cwe(295), cwe(494), man("openssl-s_client", 1))
    remedy = "Copy the certificate from the build context, or check it with sha256sum -c."
    fixable = False
    bad = (
        (
            "FROM debian:12\n"
            "RUN curl -o /usr/local/share/ca-certificates/x.crt https://e.com/x.crt && update-ca-certificates\n"
        ),
        "FROM rockylinux:9\nADD https://e.com/x.crt /etc/pki/ca-trust/source/anchors/\nRUN update-ca-trust\n",
    )
    good = (
        "FROM debian:12\nCOPY x.crt /usr/local/share/ca-certificates/\nRUN update-ca-certificates\n",
        (
            "FROM debian:12\n"
            "RUN curl -o /usr/local/share/ca-certificates/x.crt https://e.com/x && echo '1f x' | sha256sum -c\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        message = "installs a CA certificate without verifying it"
        for call in ran(build, *DOWNLOADERS):
            files = [
                file for file in saved_as(call.command) if any(directory in file for directory in AUTHORITY_DIRECTORIES)
            ]
            if files and not is_verified(call.run):
                yield self.finding(message, call.at, place=known(call.command.place), evidence=line(call.command))
        for at, _, add in build.each(AddFile):
            if add.checksum is None and any(directory in add.target.text for directory in AUTHORITY_DIRECTORIES):
                for source in add.sources:
                    if source.text.startswith(("http://", "https://")):
                        yield self.finding(message, at, place=source.place, evidence=mask(source.text))
