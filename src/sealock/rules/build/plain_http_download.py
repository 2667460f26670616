from __future__ import annotations

import re

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import is_verified, known, swap
from sealock.rules.build._ran import ran
from sealock.rules.downloads import addresses
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe
from sealock.secrets.values import mask

_INSIDE: Final = compile_lazily(
    r"http://(?:[^/@\s]*@)?(?:localhost|127\.|0\.0\.0\.0|\[::1\]|host\.docker\.internal|169\.254\.|[^/:\s]+\.(?:local|internal|test)\b)",
    re.IGNORECASE,
)
_PROGRAMS: Final = ("curl", "wget", "wget2", "aria2c", "axel", "fetch", "http", "git", "svn")


class PlainHttpDownload(Rule[Build]):
    """Download over plain HTTP.

    An attacker on the network can read and change it. Most servers also support HTTPS. If one does not, check the file
    against a checksum before you use it.
    """

    id = "B025"
    keywords = ("plain HTTP", "HTTP", "download")
    severity = Severity.MEDIUM
    references = (cis_docker("4.11"), cwe(319))
    remedy = "Use HTTPS; if the server has none, check the file against a checksum."
    bad = (
        "FROM debian:12\nRUN curl -o a http://example.com/a\n",
        'FROM debian:12\nRUN wget "http://example.com/${VERSION}/a.tar.gz"\n',
        "FROM debian:12\nRUN git clone http://example.com/a.git\n",
    )
    good = (
        "FROM debian:12\nRUN curl -o a https://example.com/a\n",
        "FROM debian:12\nRUN curl -o a http://example.com/a && echo '1f2e  a' | sha256sum -c -\n",
        "FROM debian:12\nRUN ./serve & curl http://localhost:8080/health\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, *_PROGRAMS):
            fetches = call.command.name not in {"git", "svn"} or {
                "clone",
                "fetch",
                "pull",
                "checkout",
                "co",
                "export",
            } & set(call.command.arguments)
            for word in addresses(call.command) if fetches else ():
                text = word.text
                if text.lower().startswith("http://") and not _INSIDE.match(text) and not is_verified(call.run):
                    yield self.finding(
                        f"downloads {mask(text)[:100]} over plain HTTP",
                        call.at,
                        place=known(word.place),
                        evidence=mask(text),
                        fix=swap(build, word, text[:7], "https://"),
                    )
