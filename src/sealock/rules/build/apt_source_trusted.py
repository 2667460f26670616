from __future__ import annotations

import re

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known
from sealock.rules.build._ran import ran
from sealock.rules.build._written import Writing, corrected, writings
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page

_OPTION: Final = compile_lazily(r"\b(?:trusted|allow-insecure|allow-weak)=(?:yes|true|1|on)\b", re.IGNORECASE)
_FIELD: Final = compile_lazily(
    r"^(?:Trusted|Allow-Insecure|Allow-Weak):[ \t]*(?:yes|true|1)\b[^\n]*\n?", re.IGNORECASE | re.MULTILINE
)

_LOCAL: Final = compile_lazily(r"\]\s*(?:file|copy|cdrom):|^URIs:\s*(?:file|copy|cdrom):", re.MULTILINE)


class AptSourceTrusted(Rule[Build]):
    """Package source is trusted without a signature.

    With `[trusted=yes]` apt installs any package from that source without a signature, also one from an attacker on the
    network, and the setting stays in the image. Fetch the key of the repository, check its fingerprint, and name it:
    `deb [signed-by=/usr/share/keyrings/NAME.gpg] https://…`.
    """

    id = "B034"
    keywords = ("signature", "package source", "repository", "trusted=yes")
    severity = Severity.HIGH
    references = (
        cis_docker("4.11"),
        cwe(347),
        page("sources.list(5)", "https://manpages.debian.org/stable/apt/sources.list.5.en.html"),
    )
    remedy = "Replace trusted=yes with signed-by= and the repository's key."
    bad = (
        'FROM debian:12\nRUN echo "deb [trusted=yes] https://e.com/deb stable main" > /etc/apt/sources.list.d/e.list\n',
        (
            "FROM debian:12\n"
            "RUN echo 'deb [arch=amd64 allow-insecure=yes] https://e.com/ ./' | tee -a /etc/apt/sources.list\n"
        ),
        (
            "FROM debian:12\nCOPY <<EOF /etc/apt/sources.list.d/e.sources\nTypes: deb\nTrusted: yes\n"
            "URIs: https://e.com/\nEOF\n"
        ),
    )
    good = (
        (
            "FROM debian:12\n"
            "RUN echo 'deb [signed-by=/usr/share/keyrings/e.gpg] https://e.com/ ./' > /etc/apt/sources.list.d/e.list\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        arguments = [
            Writing(call.at, "add-apt-repository", word.text, word.place)
            for call in ran(build, "add-apt-repository")
            for word in call.command.words[1:]
        ]
        for writing in (*writings(build), *arguments):
            text = writing.text
            if _LOCAL.search(text):
                continue
            option, field = _OPTION.search(text) if "deb" in text else None, _FIELD.search(text)
            if option:
                before, after = text[: option.start()].rpartition("[")[2], text[option.end() :].partition("]")[0]
                rest = " ".join((before + after).split())
                old = f"[{before}{option[0]}{after}]"
                fix = corrected(build, writing, old + " ", f"[{rest}] " if rest else "")
            elif field:
                fix = corrected(build, writing, field[0], "")
            else:
                continue
            match = option or field
            yield self.finding(
                "installs unsigned packages from this source",
                writing.at,
                place=known(writing.place),
                evidence=f"{writing.file}: {match[0].strip() if match else ''}",
                fix=fix,
            )
