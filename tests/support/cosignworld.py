"""A simulated registry with a fresh image, people with keys, and cosign's things attached to it by hand."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sealock.model.imagename import ImageName
from sealock.model.trust import TrustResult
from sealock.trust.cosign import bundles, signer, simple
from sealock.trust.cosign.attachments import ENVELOPE_TYPE, tag_of
from sealock.trust.cosign.privatekeys import CosignPrivateKey, generate
from sealock.trust.cosign.requirements import CosignRequirements
from sealock.trust.cosign.verifier import verify_attestations, verify_cosign
from sealock.trust.dsse import IN_TOTO, pae, write_envelope
from sealock.trust.intoto import SIGNATURE, write_statement
from sealock.trust.wire import encoded
from support.registryworld import OCI_MANIFEST, Client, name
from support.simulators.registry import RegistrySimulator, registry, sha256

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PROVENANCE = "https://slsa.dev/provenance/v1"
EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": sha256(b"{}"), "size": 2}


def stretched_cheaply(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    """A passphrase made a key in no time, whatever cost the file names; for tests of what is not about key files."""
    return hashlib.scrypt(passphrase.encode(), salt=salt + repr(cost).encode(), n=2, r=8, p=1, dklen=32)


class World:
    """The image REPO:1 and its digest; `key` is trusted, `stranger` is not."""

    def __init__(self, server: RegistrySimulator) -> None:
        self.server, self.client = server, Client()
        self.key, self.stranger = generate(), generate()
        self.digest = self.push("app:1")

    def name(self, text: str = "app:1") -> ImageName:
        return name(self.server, text)

    def push(self, text: str) -> str:
        """An image of content that nobody has seen before."""
        repository, _, tag = text.partition(":")
        config = json.dumps({"os": "linux", "architecture": "amd64", "config": {"Labels": {"x": os.urandom(8).hex()}}})
        digest: str = self.server.add_image(repository, tag, config=config.encode(), layers=[os.urandom(32)])["digest"]
        return digest

    # What honest people do.

    def sign(self, key: CosignPrivateKey | None = None, *, text: str = "app:1", **more: Any) -> signer.Made:
        one = self.name(text)
        digest = self.client.manifest(one).digest
        return signer.sign(self.client, one, digest, key or self.key, now=NOW, **more)

    def attest(self, key: CosignPrivateKey | None = None, kind: str = PROVENANCE, **more: Any) -> signer.Made:
        predicate = {"buildDefinition": {"buildType": "x"}}
        return signer.attest(
            self.client, self.name(), self.digest, key or self.key, predicate_type=kind, predicate=predicate, **more
        )

    def verify(self, text: str = "app:1", digest: str = "", **more: Any) -> TrustResult:
        expected = CosignRequirements(**{"keys": (self.key.public,), **more})
        return verify_cosign(self.client, self.name(text), digest or self.digest, expected)

    def attested(self, kind: str = "", **more: Any) -> TrustResult:
        expected = CosignRequirements(**{"keys": (self.key.public,), **more})
        return verify_attestations(self.client, self.name(), self.digest, expected, kind)

    # What anybody who may push can do.

    def claims(self, **more: Any) -> bytes:
        """A payload, with any of what it says replaced."""
        repository = more.pop("repository", f"{self.server.host}/app")
        return simple.write_claims(repository, more.pop("digest", self.digest), more)

    def layer(
        self, body: bytes, kind: str = simple.MEDIA_TYPE, annotations: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return {**self.server.add_blob(body), "mediaType": kind, "annotations": dict(annotations or {})}

    def signed_layer(self, payload: bytes, key: CosignPrivateKey | None = None) -> dict[str, Any]:
        signature = encoded((key or self.key).sign(payload))
        return self.layer(payload, annotations={simple.SIGNATURE: signature})

    def put(self, *layers: dict[str, Any], suffix: str = "sig", repository: str = "app", digest: str = "") -> None:
        """Layers under the tag."""
        tag = tag_of(digest or self.digest, suffix)
        self.server.blobs[EMPTY["digest"]] = b"{}"  # type: ignore[index]  # a text
        table = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": EMPTY, "layers": list(layers)}
        self.server.add_manifest(repository, table, tag)

    def refer(self, *layers: dict[str, Any], kind: str = bundles.MEDIA_TYPE, **more: Any) -> str:
        """Layers of a manifest that refers to the image."""
        self.server.blobs[EMPTY["digest"]] = b"{}"  # type: ignore[index]  # a text
        subject = {"mediaType": OCI_MANIFEST, "digest": self.digest, "size": 1}
        table = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": EMPTY, "layers": list(layers)}
        table |= {"subject": subject, **({"artifactType": kind} if kind else {}), **more}
        digest: str = self.server.add_manifest("app", table)["digest"]
        return digest

    def statement(self, kind: str = SIGNATURE, *, digest: str = "", **more: Any) -> bytes:
        named = more.pop("name", f"{self.server.host}/app")
        return write_statement(digest or self.digest, kind, more.pop("predicate", {}), name=named, **more)

    def bundle(
        self, payload: bytes, key: CosignPrivateKey | None = None, payload_type: str = IN_TOTO, **more: Any
    ) -> bytes:
        """A bundle, with any of its fields replaced."""
        maker = key or self.key
        table = json.loads(bundles.write_bundle(payload, maker.sign(pae(payload_type, payload)), maker.public))
        table["dsseEnvelope"]["payloadType"] = payload_type
        return json.dumps(table | more).encode()

    def bundled(self, body: bytes) -> dict[str, Any]:
        return self.layer(body, bundles.MEDIA_TYPE)

    def enveloped(
        self, payload: bytes, key: CosignPrivateKey | None = None, payload_type: str = IN_TOTO
    ) -> dict[str, Any]:
        signature = (key or self.key).sign(pae(payload_type, payload))
        return self.layer(write_envelope(payload, signature, payload_type), ENVELOPE_TYPE)


@contextmanager
def world() -> Iterator[World]:
    with registry() as server:
        yield World(server)
