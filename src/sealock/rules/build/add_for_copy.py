from __future__ import annotations

import re

from sealock.model.build import AddFile
from sealock.patterns import compile_lazily
from sealock.rules.kit import Build, Edit, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs

_REMOTE: Final = compile_lazily(r"(?:[a-z][a-z0-9+.-]*://|git@|[\w.-]+@[\w.-]+:)", re.IGNORECASE)
_ARCHIVE: Final = compile_lazily(
    r".*\.(?:tar|t?gz|tgz|tbz2?|bz2|txz|tar\.\w+|xz|zst|tzst|lz|lzma|Z)$|.*\.tar[.*?].*", re.IGNORECASE
)


class AddForCopy(Rule[Build]):
    """ADD is used instead of COPY.

    ADD also downloads URLs and unpacks local archives, depending on the content of the file. A file that turns out to
    be an archive becomes a tree of files with its own owners and links. COPY only copies.
    """

    id = "B008"
    keywords = ("ADD", "COPY")
    aliases = ("DL3020", "DS-0005", "CKV_DOCKER_4", "CIS-DI-0009")
    severity = Severity.LOW
    references = (cis_docker("4.9"), docker_docs("build/building/best-practices/#add-or-copy"))
    remedy = "Use COPY; keep ADD for archives to unpack and for URLs with a checksum."
    safe = True
    bad = ("FROM debian:12\nADD app.py /app/\n", 'FROM debian:12\nADD --chown=1000 ["a b", "/app/"]\n')
    good = (
        "FROM debian:12\nADD rootfs.tar.xz /\n",
        "FROM debian:12\nCOPY app.py /app/\n",
        (
            "FROM debian:12\n"
            "ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d \\\n"
            "  https://example.com/a /a\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, add in build.each(AddFile):
            if not add.sources:
                continue
            if any(_REMOTE.match(source.text) or _ARCHIVE.match(source.text) for source in add.sources):
                continue
            unresolved = any("$" in source.text for source in add.sources)
            word = "copy" if build.excerpt(add.keyword_place).islower() else "COPY"
            # COPY has no --checksum, --keep-git-dir or --unpack.
            plain = all(flag.name in {"chown", "chmod", "link", "exclude"} for flag in add.flags)
            yield self.finding(
                f"uses ADD for {' '.join(source.text for source in add.sources)[:80]}; COPY suffices",
                at,
                place=add.keyword_place,
                evidence=f"ADD {' '.join(source.raw for source in add.sources)}"[:200],
                fix=(Edit(add.keyword_place, word),) if plain else (),
                safe=not unresolved and not any(set(source.text) & set("*?[") for source in add.sources),
            )
