from __future__ import annotations

import re
from collections.abc import Callable

from sealock.model.build import LabelSet
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, page

_DATE: Final = r"\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-6]\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
_LICENCE: Final = r"\(*[A-Za-z0-9.+-]+\)*( (AND|OR|WITH) \(*[A-Za-z0-9.+-]+\)*)*"
_URL: Final = r"https?://[^\s/]+\S*"
_DIGEST: Final = r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]{32,}"


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


_VALUES: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "created": (_matches(_DATE), "a date of RFC 3339, such as 2026-01-31T12:00:00Z"),
    "url": (_matches(_URL), "a URL"),
    "documentation": (_matches(_URL), "a URL"),
    "source": (_matches(r"(?:https?|git|ssh)://\S+|git@\S+"), "the address of a repository"),
    "licenses": (_matches(_LICENCE), "an SPDX expression, such as MIT OR Apache-2.0"),
    "base.digest": (_matches(_DIGEST), "a digest, such as sha256:…"),
}


class LabelValueMalformed(Rule[Build]):
    """Invalid value for an OCI label.

    Tools parse these labels: they cannot use a malformed date, a free-text licence or an address without a scheme.
    """

    id = "B161"
    keywords = ("label", "OCI", "annotation")
    aliases = ("DL3049", "DL3050", "DL3051", "DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3058")
    differs = (
        (
            "DL3049 DL3050 DL3051 DL3052 DL3053 DL3054 DL3055 DL3056 DL3058",
            "checks the labels of the OCI specification by its rules; requires no labels",
        ),
    )
    severity = Severity.INFO
    references = (
        page(
            "OCI image specification, annotations",
            "https://github.com/opencontainers/image-spec/blob/main/annotations.md",
        ),
    )
    remedy = "Write the value in the format of the OCI specification."
    bad = (
        'FROM debian:12\nLABEL org.opencontainers.image.created="yesterday"\n',
        'FROM debian:12\nLABEL org.opencontainers.image.url="example.org"\n',
        'FROM debian:12\nLABEL org.opencontainers.image.licenses="Apache 2"\n',
        'FROM debian:12\nLABEL org.opencontainers.image.title=""\n',
    )
    good = (
        "FROM debian:12\nARG DATE\nLABEL org.opencontainers.image.created=$DATE\n",
        "FROM debian:12\nARG VERSION=\nLABEL org.opencontainers.image.version=$VERSION\n",
        'FROM debian:12\nLABEL org.opencontainers.image.licenses="(MIT OR Apache-2.0) AND BSD-3-Clause"\n',
        'FROM debian:12\nLABEL org.opencontainers.image.created="2026-01-31T12:00:00+01:00"\n',
        'FROM debian:12\nLABEL org.opencontainers.image.source="https://example.org/x"\n',
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, labels in build.each(LabelSet):
            for pair in labels.pairs:
                name = pair.name.strip("\"'")
                if (
                    not name.startswith("org.opencontainers.image.")
                    or pair.value is None
                    or not isinstance(pair.value.value, str)
                ):
                    continue
                value = pair.value.value
                if not value and "$" in pair.value.raw:
                    continue  # an argument that is empty unless the build sets it
                fits, expected = _VALUES.get(name.removeprefix("org.opencontainers.image."), (bool, "a value"))
                if not fits(value[:2000]):
                    message = f"sets {name} to something other than {expected}" if value else f"leaves {name} empty"
                    yield self.finding(message, at, place=pair.place)
