"""Reads results from trusted metadata: signed tags, the state of each role, and messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sealock.model.trust import RoleState, SignedTag
from sealock.trust.notary.certificates import last_day, name_of
from sealock.trust.notary.keys import certificates, short
from sealock.trust.notary.metadata import FileMeta, RootMetadata, SignedMetadata, Targets
from sealock.trust.notary.roles import RELEASES, signed_about
from sealock.trust.notary.trusted import TrustedMetadata, can_sign
from sealock.trust.refusal import MetadataRefusedError

_DAY: Final = timedelta(days=1)
_SOON: Final = 30 * _DAY


def tags_of(trusted: TrustedMetadata) -> Iterator[SignedTag]:
    """Yield every tag that counts: those of targets/releases, then the others of targets."""
    seen: set[str] = set()
    for role in (RELEASES, "targets"):
        signed = trusted.targets.get(role)
        if role == "targets" and signed:
            seen.update(tag for tag in signed.body.tags if _role_below(trusted, tag))
        for tag, meta in sorted(signed.body.tags.items()) if signed else ():
            if tag not in seen and "sha256" in meta.hashes and _counts(trusted, role, tag, meta):
                seen.add(tag)
                yield SignedTag(tag, _digest(meta, tag), meta.length, role)


def find_tag(trusted: TrustedMetadata, tag: str) -> SignedTag | None:
    """Find a tag where Docker looks: in targets/releases, in the roles below it, and then in targets.

    From below targets/releases Docker takes no tag, and does not look further.
    """
    for role in (RELEASES, "targets"):
        if role == "targets" and (below := _role_below(trusted, tag)):
            why = f"{trusted.gun}:{tag} is signed by {below}, which Docker asks before targets and takes no tag from"
            raise MetadataRefusedError(check="unsigned", why=f"{why}: only {RELEASES} and targets count")
        signed = trusted.targets.get(role)
        meta = signed.body.tags.get(tag) if signed else None
        if meta is None:
            continue
        if _counts(trusted, role, tag, meta):
            return SignedTag(tag, _digest(meta, f"{trusted.gun}:{tag}"), meta.length, role)
        if role == "targets":
            why = f"{trusted.what(RELEASES)} has expired, and signs another digest for {tag} than targets does"
            raise MetadataRefusedError(check="expired", why=f"{why}: its owner must sign it again")
    return None


def _role_below(trusted: TrustedMetadata, tag: str) -> str:
    """The role below targets/releases that signs a tag which Docker may find there, "" for none."""
    waiting = [RELEASES]
    while waiting:
        above = trusted.targets.get(waiting.pop())
        for delegation in above.body.delegations if above else ():
            signed = trusted.targets.get(delegation.name)
            if signed is None or not can_sign(delegation, tag):
                continue
            if tag in signed.body.tags:
                return delegation.name
            waiting.append(delegation.name)
    return ""


def _counts(trusted: TrustedMetadata, role: str, tag: str, meta: FileMeta) -> bool:
    """Whether a role's entry for a tag counts.

    Docker ignores targets/releases once it has expired, so that older entries of targets come back. Here they do not.
    """
    if role == RELEASES:
        return can_sign(trusted.delegation(role)[0], tag)
    expired = trusted.expired.get(RELEASES)
    newer = expired.body.tags.get(tag) if expired else None
    if newer is None or not can_sign(trusted.delegation(RELEASES)[0], tag):
        return True
    return newer.hashes.get("sha256") == meta.hashes.get("sha256")


def _digest(meta: FileMeta, what: str) -> str:
    digest = meta.hashes.get("sha256")
    if digest is None:
        raise MetadataRefusedError(
            check="malformed", why=f"{what} is signed without a sha256, so its digest is unknown"
        )
    return f"sha256:{digest.hex()}"


def states(trusted: TrustedMetadata) -> tuple[RoleState, ...]:
    """Return the state of each trusted role, root first."""
    order = {"root": 0, "timestamp": 1, "snapshot": 2, "targets": 3}
    files = sorted(trusted.roles.items(), key=lambda pair: (order.get(pair[0], 4), pair[0]))
    return tuple(
        RoleState(
            role, file.body.version, file.body.expires, file.keys, signed_about(role, file.body.expires, trusted.now)
        )
        for role, file in files
    )


def ending(trusted: TrustedMetadata) -> Iterator[str]:
    """Warn of metadata that expires soon."""
    for role, file in sorted(trusted.roles.items()):
        left = file.body.expires - trusted.now
        if role != "timestamp" and left < _SOON:
            yield f"the {role} metadata expires on {file.body.expires:%Y-%m-%d}: its owner must sign it again"


def unsigned(trusted: TrustedMetadata, tag: str, elsewhere: tuple[str, ...]) -> MetadataRefusedError:
    """Say why a tag of a signed repository is not trusted."""
    targets = trusted.targets["targets"]
    why = f"{trusted.gun}:{tag} is not signed by a key that you trust for tags"
    if elsewhere:
        names = ", ".join(elsewhere)
        why += f"; it is signed by {names}, and only {RELEASES} and targets count"
    else:
        known = [signed.tag for signed in tags_of(trusted)]
        listed = ", ".join(known[:5]) + (", …" if len(known) > 5 else "")
        why += f"; signed are: {listed}" if known else "; no tag of this repository is"
    return MetadataRefusedError(check="unsigned", why=f"{why} (as of {_as_of(targets, trusted.now)})")


def _as_of(targets: SignedMetadata[Targets], now: datetime) -> str:
    about = signed_about("targets", targets.body.expires, now)
    return f"version {targets.body.version}" + (f", signed about {about:%Y-%m-%d}" if about else "")


def root_names(root: RootMetadata) -> tuple[tuple[str, str], ...]:
    """Each root key's id, with its certificate's name and expiry."""
    named: list[tuple[str, str]] = []
    for name in root.roles["root"].keys:
        chain = certificates(root.keys[name])
        about = f"{name_of(chain[0])}, until {last_day(chain[0])}" if chain else "no certificate"
        named.append((name, about))
    return tuple(named)


def brief(keys: tuple[str, ...]) -> str:
    """Shorten the ids of keys for messages."""
    return ", ".join(short(key) for key in keys)
