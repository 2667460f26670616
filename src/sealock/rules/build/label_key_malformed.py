from __future__ import annotations

import re

from sealock.model.build import LabelSet
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_KEY: Final = r"[a-z0-9](?:[a-z0-9]|[._/-](?=[a-z0-9]))*"
_RESERVED: Final = ("com.docker.", "io.docker.", "org.dockerproject.")
_EXTENSIONS: Final = ("com.docker.desktop.extension.", "com.docker.extension.")
"""What Docker Desktop asks an image of an extension for."""
_OCI: Final = "org.opencontainers.image."
_KNOWN: Final = frozenset({
    "created", "authors", "url", "documentation", "source", "version", "revision", "vendor", "licenses", "ref.name",
    "title", "description", "base.digest", "base.name",
})  # fmt: skip


class LabelKeyMalformed(Rule[Build]):
    """Invalid label key.

    A label key consists of lower-case letters, digits, dots and dashes. Docker reserves com.docker, io.docker and
    org.dockerproject, and under org.opencontainers.image only the keys of the OCI specification have a meaning.
    """

    id = "B160"
    keywords = ("label",)
    aliases = ("DL3048",)
    differs = (("DL3048", "also unknown names under org.opencontainers.image; not capitals, which engines accept"),)
    severity = Severity.INFO
    references = (docker_docs("engine/manage-resources/labels/"),)
    remedy = "Use a key of the OCI specification, or one under your own domain."
    bad = (
        'FROM debian:12\nLABEL org.opencontainers.image.license="MIT"\n',
        'FROM debian:12\nLABEL com.docker.app="x"\n',
        'FROM debian:12\nLABEL -name..x="x"\n',
    )
    good = ('FROM debian:12\nLABEL org.opencontainers.image.licenses="MIT" com.example.team="x" version="1"\n',)
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, labels in build.each(LabelSet):
            for pair in labels.pairs:
                name = pair.name.strip("\"'")
                if "$" not in name and (why := _why(name)):
                    yield self.finding(f"sets the label {name[:60]}, which {why}", at, place=pair.place, evidence=name)


def _why(name: str) -> str:
    if name.startswith(_RESERVED) and not name.startswith(_EXTENSIONS):
        return "is in a namespace that Docker reserves"
    if name.startswith(_OCI) and name.removeprefix(_OCI) not in _KNOWN:
        return "is not in the OCI specification"
    return (
        ""
        if re.fullmatch(_KEY, name[:300], re.IGNORECASE)
        else "is not made of letters and digits separated by single dots and dashes"
    )
