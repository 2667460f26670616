"""`sealock trust verify` by the trust policy: what sealock.toml asks of each image, in references and in files."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sealock.cli.output import WIDTH, complain, width
from sealock.cli.registries import policy_of
from sealock.cli.trust.common import name_of, tell, told
from sealock.errors import TargetError

_TAGGED: Final = re.compile(r":[^/]*\Z|@")
"""A tag or a digest at the end of a word."""

if TYPE_CHECKING:
    from sealock.model.imagename import ImageName
    from sealock.policy.settings import Policy
    from sealock.trust.bypolicy import PolicyVerification


def policy_for(arguments: Namespace) -> Policy | None:
    """The policy, where it says anything of trust."""
    found = policy_of(arguments.policy, none=arguments.no_policy)
    return found[1] if found is not None and found[1].trust.given else None


def verify(arguments: Namespace, policy: Policy) -> int:
    """Decide every reference, and every image that a file names, and return the exit status."""
    from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  loads HTTP
    from sealock.trust.bypolicy import PolicyVerifier, verified  # noqa: PLC0415  loads all kinds of trust

    named, errors = _named(arguments.references)
    vouching = PolicyVerifier(policy.trust, open_registry(policy.access), policy.access)
    found = list(verified(vouching, named))
    if arguments.format == "json":
        tell(json.dumps({"references": [_table(one) for one in found], "errors": errors}, indent=2) + "\n", arguments)
    else:
        columns = WIDTH if arguments.output else width()
        known = [_lines(one, columns) for one in found if one.decision.state != "unknown"]
        tell("\n".join("".join(f"{line}\n" for line in lines) for lines in known), arguments)
    for one in found:
        if one.decision.state == "unknown":
            complain(f"whether {one.reference} is trusted could not be told: {one.decision.why}")
    for error in errors:
        complain(error)
    states = {one.decision.state for one in found}
    return 2 if errors or "unknown" in states else 1 if "untrusted" in states else 0


def _named(words: list[str]) -> tuple[dict[str, ImageName], list[str]]:
    """The images that are meant: references as they are, and all that stand in files and folders.

    What has a tag or a digest is a reference, whatever lies here under that name: whoever may put files into a checkout
    must not turn the image that was asked about into another question.
    """
    from sealock.pin.texts import gather  # noqa: PLC0415  configuring does without

    named: dict[str, ImageName] = {}
    errors: list[str] = []
    for word in words:
        if word[:1] not in {".", "/"} and (_TAGGED.search(word) or not Path(word).exists()):
            named[word] = name_of(word)
            continue
        images = 0
        for text in gather([word]):
            errors += [f"{text.path}: {text.error}"] if text.error else []
            errors += [f"{text.path}: {why}" for why, _ in text.references.broken]
            for spot in text.references.spots:
                if spot.name is None:
                    errors.append(f"{text.path}: {spot.written} could not be resolved to an image")
                    continue
                images += 1
                if spot.reference in text.references.built or spot.reference in named:
                    continue
                try:
                    named[spot.reference] = name_of(spot.reference)
                except TargetError as error:
                    errors.append(f"{text.path}: {error}")
        if not images and not errors:
            errors.append(f"{word} names no image, so nothing of it was verified")
    return named, errors


def _lines(policy_verification: PolicyVerification, columns: int) -> Iterator[str]:
    from sealock.text import visible  # noqa: PLC0415  configuring does without

    trusted = policy_verification.decision.state == "trusted"
    state = "not trusted" if not trusted else "trusted" if policy_verification.results else "let pass, unverified"
    yield f"{visible(policy_verification.reference)} is {state}"
    if policy_verification.digest:
        yield f"  digest     {policy_verification.digest}"
    if not trusted:
        yield from told("why", policy_verification.decision.why, columns)
    for need, result in policy_verification.results.items():
        by = ", ".join(signer.name or f"key {signer.key[:12]}" for signer in result.signers)
        dates = sorted(f"{signer.signed:%Y-%m-%d}" for signer in result.signers if signer.signed)
        if result.state == "trusted":
            label, _, kind = need.partition(" ")
            label = "attested" if kind else label
            yield from told(label, f"{kind} by {by}{f' on {dates[-1]}' if dates else ''}".strip(), columns)
    for note in _notes(policy_verification):
        yield from told("note", note, columns)


def _notes(policy_verification: PolicyVerification) -> list[str]:
    """What else there is to know: of each verdict, or that nothing was asked for."""
    if policy_verification.decision.state == "trusted" and not policy_verification.results:
        return ["the trust policy asks for no signature of it"]
    return [f"{need}: {note}" for need, result in policy_verification.results.items() for note in result.notes]


def _table(policy_verification: PolicyVerification) -> dict[str, Any]:
    return {
        "reference": policy_verification.reference,
        "verdict": policy_verification.decision.state,
        "digest": policy_verification.digest,
        "reason": policy_verification.decision.why,
        "notes": _notes(policy_verification),
        "checks": {
            need: {
                "verdict": result.state,
                "check": result.check,
                "reason": result.why,
                "signers": [
                    {
                        "key": signer.key,
                        "name": signer.name,
                        "issuer": signer.issuer,
                        "signed": signer.signed.isoformat() if signer.signed else None,
                        "where": signer.where,
                    }
                    for signer in result.signers
                ],
            }
            for need, result in policy_verification.results.items()
        },
    }
