from __future__ import annotations

from typing import NamedTuple

from sealock.model.build import Arg, Env, Run, Stage
from sealock.rules.build._fixes import append_command, insert_after
from sealock.rules.build._managers import APT
from sealock.rules.build._ran import Call, below_of, calls, inherited, mounted, reaches_image, removes
from sealock.rules.kit import UNSET, At, Build, Edit, Final, Iterator, Rule, RuleFinding, Severity, docker_docs, page


class Cache(NamedTuple):
    """What a package manager leaves behind, and how to avoid it."""

    fills: frozenset[str]
    """The verbs that fill the cache."""
    directories: tuple[str, ...]
    clean: str = ""
    """The command that empties it, if no option prevents it."""
    option: str = ""
    """The option after the verb that prevents the cache."""
    empties: frozenset[str] = frozenset()
    """The verbs, with or without an operand, that empty the cache."""
    exempt: tuple[str, ...] = ()
    """Options of calls that leave no cache."""
    name: str = "the cache of {}"


def _apt() -> Cache:
    directories = ("/var/lib/apt/lists", "/var/lib/apt")
    empties = frozenset({"dist-clean", "distclean"})
    return Cache(frozenset({"update"}), directories, "rm -rf /var/lib/apt/lists/*", empties=empties, name="the package lists of apt")  # fmt: skip  # noqa: E501  one row of the table


def _distribution(fills: str, clean: str, *directories: str) -> Cache:
    return Cache(frozenset(fills.split()), directories, clean, empties=frozenset({"clean", "cc"}))


def _rpm(manager: str) -> Cache:
    verbs = "install update upgrade reinstall groupinstall makecache localinstall builddep"
    directories = ("/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5", "/var/cache/tdnf")
    return _distribution(verbs, f"{manager} clean all", *directories)


def _language(fills: frozenset[str], clean: str, *directories: str) -> Cache:
    empties = frozenset({"clean", "clear-cache", "clearcache", "cache clean", "cache rm"})
    return Cache(fills, directories, clean, empties=empties, exempt=("--no-cache", "--version", "--help"))


def _conda(manager: str) -> Cache:
    verbs = frozenset({"install", "create", "update", "env"})
    return _language(verbs, f"{manager} clean -afy", "/opt/conda/pkgs", "~/.conda/pkgs")


_CACHES: Final[dict[str, Cache]] = {
    **dict.fromkeys(APT, _apt()),
    "apk": Cache(
        frozenset({"add", "update", "upgrade"}),
        ("/var/cache/apk", "/etc/apk/cache"),
        option="--no-cache",
        exempt=("--no-cache",),
        name="the package index of apk",
    ),
    **{manager: _rpm(manager) for manager in ("yum", "dnf", "dnf5", "microdnf", "tdnf")},
    "zypper": _distribution(
        "install in update up dist-upgrade dup refresh ref patch", "zypper clean --all", "/var/cache/zypp"
    ),
    "pacman": Cache(frozenset({""}), ("/var/cache/pacman/pkg", "/var/cache/pacman"), "rm -rf /var/cache/pacman/pkg/*"),
    "pip": Cache(
        frozenset({"install"}),
        ("~/.cache/pip", "~/.cache"),
        option="--no-cache-dir",
        empties=frozenset({"cache purge"}),
        exempt=("--no-cache-dir",),
    ),
    "npm": _language(frozenset({"install", "i", "ci", "add"}), "npm cache clean --force", "~/.npm", "~/.npm/_cacache"),
    "yarn": _language(
        frozenset({"", "install", "add", "global"}),
        "yarn cache clean",
        *("~/.cache/yarn", "/usr/local/share/.cache/yarn", "/usr/local/share/.cache", "~/.yarn/berry/cache"),
    ),
    **{manager: _conda(manager) for manager in ("conda", "mamba", "micromamba")},
    "composer": _language(
        frozenset({"install", "update", "require"}), "composer clear-cache", "~/.composer/cache", "~/.cache/composer"
    ),
}
_LISTED: Final = frozenset(
    {"update", "install", "reinstall", "build-dep", "upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade"}
    | {"download", "source", "satisfy"}
)
"""The verbs of apt that write its lists, or choose packages by them."""
_PIP_SWITCH: Final = "PIP_NO_CACHE_DIR"


