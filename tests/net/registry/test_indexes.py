"""Whether an image is one of those of an index, as a clause of a message; what cannot be read says nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sealock.net.registry.client import Fetched
from sealock.net.registry.indexes import image_within
from sealock.net.registry.manifests import read_manifest
from support.registryworld import CONFIG, Client, name
from support.simulators.registry import OCI_INDEX, RegistrySimulator, registry


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as made:
        yield made


def image(server: RegistrySimulator, layer: str) -> dict[str, Any]:
    return server.add_image("app", config=CONFIG, layers=[layer.encode()])


ADVICE = "Name the image by its own digest, or sign the index"


@pytest.mark.parametrize(
    ("platform", "clause"),
    [
        ("linux/amd64", f", an index with that image for linux/amd64 in it. {ADVICE}"),
        ("linux/arm/v7", f", an index with that image for linux/arm/v7 in it. {ADVICE}"),
        (None, f", an index with that image in it. {ADVICE}"),
    ],
)
def test_an_index_names_its_images_by_platform(server: RegistrySimulator, platform: str | None, clause: str) -> None:
    images = {known: image(server, known) for known in ("linux/amd64", "linux/arm/v7")}
    own = image(server, "own")
    if platform is None:
        table = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [own]}
        index = server.add_manifest("app", table, kind=OCI_INDEX)["digest"]
    else:
        index = server.add_index("app", "1", images=images)["digest"]
        own = images[platform]
    assert image_within(Client(), name(server, "app:1"), index, own["digest"]) == clause


@pytest.mark.parametrize("what", ["an index without it", "an image", "nothing"])
def test_what_has_no_such_image_says_nothing(server: RegistrySimulator, what: str) -> None:
    own, other = (image(server, text)["digest"] for text in ("own", "other"))
    index = server.add_index("app", "1", images={"linux/amd64": image(server, "third")})["digest"]
    top = {"an index without it": index, "an image": other, "nothing": f"sha256:{'0' * 64}"}[what]
    assert image_within(Client(), name(server, "app:1"), top, own) == ""


def test_the_platforms_of_an_index_are_those_of_its_images() -> None:
    digests = [f"sha256:{number:064x}" for number in range(3)]
    attestation = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digests[0]}
    entries: list[dict[str, Any]] = [
        {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": attestation},
        {"platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {},
    ]
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifests = [
        {"mediaType": kind, "digest": digest, "size": 1} | more for digest, more in zip(digests, entries, strict=True)
    ]
    raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()
    fetched = Fetched(raw, digests[0], OCI_INDEX, read_manifest(raw))
    assert fetched.platforms == (("linux/arm64/v8", digests[1]), ("unknown", digests[2]))
