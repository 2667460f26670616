from __future__ import annotations

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known, line
from sealock.rules.build._ran import ran
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page

_RECEIVE: Final = frozenset({"--recv-keys", "--recv-key", "--recv", "--receive-keys"})
_ID: Final = compile_lazily(r"(?:0x)?[0-9A-Fa-f]{8}(?:[0-9A-Fa-f]{8})?")


class ShortKey(Rule[Build]):
    """Signing key is fetched by a short key id.

    Anyone can create a key with a given short id (8 or 16 digits) and upload it to a key server, which may return
    either key. Name the full fingerprint (40 digits), which gpg verifies.
    """

    id = "B037"
    keywords = ("key id", "signing key", "GPG")
    severity = Severity.MEDIUM
    references = (cis_docker("4.12"), cwe(347), page("Evil 32", "https://evil32.com/"))
    remedy = "Name the key by its full fingerprint of 40 digits."
    fixable = False
    bad = (
        "FROM debian:12\nRUN gpg --keyserver keyserver.ubuntu.com --recv-keys 6B73A36E\n",
        "FROM debian:12\nRUN apt-key adv --keyserver hkp://keyserver.ubuntu.com:80 --recv 0x6B73A36E6026DFCA\n",
    )
    good = (
        (
            "FROM debian:12\n"
            "RUN gpg --keyserver keyserver.ubuntu.com --recv-keys 0A9AF2115F4687BD29803A206B73A36E6026DFCA\n"
        ),
        'FROM debian:12\nENV GPG_KEY=0A9AF2115F4687BD29803A206B73A36E6026DFCA\nRUN gpg --recv-keys "$GPG_KEY"\n',
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, "gpg", "gpg2", "apt-key"):
            words = call.command.words
            if any(word.text in _RECEIVE for word in words):
                for word in words[1:]:
                    if _ID.fullmatch(word.text):
                        yield self.finding(
                            f"fetches a key by the id {word.text}, not by its fingerprint",
                            call.at,
                            place=known(word.place),
                            evidence=f"{word.text}: {line(call.command)}",
                        )
