from __future__ import annotations

import re

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known, line
from sealock.rules.build._ran import ran, unshipped
from sealock.rules.build._written import writings
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page

_NOPASSWD: Final = compile_lazily(r"NOPASSWD\s*:|!authenticate")


class PasswordlessSudo(Rule[Build]):
    """Passwordless sudo (NOPASSWD).

    A `NOPASSWD` rule makes that user root in all but name: an attacker who takes over the program is root one command
    later, and USER protects nothing. Do what needs root in the build, before USER, and leave sudo out of the image.
    """

    id = "B041"
    keywords = ("sudo", "NOPASSWD")
    severity = Severity.HIGH
    references = (cis_docker("4.8"), cwe(269), page("sudoers(5)", "https://www.sudo.ws/docs/man/sudoers.man/"))
    remedy = "Remove the rule and sudo from the image; do what needs root before USER."
    fixable = False
    bad = (
        "FROM debian:12\nRUN echo 'app ALL=(ALL) NOPASSWD: ALL' >> /etc/sudoers\n",
        "FROM debian:12\nRUN echo '%wheel ALL=(ALL) NOPASSWD:ALL' | tee /etc/sudoers.d/wheel\n",
        "FROM debian:12\nCOPY <<EOF /etc/sudoers.d/app\napp ALL=(ALL) NOPASSWD:ALL\nEOF\n",
        "FROM debian:12\nRUN sed -i 's/^%sudo.*/%sudo ALL=(ALL) NOPASSWD:ALL/' /etc/sudoers\n",
        "FROM alpine:3.20\nRUN echo 'permit nopass app' > /etc/doas.conf\n",
    )
    good = ("FROM debian:12\nRUN echo 'app ALL=(ALL) ALL' > /etc/sudoers.d/app\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for writing in writings(build):
            doas = "doas" in writing.file and re.search(r"^\s*permit\b.*\bnopass\b", writing.text, re.MULTILINE)
            if doas or (_NOPASSWD.search(writing.text) and "sudoers" in writing.file):
                message = f"allows root commands without a password in {writing.file}"
                severity = unshipped(build, writing.at, writing.file)
                yield self.finding(
                    message, writing.at, place=known(writing.place), evidence=writing.file, severity=severity
                )
        for call in ran(build, "visudo", "awk", "perl", "ex"):
            if any(_NOPASSWD.search(text) for text in call.command.arguments):
                place = known(call.command.place)
                yield self.finding(
                    "writes a sudo rule that needs no password",
                    call.at,
                    place=place,
                    evidence=line(call.command),
                    severity=unshipped(build, call.at, "/etc/sudoers"),
                )
