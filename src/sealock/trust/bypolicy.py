"""Whether an image is what the trust policy asks for: everything that it needs is verified, on one digest, and decided.

What is decided on is the digest: that in the reference, or else what the registry says that the tag stands for. Whoever
relies on the decision must go on with that digest, since the tag may be moved in the next moment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import PolicyError, SealockError, TrustError
from sealock.model.imagename import ImageName
from sealock.model.registries import Registries
from sealock.model.trust import Signer, TrustResult, Voucher
from sealock.net.registry.client import Registry
from sealock.net.registry.indexes import image_within
from sealock.policy.trust import (
    AttestationNeed,
    CosignNeed,
    Decision,
    ImageTrust,
    NotaryNeed,
    NotationNeed,
    TrustPolicy,
    decide,
)
from sealock.trust.cosign.keys import read_public
from sealock.trust.cosign.requirements import CosignRequirements, SignerIdentity
from sealock.trust.cosign.verifier import verify_attestations, verify_cosign
from sealock.trust.intoto import type_of
from sealock.trust.notary.client import Setup, evaluate
from sealock.trust.notation.requirements import by_statement
from sealock.trust.notation.store import anchors_of, open_policy
from sealock.trust.notation.verifier import verify_notation
from sealock.trust.pins import Pin

T = TypeVar("T")
_MOST_FILE: Final = 4 << 20
"""Bytes of a key, an authority or a trusted root."""


class PolicyVerification(Struct, frozen=True):
    """What came of one reference: the decision, on which digest ("" where none could be told), and why."""

    reference: str
    digest: str
    decision: Decision
    results: Mapping[str, TrustResult] = {}


class PolicyVerifier:
    """Decides references by one policy. `registry` and `environment` are how the machine asks."""

    def __init__(
        self,
        policy: TrustPolicy,
        registry: Registry,
        access: Registries,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.policy, self.registry, self.access = policy, registry, access
        self.environment = os.environ if environment is None else environment

    def verify(self, name: ImageName, text: str) -> PolicyVerification:
        """Decide on one image, whose reference reads `text`. PolicyError where the policy's own files are not sound."""
        if not (name.tag or name.digest):
            name = replace(name, tag="latest")
        entry = self.policy.about(name)
        if entry is None or entry.refuse or (entry.digest and name.digest is None) or not entry.needs:
            return PolicyVerification(text, name.digest or "", decide(self.policy, name, {}))
        try:
            digest = name.digest or self.registry.claim(name).digest
        except SealockError as error:
            return PolicyVerification(text, "", Decision("unknown", str(error)), _unknown(entry, text, str(error)))
        pinned = replace(name, digest=digest)
        found: dict[str, TrustResult] = {}
        if entry.notary is not None:
            found["notary"] = self._notary(name, text, digest, entry.notary)
        if entry.cosign is not None:
            found["cosign"] = self._cosign(pinned, text, entry.cosign)
        if entry.notation is not None:
            found["notation"] = self._notation(pinned, text, entry.notation)
        for label, need in entry.attested.items():
            found[label] = self._attested(pinned, text, need)
        return PolicyVerification(text, digest, decide(self.policy, name, found), found)

    def _notary(self, name: ImageName, text: str, digest: str, need: NotaryNeed) -> TrustResult:
        """Content trust signs tags: what the tag was signed for must be what the registry gives."""
        setup = Setup(self.environment, server=need.server, pin=_pin(need), registries=self.access)

        def verify() -> TrustResult:
            verified = evaluate(name, setup)
            if verified.digest != digest:
                why = f"{name.tag or 'the tag'} is signed for {verified.digest}, and the registry gives {digest}"
                why += image_within(self.registry, name, digest, verified.digest)
                return TrustResult("notary", text, digest, "untrusted", "digest", why)
            role = verified.signed_by
            signers = tuple(Signer(key, role.role, signed=role.signed, where=verified.server) for key in role.keys)
            return TrustResult("notary", text, digest, "trusted", signers=signers, notes=verified.notes)

        return _result("notary", text, digest, verify)

    def _cosign(self, name: ImageName, text: str, need: CosignNeed) -> TrustResult:
        expected = _expected(need)
        return _result(
            "cosign", text, name.digest or "", lambda: verify_cosign(self.registry, name, name.digest or "", expected)
        )

    def _attested(self, name: ImageName, text: str, need: AttestationNeed) -> TrustResult:
        expected, kind = _expected(need.by), type_of(need.type)
        return _result(
            "cosign",
            text,
            name.digest or "",
            lambda: verify_attestations(self.registry, name, name.digest or "", expected, kind).result,
        )

    def _notation(self, name: ImageName, text: str, need: NotationNeed) -> TrustResult:

        document = _sound(lambda: open_policy(Path(need.store), need.policy))
        statement = document.applying(name)
        if statement is None or statement.level == "skip":
            why = f"no statement of {need.policy} asks for a signature of its repository"
            return TrustResult("notation", text, name.digest or "", "untrusted", "policy", why)
        expected = _sound(lambda: by_statement(statement, anchors_of(statement, Path(need.store))))
        return _result(
            "notation",
            text,
            name.digest or "",
            lambda: verify_notation(self.registry, name, name.digest or "", expected),
        )


def _result(by: Voucher, text: str, digest: str, verify: Callable[[], TrustResult]) -> TrustResult:
    """Verify, and make of errors what they are: refused is untrusted, anything else could not be told."""
    try:
        return verify()
    except TrustError as error:
        return TrustResult(by, text, digest, "untrusted", getattr(error, "check", "other"), str(error))
    except PolicyError:
        raise
    except SealockError as error:
        return TrustResult(by, text, digest, "unknown", "unavailable", str(error))


def _unknown(entry: ImageTrust, text: str, why: str) -> dict[str, TrustResult]:
    """Of all that an image needs, that it could not be told."""
    by: dict[str, Voucher] = {"notary": "notary", "notation": "notation"}
    return {
        need: TrustResult(by.get(need, "cosign"), text, "", "unknown", "unavailable", why)
        for need in entry.needs
    }  # fmt: skip


def _sound(read: Callable[[], T]) -> T:
    """What the policy's own files hold. PolicyError where they are not sound: that is no verdict on an image."""
    try:
        return read()
    except PolicyError:
        raise
    except SealockError as error:
        message = f"what the trust policy names is not sound: {error}"
        raise PolicyError(message) from None


def _pin(need: NotaryNeed) -> Pin:
    authorities = _read(need.authority) if need.authority else None
    if authorities is not None and b"-----BEGIN CERTIFICATE-----" not in authorities:
        message = f"the trust policy names {need.authority}, which holds no certificates in PEM"
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
        )
        expected.check()
        return expected

    return _sound(read)


def _read(path: str) -> bytes:
    """A file that the policy names; PolicyError where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST_FILE)
    except OSError as error:
        message = f"the trust policy names {path}, which could not be read: {error.strerror or error}"
        raise PolicyError(message) from None


def verified(vouching: PolicyVerifier, named: Mapping[str, ImageName]) -> Iterator[PolicyVerification]:
    """Decide several references, some at the same time; in their order, each distinct one once."""
    with ThreadPoolExecutor(4) as pool:
        yield from pool.map(lambda pair: vouching.verify(pair[1], pair[0]), named.items())
