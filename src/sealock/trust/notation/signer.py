"""Signs images as notation does: a JWS that refers to the image, with the signer's certificate chain."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TargetError, UsageError
from sealock.model.imagename import ImageName
from sealock.model.manifest import EMPTY, OCI_MANIFEST, Descriptor
from sealock.net.registry.client import Registry
from sealock.net.registry.upload import push_blob, push_manifest, written
from sealock.trust.librarywarnings import ignore_warnings
from sealock.trust.notation import algorithms, chain, jws
from sealock.trust.notation.envelope import ARTIFACT_TYPE, JWS
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.unusable import NO_KEY

_THUMBPRINTS: Final = "io.cncf.notary.x509chain.thumbprint#S256"
_CREATED: Final = "org.opencontainers.image.created"
_AGENT: Final = "sealock"
_RESERVED: Final = "io.cncf.notary"


class SigningKey(Struct, frozen=True):
    """A private key and its certificate chain (DER): the signer's own first, a root last."""

    private: Any
    chain: tuple[bytes, ...]
    algorithm: str
    name: str
    """The subject of the signer's certificate."""


class SignedImage(Struct, frozen=True):
    """The attached signature's digest and place."""

    digest: str
    where: str


def signing_key(
    key: bytes, certificates: tuple[bytes, ...], source: str, passphrase: Callable[[], str], now: datetime | None = None
) -> SigningKey:
    """Join a key (PEM) and its certificates; TargetError says why verifiers would refuse its signatures.

    `passphrase` is called only for an encrypted key.
    """
    private = _load(key, source, passphrase)
    try:
        loaded = chain.load(certificates)
        chain.check(loaded)
        public = chain.key_of(loaded[0])
        algorithm = algorithms.algorithm_of(public)
    except SignatureRefusedError as error:
        msg = f"signatures by {source} would be refused: {error}"
        raise TargetError(msg) from None
    if public != private.public_key():
        msg = f"{source} is not the key of the first certificate, which is {chain.name_of(loaded[0])}'s"
        raise TargetError(msg)
    if why := chain.outside(loaded, now or datetime.now(UTC)):
        msg = f"signatures by {source} would be refused: {why}"
        raise TargetError(msg)
    return SigningKey(private, certificates, algorithm, chain.name_of(loaded[0]))


def sign(  # noqa: PLR0913  a signature has as many parts
    registry: Registry,
    name: ImageName,
    digest: str,
    key: SigningKey,
    *,
    annotations: Mapping[str, str] | None = None,
    lifetime: timedelta | None = None,
    now: datetime | None = None,
) -> SignedImage:
    """Sign a digest, which must exist in the repository. `lifetime` is until the signature expires; None for never."""
    if any(annotation.startswith(_RESERVED) for annotation in annotations or {}):
        msg = f"annotations that begin with {_RESERVED} are reserved"
        raise UsageError(msg)
    image = registry.manifest(replace(name, tag=None, digest=digest))
    when = (now or datetime.now(UTC)).replace(microsecond=0)
    target = Descriptor(image.media_type, image.digest, len(image.raw))
    body = envelope(target, key, when, when + lifetime if lifetime else None, annotations or {})
    return _attach(registry, name, target, body, key, when)


def envelope(
    target: Descriptor, key: SigningKey, when: datetime, expiry: datetime | None, annotations: Mapping[str, str]
) -> bytes:
    """Make a signed envelope."""
    payload = json.dumps(
        {"targetArtifact": written(replace(target, annotations=annotations))}, separators=(",", ":"), sort_keys=True
    )
    protected, encoded = jws.to_sign(payload.encode(), key.algorithm, when, expiry)
    signature = algorithms.made(key.private, key.algorithm, f"{protected}.{encoded}".encode())
    return jws.write(
        protected, encoded, signature, [b64encode(certificate).decode() for certificate in key.chain], _AGENT
    )


def _attach(  # noqa: PLR0913, PLR0917  it has as many parts
    registry: Registry, name: ImageName, target: Descriptor, body: bytes, key: SigningKey, when: datetime
) -> SignedImage:
    config = replace(push_blob(registry, name, EMPTY), media_type=ARTIFACT_TYPE)
    layer = replace(push_blob(registry, name, body), media_type=JWS)
    thumbprints = [hashlib.sha256(certificate).hexdigest() for certificate in key.chain]
    table = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        # The configuration has the type, as in notation 1: older registries have no artifactType.
        "config": written(config),
        "layers": [written(layer)],
        "subject": written(target),
        "annotations": {
            _THUMBPRINTS: json.dumps(thumbprints, separators=(",", ":")),
            _CREATED: f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        },
    }
    pushed = push_manifest(registry, name, json.dumps(table, separators=(",", ":")).encode(), OCI_MANIFEST)
    return SignedImage(pushed.digest, f"{name.familiar}@{pushed.digest}")


def _load(raw: bytes, source: str, passphrase: Callable[[], str]) -> Any:  # noqa: ANN401  a key of either kind

    with ignore_warnings():
        try:
            return load_pem_private_key(raw, None)
        except TypeError:  # it is encrypted
            pass
        except NO_KEY:
            msg = f"{source} is not a readable private key in PEM"
            raise TargetError(msg) from None
        try:
            return load_pem_private_key(raw, passphrase().encode())
        except NO_KEY:
            msg = f"{source} could not be decrypted: the passphrase is wrong"
            raise TargetError(msg) from None
