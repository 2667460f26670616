"""The distribution: os-release, or the older files that stand for it where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact, WantedFiles
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


class Ranked(Distribution, frozen=True, gc=False):
    """A distribution and how far down the list the file that told of it is, until `join` has chosen."""

    rank: int = 0


class OsRelease(Analyzer):
    """Files that name the distribution. A distribution without `name` comes from one of the older files."""

    name = "osrelease"
    wanted = WantedFiles(paths=RANKS, limit=1 << 16)

    def read(self, file: AnalyzedFile, /) -> Iterator[Distribution]:
        """Yield the distribution, if the file names it."""
        told = text(file.data)
        match file.path:
            case "etc/alpine-release":
                found = Distribution("alpine", _word(told))
            case "etc/debian_version":
                # An unreleased one says "forky/sid", which is no version.
                first = _word(told)
                stem, slash, _ = first.partition("/")
                found = Distribution("debian", codename=stem) if slash else Distribution("debian", first)
            case "etc/centos-release" | "etc/redhat-release":
                found = _red_hat(_word(told))
            case "etc/lsb-release":
                pairs = _pairs(told)
                found = Distribution(
                    pairs.get("DISTRIB_ID", "").lower(),
                    pairs.get("DISTRIB_RELEASE", ""),
                    pairs.get("DISTRIB_CODENAME", ""),
                )
            case _:
                found = _os_release(_pairs(told))
        if found.id and (found.version or found.codename or found.name):
            rank = RANKS.index(file.path) if file.path in RANKS else len(RANKS)
            yield Ranked(found.id, found.version, found.codename, found.name, found.like, rank)

    def join(self, facts: Iterable[Fact], /) -> Iterator[Fact]:
        """Yield the best of what several files say."""
        told = []
        for fact in facts:
            if isinstance(fact, Ranked):
                told.append(fact)
            else:
                yield fact
        if told:
            best = min(told, key=lambda one: one.rank)
            yield Distribution(best.id, best.version, best.codename, best.name, best.like)


def _os_release(pairs: dict[str, str]) -> Distribution:
    """Make the distribution of os-release's pairs, with the defaults that os-release(5) gives."""
    return Distribution(
        id=pairs.get("ID", "linux").lower() if pairs else "",
        version=pairs.get("VERSION_ID", ""),
        codename=pairs.get("VERSION_CODENAME", ""),
        name=pairs.get("PRETTY_NAME", "") or pairs.get("NAME", "") or "Linux",
        like=tuple(pairs.get("ID_LIKE", "").lower().split()),
    )


def _red_hat(line: str) -> Distribution:
    """Read a line like `CentOS release 6.10 (Final)` or `Red Hat Enterprise Linux Server release 6.9 (Santiago)`."""
    name, _, rest = line.partition(" release ")
    version = (rest.split() or [""])[0]
    first = (name.split() or [""])[0].lower()
    return Distribution("rhel" if name.startswith("Red Hat") else first, version)


def _word(told: str) -> str:
    """Read the first line, without what cannot be shown."""
    line = told[: LONGEST_VALUE * 4].strip().partition("\n")[0].strip()
    return line if line.isprintable() and len(line) <= LONGEST_VALUE else ""


def _pairs(told: str) -> dict[str, str]:
    """Read assignments as a shell would: the last of a name counts, quotes go, a backslash keeps what follows."""
    found: dict[str, str] = {}
    for line in told.split("\n", MOST_LINES)[:MOST_LINES]:
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#") and len(value) <= LONGEST_VALUE * 4:
            plain = _unquoted(value.strip())
            if plain.isprintable() and len(plain) <= LONGEST_VALUE:
                found[key.removeprefix("export ").strip()] = plain
    return found


def _unquoted(value: str) -> str:
    quote = value[:1]
    if quote not in {'"', "'"}:
        return value
    inner = value[1:-1] if value.endswith(quote) and len(value) > 1 else value[1:]
    if quote == "'" or "\\" not in inner:
        return inner
    rest = iter(inner)
    return "".join([next(rest, "") if character == "\\" else character for character in rest])
