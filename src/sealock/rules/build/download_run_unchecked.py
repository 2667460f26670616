from __future__ import annotations

from sealock.rules.build._fetched import unchecked
from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe


class DownloadRunUnchecked(Rule[Build]):
    """Downloaded program runs without a checksum or signature check.

    TLS proves which server sent a file, not that its authors built it: attackers take over servers, accounts and
    release pages. Put the checksum into the Dockerfile and check it before use (`echo "$SHA256 file" | sha256sum -c
    -`), or verify a signature with a key whose fingerprint you state; or fetch with `ADD --checksum=sha256:…`.
    In PowerShell: `if ((Get-FileHash file).Hash -ne $env:SHA256) { throw 'file' }`.
    """

    id = "B021"
    keywords = ("checksum", "signature", "download")
    severity = Severity.MEDIUM
    references = (cis_docker("4.11"), cwe(494))
    remedy = "Check the file against a checksum or a signature before you use it."
    fixable = False
    bad = (
        "FROM debian:12\nRUN curl -o install.sh https://example.com/install.sh && sh install.sh\n",
        "FROM debian:12\nRUN wget https://example.com/tool -O /usr/local/bin/tool && chmod +x /usr/local/bin/tool\n",
        "FROM debian:12\nRUN curl -LO https://example.com/tool.deb && dpkg -i tool.deb\n",
        "FROM debian:12\nRUN curl -LO https://example.com/tool 2>errors.log && chmod 755 tool && ./tool\n",
        "FROM debian:12\nRUN curl -L https://example.com/tool > tool\nRUN chmod 755 tool && ./tool --install\n",
    )
    good = (
        "FROM debian:12\nRUN wget https://example.com/tool && echo '1f2e  tool' | sha256sum -c - && chmod +x tool\n",
        (
            "FROM debian:12\n"
            "RUN curl -O https://example.com/t.asc -O https://example.com/t && gpg --verify t.asc t && sh t\n"
        ),
        "FROM debian:12\nRUN curl -o data.json https://example.com/data.json\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for use in unchecked(build):
            if use.how != "unpacked":
                what = {"run": "runs", "executable": "makes executable", "installed": "installs"}[use.how]
                yield self.finding(
                    f"{what} {use.file} without checking the download",
                    use.at,
                    place=use.place,
                    evidence=use.line,
                    severity=Severity.HIGH if use.how == "run" else None,
                    confidence=Confidence.HIGH if use.how == "run" else Confidence.MEDIUM,
                )
