"""`sealock profile push` and `pull`: a profile, or its seccomp filter, as an artifact of a registry."""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from msgspec.structs import replace

from sealock.cli.output import complain, print_output
from sealock.cli.registries import policy_of
from sealock.errors import TargetError, UsageError
from sealock.formats.profile import write_profile
from sealock.model.imagename import ImageName
from sealock.model.profile import Profile, gaps
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.names import reference
from sealock.policy.settings import Policy
from sealock.scan.profileartifact import pull_profile, push_filter, push_profile
from sealock.targets.profiles import open_profile
from sealock.text import line, visible

PREDICATE: Final = "urn:sealock:profile:1"
"""The type of statements that have a profile."""


def _policy(arguments: Namespace) -> Policy:
    applied = policy_of(arguments.policy, none=arguments.no_policy)
    return applied[1] if applied is not None else Policy()


def push(arguments: Namespace, filter_text: str = "") -> int:
    """Push the profile, or its filter where there is a text of that."""
    name = reference(arguments.reference)
    if name.digest is not None:
        message = f"{line(arguments.reference, 200)}: a digest comes from what is pushed: name a tag"
        raise UsageError(message)
    profile = open_profile(arguments.file)
    registry = open_registry(_policy(arguments).access)
    pushed = (
        push_filter(registry, name, filter_text)
        if filter_text
        else push_profile(registry, name, write_profile(profile))
    )
    where = f"{name.familiar}@{pushed.digest}"
    print_output(f"{where}\n", None)
    if missing := gaps(profile):
        complain(f"{line(arguments.file, 200)} is incomplete: {visible('; '.join(missing))}")
    how = f"--key KEY --type {PREDICATE} --predicate {line(arguments.file, 200)}"
    complain(f"to sign it: sealock trust attest {where} {how}")
    return 0


def pull(arguments: Namespace) -> int:
    """Pull a profile, which the trust policy must accept, where it has one."""
    name, policy = reference(arguments.reference), _policy(arguments)
    name = replace(name, digest=_verified(name, arguments.reference, policy) or name.digest)
    digest, text, profile = pull_profile(open_registry(policy.access), name)
    print_output(text, arguments.output)
    complain(f"{name.familiar}: {digest}, learned from {line(profile.image, 200)}")
    if missing := gaps(profile):
        complain(f"it is incomplete: {visible('; '.join(missing))}")
    return 0


def verified_profile(text: str, arguments: Namespace) -> tuple[ImageName, Profile]:
    """The profile that a reference names, with its digest; TargetError for a tag that no trust policy verifies."""
    name, policy = reference(text), _policy(arguments)
    registry = open_registry(policy.access)
    if policy.trust.given:
        name = replace(name, digest=_verified(name, text, policy))
    elif name.digest is None:
        message = (
            f"{line(text, 200)}: a tag may name another profile tomorrow, and no policy has a [trust] table to verify"
            f" it by: name its digest, {name.familiar}@{registry.claim(name).digest}"
        )
        raise TargetError(message)
    digest, _, profile = pull_profile(registry, name)
    return replace(name, digest=digest), profile


def _verified(name: ImageName, text: str, policy: Policy) -> str:
    """The digest that the trust policy accepts, "" where it has no table; TargetError where it accepts none."""
    if not policy.trust.given:
        complain(f"{line(text, 200)}: no signature was verified, since no policy has a [trust] table")
        return ""
    from sealock.trust.bypolicy import verify_images  # noqa: PLC0415  most policies have no trust table

    result = next(iter(verify_images({text: name}, policy)))
    if not result.passes:
        message = f"{line(text, 200)} is not trusted: {visible(result.why)}"
        raise TargetError(message)
    return result.digest
