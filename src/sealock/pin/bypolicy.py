"""Applies the trust policy: no digest of an image that it refuses is written."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from sealock.model.imagename import ImageName
from sealock.pin.assessment import CHANGES, PinResult
from sealock.pin.texts import PinText
from sealock.trust.bypolicy import PolicyVerifier, verify_all


def by_policy(
    evaluated: Sequence[tuple[PinText, list[PinResult]]], verifier: PolicyVerifier
) -> list[tuple[PinText, list[PinResult]]]:
    """Mark results that would write an untrusted image "refused", or "failed" where trust could not be verified."""
    names = {
        _text(name): name for _, results in evaluated for result in results if (name := _written(result)) is not None
    }
    decisions = {result.reference: result for result in verify_all(verifier, names)}

    def decide(pin_result: PinResult) -> PinResult:
        name = _written(pin_result)
        decision = decisions[_text(name)] if name is not None else None
        if decision is None or decision.passes:
            return pin_result
        return replace(pin_result, state="refused" if decision.state == "untrusted" else "failed", note=decision.why)

    return [(text, [decide(result) for result in results]) for text, results in evaluated]


def _written(pin_result: PinResult) -> ImageName | None:
    """The image with the digest that would be written to the file or the lock; None where none would."""
    name = pin_result.spot.name
    if pin_result.state not in CHANGES | {"stuck"} or not pin_result.new or name is None:
        return None
    return replace(name, tag=name.tag or "latest", digest=pin_result.new)


def _text(name: ImageName) -> str:
    return f"{name.familiar}:{name.tag}@{name.digest}"
