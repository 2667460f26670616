from __future__ import annotations

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known, line
from sealock.rules.build._ran import ran
from sealock.rules.build._written import settings, writings
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cwe, page

_SETTING: Final = compile_lazily(r"SECLEVEL\s*=\s*[01]\b|MinProtocol\s*=\s*(?:SSLv3|TLSv1(?:\.[01])?)(?![.\d])")


class WeakTls(Rule[Build]):
    """TLS is weakened for the whole image.

    `SECLEVEL=1`, `MinProtocol = TLSv1` and the LEGACY policy enable breakable ciphers, keys and protocols for every
    program in the image and every server it talks to. Update the server that needs them, or limit the setting to the
    program that talks to it.
    """

    id = "B063"
    keywords = ("TLS", "SECLEVEL", "OpenSSL")
    severity = Severity.MEDIUM
    references = (
        cwe(327),
        page("OpenSSL, SSL_CTX_set_security_level", "https://docs.openssl.org/3.0/man3/SSL_CTX_set_security_level/"),
    )
    remedy = "Keep the system settings; weaken TLS only for the one connection that needs it."
    fixable = False
    bad = (
        "FROM debian:12\nRUN sed -i 's/SECLEVEL=2/SECLEVEL=1/g' /etc/ssl/openssl.cnf\n",
        "FROM debian:12\nRUN sed -i 's/MinProtocol = TLSv1.2/MinProtocol = TLSv1/' /etc/ssl/openssl.cnf\n",
        "FROM rockylinux:9\nRUN update-crypto-policies --set LEGACY\n",
        "FROM node:22\nENV NODE_OPTIONS=--openssl-legacy-provider\n",
    )
    good = (
        ("FROM debian:12\nRUN sed -i 's/SECLEVEL=1/SECLEVEL=2/g' /etc/ssl/openssl.cnf\n"),
        "FROM rockylinux:9\nRUN update-crypto-policies --set FUTURE\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for writing in writings(build):
            if ("ssl" in writing.file or "tls" in writing.file) and (match := _SETTING.search(writing.text)):
                yield self.finding(
                    f"writes {match[0]} to {writing.file}",
                    writing.at,
                    place=known(writing.place),
                    evidence=f"{writing.file}: {match[0]}",
                )
        for call in ran(build, "update-crypto-policies"):
            if any(text.upper().startswith(("LEGACY", "DEFAULT:SHA1")) for text in call.command.arguments):
                place = known(call.command.place)
                yield self.finding(
                    "enables weak ciphers and protocols", call.at, place=place, evidence=line(call.command)
                )
        for setting in settings(build, "NODE_OPTIONS"):
            if "--openssl-legacy-provider" in setting.value or "--tls-min-v1.0" in setting.value:
                yield self.finding(
                    "enables weak TLS or legacy algorithms in Node.js",
                    setting.at,
                    place=known(setting.place),
                    evidence=f"NODE_OPTIONS={setting.value}",
                    severity=Severity.LOW,
                )
