"""The profile that a user names: a file, or the artifact of a registry that `sealock profile push` made."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from msgspec import Struct

from sealock.model.profile import Profile
from sealock.targets.profiles import is_reference, open_profile

METAVAR: Final = "FILE|REF"
_ENDING: Final = ".profile.json"
_SHOWN: Final = 12
"""Digits of a digest in a file's name."""


class NamedProfile(Struct, frozen=True):
    """A profile, and the file for its seccomp filter, where the user names none."""

    profile: Profile
    filter_path: str


def add_policy(parser: ArgumentParser) -> None:
    """Add the options that say which policy verifies a profile of a registry."""
    parser.add_argument("--policy", metavar="FILE", help="policy file (default: the nearest sealock.toml)")
    parser.add_argument("--no-policy", action="store_true", help="use no sealock.toml")


def named_profile(text: str, arguments: Namespace) -> NamedProfile:
    """Read a profile from its file, or pull it: TargetError unless its digest is named or the trust policy accepts it.

    The filter of a file goes next to it; that of an artifact into the current directory, with its digest in the name.
    """
    if not is_reference(text):
        return NamedProfile(open_profile(text), f"{text.removesuffix(_ENDING).removesuffix('.json')}.seccomp.json")
    from sealock.cli.profileregistry import verified_profile  # noqa: PLC0415  most profiles are files

    name, profile = verified_profile(text, arguments)
    digits = (name.digest or "").partition(":")[2][:_SHOWN]
    return NamedProfile(profile, f"{name.repository.rpartition('/')[2]}-{digits}.seccomp.json")
