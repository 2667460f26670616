from __future__ import annotations

from sealock.rules.build._commands import drop, known, line
from sealock.rules.build._ran import ran
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page


class ApkUntrusted(Rule[Build]):
    """apk installs packages without checking their signatures.

    `--allow-untrusted` takes any package from anybody on the way. Put the key that signs the package into
    /etc/apk/keys instead.
    """

    id = "B031"
    severity = Severity.HIGH
    references = (
        cis_docker("4.11"),
        cwe(347),
        page("Alpine Linux wiki, apk", "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper"),
    )
    remedy = "Leave --allow-untrusted out, and put the key that signs the package into /etc/apk/keys."
    bad = (
        "FROM alpine:3.20\nRUN apk add --no-cache --allow-untrusted ./x.apk\n",
        'FROM alpine:3.20\nRUN ["apk", "--allow-untrusted", "add", "x"]\n',
    )
    good = ("FROM alpine:3.20\nCOPY x.rsa.pub /etc/apk/keys/\nRUN apk add --no-cache ./x.apk\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for one in ran(build, "apk"):
            if (word := one.command.option("--allow-untrusted")) is not None:
                yield self.finding(
                    "takes packages that nobody has signed",
                    one.at,
                    place=known(word.place),
                    evidence=line(one.command),
                    fix=drop(build, one.command, word),
                )