class PackageCacheKept(Rule[Build]):
    """Package manager cache stays in the image.

    The program never reads the package lists, indexes and downloads of apt, apk, dnf, pip, npm and others: apt's lists
    take 20 to 50 MB, and each wheel is in the layer twice. Empty the cache in the RUN that fills it, since a later RUN
    only hides it; or use a cache mount.
    """

    id = "B110"
    keywords = ("cache", "no-cache", "apt", "apk", "pip", "dnf")
    aliases = (
        "DL3009",
        "DL3019",
        "DL3032",
        "DL3036",
        "DL3040",
        "DL3042",
        "DL3060",
        "DS-0015",
        "DS-0019",
        "DS-0020",
        "DS-0025",
        "DKL-DI-0004",
        "DKL-DI-0005",
    )
    differs = (
        (
            "DL3009",
            (
                "also in here-documents; `apt-get dist-clean` counts as clean-up; stages that do not reach "
                "the image do not count"
            ),
        ),
        ("DL3019", "removing /var/cache/apk in the same RUN counts; stages that do not reach the image do not count"),
        ("DL3032 DL3036 DL3040", "also microdnf, tdnf and pacman"),
        (
            "DL3042",
            ("also `RUN --mount=type=cache` and PIP_NO_CACHE_DIR; stages that do not reach the image do not count"),
        ),
        ("DL3060", "also npm, conda and Composer"),
    )
    severity = Severity.INFO
    safe = True
    references = (
        docker_docs("build/building/best-practices/#apt-get"),
        docker_docs("build/cache/optimize/#use-cache-mounts"),
        page("Alpine wiki, apk", "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper"),
        page("pip documentation, caching", "https://pip.pypa.io/en/stable/topics/caching/"),
    )
    remedy = (
        "Empty the cache in the RUN that fills it, use `--no-cache` (apk) or `--no-cache-dir` (pip), or use a cache "
        "mount."
    )
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN rm -rf /var/lib/apt/lists/*\n",
        "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y curl\nEOF\n",
        "FROM alpine:3.20\nRUN apk add curl\n",
        "FROM alpine:3.20\nRUN apk update && apk add curl git\n",
        "FROM alpine:3.20\nRUN apk --update add curl\n",
        "FROM fedora:40\nRUN dnf install -y curl\n",
        "FROM centos:7\nRUN yum -y install curl\n",
        "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nRUN microdnf install -y curl\n",
        "FROM opensuse/leap:15.6\nRUN zypper -n in curl\n",
        "FROM archlinux:base\nRUN pacman -Sy --noconfirm curl\n",
        "FROM python:3.12\nRUN pip install flask==3.0.3\n",
        "FROM python:3.12\nRUN python -m pip install -r requirements.txt\n",
        "FROM python:3.12\nRUN bash -c 'pip3 install flask==3.0.3'\n",
        "FROM node:22\nRUN npm ci\n",
        "FROM node:22\nRUN yarn install --frozen-lockfile\n",
        "FROM continuumio/miniconda3:24.5.0-0\nRUN conda install -y numpy=2.0\n",
        "FROM composer:2.7\nRUN composer install --no-dev\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
        "FROM debian:13\nRUN apt-get update && apt-get install -y curl && apt-get dist-clean\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt apt-get update && apt-get install -y curl\n",
        "FROM debian:12 AS build\nRUN apt-get update && apt-get install -y gcc\nFROM scratch\nCOPY --from=build /a /\n",
        "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
        "FROM alpine:3.20\nRUN apk --no-cache add curl\n",
        "FROM alpine:3.20\nRUN apk add --update curl && rm -rf /var/cache/apk/*\n",
        "FROM alpine:3.20\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n",
        "FROM fedora:40\nRUN dnf install -y curl && dnf clean all\n",
        "FROM centos:7\nRUN yum -y install curl && rm -rf /var/cache/yum\n",
        "FROM fedora:40\nRUN --mount=type=cache,target=/var/cache/libdnf5 dnf install -y curl\n",
        "FROM opensuse/leap:15.6\nRUN zypper -n in curl && zypper cc -a\n",
        "FROM archlinux:base\nRUN pacman -Sy --noconfirm curl && pacman -Scc --noconfirm\n",
        "FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.3\n",
        "FROM python:3.12\nENV PIP_NO_CACHE_DIR=1\nRUN pip install flask==3.0.3\n",
        "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache/pip pip install flask==3.0.3\n",
        "FROM python:3.12\nRUN pip install flask==3.0.3 && rm -rf /root/.cache/pip\n",
        "FROM python:3.12\nRUN PIP_NO_CACHE_DIR=1 pip install flask==3.0.3\n",
        "FROM node:22\nRUN npm ci && npm cache clean --force\n",
        "FROM node:22\nRUN --mount=type=cache,target=/root/.npm npm ci\n",
        "FROM node:22\nRUN yarn install --frozen-lockfile && yarn cache clean\n",
        "FROM continuumio/miniconda3:24.5.0-0\nRUN conda install -y numpy=2.0 && conda clean -afy\n",
        "FROM composer:2.7\nRUN composer install --no-dev --no-cache\n",
        "FROM node:22 AS build\nRUN npm ci\nFROM nginx:1.27\nCOPY --from=build /app/dist /srv\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        pip_off = inherited(build, _switches_pip_off)
        needed = _needed_later(build)
        # Whether a RUN keeps a cache; managers that share one, like conda and mamba, empty it for each other.
        kept: dict[tuple[At, tuple[str, ...]], bool] = {
            (call.ran.at, _CACHES[call.manager].directories): False for call in calls(build, _CACHES) if _empties(call)
        }
        reported = set()
        for call in calls(build, _CACHES):
            cache, run = _CACHES[call.manager], call.ran.run
            key = (call.ran.at, cache.directories)
            if call.verb.text not in cache.fills or call.ran.stage.index not in reaching or call.has(*cache.exempt):
                continue
            if (call.manager == "pacman" and not call.has("-S")) or (call.manager == "pip" and pip_off(call.ran.stage)):
                continue
            if key not in kept:
                kept[key] = not (mounted(run, *key[1]) or removes(run, *key[1]) or _sets_pip_switch(run, call.manager))
            if not kept[key] or key in reported:
                continue
            if cache.clean:
                reported.add(key)
            how = f"End the RUN with `&& {cache.clean}`" if cache.clean else f"Add {cache.option}"
            reused = call.manager in APT and call.ran.at in needed
            if reused:
                how = f"Update the lists in each RUN that installs, and end each with `&& {cache.clean}`"
            yield self.finding(
                f"leaves {cache.name.format(call.manager)} in the layer",
                call.ran.at,
                place=call.ran.command.place if cache.clean else call.verb.place,
                fix=() if reused else _emptied(build, call, cache),
                remedy=f"{how}, or use a cache mount on {cache.directories[0]}.",
            )


def _emptied(build: Build, call: Call, cache: Cache) -> tuple[Edit, ...]:
    if cache.clean:
        return append_command(build, call.ran.run, cache.clean)
    return insert_after(call.ran.run, call.verb, cache.option)


def _needed_later(build: Build) -> frozenset[At]:
    """The RUNs whose lists of apt a later RUN, of the stage or of one that builds on it, uses without an update."""
    updates = {call.ran.at for call in calls(build, APT, ("update",))}
    events: dict[int, set[At]] = {}
    for call in calls(build, APT, _LISTED):
        if not mounted(call.ran.run, "/var/lib/apt/lists", "/var/lib/apt"):
            events.setdefault(call.ran.stage.index, set()).add(call.ran.at)
    last: dict[int, At] = {}
    needed = set()
    for stage in build.stages:
        below = below_of(build, stage)
        updated = last.get(below.index) if below else None
        for at in sorted(events.get(stage.index, ())):
            if at in updates:
                updated = at
            elif updated is not None:
                needed.add(updated)
        if updated is not None:
            last[stage.index] = updated
    return frozenset(needed)


def _empties(call: Call) -> bool:
    if call.manager == "pacman":
        return any(word.text.startswith("-S") and "cc" in word.text for word in call.options)
    verb = call.verb.text
    empties = _CACHES[call.manager].empties
    return verb in empties or any(f"{verb} {operand.text}" in empties for operand in call.operands)


def _sets_pip_switch(run: Run, manager: str) -> bool:
    return manager == "pip" and any(
        assignment.name == _PIP_SWITCH for command in run.script.commands() for assignment in command.assignments
    )


def _switches_pip_off(stage: Stage) -> bool:
    return any(
        pair.name == _PIP_SWITCH and pair.effective is not UNSET
        for instruction in stage.of(Env, Arg)
        for pair in instruction.pairs
    )
