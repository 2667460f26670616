"""Assembles the advice on an image's base."""

from __future__ import annotations

from typing import Final

from sealock.baseimage.bases import Facts, best, results
from sealock.baseimage.closure import closure
from sealock.baseimage.musl import on_musl
from sealock.baseimage.origin import origin
from sealock.baseimage.owners import Owners
from sealock.baseimage.paths import ImageFiles
from sealock.baseimage.recipes import Recipes
from sealock.baseimage.rootfiles import language_files, missing_arguments, root_files
from sealock.baseimage.start import Commands, follow
from sealock.baseimage.surface import surface
from sealock.model.absent import given
from sealock.model.advice import BaseAdvice
from sealock.model.container import Container
from sealock.model.content import Content
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory

_MUSL: Final = ("lib/ld-musl-", "usr/lib/ld-musl-")


def advise(
    inventory: Inventory, content: Content, commands: Commands, container: Container | None = None
) -> BaseAdvice:
    """Advise; `container` replaces the image's configuration to evaluate another start command."""
    configuration = container or inventory.container
    files = ImageFiles(content, configuration)
    owners = Owners(inventory, files)
    start = follow(configuration, files, commands)
    needed = closure((step.path for step in start.steps), files)
    musl = on_musl(inventory, files, owners)
    # Files outside packages may be started in ways that no file shows, so their libraries count as needed.
    own = closure((files.real(file.path) for file in musl), files)
    known = any(step.path and step.kind != "shell" for step in start.steps)
    paths = (*needed.files, *needed.maybe, *own.files, *language_files(start, files))
    shares, _ = owners.shares()
    need = owners.need(paths, shares, known=known)
    root = root_files(start, needed, files, owners)
    base = origin(inventory)
    recipes = Recipes(inventory, configuration, files, owners, start, root, base)
    figures = surface(inventory, files, owners, owners.needed(paths) if need.known else None)
    system = inventory.distribution
    name = (system.name or f"{system.id} {system.version}".strip()) if system else ""
    fits = results(
        Facts(
            files, start, needed, root, need, figures, musl, name,
            is_musl=any(path.startswith(_MUSL) for path in content.nodes) and not _has_glibc(content),
            user=given(configuration.user, ""),
            unsupported=recipes.unsupported(),
        )
    )  # fmt: skip
    unknown = [
        f"/{path} needs {library}, which its loader does not find"
        + (f" (but at /{at})" if (at := files.elsewhere(library)) else "")
        for path, library in needed.missing
    ]
    unknown += [f"the command names {word}, which is not in the image" for word in missing_arguments(start, files)]
    if content.cut:
        unknown.append("the image has more files than the maximum: these figures leave the others out")
    if any(
        package.type in OF_DISTRIBUTIONS and not package.files for package in inventory.packages if not package.removed
    ):
        unknown.append("some packages do not list their files")
    return BaseAdvice(
        names=inventory.names,
        id=inventory.id,
        platform=inventory.platform,
        system=name,
        base=base,
        surface=figures,
        start=start,
        closure=needed,
        root=root,
        need=need,
        musl=musl,
        results=tuple(recipes.complete(fit) for fit in fits),
        best=best(fits),
        unknown=tuple(unknown),
    )


def _has_glibc(content: Content) -> bool:
    return any(path.rpartition("/")[2] == "libc.so.6" for path in content.programs)
