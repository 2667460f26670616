"""Which distribution a stage has: by the name of the image that it starts from, else by its package manager."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import Maybe
from sealock.model.build import Build
from sealock.model.imagename import family

_MANAGERS: Final = {
    "apk": "alpine",
    "apt": "debian",
    "apt-get": "debian",
    "dnf": "redhat",
    "microdnf": "redhat",
    "tdnf": "redhat",
    "yum": "redhat",
    "zypper": "suse",
    "pacman": "arch",
}


def distributions(build: Build) -> tuple[Maybe[str], ...]:
    """The distribution of each stage, as `family` names it; UNKNOWN where neither says, or where two managers do."""
    found: list[Maybe[str]] = []
    called: list[set[str]] | None = None
    for stage in build.stages:
        below = stage.start.stage
        is_stage = below is not None and below < stage.index
        named = found[below] if below is not None and is_stage else family(stage.start.image.text)
        if not isinstance(named, str):
            called = _called(build) if called is None else called
            if len(called[stage.index]) == 1:
                (named,) = called[stage.index]
        found.append(named)
    return tuple(found)


def _called(build: Build) -> list[set[str]]:
    """The distributions whose package managers each stage calls."""
    called: list[set[str]] = [set() for _ in build.stages]
    for _, stage, _, command in build.commands():
        if (distribution := _MANAGERS.get(command.name)) is not None:
            called[stage.index].add(distribution)
    return called
