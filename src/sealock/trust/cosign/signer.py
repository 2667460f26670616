"""Signs and attests images in forms that cosign verifies. Other signers' attachments stay."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TransportError
from sealock.formats.jsonobject import JsonObject
from sealock.model.imagename import DEFAULT_REGISTRY, ImageName
from sealock.model.manifest import OCI_MANIFEST, Descriptor, Manifest
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.manifests import MOST_ENTRIES, digest_of, strict_json
from sealock.net.registry.requests import RegistryError
from sealock.net.registry.upload import push_artifact, push_blob, push_manifest, written
from sealock.trust.cosign import bundles, simple
from sealock.trust.cosign.attachments import ENVELOPE_TYPE, tag_of
from sealock.trust.cosign.keys import PublicKey, made
from sealock.trust.cosign.privatekeys import CosignPrivateKey
from sealock.trust.dsse import IN_TOTO, DsseEnvelope, pae, write_envelope
from sealock.trust.intoto import CREATED, CUSTOM, SIGNATURE, InTotoStatement, read_statement, write_statement
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import decoded, encoded

SignatureForm: TypeAlias = Literal["tag", "bundle"]
"""A layer under the tag sha256-HEX.sig or .att, which all versions of cosign read; or a bundle as a referrer."""
_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_STATEMENT_OLD: Final = "https://in-toto.io/Statement/v0.1"
_ATTEMPTS: Final = 4
_LATEST: Final = 64
"""The newest signatures to compare with the new one."""
_ZERO: Final = "0001-01-01T00:00:00Z"


class Made(Struct, frozen=True):
    """The new attachment, and its place. `already`: it existed, and nothing was added."""

    digest: str
    where: str
    already: bool = False


def sign(  # noqa: PLR0913  a signature has as many parts
    registry: Registry,
    name: ImageName,
    digest: str,
    key: CosignPrivateKey,
    *,
    annotations: Mapping[str, str] | None = None,
    form: SignatureForm = "tag",
    now: datetime | None = None,
) -> Made:
    """Sign a digest, which must exist in the repository. An existing equal signature is not made again."""
    image = registry.manifest(replace(name, tag=None, digest=digest))
    when = now or datetime.now(UTC)
    if form == "bundle":
        dated = {**(annotations or {}), CREATED: f"{when:%Y-%m-%dT%H:%M:%SZ}"}
        payload = write_statement(digest, SIGNATURE, {}, name=spelled(name), annotations=dated)
        for referrer in registry.referrers(name, digest, bundles.MEDIA_TYPE)[-_LATEST:]:
            if _bundles_the_same(registry, replace(name, tag=None, digest=referrer.digest), key.public, payload):
                return Made(referrer.digest, f"{name.familiar}@{referrer.digest}", already=True)
        return _refer(registry, name, image, payload, key, SIGNATURE)
    optional = {**(annotations or {}), "creator": "sealock", "timestamp": int(when.timestamp())}
    payload = simple.write_claims(spelled(name), digest, optional)
    layer = _Layer(payload, simple.MEDIA_TYPE, {simple.SIGNATURE: encoded(key.sign(payload))})

    def same(known: Descriptor) -> bool:
        return _says_the_same(registry, name, known, key.public, payload)

    return _append(registry, name, tag_of(digest, "sig"), layer, same)


def attest(  # noqa: PLR0913  as sign
    registry: Registry,
    name: ImageName,
    digest: str,
    key: CosignPrivateKey,
    *,
    predicate_type: str,
    predicate: object,
    form: SignatureForm = "tag",
    now: datetime | None = None,
) -> Made:
    """Attest a predicate about a digest. A predicate of cosign's custom type is wrapped as cosign does."""
    image = registry.manifest(replace(name, tag=None, digest=digest))
    when = now or datetime.now(UTC)
    if predicate_type == CUSTOM:
        data = predicate if isinstance(predicate, str) else json.dumps(predicate)
        predicate = {"Data": data, "Timestamp": f"{when:%Y-%m-%dT%H:%M:%SZ}"}
    dated = {CREATED: f"{when:%Y-%m-%dT%H:%M:%SZ}"}
    # Older versions of cosign read only this version of the statement.
    payload = write_statement(
        digest, predicate_type, predicate, name=spelled(name), annotations=dated, version=_STATEMENT_OLD
    )
    if form == "bundle":
        return _refer(registry, name, image, payload, key, predicate_type)
    body = write_envelope(payload, key.sign(pae(IN_TOTO, payload)))
    layer = _Layer(body, ENVELOPE_TYPE, {simple.SIGNATURE: "", "predicateType": predicate_type})
    return _append(registry, name, tag_of(digest, "att"), layer, lambda _: False)


def attest_file(digest: str, name: str, key: CosignPrivateKey, *, predicate_type: str, predicate: object) -> bytes:
    """Return a bundle with a statement about a file, as `cosign attest-blob --bundle` writes it."""
    payload = write_statement(digest, predicate_type, predicate, name=name)
    return bundles.write_bundle(payload, key.sign(pae(IN_TOTO, payload)), key.public)


def spelled(name: ImageName) -> str:
    """The repository's name as cosign signs it."""
    return f"{'index.docker.io' if name.registry == DEFAULT_REGISTRY else name.registry}/{name.repository}"


class _Layer(Struct, frozen=True):
    body: bytes
    media_type: str
    annotations: Mapping[str, str]


