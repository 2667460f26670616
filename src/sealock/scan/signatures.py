"""Which signatures an image has at its registry, in a line that two images can be compared by."""

from __future__ import annotations

from msgspec.structs import replace

from sealock.errors import SealockError
from sealock.model.imagename import ImageName
from sealock.model.trust import TrustResult
from sealock.net.registry.client import Registry
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.names import reference
from sealock.policy.settings import Policy
from sealock.trust.bypolicy import PolicyVerifier
from sealock.trust.cosign.attachments import Attachment, attachments
from sealock.trust.notation.envelope import ARTIFACT_TYPE


def describe_signatures(text: str, policy: Policy) -> str:
    """The signers whom the trust policy requires, or why they do not count; without such, the systems that signed.

    An error of the registry is in the line too: nothing is known then.
    """
    name = reference(text)
    registry = open_registry(policy.access)
    verifier = PolicyVerifier(policy.trust, registry, policy.access)
    entry = policy.trust.about(name)
    if entry is not None and entry.needs:
        return _verified(verifier.verify(name, text))
    try:
        systems = _systems(registry, replace(name, digest=name.digest or registry.claim(name).digest))
    except SealockError as error:
        return f"unknown: {error}"
    return f"{', '.join(systems)}, not verified" if systems else "none"


def _verified(result: TrustResult) -> str:
    if result.state != "trusted":
        return f"{'not trusted' if result.state == 'untrusted' else 'unknown'}: {result.why}"
    signers = {
        f"{need} by {signer.name or f'key {signer.key[:12]}'}"
        for need, checked in result.checks.items()
        if checked.state == "trusted"
        for signer in checked.signers
    }
    return f"trusted: {', '.join(sorted(signers)) or ', '.join(sorted(result.checks))}"


def _systems(registry: Registry, name: ImageName) -> list[str]:
    """The systems whose signatures are attached, unverified."""
    digest = name.digest or ""
    found = []
    if any(isinstance(each, Attachment) for each in attachments(registry, name, digest, "signature")):
        found.append("cosign")
    if registry.referrers(name, digest, ARTIFACT_TYPE):
        found.append("Notation")
    return found
