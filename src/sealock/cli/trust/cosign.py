"""cosign's part of `sealock trust verify` and `sign`: with keys or identities."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from msgspec.structs import replace

from sealock.cli.output import write
from sealock.cli.trust import files
from sealock.cli.trust.common import (
    COSIGN_PASSWORD,
    add_annotations,
    annotations_of,
    ask_passphrase,
    name_of,
    read_file,
    registry_of,
)
from sealock.errors import SealockError, UsageError
from sealock.model.manifest import Index
from sealock.model.trust import TrustResult
from sealock.net.registry.client import Registry
from sealock.trust.cosign import signer
from sealock.trust.cosign.keys import read_public
from sealock.trust.cosign.privatekeys import CosignPrivateKey, read_private
from sealock.trust.cosign.requirements import ANY, CosignRequirements, SignerIdentity
from sealock.trust.cosign.verifier import verify_attestations, verify_cosign
from sealock.trust.intoto import type_of

AT_ONCE: Final = 8
"""Images that are verified at the same time."""


def add_verifying(parser: ArgumentParser) -> None:
    """Add cosign's options of `verify`."""
    group = parser.add_argument_group("cosign", "verify cosign's signatures instead of Notary's trust data")
    group.add_argument("--key", action="append", default=[], metavar="FILE", help="a public key to trust (may repeat)")
    group.add_argument(
        "--identity",
        action="append",
        default=[],
        metavar="WHO",
        help="a keyless signer to trust: an address or URI, in which * matches any text (may repeat)",
    )
    group.add_argument("--issuer", default="", metavar="URL", help="the OIDC issuer of the identities")
    group.add_argument("--trusted-root", metavar="FILE", help="Sigstore's trusted_root.json, for identities")
    group.add_argument("--threshold", type=int, default=1, metavar="N", help="how many must have signed (default: 1)")
    group.add_argument(
        "--signed-for", default="", metavar="REPO", help="the repository in the signature (default: that of REF)"
    )
    group.add_argument(
        "--any-repository", action="store_true", help="accept signatures for any repository, as cosign does"
    )
    add_annotations(group, "an annotation that the signature must have")
    group.add_argument(
        "--attestation", metavar="TYPE", help="verify attestations of a type: cyclonedx, spdx, vuln, a URI, or any"
    )
    group.add_argument("--bundle-file", metavar="FILE", help="file:PATH: its attestation (default: PATH.sigstore.json)")


def selected(arguments: Namespace) -> bool:
    """Whether the options ask for cosign's signatures."""
    trusts_signer = bool(arguments.key or arguments.identity)
    if not trusts_signer and (
        arguments.attestation
        or arguments.trusted_root
        or arguments.annotation
        or arguments.issuer
        or _of_files(arguments)
    ):
        msg = "which signer do you trust? Name a --key, or an --identity with its --issuer"
        raise UsageError(msg)
    return trusts_signer


def _of_files(arguments: Namespace) -> bool:
    return any(word.startswith(files.PREFIX) for word in arguments.references)


def verify(arguments: Namespace) -> list[TrustResult]:
    """Verify cosign's signatures, or attestations; of files only attestations, of any type unless one is named."""
    expected = _expected(arguments)
    expected.check()
    if arguments.bundle_file and not (_of_files(arguments) and len(arguments.references) == 1):
        msg = f"--bundle-file goes with one {files.PREFIX}PATH"
        raise UsageError(msg)
    registry = registry_of(arguments)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(
            pool.map(
                lambda text: (
                    _verify_file(text, expected, arguments)
                    if text.startswith(files.PREFIX)
                    else _verify(registry, text, expected, arguments.attestation)
                ),
                arguments.references,
            )
        )


def _verify_file(text: str, expected: CosignRequirements, arguments: Namespace) -> TrustResult:
    kind = "" if arguments.attestation in {None, "any"} else type_of(arguments.attestation)
    try:
        return files.verify(text, arguments.bundle_file, expected, kind)
    except UsageError:
        raise
    except SealockError as error:
        return TrustResult("cosign", text, "", "unknown", "unavailable", str(error), kind="attestation")


def _verify(registry: Registry, text: str, expected: CosignRequirements, attestation: str | None) -> TrustResult:
    try:
        name = name_of(text)
        digest = name.digest or registry.claim(name).digest
        if attestation is None:
            result = verify_cosign(registry, name, digest, expected)
        else:
            kind = "" if attestation == "any" else type_of(attestation)
            result = verify_attestations(registry, name, digest, expected, kind)
        return replace(result, reference=text)
    except UsageError:
        raise
    except SealockError as error:
        result = TrustResult("cosign", text, "", "unknown", "unavailable", str(error))
        return result if attestation is None else replace(result, kind="attestation")


def _expected(arguments: Namespace) -> CosignRequirements:
    if arguments.identity and not arguments.issuer:
        msg = "--identity needs --issuer: another issuer can certify anyone for the same name"
        raise UsageError(msg)
    if arguments.any_repository and arguments.signed_for:
        msg = "--signed-for and --any-repository cannot both be given"
        raise UsageError(msg)
    keys = {key.id: key for key in (read_public(read_file(path).encode(), path) for path in arguments.key)}
    return CosignRequirements(
        keys=tuple(keys.values()),
        identities=tuple(SignerIdentity(subject, arguments.issuer) for subject in arguments.identity),
        trusted_root=read_file(arguments.trusted_root).encode() if arguments.trusted_root else b"",
        threshold=arguments.threshold,
        repository=ANY if arguments.any_repository else arguments.signed_for,
        annotations=annotations_of(arguments),
    )


# Signing.


def add_signing(parser: ArgumentParser) -> None:
    """Add cosign's options of `sign`."""
    group = parser.add_argument_group("cosign", "sign as cosign does instead of in Notary's trust data")
    group.add_argument("--key", metavar="FILE", help="the private key: cosign's own file, or PEM")
    group.add_argument(
        "-r", "--recursive", action="store_true", help="sign each image of an index too, as cosign does with -r"
    )
    add_bundle(group)
    add_annotations(group, "an annotation to sign")


def add_bundle(parser: Any) -> None:  # noqa: ANN401  a parser or a group of one
    """Add the choice between cosign's forms."""
    parser.add_argument(
        "--bundle",
        action="store_true",
        help="attach it as a bundle that refers to the image, as cosign 3 does, instead of under a tag",
    )


def sign(arguments: Namespace) -> int:
    """Sign as cosign does, and return the exit status."""
    key = open_key(arguments.key)
    name = name_of(arguments.reference)
    registry = registry_of(arguments)
    top = registry.manifest(name)
    digests = [top.digest]
    if arguments.recursive and isinstance(top.noun, Index):
        digests += [manifest.digest for manifest in top.noun.manifests if manifest.is_image]
    for digest in dict.fromkeys(digests):
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


def open_key(path: str) -> CosignPrivateKey:
    """Read a private key, with its passphrase from the environment or a terminal."""
    return read_private(read_file(path).encode(), path, lambda: ask_passphrase(path, COSIGN_PASSWORD))
