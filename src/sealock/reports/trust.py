"""Reports trust results, of every signature system and of the policy, to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sealock.model.trust import Signer, TrustResult, VerifiedTag
from sealock.reports.page import Page
from sealock.text import count, visible
from sealock.trust.provenance import provenance_of

_INDENT: Final = 13
_SHORT_ID: Final = 12
BASES: Final = {
    "certificate": "pinned by certificate",
    "authority": "issued by the pinned authority",
    "first use": "trusted on first use, which was now: compare it with what the publisher says",
    "earlier use": "follows from the root that was trusted before",
}
"""What the trust in a Notary root rests on (`RootBasis`)."""


def render_text(results: Iterable[TrustResult], columns: int) -> str:
    """Render results for a terminal. Those that could not be verified are left out: they go to standard error."""
    parts = [_lines(result, columns) for result in results if result.passes or result.state != "unknown"]
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in parts)


def render_json(results: Iterable[TrustResult], errors: Sequence[str] = (), skipped: Sequence[str] = ()) -> str:
    """Render results as JSON. `errors` are about files that could not be read, `skipped` about those that are not."""
    table = {
        "references": [_table(result) for result in results],
        "errors": list(errors),
        "skipped": list(skipped),
    }
    return json.dumps(table, indent=2) + "\n"


def unverified(result: TrustResult) -> str:
    """Say why an image could not be verified."""
    return f"could not verify {result.reference}: {result.why}"


def _lines(result: TrustResult, columns: int) -> Iterator[str]:
    yield f"{visible(result.reference)} {_summary(result)}"
    if result.digest:
        yield f"  digest     {result.digest}"
    page = Page(columns)
    for label, text in _rows(result):
        yield from page.hanging(visible(text), _INDENT, label=f"  {label}")


def _summary(result: TrustResult) -> str:
    if result.state == "unknown":
        return f"was not verified (policy: {result.level})"
    if result.kind == "attestation":
        attestations = count(len(result.attestations), "trusted attestation")
        return f"has {attestations if result.state == 'trusted' else 'no trusted attestation'}"
    if result.state == "trusted":
        return "is trusted"
    return f"is not trusted{' (accepted by the policy)' if result.accepted else ''}"


def _rows(result: TrustResult) -> Iterator[tuple[str, str]]:
    if result.why:
        yield "why", result.why
    for attestation in result.attestations:
        yield "attested", attestation.predicate_type
        yield "", _by(attestation.signer)
        if (provenance := provenance_of(attestation.predicate_type, attestation.predicate)) is not None:
            sources = [f"from {source}" for source in provenance.sources[:3]]
            yield "built", ", ".join([f"by {provenance.builder or 'an unnamed builder'}", *sources])
    if result.verified_tag is not None:
        yield from _notary_rows(result.verified_tag)
    elif result.kind == "signature":
        for signer in result.signers:
            yield "signed", _by(signer)
            yield "found", signer.where
    for need, checked in result.checks.items():
        if checked.state == "trusted":
            yield _need(need, checked)
    if result.policy:
        yield "policy", f"{result.policy} ({result.level})"
    for note in result.notes:
        yield "note", note


def _notary_rows(verified: VerifiedTag) -> Iterator[tuple[str, str]]:
    tag, root, timestamp = verified.signed_by, verified.roles[0], verified.roles[1]
    yield "signed", f"as {verified.tag.tag} by {tag.role}, key {_short(tag.keys)}{_about(tag.signed)}"
    yield "root", f"version {root.version}, certificate {_short(root.keys)}: {BASES[verified.rests_on]}"
    yield "fresh", f"timestamp {timestamp.version}{_about(timestamp.signed)}; valid until {_day(verified.expires)}"
    yield "server", f"{verified.server}, {count(verified.requests, 'request')}"


def _need(need: str, result: TrustResult) -> tuple[str, str]:
    """A row for what a policy requires and was verified: its signers, and the day of the last signature."""
    signers = ", ".join(signer.name or f"key {signer.key[:_SHORT_ID]}" for signer in result.signers)
    days = sorted(_day(signer.signed) for signer in result.signers if signer.signed)
    label, _, kind = need.partition(" ")
    text = f"{kind} by {signers}{f' on {days[-1]}' if days else ''}".strip()
    return "attested" if kind else label, text


def _by(signer: Signer) -> str:
    if signer.name:
        who = f"by {signer.name}"
        if signer.issuer != signer.name:
            who += f", certified by {signer.issuer}"
    else:
        who = f"by key {signer.key[:_SHORT_ID]}{f' ({signer.source})' if signer.source else ''}"
    return f"{who}, on {_day(signer.signed)}" if signer.signed else who


def _about(signed: datetime | None) -> str:
    return f", about {_day(signed)}" if signed else ""


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _short(keys: Iterable[str]) -> str:
    return ", ".join(key[:_SHORT_ID] for key in keys)


def _table(result: TrustResult) -> dict[str, Any]:
    table: dict[str, Any] = {
        "reference": result.reference,
        "system": result.system,
        "result": result.state,
        "kind": result.kind,
        "passes": result.passes,
        "digest": result.digest or None,
        "check": result.check or None,
        "reason": result.why if result.state == "untrusted" or result.accepted else None,
        "error": result.why if result.state == "unknown" and not result.accepted else None,
        "policy": result.policy or None,
        "level": result.level or None,
        "signers": [_signer(signer) for signer in result.signers],
        "notes": list(result.notes),
    }
    if result.kind == "attestation":
        table["attestations"] = [
            {
                "type": attestation.predicate_type,
                "signer": _signer(attestation.signer),
                "predicate": attestation.predicate,
            }
            for attestation in result.attestations
        ]
    if result.system == "policy":
        table["checks"] = {need: _table(checked) for need, checked in result.checks.items()}
    if result.verified_tag is not None:
        table["notary"] = _notary(result.verified_tag)
    return table


def _signer(signer: Signer) -> dict[str, Any]:
    return {
        "key": signer.key,
        "name": signer.name or None,
        "issuer": signer.issuer or None,
        "signed": signer.signed.isoformat() if signer.signed else None,
        "where": signer.where,
        "source": signer.source or None,
    }


def _notary(verified: VerifiedTag) -> dict[str, Any]:
    return {
        "repository": verified.repository,
        "tag": verified.tag.tag,
        "length": verified.tag.length,
        "signed_by": verified.tag.role,
        "rests_on": verified.rests_on,
        "expires": verified.expires.isoformat(),
        "server": verified.server,
        "requests": verified.requests,
        "roles": [
            {
                "role": role.role,
                "version": role.version,
                "keys": list(role.keys),
                "signed_about": role.signed.isoformat() if role.signed else None,
                "expires": role.expires.isoformat(),
            }
            for role in verified.roles
        ],
    }