def _refer(  # noqa: PLR0913, PLR0917  a bundle has as many parts
    registry: Registry, name: ImageName, image: Fetched, payload: bytes, key: CosignPrivateKey, predicate_type: str
) -> Made:
    body = bundles.write_bundle(payload, key.sign(pae(IN_TOTO, payload)), key.public)
    annotations = {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": predicate_type,
        CREATED: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    subject = Descriptor(image.media_type, image.digest, len(image.raw))
    pushed = push_artifact(
        registry,
        name,
        bundles.MEDIA_TYPE,
        [(body, bundles.MEDIA_TYPE, {})],
        subject=subject,
        annotations=annotations,
    )
    return Made(pushed.digest, f"{name.familiar}@{pushed.digest}")


def _append(registry: Registry, name: ImageName, tag: str, layer: _Layer, same: Any) -> Made:  # noqa: ANN401  of a Descriptor
    """Add a layer under a tag, to the layers of others, who may be adding theirs at the same time."""
    where = f"{name.familiar}:{tag}"
    for attempt in range(_ATTEMPTS):
        known = _known(registry, name, tag)
        if known is not None and any(same(layer) for layer in known.layers[-_LATEST:]):
            return Made(digest_of(layer.body), where, already=True)
        if known is not None and len(known.layers) >= MOST_ENTRIES:
            msg = f"{where} has {len(known.layers)} layers, the maximum"
            raise TransportError(msg)
        sent = replace(
            push_blob(registry, name, layer.body), media_type=layer.media_type, annotations=layer.annotations
        )
        layers = (*(known.layers if known else ()), sent)
        table = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": written(_config(registry, name, known, layers)),
            "layers": [written(layer) for layer in layers],
        }
        if known is not None and known.annotations:
            table["annotations"] = dict(known.annotations)
        push_manifest(registry, name, json.dumps(table, separators=(",", ":")).encode(), OCI_MANIFEST, tag)
        # Registries have no conditional write, so check that ours was not overwritten.
        stored = _known(registry, name, tag)
        if stored is not None and sent in stored.layers:
            return Made(sent.digest, where)
        time.sleep(0.05 * (attempt + 1))
    msg = f"others kept overwriting {where}; try again"
    raise TransportError(msg)


def _known(registry: Registry, name: ImageName, tag: str) -> Manifest | None:
    try:
        noun = registry.manifest(replace(name, tag=tag, digest=None)).noun
    except RegistryError as error:
        if error.status == 404:
            return None
        raise
    if not isinstance(noun, Manifest):
        msg = f"{name.familiar}:{tag} is an index, not a manifest of signatures. It was not changed"
        raise TransportError(msg)
    return noun


def _config(registry: Registry, name: ImageName, known: Manifest | None, layers: tuple[Descriptor, ...]) -> Descriptor:
    """Write cosign's configuration for signatures: an image without a platform, with these layers."""
    table: dict[str, Any] = {
        "architecture": "",
        "created": _ZERO,
        "history": [],
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": []},
        "config": {},
    }
    if known is not None and known.config.media_type == _CONFIG:
        table = JsonObject(strict_json(registry.read_blob(name, known.config, 1 << 20))).members or table
    table["rootfs"] = {"type": "layers", "diff_ids": [layer.digest for layer in layers]}
    table["history"] = [{"created": _ZERO} for _ in layers]
    return replace(push_blob(registry, name, json.dumps(table, separators=(",", ":")).encode()), media_type=_CONFIG)


def _bundles_the_same(registry: Registry, name: ImageName, key: PublicKey, payload: bytes) -> bool:
    """Whether a referrer is a bundle by a key with the same statement, apart from its time."""
    try:
        noun = registry.manifest(name).noun
        if not isinstance(noun, Manifest) or len(noun.layers) != 1:
            return False
        envelope = bundles.read_bundle(registry.read_blob(name, noun.layers[0], simple.MOST_BYTES), "it").envelope
        if not made(key, envelope.signatures[0], envelope.message):
            return False
        ours, theirs = read_statement(DsseEnvelope(IN_TOTO, payload, ()), "it"), read_statement(envelope, "it")
    except (SignatureRefusedError, TransportError):
        return False
    return _undated(ours) == _undated(theirs)


def _undated(statement: InTotoStatement) -> InTotoStatement:
    subjects = tuple(
        replace(subject, annotations={**(subject.annotations or {}), CREATED: ""}) for subject in statement.subjects
    )
    return replace(statement, subjects=subjects)


def _says_the_same(registry: Registry, name: ImageName, known: Descriptor, key: PublicKey, payload: bytes) -> bool:
    """Whether a signature is by a key with the same claims, apart from their time."""
    if known.media_type != simple.MEDIA_TYPE or known.size > simple.MOST_BYTES:
        return False
    try:
        signature = decoded(known.annotations.get(simple.SIGNATURE), "it")
        body = registry.read_blob(name, known, simple.MOST_BYTES)
        if not made(key, signature, body):
            return False
        ours, theirs = simple.read_claims(payload, "it"), simple.read_claims(body, "it")
    except (SignatureRefusedError, TransportError):
        return False
    drop = {"timestamp", "creator"}
    return (ours.repository, ours.digest) == (theirs.repository, theirs.digest) and all(
        ours.optional.get(key) == theirs.optional.get(key) for key in {*ours.optional, *theirs.optional} - drop
    )
