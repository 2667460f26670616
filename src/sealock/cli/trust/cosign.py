"""cosign's part of `sealock trust verify` and `sign`: what is asked for by keys or identities, not by trust data."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from sealock.cli.output import WIDTH, complain, width, write
from sealock.cli.trust.common import name_of, read_file, tell, told
from sealock.errors import SealockError, UsageError

if TYPE_CHECKING:
    from sealock.model.imagename import ImageName
    from sealock.model.trust import Signer
    from sealock.net.registry.client import Registry
    from sealock.trust.cosign.privatekeys import CosignPrivateKey
    from sealock.trust.cosign.requirements import CosignRequirements
    from sealock.trust.cosign.verifier import Attested
    from sealock.trust.intoto import InTotoStatement

AT_ONCE: Final = 8
"""Images that are verified at the same time."""
PASSWORD: Final = "COSIGN_PASSWORD"  # noqa: S105  the name of a variable


def add_verifying(parser: ArgumentParser) -> None:
    """Add cosign's options of `verify`."""
    group = parser.add_argument_group("cosign", "verify cosign's signatures rather than Notary's trust data")
    group.add_argument("--key", action="append", default=[], metavar="FILE", help="a public key to trust (may repeat)")
    group.add_argument(
        "--identity",
        action="append",
        default=[],
        metavar="WHO",
        help="who may have signed without a key: an address or URI, in which * is any text (may repeat)",
    )
    group.add_argument("--issuer", default="", metavar="URL", help="who vouches for the identities")
    group.add_argument("--trusted-root", metavar="FILE", help="Sigstore's trusted_root.json, for identities")
    group.add_argument("--threshold", type=int, default=1, metavar="N", help="different signers wanted (default: 1)")
    group.add_argument(
        "--signed-for", default="", metavar="REPO", help="the repository that was signed for (default: the one asked)"
    )
    group.add_argument(
        "--any-repository", action="store_true", help="take signatures for any repository, as cosign does"
    )
    _add_annotations(group, "what must be annotated")
    group.add_argument(
        "--attestation", metavar="TYPE", help="verify attestations of a type: cyclonedx, spdx, vuln, a URI, or any"
    )


def asked_for(arguments: Namespace) -> bool:
    """Whether cosign's signatures are to be verified."""
    asked = bool(arguments.key or arguments.identity)
    if not asked and (arguments.attestation or arguments.trusted_root or arguments.annotation or arguments.issuer):
        msg = "whose signature is to be trusted? Name a --key, or an --identity with its --issuer"
        raise UsageError(msg)
    return asked


