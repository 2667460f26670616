"""Image references, and what their names say of widely used images. `knownimages` has the tables."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.knownimages import BASES, DROPS_ROOT, MAKERS, NONROOT, ROOT, ROOT_ELSEWHERE, ROOT_MASTER
from sealock.patterns import compile_lazily

DEFAULT_REGISTRY: Final = "docker.io"


class ImageName(Struct, frozen=True, gc=False):
    """A parsed reference, completed as the engine does: "nginx" is docker.io/library/nginx.

    `tag` and `digest` are None where none was written; the default tag is not filled in, since rules check for it.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def pattern(self) -> str:
        """The pattern of a policy that matches all tags of its repository."""
        official = self.registry == DEFAULT_REGISTRY and "/" not in self.repository
        return f"{self.registry}/{'library/' if official else ''}{self.repository}"

    @property
    def familiar(self) -> str:
        """The shortest name that means the same repository: "nginx", "grafana/grafana", "ghcr.io/x/y"."""
        if self.registry != DEFAULT_REGISTRY:
            return f"{self.registry}/{self.repository}"
        return self.repository.removeprefix("library/")

    @property
    def official(self) -> bool:
        """Whether it is one of Docker Hub's official images."""
        return self.registry == DEFAULT_REGISTRY and self.repository.startswith("library/")


_NAME: Final = compile_lazily(
    r"(?P<name>(?:\[[0-9a-fA-F:]+\](?=(?::\d+)?/)|[^\s@:/]+)(?::\d+(?=/))?(?:/[^\s@:/]+)*)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9+._-]+:[0-9a-fA-F]{32,}))?"
)


_ID: Final = compile_lazily(r"(?:sha256:)?[0-9a-f]{64}")


def is_id(text: str) -> bool:
    """Whether an engine that is to run it takes it for an image's whole id; a Dockerfile has no ids."""
    return _ID.fullmatch(text) is not None


def parse(text: str) -> ImageName | None:
    """Parse a reference; None where the text is not one (an id, an unresolved variable, a typo)."""
    match = _NAME.fullmatch(text)
    if match is None or "$" in text:
        return None
    first, slash, rest = match["name"].partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = DEFAULT_REGISTRY, match["name"]
    if registry in {DEFAULT_REGISTRY, "index.docker.io", "registry-1.docker.io"}:
        registry = DEFAULT_REGISTRY
        repository = repository if "/" in repository else f"library/{repository}"
    return ImageName(registry, repository, match["tag"], match["digest"])


_MIRRORS: Final = ("public.ecr.aws/docker/library/", "mirror.gcr.io/library/", "quay.io/lib/", "docker.io/library/")


_ARCHITECTURES: Final = frozenset({
    "amd64", "arm32v5", "arm32v6", "arm32v7", "arm64v8", "i386", "mips64le", "ppc64le", "riscv64", "s390x", "winamd64",
})  # fmt: skip
"""Owners on Docker Hub of the official images for one architecture."""


def known_as(name: ImageName) -> str:
    """The familiar name, with mirrors of Docker Hub's official images put back."""
    for mirror in _MIRRORS:
        if name.familiar.startswith(mirror):
            return name.familiar[len(mirror) :]
    architecture, slash, rest = name.familiar.partition("/")
    return rest if slash and architecture in _ARCHITECTURES else name.familiar


_DOMAIN: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?/"
_PATH: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE: Final = compile_lazily(
    rf"(?:{_DOMAIN})?({_PATH}(?:/{_PATH})*)(?::\w[\w.-]{{0,127}})?(?:@[A-Za-z][\w.+-]*:[0-9a-fA-F]{{32,}})?", re.ASCII
)
"""https://github.com/distribution/reference/blob/main/reference.go."""
_LONGEST: Final = 255


