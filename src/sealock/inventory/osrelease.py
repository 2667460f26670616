"""The distribution: os-release, or the older files that stand for it where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import asdict

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, FilePatterns
from sealock.inventory.facts import StatedDistribution
from sealock.inventory.stanzas import text
from sealock.model.inventory import Distribution

RANKS: Final = (
    "etc/os-release",
    "usr/lib/os-release",
    "etc/alpine-release",
    "etc/lsb-release",
    "etc/centos-release",
    "etc/redhat-release",
    "etc/debian_version",
)
"""Best first. Ubuntu has a debian_version too, and CentOS a redhat-release; so the general ones come last."""

MOST_LINES: Final = 200
LONGEST_VALUE: Final = 200


class OsRelease(Analyzer):
    """Files that name the distribution. Which of them counts is decided once all layers lie over one another."""

    name = "osrelease"
    patterns = FilePatterns(paths=RANKS, limit=1 << 16)

    def read(self, file: AnalyzedFile, /) -> Iterator[StatedDistribution]:
        """Yield the distribution, if the file names it."""
        content = text(file.data)
        match file.path:
            case "etc/alpine-release":
                distribution = Distribution("alpine", _word(content))
            case "etc/debian_version":
                # An unreleased one has "forky/sid", which is not a version.
                first = _word(content)
                stem, slash, _ = first.partition("/")
                distribution = Distribution("debian", codename=stem) if slash else Distribution("debian", first)
            case "etc/centos-release" | "etc/redhat-release":
                distribution = _red_hat(_word(content))
            case "etc/lsb-release":
                pairs = _pairs(content)
                distribution = Distribution(
                    pairs.get("DISTRIB_ID", "").lower(),
                    pairs.get("DISTRIB_RELEASE", ""),
                    pairs.get("DISTRIB_CODENAME", ""),
                )
            case _:
                distribution = _os_release(_pairs(content))
        if distribution.id and (distribution.version or distribution.codename or distribution.name):
            rank = RANKS.index(file.path) if file.path in RANKS else len(RANKS)
            yield StatedDistribution(**asdict(distribution), path=file.path, rank=rank)


def _os_release(pairs: dict[str, str]) -> Distribution:
    """Make the distribution of os-release's pairs, with the defaults that os-release(5) gives."""
    known = f"{pairs.get('ID', '')} {pairs.get('VERSION_ID', '')}".strip()
    return Distribution(
        id=pairs.get("ID", "linux").lower() if pairs else "",
        version=pairs.get("VERSION_ID", ""),
        codename=pairs.get("VERSION_CODENAME", ""),
        name=pairs.get("PRETTY_NAME", "") or pairs.get("NAME", "") or known or "Linux",
        like=tuple(pairs.get("ID_LIKE", "").lower().split()),
    )


def _red_hat(line: str) -> Distribution:
    """Read a line like `CentOS release 6.10 (Final)` or `Red Hat Enterprise Linux Server release 6.9 (Santiago)`."""
    name, _, rest = line.partition(" release ")
    version = (rest.split() or [""])[0]
    first = (name.split() or [""])[0].lower()
    return Distribution("rhel" if name.startswith("Red Hat") else first, version)


def _word(content: str) -> str:
    """Read the first line, without unprintable characters."""
    line = content[: LONGEST_VALUE * 4].strip().partition("\n")[0].strip()
    return line if line.isprintable() and len(line) <= LONGEST_VALUE else ""


def _pairs(content: str) -> dict[str, str]:
    """Read assignments as a shell would: the last of a name counts, quotes go, a backslash keeps what follows."""
    pairs: dict[str, str] = {}
    for line in content.split("\n", MOST_LINES)[:MOST_LINES]:
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            plain = _unquoted(value.strip())
            if plain.isprintable() and len(plain) <= LONGEST_VALUE:
                pairs[key.removeprefix("export ").strip()] = plain
    return pairs


def _unquoted(value: str) -> str:
    quote = value[:1]
    if quote not in {'"', "'"}:
        return value
    inner = value[1:-1] if value.endswith(quote) and len(value) > 1 else value[1:]
    if quote == "'" or "\\" not in inner:
        return inner
    rest = iter(inner)
    return "".join([next(rest, "") if character == "\\" else character for character in rest])
