"""Which images need which signatures: the table [trust] of sealock.toml, and the decision on an image by it.

[trust]
default = "refuse"                       # images that no entry matches; "accept" without this key
mode = "enforce"                         # or "warn", which reports an untrusted image and accepts it

[[trust.image]]
match = ["docker.io/library/*", "ghcr.io/acme/*"]
digest = true                            # must be named by digest
require = "any"                          # of the signatures below; "all" without this key
cosign = { keys = ["keys/cosign.pub"] }
notary = { pins = ["806ce6…"] }
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.finding import Confidence, Finding, Remedy, Severity
from sealock.model.imagename import ImageName
from sealock.model.location import Location
from sealock.model.trust import TrustResult, TrustState
from sealock.policy.imagepatterns import ImagePattern

Require: TypeAlias = Literal["all", "any"]
Default: TypeAlias = Literal["accept", "refuse"]
TrustMode: TypeAlias = Literal["enforce", "warn"]
"""Warn: an untrusted image is reported, and accepted."""
UNTRUSTED: Final = "T001"
TITLE: Final = "Image is not trusted by the policy"


class RequiredIdentity(Struct, frozen=True):
    """A keyless signer: the name in the certificate, and the OIDC issuer that confirms it."""

    name: str
    issuer: str


class NotaryNeed(Struct, frozen=True):
    """Docker Content Trust: the root is pinned by certificate, by an authority (a file), or trusted on first use."""

    server: str = ""
    pins: tuple[str, ...] = ()
    authority: str = ""
    first_use: bool = False


class CosignNeed(Struct, frozen=True):
    """Cosign signatures by `threshold` of the keys (files) and identities; identities need a trusted root (a file).

    They must have the annotations, and be for the image's own repository, or for `signed_for`, or for any.
    """

    keys: tuple[str, ...] = ()
    identities: tuple[RequiredIdentity, ...] = ()
    trusted_root: str = ""
    threshold: int = 1
    annotations: Mapping[str, str] = {}
    signed_for: str = ""
    any_repository: bool = False


class AttestationNeed(Struct, frozen=True):
    """A signed statement of a type ("slsaprovenance", "cyclonedx", "vuln", a URL) about the image."""

    type: str
    by: CosignNeed


class NotationNeed(Struct, frozen=True):
    """A Notation signature under a trust policy (a file) with its trust store (a directory)."""

    policy: str
    store: str


class ImageTrust(Struct, frozen=True):
    """What images that match a pattern need: all or any of the signatures, and a digest if `digest` is set."""

    match: tuple[ImagePattern, ...]
    location: Location
    require: Require = "all"
    digest: bool = False
    notary: NotaryNeed | None = None
    cosign: CosignNeed | None = None
    attestations: tuple[AttestationNeed, ...] = ()
    notation: NotationNeed | None = None
    vex: CosignNeed | None = None
    """Whose VEX attestations of such images count; without it those by the signers of `cosign` do."""
    refuse: str = ""
    """Why such images are refused in spite of any signature, "" where they are not."""
    mode: TrustMode = "enforce"

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be verified: "notary", "cosign", "notation", "attestation TYPE"."""
        named = (("notary", self.notary), ("cosign", self.cosign), ("notation", self.notation))
        return (
            *(name for name, need in named if need is not None),
            *self.attested,
        )

    @property
    def vex_signers(self) -> CosignNeed | None:
        """Whose VEX attestations count; None for nobody's."""
        return self.vex or self.cosign

    @property
    def attested(self) -> dict[str, AttestationNeed]:
        """The attestations by name. If a type is required twice, of different signers, both are needed."""
        named: dict[str, AttestationNeed] = {}
        for attestation in self.attestations:
            name = f"attestation {attestation.type}"
            number = 1 + sum(attestation.type == other.type for other in named.values())
            named[name if number == 1 else f"{name} ({number})"] = attestation
        return named