def verify(arguments: Namespace) -> int:
    """Verify cosign's signatures, or attestations, and return the exit status."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  configuring does without

    from sealock.cli.registries import registries  # noqa: PLC0415  loads the policy
    from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  loads HTTP

    expected = _expected(arguments)
    expected.check()
    registry = open_registry(registries(arguments.policy, none=arguments.no_policy))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        each = pool.map(lambda text: _one(registry, text, expected, arguments.attestation), arguments.references)
        found = list(zip(arguments.references, each, strict=True))
    if arguments.format == "json":
        tables = [_table(text, one, arguments.attestation) for text, one in found]
        tell(json.dumps({"references": tables}, indent=2) + "\n", arguments)
    else:
        columns = WIDTH if arguments.output else width()
        parts = [
            _lines(text, one, expected, columns, attested=arguments.attestation is not None)
            for text, one in found
            if one.result.state != "unknown"
        ]
        tell("\n".join("".join(f"{line}\n" for line in lines) for lines in parts), arguments)
    states = {one.result.state for _, one in found}
    for text, one in found:
        if one.result.state == "unknown":
            complain(f"whether {text} is trusted could not be told: {one.result.why}")
    return 2 if "unknown" in states else 1 if "untrusted" in states else 0


def _one(registry: Registry, text: str, expected: CosignRequirements, attestation: str | None) -> Attested:
    from sealock.model.trust import TrustResult  # noqa: PLC0415  configuring does without
    from sealock.trust.cosign.verifier import Attested, verify_attestations, verify_cosign  # noqa: PLC0415  as above
    from sealock.trust.intoto import type_of  # noqa: PLC0415  as above

    try:
        name = name_of(text)
        digest = name.digest or registry.claim(name).digest
        if attestation is None:
            return Attested(verify_cosign(registry, name, digest, expected))
        return verify_attestations(
            registry, name, digest, expected, "" if attestation == "any" else type_of(attestation)
        )
    except UsageError:
        raise
    except SealockError as error:
        return Attested(TrustResult("cosign", text, "", "unknown", "unavailable", str(error)))


def _expected(arguments: Namespace) -> CosignRequirements:
    from sealock.trust.cosign.keys import read_public  # noqa: PLC0415  as above
    from sealock.trust.cosign.requirements import ANY, CosignRequirements, SignerIdentity  # noqa: PLC0415  configuring does without

    if arguments.identity and not arguments.issuer:
        msg = "--identity goes with --issuer: anybody can have a certificate for a name from an issuer of their own"
        raise UsageError(msg)
    if arguments.any_repository and arguments.signed_for:
        msg = "--signed-for and --any-repository cannot both be given"
        raise UsageError(msg)
    keys = {key.id: key for key in (read_public(read_file(one).encode(), one) for one in arguments.key)}
    return CosignRequirements(
        keys=tuple(keys.values()),
        identities=tuple(SignerIdentity(one, arguments.issuer) for one in arguments.identity),
        trusted_root=read_file(arguments.trusted_root).encode() if arguments.trusted_root else b"",
        threshold=arguments.threshold,
        repository=ANY if arguments.any_repository else arguments.signed_for,
        annotations=annotations_of(arguments),
    )


def _lines(text: str, one: Attested, expected: CosignRequirements, columns: int, *, attested: bool) -> Iterator[str]:
    from sealock.text import count, visible  # noqa: PLC0415  configuring does without

    result = one.result
    trusted = result.state == "trusted"
    if attested:
        number = count(len(one.attestations), "attestation")
        yield f"{visible(text)} has {number if trusted else 'no such attestation'} that can be trusted"
    else:
        yield f"{visible(text)} is {'' if trusted else 'not '}trusted"
    yield f"  digest     {result.digest}"
    if not trusted:
        yield from told("why", result.why, columns)
    for attestation in one.attestations:
        yield from told("attested", attestation.statement.predicate_type, columns)
        yield from told("", _who(attestation.signer, expected), columns)
        yield from _built(attestation.statement, columns)
    for signer in () if attested else result.signers:
        yield from told("signed", _who(signer, expected), columns)
        yield from told("found", signer.where, columns)
    for note in result.notes:
        yield from told("note", note, columns)


def _built(statement: InTotoStatement, columns: int) -> Iterator[str]:
    from sealock.trust.provenance import provenance_of  # noqa: PLC0415  configuring does without

    if (found := provenance_of(statement)) is not None:
        sources = [f"from {source}" for source in found.sources[:3]]
        yield from told("built", ", ".join([f"by {found.builder or 'nobody that it names'}", *sources]), columns)


def _who(signer: Signer, expected: CosignRequirements) -> str:
    if signer.name:
        who = f"by {signer.name}, for whom {signer.issuer} vouches"
    else:
        source = next((key.source for key in expected.keys if key.id == signer.key), "")
        who = f"by key {signer.key[:12]}{f' ({source})' if source else ''}"
    return f"{who}, on {signer.signed:%Y-%m-%d}" if signer.signed else who


def _table(text: str, one: Attested, attestation: str | None) -> dict[str, Any]:
    result = one.result
    table: dict[str, Any] = {"reference": text, "verdict": result.state, "by": result.by, "digest": result.digest}
    if result.state == "unknown":
        table["error"] = result.why
    elif result.state == "untrusted":
        table |= {"check": result.check, "reason": result.why}
    table["signers"] = [_signer(signer) for signer in result.signers]
    table["notes"] = list(result.notes)
    if attestation is not None:
        table["attestations"] = [
            {
                "type": attested.statement.predicate_type,
                "signer": _signer(attested.signer),
                "predicate": attested.statement.predicate,
            }
            for attested in one.attestations
        ]
    return table


def _signer(signer: Signer) -> dict[str, Any]:
    return {
        "key": signer.key,
        "name": signer.name or None,
        "issuer": signer.issuer or None,
        "signed": signer.signed.isoformat() if signer.signed else None,
        "where": signer.where,
    }


# Signing.


def add_signing(parser: ArgumentParser) -> None:
    """Add cosign's options of `sign`."""
    group = parser.add_argument_group("cosign", "sign as cosign does rather than in Notary's trust data")
    group.add_argument("--key", metavar="FILE", help="the private key: cosign's own file, or PEM")
    add_bundle(group)
    _add_annotations(group, "what to say beside")