def reference_fault(text: str) -> str:
    """Why an engine refuses a text as an image's name, "" where it takes it."""
    if len(text) > 2 * _LONGEST + 128:
        return f"a name has at most {_LONGEST} characters"
    match = _REFERENCE.fullmatch(text)
    if match is not None and len(match[1]) > _LONGEST:
        return f"a name has at most {_LONGEST} characters"
    if match is not None:
        return "an image's id is no name" if ":" not in text and is_id(text) else ""
    if _REFERENCE.fullmatch(text.lower()) is not None:
        return "the repository's name must be lowercase"
    return "invalid reference format"


def is_official(image: str) -> bool:
    """Whether it is a known official image of Docker Hub; other bare names are mostly local builds."""
    name = parse(image)
    if name is None:
        return False
    known = known_as(name)
    return "/" not in known and (known in ROOT or known in NONROOT or known in DROPS_ROOT or known in ROOT_MASTER)


@lru_cache(maxsize=256)
def default_user(image: str) -> Maybe[str]:
    """The user that an image runs as by default; UNKNOWN for unknown images."""
    if image == "scratch":
        return "root"
    name = parse(image)
    if name is None:
        return UNKNOWN
    known, tag = known_as(name), name.tag or ""
    if any(word in known or word in tag for word in ("unprivileged", "rootless", "nonroot", "non-root")):
        return "nonroot"
    if family(image) == "windows":
        return "ContainerUser" if "nanoserver" in tag else UNKNOWN
    for start, tags, user in MAKERS:
        if re.match(start, known) and re.search(tags, tag):
            return user or UNKNOWN
    if known in NONROOT:
        return NONROOT[known]
    runs_as_root = known in ROOT or known in ROOT_ELSEWHERE or known in ROOT_MASTER or drops_root(image)
    return "root" if runs_as_root else UNKNOWN


def drops_root(image: str) -> bool:
    """Whether the image is known to start as root and to drop it before its main process runs."""
    name = parse(image)
    if name is None:
        return False
    known = known_as(name)
    return known in DROPS_ROOT or known.startswith(("linuxserver/", "lscr.io/linuxserver/"))


def has_root_master(image: str) -> bool:
    """Whether the image is known to keep root only for its master process, as web servers do."""
    name = parse(image)
    if name is None:
        return False
    server = any(word in (name.tag or "") for word in ("apache", "fpm"))
    return known_as(name) in ROOT_MASTER or (known_as(name) == "php" and server)


def drops_root_for_workers(image: str) -> bool:
    """Whether the image is known to start as root and to serve requests as another user."""
    return drops_root(image) or has_root_master(image)


# In this order: "oraclelinux:9-slim" is Red Hat's family before it is slim.
_FAMILIES: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (("alpine",), "alpine"),
    (("busybox",), "busybox"),
    (("windows", "nanoserver", "servercore"), "windows"),
    (("distroless", "chiseled", "cgr.dev/chainguard/static"), "none"),
    (("fedora", "centos", "rockylinux", "almalinux", "amazonlinux", "amazoncorretto", "oracle"), "redhat"),
    (("ubi7", "ubi8", "ubi9", "ubi1", "rhel", "redhat", "photon", "mariner", "azurelinux", "mageia"), "redhat"),
    ((":al20", "-al20", "/al20"), "redhat"),
    (("opensuse", "suse", "bci/"), "suse"),
    (("archlinux",), "arch"),
    (("ubuntu", "debian", "slim", "bookworm", "bullseye", "buster", "trixie", "stretch"), "debian"),
    (("buildpack-deps", "jammy", "noble", "focal", "bionic", "mcr.microsoft.com/dotnet/"), "debian"),
)


def family(image: str) -> Maybe[str]:
    """A base image's distribution: debian, alpine, redhat, suse, arch, busybox, windows, none; or UNKNOWN."""
    lower = image.lower()
    if lower == "scratch":
        return "none"
    for words, distribution in _FAMILIES:
        if any(word in lower for word in words):
            return distribution
    name = parse(image)
    if name is None:
        return UNKNOWN
    known = known_as(name)
    if known == "openjdk":
        # Up to 16 on Debian, from 17 on Oracle Linux.
        return "debian" if re.match(r"([6-9]|1[0-6])\b", name.tag or "") else "redhat"
    return BASES.get(known, UNKNOWN)