class TrustPolicy(Struct, frozen=True):
    """The whole table. `given` is false where sealock.toml has none: then no image needs a signature.

    `default` None: the table does not say what applies to images that no entry matches, so they are accepted.
    """

    images: tuple[ImageTrust, ...] = ()
    default: Default | None = None
    mode: TrustMode = "enforce"
    given: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The files and directories that it names."""
        named: list[str] = []
        for image in self.images:
            cosign = (image.cosign, image.vex, *(attestation.by for attestation in image.attestations))
            named += [path for need in cosign if need is not None for path in (*need.keys, need.trusted_root)]
            named += [image.notary.authority] if image.notary else []
            named += [image.notation.policy, image.notation.store] if image.notation else []
        return tuple(filter(None, named))

    def about(self, name: ImageName) -> ImageTrust | None:
        """Find the entry for an image: the one with the longest literal prefix; ties go to the first."""
        best: tuple[int, ImageTrust] | None = None
        for image in self.images:
            for pattern in image.match:
                if pattern.matches(name) and (best is None or pattern.literal > best[0]):
                    best = pattern.literal, image
        return best[1] if best else None

    def about_repository(self, name: ImageName) -> tuple[ImageTrust, ...]:
        """Find the entries for the tags of a repository: its own, and those for some of its tags."""
        own = self.about(replace(name, tag=None, digest="any"))
        tagged = [image for image in self.images if any(pattern.may_match(name) for pattern in image.match)]
        return tuple(image for image in self.images if image is own or image in tagged)

    def notes(self, name: ImageName) -> tuple[str, ...]:
        """What may be a slip of the policy, where no entry is about an image that it accepts."""
        if not self.images or self.default == "refuse" or self.about(name) is not None:
            return ()
        above = [pattern.text for image in self.images for pattern in image.match if pattern.is_above(name)]
        notes = [f"the pattern {text!r} matches only that repository: {text + '/*'!r}?" for text in above]
        if self.default is None:
            notes.append('no entry of [trust] matches it, and no default is set: set default = "refuse" or "accept"')
        return tuple(notes)


class Decision(Struct, frozen=True):
    """The policy's decision on one image: its state, why it is not trusted, and whether that is accepted (`warn`)."""

    state: TrustState
    why: str = ""
    accepted: bool = False


def decide_unsigned(policy: TrustPolicy, name: ImageName) -> Decision | None:
    """Decide by the reference only; None where signatures have to be verified."""
    entry = policy.about(name)
    mode, why = policy.mode if entry is None else entry.mode, ""
    if entry is None and policy.default == "refuse":
        why = "no entry of the trust policy matches it, and the default is to refuse"
    elif entry is not None and entry.refuse:
        why = f"the policy refuses it: {entry.refuse}"
    elif entry is not None and entry.digest and name.digest is None:
        why = "it has only a tag, and the policy requires a digest (`sealock pin`)"
    if why:
        return Decision("untrusted", why, accepted=mode == "warn")
    return Decision("trusted") if entry is None or not entry.needs else None


def decide(policy: TrustPolicy, name: ImageName, results: Mapping[str, TrustResult]) -> Decision:
    """Decide by the results for what the image needs (see `ImageTrust.needs`). A missing result counts as unknown."""
    decision, entry = decide_unsigned(policy, name), policy.about(name)
    if decision is not None or entry is None:
        return decision or Decision("trusted")
    needed = {need: results.get(need) for need in entry.needs}
    whys = [f"{need}: {_why(result)}" for need, result in needed.items() if result is None or result.state != "trusted"]
    states: list[TrustState] = [result.state if result is not None else "unknown" for result in needed.values()]
    # If all are needed, the worst counts; if any is enough, the best does.
    order: tuple[TrustState, ...] = ("untrusted", "unknown", "trusted")
    if entry.require == "any":
        order = ("trusted", "unknown", "untrusted")
    state = next(state for state in order if state in states)
    accepted = state == "untrusted" and entry.mode == "warn"
    return Decision(state, "" if state == "trusted" else "; ".join(whys), accepted)


def _why(result: TrustResult | None) -> str:
    return "it was not verified" if result is None else result.why or "not trusted"


def untrusted(reference: str, key: str, location: Location, decision: Decision) -> Finding:
    """Make the finding on an image that the policy refuses, or with mode = "warn" only reports.

    `key` makes the fingerprint: the target, and which of its findings on the same reference it is.
    """
    return Finding(
        rule=UNTRUSTED,
        severity=Severity.LOW if decision.accepted else Severity.HIGH,
        confidence=Confidence.HIGH,
        title=TITLE,
        message=f"does not meet the trust policy: {decision.why}",
        location=location,
        subject=f"image {reference}",
        evidence=reference,
        remedy=Remedy("Have a signer whom the policy names sign it, or use another image."),
        references=(),
        fingerprint=sha256(f"{UNTRUSTED}\0{key}\0{reference}".encode("utf-8", "replace")).hexdigest()[:32],
    )
