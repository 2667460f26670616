"""Verifies images by the trust policy: all signatures that it requires, on one digest, and then the decision.

The decision holds for the digest in the reference, or for the digest that the registry gives for the tag. Use that
digest from then on, since a tag can move.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from msgspec.structs import replace

from sealock.errors import PolicyError, SealockError
from sealock.formats.files import FileRefusedError
from sealock.model.imagename import ImageName
from sealock.model.registries import Registries
from sealock.model.trust import TrustResult, TrustSystem
from sealock.net.registry.client import Registry
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.indexes import image_within
from sealock.net.registry.names import reference
from sealock.policy.settings import Policy
from sealock.policy.trust import (
    AttestationNeed,
    CosignNeed,
    Decision,
    ImageTrust,
    NotaryNeed,
    NotationNeed,
    TrustPolicy,
    decide,
    decide_unsigned,
)
from sealock.targets.files import read_bytes
from sealock.targets.policyfile import find_policy, load_policy
from sealock.trust.cosign.keys import read_public
from sealock.trust.cosign.requirements import ANY, CosignRequirements, SignerIdentity
from sealock.trust.cosign.verifier import verify_attestations, verify_cosign
from sealock.trust.intoto import type_of
from sealock.trust.notary.client import Setup, verify_notary
from sealock.trust.notation.requirements import by_statement
from sealock.trust.notation.store import anchors_of, open_policy
from sealock.trust.notation.verifier import verify_notation
from sealock.trust.pins import Pin
from sealock.trust.refusal import result_of

T = TypeVar("T")
_MOST_FILE: Final = 4 << 20
"""Maximum bytes of a key, an authority or a trusted root."""
_AT_ONCE: Final = 4
"""Images that are verified at the same time."""


def verify(*references: str, policy_file: str | None = None) -> tuple[TrustResult, ...]:
    """Verify images by the trust policy, and return a result for each reference, in order.

    `policy_file` None uses the nearest sealock.toml. PolicyError where it has no [trust] table or names an invalid
    file; TargetError for a reference that is not one. A registry that cannot be reached is a result, "unknown".
    """
    path = policy_file or find_policy()
    policy = load_policy(path, named=bool(policy_file)) if path else Policy()
    if not policy.trust.given:
        message = f"{path or 'sealock.toml'} has no [trust] table: it must say who has to sign which images"
        raise PolicyError(message)
    return tuple(verify_images({text: reference(text) for text in references}, policy))


def verify_images(named: Mapping[str, ImageName], policy: Policy) -> Iterator[TrustResult]:
    """Verify parsed references by a policy's trust table, and yield their results in order."""
    yield from verify_all(PolicyVerifier(policy.trust, open_registry(policy.access), policy.access), named)


