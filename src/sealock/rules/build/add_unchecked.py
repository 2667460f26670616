from __future__ import annotations

import re

from sealock.model.build import AddFile
from sealock.patterns import compile_lazily
from sealock.rules.build._fetched import AUTHORITY_DIRECTORIES
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.secrets.values import mask

_GIT: Final = compile_lazily(r"(?:git@|ssh://|git://|https?://[^\s#?]+\.git(?:[#?]|$)|[\w.-]+@[\w.-]+:)", re.IGNORECASE)
_COMMIT: Final = compile_lazily(r"[#?&](?:\w+=)?[0-9a-f]{40,64}\b")

_VERSION: Final = compile_lazily(r"#(?:\w+=)?v?\d+\.\d")
"""A version tag: it should not move, but it can."""


class AddUnchecked(Rule[Build]):
    """ADD downloads a URL without a checksum.

    ADD puts whatever the server sends into the image: a changed file, or an attacker on the network, changes the image
    unnoticed. `ADD --checksum=sha256:…` rejects any other file; the full commit after `#` pins a git repository.
    """

    id = "B009"
    keywords = ("checksum", "ADD", "URL")
    severity = Severity.MEDIUM
    references = (cis_docker("4.11"), cwe(494), docker_docs("reference/dockerfile/#add---checksum"))
    remedy = "Add the checksum of a file: `ADD --checksum=sha256:… URL`; for a repository the commit: `URL.git#COMMIT`."
    fixable = False
    bad = (
        "FROM debian:12\nADD https://example.com/tool.tar.gz /opt/\n",
        "FROM debian:12\nADD https://github.com/acme/tool.git#main /src\n",
        "FROM debian:12\nADD git@github.com:acme/tool.git /src\n",
    )
    good = (
        (
            "FROM debian:12\n"
            "ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d \\\n"
            "  https://example.com/a /a\n"
        ),
        "FROM debian:12\nADD https://github.com/acme/tool.git#f0e3b9b8c6e2d1a09f8e7d6c5b4a39281706f5e4 /src\n",
        "FROM debian:12\nADD rootfs.tar.xz /\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, add in build.each(AddFile):
            if add.checksum is not None:
                continue
            # B064 reports certificate authorities.
            authority = any(directory in add.target.text for directory in AUTHORITY_DIRECTORIES)
            for source in add.sources:
                text = source.text
                if _GIT.match(text):
                    if not _COMMIT.search(text):
                        message = f"adds {mask(text)} without pinning a commit"
                        severity = Severity.LOW if _VERSION.search(text) else None
                        yield self.finding(message, at, place=source.place, evidence=mask(text), severity=severity)
                elif text.lower().startswith(("http://", "https://")) and not authority:
                    plain = text.lower().startswith("http://")
                    yield self.finding(
                        f"adds {mask(text)} without a checksum{', over plain HTTP' if plain else ''}",
                        at,
                        place=source.place,
                        evidence=mask(text),
                        severity=Severity.HIGH if plain else None,
                    )
