from __future__ import annotations

from sealock.model.inventory import OF_DISTRIBUTIONS, FileFact
from sealock.rules.image._where import batches, listed, origin, place, present
from sealock.rules.kit import Final, Inventory, Iterator, Rule, RuleFinding, Severity, page

_GLIBC: Final = frozenset({"libc6", "glibc", "gcompat", "libc6-compat"})


class NeedsGlibc(Rule[Inventory]):
    """Programs need glibc and would break on musl.

    Programs and libraries from outside the packages of the distribution were linked to the GNU C library. On Alpine and
    other musl images they do not start, or fail at the first function that musl lacks; name resolution and locale
    sorting differ even if all functions exist. To move to such an image, use builds for musl (musllinux wheels, static
    programs) or build there.
    """

    id = "F014"
    keywords = ("glibc", "musl", "Alpine")
    severity = Severity.INFO
    reads = ("files",)
    references = (
        page(
            "musl, functional differences from glibc",
            "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        ),
    )
    remedy = "Stay on a base image with glibc, or use builds for musl before you move."
    pedantic = True
    fixable = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "needs-glibc", "path": "app/x", "detail": "version GLIBC_2.34"}]}',
        (
            '{"sealock": "1", "packages": [{"type": "apk", "name": "musl", "version": "1"}], '
            '"files": [{"kind": "needs-glibc", "path": "app/x"}]}'
        ),
    )
    good = (
        '{"sealock": "1", "files": []}',
        (
            '{"sealock": "1", "packages": [{"type": "deb", "name": "bash", "version": "5"}], '
            '"files": [{"kind": "needs-glibc", "path": "bin/bash", "owner": "bash"}]}'
        ),
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        packages = {
            package.name for package in image.packages if package.type in OF_DISTRIBUTIONS and not package.removed
        }
        broken = "musl" in packages and packages.isdisjoint(_GLIBC)
        files = [fact for fact in present(image, "needs-glibc") if not (fact.owner and fact.owner in packages)]
        for batch in batches(files):
            first = batch[0]
            need = "it needs" if len(batch) == 1 else "they need"
            why = "which this musl image does not have" if broken else "which musl images do not have"
            yield self.finding(
                f"contains {listed(batch, 'files')}, from {origin(image, first.layer)}: {need} glibc{_newest(batch)}, "
                f"{why}{_lacking(batch)}",
                place=place(first),
                evidence=f"{first.kind} {first.path}",
                severity=Severity.LOW if broken else None,
            )


def _newest(batch: list[FileFact]) -> str:
    """The newest glibc version that the files need: " 2.34 or newer"."""
    versions = [
        text.removeprefix("version GLIBC_")
        for fact in batch
        for text in fact.detail.split("; ")
        if text.startswith("version GLIBC_")
    ]
    return f" {max(versions, key=_order)} or newer" if versions else ""


def _order(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:4] if part.isdecimal() and len(part) < 9]


def _lacking(batch: list[FileFact]) -> str:
    """The functions that musl lacks and a single file needs, or the number of such files."""
    lacks = [text for fact in batch for text in fact.detail.split("; ") if text.startswith("lacks ")]
    if not lacks:
        return ""
    if len(batch) == 1:
        return f"; musl lacks {lacks[0][6:]}"
    return f"; {len(lacks)} of them {'needs' if len(lacks) == 1 else 'need'} functions that musl lacks"
