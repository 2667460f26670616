"""Profiles and their seccomp filters as artifacts of registries.

A filter has the form in which container runtimes take seccomp profiles from registries: one layer, and a configuration
whose media type says so. https://github.com/kubernetes/enhancements/issues/6061
"""

from __future__ import annotations

from typing import Final

from sealock.errors import TargetError
from sealock.formats.profile import read_profile
from sealock.model.imagename import ImageName
from sealock.model.location import Source
from sealock.model.manifest import Manifest
from sealock.model.profile import Profile
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.upload import push_artifact

PROFILE_TYPE: Final = "application/vnd.sealock.profile.v1+json"
FILTER_TYPE: Final = "application/vnd.cncf.seccomp-profile.config.v1+json"
_TITLE: Final = "org.opencontainers.image.title"
_MOST: Final = 8 << 20
"""Bytes of a profile; a longer one is not read from a file either."""


def push_profile(registry: Registry, name: ImageName, text: str) -> Fetched:
    """Push a profile, as its file has it, under a tag."""
    layer = text.encode(), PROFILE_TYPE, {_TITLE: "profile.json"}
    return push_artifact(registry, name, PROFILE_TYPE, (layer,), tag=name.tag or "")


def push_filter(registry: Registry, name: ImageName, text: str) -> Fetched:
    """Push a seccomp filter under a tag."""
    layer = text.encode(), "application/json", {_TITLE: "seccomp.json"}
    return push_artifact(registry, name, "", (layer,), tag=name.tag or "", config_type=FILTER_TYPE)


def pull_profile(registry: Registry, name: ImageName) -> tuple[str, str, Profile]:
    """The digest of an artifact, and its profile as text and read; TargetError for what is no profile."""
    fetched = registry.manifest(name)
    noun = fetched.noun
    if not isinstance(noun, Manifest) or noun.artifact_type != PROFILE_TYPE or len(noun.layers) != 1:
        message = f"{name.familiar} is no profile: `sealock profile push` makes artifacts of the type {PROFILE_TYPE}"
        raise TargetError(message)
    raw = registry.read_blob(name, noun.layers[0], _MOST)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        message = f"{name.familiar} is no profile: it is not UTF-8"
        raise TargetError(message) from None
    return fetched.digest, text, read_profile(Source(name.familiar, text))
