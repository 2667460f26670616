from __future__ import annotations

from sealock.model.inventory import OF_DISTRIBUTIONS, FileFact
from sealock.rules.image._where import batches, listed, origin, place, present
from sealock.rules.kit import Final, Inventory, Iterator, Rule, RuleFinding, Severity, page

_GLIBC: Final = frozenset({"libc6", "glibc", "gcompat", "libc6-compat"})


class NeedsGlibc(Rule[Inventory]):
    """Programs need glibc and would break on musl.

    Programs and libraries that came from outside the distribution's packages were linked to the GNU C library. On
    Alpine and other images with musl they do not start, or fail at the first function that musl lacks; name lookups and
    sorting by locale differ there even where all functions are found. To move to such an image, take builds made for
    musl (musllinux wheels, static programs) or build there.
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
    remedy = "Stay on a base with glibc, or take builds made for musl before you move."
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
        here = {package.name for package in image.packages if package.type in OF_DISTRIBUTIONS and not package.removed}
        broken = "musl" in here and here.isdisjoint(_GLIBC)
        files = [fact for fact in present(image, "needs-glibc") if not (fact.owner and fact.owner in here)]
        for batch in batches(files):
            first = batch[0]
            need = "it needs" if len(batch) == 1 else "they need"
            why = "which the image, built on musl, does not have" if broken else "which images with musl do not have"
            yield self.finding(
                f"holds {listed(batch, 'files')}, from {origin(image, first.layer)}: {need} glibc{_newest(batch)}, "
                f"{why}{_lacking(batch)}",
                place=place(first),
                evidence=f"{first.kind} {first.path}",
                severity=Severity.LOW if broken else None,
            )


def _newest(batch: list[FileFact]) -> str:
    """The newest version of glibc that is asked for: " 2.34 or newer"."""
    asked = [
        text.removeprefix("version GLIBC_")
        for fact in batch
        for text in fact.detail.split("; ")
        if text.startswith("version GLIBC_")
    ]
    return f" {max(asked, key=_order)} or newer" if asked else ""


def _order(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:4] if part.isdecimal() and len(part) < 9]


def _lacking(batch: list[FileFact]) -> str:
    """How many need functions that musl does not have at all; for a single file, which ones."""
    lacks = [text for fact in batch for text in fact.detail.split("; ") if text.startswith("lacks ")]
    if not lacks:
        return ""
    return f"; musl lacks {lacks[0][6:]}" if len(batch) == 1 else f"; {len(lacks)} of them ask for what musl lacks"
