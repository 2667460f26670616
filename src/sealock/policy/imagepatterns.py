"""Patterns for images in the trust policy: REGISTRY/REPOSITORY, or with :TAG, in which *, ? and [abc] are wildcards."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Final

from msgspec import Struct

from sealock.model.imagename import DEFAULT_REGISTRY, ImageName
from sealock.model.registries import canonical_host
from sealock.patterns import compile_lazily

_WILD: Final = compile_lazily(r"\[!?\]?[^\]]*\]|[*?]")
_IPV6: Final = compile_lazily(r"\[[0-9a-f:]*\](?::[^/]*)?")
_PORT: Final = r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]"
_HOST: Final = compile_lazily(rf"(?:\[[0-9a-f:]+\]|[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::(?:{_PORT}))?")
_REPOSITORY: Final = compile_lazily(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = compile_lazily(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789._-/:ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HUB: Final = frozenset({DEFAULT_REGISTRY, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
"""Docker Hub's names: each gives the same images."""
_LONGEST: Final = 512
"""Most characters of a pattern; a reference has fewer."""


class PatternError(Exception):
    """A pattern that can never match; the text says why, with a suggestion."""


class ImagePattern(Struct, frozen=True):
    """A pattern. `registry` is "" where it has wildcards: then `glob` stands for registry and repository."""

    text: str
    registry: str
    glob: str

    @property
    def literal(self) -> int:
        """The length of the text before the first wildcard: the longest wins."""
        wild = _WILD.search(self.glob)
        return len(self.registry) + (wild.start() if wild else len(self.glob))

    def matches(self, name: ImageName) -> bool:
        """Whether it matches an image. One with a tag matches only that tag, which is latest where there is none.

        All of a registry's names match alike: another spelling must not evade the policy.
        """
        tag = name.tag or ("" if name.digest else "latest")
        whole = self._path(name)
        return whole is not None and (
            fnmatchcase(whole, self.glob) or (tag != "" and fnmatchcase(f"{whole}:{tag}", self.glob))
        )

    def may_match(self, name: ImageName) -> bool:
        """Whether it matches some tag of an image's repository."""
        whole, (glob, colon, _) = self._path(name), _without_tag(self.glob)
        return whole is not None and bool(colon) and fnmatchcase(whole, glob)

    def is_above(self, name: ImageName) -> bool:
        """Whether it names exactly the namespace that an image is in: probably it should end in /*."""
        whole = self._path(name)
        names = {self.glob, self.glob.removeprefix("library/") if self.registry == DEFAULT_REGISTRY else self.glob}
        return whole is not None and any(whole.startswith(f"{above}/") for above in names)

    def _path(self, name: ImageName) -> str | None:
        registry = canonical_registry(name.registry)
        official = registry == DEFAULT_REGISTRY and "/" not in name.repository
        repository = f"{'library/' if official else ''}{name.repository}"
        if not self.registry:
            return f"{registry}/{repository}"
        return repository if registry == self.registry else None


def canonical_registry(host: str) -> str:
    """Spell a registry in one way: see `canonical_host`, and one name for Docker Hub."""
    host = canonical_host(host)
    return DEFAULT_REGISTRY if host in _HUB else host


def read_pattern(text: str) -> ImagePattern:
    """Read a pattern; PatternError for one that can never match."""
    bare = text.strip()
    if len(bare) > _LONGEST:
        raise PatternError(_never(f"{text[:40]}…", f"it has more than {_LONGEST} characters"))
    if bare == "*":
        return ImagePattern(bare, "", bare)
    if "://" in bare:
        raise PatternError(_never(text, f"a pattern has no scheme: {bare.partition('://')[2]!r}?"))
    host, slash, rest = bare.partition("/")
    wild = _WILD.search(host) is not None and not _IPV6.fullmatch(host.lower())
    if not slash or not (wild or "." in host or ":" in host or host.lower() == "localhost"):
        hint = f"docker.io/{'' if slash else 'library/'}{bare}"
        message = f"should begin with the registry, and is {text!r} ({hint}?)"
        raise PatternError(message)
    if host.lower() == "hub.docker.com":
        raise PatternError(_never(text, f"Docker Hub's registry is docker.io: 'docker.io/{rest}'?"))
    repository, colon, tag = _without_tag(rest)
    if not repository or repository.endswith("/"):
        raise PatternError(_never(text, f"it names no repository: {bare.rstrip('/') + '/*'!r}?"))
    host = canonical_host(host) if wild else canonical_registry(host)
    parts = ((_HOST, host, wild), (_REPOSITORY, repository, True), (_TAG, tag, True))
    if not all(_can_match(*part) for part in (parts if colon else parts[:2])):
        raise PatternError(_never(text, _FORM))
    if host == DEFAULT_REGISTRY and "/" not in repository and not _WILD.search(repository):
        repository = f"library/{repository}"
    glob = f"{repository}{colon}{tag}"
    return ImagePattern(bare, "", f"{host}/{glob}") if wild else ImagePattern(bare, host, glob)


_FORM: Final = (
    "a pattern is REGISTRY/REPOSITORY, or with :TAG, the repository in lower case, without a digest; "
    "only *, ? and [abc] are wildcards"
)


def _never(text: str, why: str) -> str:
    return f"{text!r} matches nothing: {why}"


def _without_tag(glob: str) -> tuple[str, str, str]:
    """Split a glob at the colon before its tag, which is after its last slash."""
    above, slash, last = glob.rpartition("/")
    repository, colon, tag = last.partition(":")
    return f"{above}{slash}{repository}", colon, tag


def _can_match(grammar: re.Pattern[str], glob: str, wild: bool) -> bool:  # noqa: FBT001  internal
    """Whether a glob matches a text of a grammar: if any, then one with a letter or digit for each wildcard."""
    if not wild:
        return grammar.fullmatch(glob) is not None
    return any(grammar.fullmatch(_WILD.sub(member, glob)) for member in (_letter, _digit))


def _letter(wildcard: re.Match[str]) -> str:
    return _member(wildcard[0], "a")


def _digit(wildcard: re.Match[str]) -> str:
    return _member(wildcard[0], "1")


def _member(wildcard: str, usual: str) -> str:
    """A text that a wildcard matches."""
    if wildcard in {"*", "?"}:
        return usual
    return next((character for character in usual + _CHARACTERS if fnmatchcase(character, wildcard)), "")
