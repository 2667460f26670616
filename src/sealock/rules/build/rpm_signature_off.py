from __future__ import annotations

from sealock.rules.build._commands import drop, known, line
from sealock.rules.build._ran import ran
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, man


class RpmSignatureOff(Rule[Build]):
    """rpm installs packages without checking signature or digest.

    `--nosignature` and `--nodigest` take a package that anybody may have changed, and its scripts run as root.
    Import the key that signed it (`rpm --import`), from a place that you trust.
    """

    id = "B033"
    severity = Severity.HIGH
    references = (cis_docker("4.11"), cwe(347), man("rpm", 8))
    remedy = "Leave the option out, and import the key that signs the package with rpm --import."
    bad = (
        "FROM rockylinux:9\nRUN rpm -ivh --nosignature https://example.com/x.rpm\n",
        "FROM rockylinux:9\nRUN rpm --nodigest --nosignature -i x.rpm\n",
    )
    good = ("FROM rockylinux:9\nRUN rpm --import /keys/x.asc && rpm -ivh https://example.com/x.rpm\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for one in ran(build, "rpm"):
            for word in one.command.words[1:]:
                if word.text in {"--nosignature", "--nodigest", "--nofiledigest", "--noverify"}:
                    yield self.finding(
                        "takes a package that anybody may have changed",
                        one.at,
                        place=known(word.place),
                        evidence=f"{word.text}: {line(one.command)}",
                        fix=drop(build, one.command, word),
                    )