def add_bundle(parser: Any) -> None:  # noqa: ANN401  a parser or a group of one
    """Add the choice between cosign's forms."""
    parser.add_argument(
        "--bundle",
        action="store_true",
        help="attach it as a bundle that refers to the image, as cosign 3 does, rather than under a tag",
    )


def sign(arguments: Namespace) -> int:
    """Sign as cosign does, and return the exit status."""
    from sealock.trust.cosign import signer  # noqa: PLC0415  configuring does without

    key = open_key(arguments.key)
    name = name_of(arguments.reference)
    registry, digest = open_image(arguments, name)
    made = signer.sign(
        registry,
        name,
        digest,
        key,
        annotations=annotations_of(arguments),
        form="bundle" if arguments.bundle else "tag",
    )
    how = "was signed before" if made.already else "is signed"
    write(f"{name.familiar}@{digest} {how} by key {key.public.id[:12]}\n{made.where}\n")
    return 0


def open_image(arguments: Namespace, name: ImageName) -> tuple[Registry, str]:
    """A registry, and the digest that a reference stands for there."""
    from sealock.cli.registries import registries  # noqa: PLC0415  loads the policy
    from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  loads HTTP

    registry = open_registry(registries(arguments.policy, none=arguments.no_policy))
    return registry, registry.manifest(name).digest


def open_key(path: str) -> CosignPrivateKey:
    """A private key from its file, with its passphrase from the environment or a terminal."""
    from sealock.trust.cosign.privatekeys import read_private  # noqa: PLC0415  configuring does without

    return read_private(read_file(path).encode(), path, lambda: passphrase(path))


def passphrase(path: str, *, new: bool = False) -> str:
    """Give a passphrase of cosign's: $COSIGN_PASSWORD, or what a person types; UsageError where neither can be."""
    given = os.environ.get(PASSWORD)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        msg = f"the passphrase of {path} is needed: set ${PASSWORD}, or run this on a terminal"
        raise UsageError(msg)
    from getpass import getpass  # noqa: PLC0415  seldom needed

    while True:
        first = getpass(f"Passphrase for {'the new key ' if new else ''}{path}: ")
        if not new or getpass("The same again: ") == first:
            return first
        complain("they are not the same")


def _add_annotations(parser: Any, about: str) -> None:  # noqa: ANN401  a parser or a group of one
    parser.add_argument("--annotation", action="append", default=[], metavar="NAME=VALUE", help=f"{about} (may repeat)")


def annotations_of(arguments: Namespace) -> dict[str, str]:
    """The annotations that were named; UsageError for one without a value."""
    pairs = [one.partition("=") for one in arguments.annotation]
    for name, mark, _ in pairs:
        if not name or not mark:
            msg = f"--annotation {name}: NAME=VALUE is wanted"
            raise UsageError(msg)
    return {name: value for name, _, value in pairs}
