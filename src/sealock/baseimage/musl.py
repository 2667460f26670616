"""Predicts how each file built for glibc works on a musl base, with the deciding symbols."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.baseimage.owners import Owners
from sealock.baseimage.paths import ImageFiles
from sealock.model.advice import Musl, OnMusl
from sealock.model.inventory import FileFact, Inventory

NEEDS_GLIBC: Final = "needs-glibc"


def on_musl(inventory: Inventory, files: ImageFiles, owners: Owners) -> tuple[Musl, ...]:
    """Evaluate the files outside the distribution's packages, the worst first.

    The distribution's files do not matter: another distribution has its own packages instead.
    """
    order: list[OnMusl] = ["breaks", "gcompat", "stand-in", "runs"]
    evaluated = [
        result
        for fact in inventory.files
        if fact.kind == NEEDS_GLIBC and not fact.removed and owners.system(files.real(fact.path)) is None
        for result in [evaluate(fact, files, owners)]
    ]
    return tuple(sorted(evaluated, key=lambda musl: (order.index(musl.answer), musl.path)))


def evaluate(fact: FileFact, files: ImageFiles, owners: Owners | None = None) -> Musl:
    """Evaluate one file by the groups of its fact (see NeedsGlibc)."""
    groups = dict(_groups(fact.detail))
    lacks, helped = groups.get("lacks", ()), groups.get("gcompat", ())
    answer: OnMusl = "breaks" if lacks else "gcompat" if helped else "stand-in"
    loader = groups.get("loader", ())
    version = groups.get("version", ())
    says = lacks or helped or tuple(f"loader {name}" for name in loader) or version
    package = owners.owner(files.real(fact.path)) if owners else None
    return Musl(
        path=fact.path,
        answer=answer,
        says=says,
        owner=package.name if package else "",
        layer=fact.layer,
        differs=(*groups.get("resolves", ()), *groups.get("locale", ())),
        wheel=_wheel(fact.path, files, owners),
    )


def _groups(detail: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for text in detail.split("; "):
        word, _, rest = text.partition(" ")
        yield word, tuple(part for part in rest.split(", ") if part)


def _wheel(path: str, files: ImageFiles, owners: Owners | None) -> str:
    """The platform tag of a file's wheel."""
    package = owners.owner(files.real(path)) if owners else None
    if package is None or package.type != "pypi":
        return ""
    tags = files.content.tags.get(package.path.rpartition("/")[0], ())
    return next((tag.split("-")[-1] for tag in tags), "")