class PolicyVerifier:
    """Verifies references by one policy, through one registry client."""

    def __init__(
        self,
        policy: TrustPolicy,
        registry: Registry,
        access: Registries,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.policy, self.registry, self.access = policy, registry, access
        self.environment = os.environ if environment is None else environment

    def verify(self, name: ImageName, text: str) -> TrustResult:
        """Verify one image, whose reference is `text`. PolicyError where a file that the policy names is invalid.

        The result's `checks` are the results of all that the policy requires. An image for which it requires no
        signature is accepted, and not called trusted.
        """
        if not (name.tag or name.digest):
            name = replace(name, tag="latest")
        entry, decision = self.policy.about(name), decide_unsigned(self.policy, name)
        if entry is None or decision is not None:
            level = "accept" if entry is None else "digest"
            return self._without_signatures(name, text, decision or Decision("trusted"), level)
        try:
            digest = name.digest or self.registry.claim(name).digest
        except SealockError as error:
            unknown = _unknown(entry, text, str(error))
            return TrustResult("policy", text, "", "unknown", "unavailable", str(error), checks=unknown)
        pinned = replace(name, digest=digest)
        checks: dict[str, TrustResult] = {}
        if entry.notary is not None:
            checks["notary"] = self._notary(name, text, digest, entry.notary)
        if entry.cosign is not None:
            checks["cosign"] = self._cosign(pinned, text, entry.cosign)
        if entry.notation is not None:
            checks["notation"] = self._notation(pinned, text, entry.notation)
        for label, need in entry.attested.items():
            checks[label] = self._attested(pinned, text, need)
        decision = decide(self.policy, name, checks)
        check = {"trusted": "", "untrusted": "policy", "unknown": "unavailable"}[decision.state]
        notes = tuple(f"{need}: {note}" for need, result in checks.items() for note in result.notes)
        return TrustResult(
            "policy",
            text,
            digest,
            decision.state,
            check,
            decision.why,
            notes=notes,
            checks=checks,
            accepted=decision.accepted,
        )

    def logged(self, name: ImageName) -> datetime | None:
        """When a transparency log took in the image's signature, if the policy requires one by an identity.

        None where it does not, or no signature counts. The signer cannot choose this time.
        """
        entry = self.policy.about(name)
        if entry is None or entry.cosign is None or not entry.cosign.identities:
            return None
        result = self._cosign(name, name.familiar, entry.cosign)
        times = [signer.logged for signer in result.signers if signer.logged is not None]
        return min(times) if times and result.state == "trusted" else None

    def vex_requirements(self, name: ImageName) -> CosignRequirements | None:
        """Whose VEX attestations of an image count; None for nobody's. PolicyError where a file is invalid."""
        entry = self.policy.about(name)
        need = entry.vex_signers if entry is not None else None
        return _expected(need) if need is not None else None

    def _without_signatures(self, name: ImageName, text: str, decision: Decision, level: str) -> TrustResult:
        """Make the result for an image for which no signature has to be verified."""
        digest = name.digest or ""
        if decision.state != "trusted":
            return TrustResult(
                "policy", text, digest, decision.state, "policy", decision.why, accepted=decision.accepted
            )
        why, notes = "the trust policy requires no signature", self.policy.notes(name)
        return TrustResult("policy", text, digest, "unknown", "skipped", why, accepted=True, level=level, notes=notes)

    def _notary(self, name: ImageName, text: str, digest: str, need: NotaryNeed) -> TrustResult:
        """Verify the tag's signature, which must be for the registry's digest: Notary signs tags."""
        setup = notary_setup(need, self.environment, self.access)

        def verify() -> TrustResult:
            result = verify_notary(name, setup)
            if result.state == "trusted" and result.digest != digest:
                why = f"{name.tag or 'the tag'} is signed for {result.digest}, and the registry gives {digest}"
                why += image_within(self.registry, name, digest, result.digest)
                return TrustResult("notary", text, digest, "untrusted", "digest", why)
            return replace(result, reference=text, digest=digest)

        return result_of("notary", text, digest, verify)

    def _cosign(self, name: ImageName, text: str, need: CosignNeed) -> TrustResult:
        expected, digest = _expected(need), name.digest or ""
        return result_of("cosign", text, digest, lambda: verify_cosign(self.registry, name, digest, expected))

    def _attested(self, name: ImageName, text: str, need: AttestationNeed) -> TrustResult:
        expected, kind, digest = _expected(need.by), type_of(need.type), name.digest or ""
        return result_of(
            "cosign", text, digest, lambda: verify_attestations(self.registry, name, digest, expected, kind)
        )

    def _notation(self, name: ImageName, text: str, need: NotationNeed) -> TrustResult:
        digest = name.digest or ""
        document = _valid(lambda: open_policy(Path(need.store), need.policy))
        statement = document.applying(name)
        if statement is None or statement.level == "skip":
            why = f"no statement of {need.policy} requires a signature for its repository"
            return TrustResult("notation", text, digest, "untrusted", "policy", why)
        expected = _valid(lambda: by_statement(statement, anchors_of(statement, Path(need.store))))
        return result_of("notation", text, digest, lambda: verify_notation(self.registry, name, digest, expected))


def verify_all(verifier: PolicyVerifier, named: Mapping[str, ImageName]) -> Iterator[TrustResult]:
    """Verify several references, some at the same time, and yield their results in order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(lambda pair: verifier.verify(pair[1], pair[0]), named.items())


def notary_setup(need: NotaryNeed, environment: Mapping[str, str], access: Registries) -> Setup:
    """The setup to verify content trust as an entry requires; PolicyError where it names an invalid file."""
    return Setup(environment, server=need.server, pin=_pin(need), registries=access)


def _unknown(entry: ImageTrust, text: str, why: str) -> dict[str, TrustResult]:
    """Make an unknown result for each of an image's needs."""
    systems: dict[str, TrustSystem] = {"notary": "notary", "notation": "notation"}
    return {
        need: TrustResult(systems.get(need, "cosign"), text, "", "unknown", "unavailable", why)
        for need in entry.needs
    }  # fmt: skip


def _valid(read: Callable[[], T]) -> T:
    """Read a file of the policy. PolicyError where it is invalid: that is no result for an image."""
    try:
        return read()
    except PolicyError:
        raise
    except SealockError as error:
        message = f"the trust policy names an invalid file: {error}"
        raise PolicyError(message) from None


def _pin(need: NotaryNeed) -> Pin:
    authorities = _read(need.authority) if need.authority else None
    if authorities is not None and b"-----BEGIN CERTIFICATE-----" not in authorities:
        message = f"the trust policy names {need.authority}, which has no PEM certificates"
        raise PolicyError(message)
    ids = frozenset(pin.lower() for pin in need.pins) or None
    return Pin(ids, authorities, need.first_use, "the trust policy")


def _expected(need: CosignNeed) -> CosignRequirements:
    def read() -> CosignRequirements:
        keys = {key.id: key for key in (read_public(_read(path), path) for path in need.keys)}
        expected = CosignRequirements(
            keys=tuple(keys.values()),
            identities=tuple(SignerIdentity(identity.name, identity.issuer) for identity in need.identities),
            trusted_root=_read(need.trusted_root) if need.trusted_root else b"",
            threshold=need.threshold,
            annotations=need.annotations,
            repository=ANY if need.any_repository else need.signed_for,
        )
        expected.check()
        return expected

    return _valid(read)


def _read(path: str) -> bytes:
    """Read a file that the policy names; PolicyError where that fails."""
    try:
        return read_bytes(path, _MOST_FILE)
    except FileRefusedError as error:
        message = f"the trust policy names {path}, which could not be read: {error}"
        raise PolicyError(message) from None
