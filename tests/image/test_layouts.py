"""What of a layout is an image, and which one is read: as engines choose it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import TargetError
from sealock.image.opener import open_image
from sealock.model.platforms import of_machine
from support.madeimages import Layout, config, contents, docker_save, files, sha256, spread, troubles, write

LAYER, OTHER = files(which="one"), files(which="other")
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
TAR = "application/vnd.oci.image.layer.v1.tar"
ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}
AMD64 = {"os": "linux", "architecture": "amd64"}
HERE = dict(zip(("os", "architecture", "variant"), of_machine(os.uname().machine).split("/"), strict=False))
NOWHERE = {"os": "unknown", "architecture": "unknown"}

Entry = dict[str, Any]


def manifest(configuration: Entry | None, *layers: Entry, **more: Any) -> bytes:
    parts = {"config": configuration} if configuration is not None else {}
    return json.dumps({"schemaVersion": 2, **parts, "layers": layers} | more).encode()


def stored(made: Layout, data: bytes, **more: Any) -> Entry:
    return made.blob(data, MANIFEST, **more)


def chart(made: Layout, **more: Any) -> Entry:
    kind = "application/vnd.cncf.helm.config.v1+json"
    return stored(made, manifest(made.blob(b"{}", kind), made.blob(LAYER, "application/x.tar+gzip")), **more)


def signature(made: Layout, **more: Any) -> Entry:
    layer = made.blob(b"{}", "application/vnd.dev.cosign.simplesigning.v1+json")
    return stored(made, manifest(made.blob(config(b"{}"), IMAGE_CONFIG), layer), **more)


def referrer(made: Layout, **more: Any) -> Entry:
    empty = made.blob(b"{}", EMPTY)
    return stored(made, manifest(empty, empty, artifactType="application/x.sbom"), **more)


def image(made: Layout, layer: bytes = LAYER, told: dict[str, str] = HERE, **more: Any) -> Entry:
    return made.image((layer, layer), configuration=config(layer, **told), **more)


NO_IMAGES = {
    "a Helm chart": (chart, "is not of a container image but of application/vnd.cncf.helm.config.v1+json"),
    "a signature of cosign": (signature, "but of application/vnd.dev.cosign.simplesigning.v1+json"),
    "an artifact with an empty configuration": (referrer, "but of application/x.sbom"),
    "an artifact with the configuration of an image and no layers": (
        lambda made: stored(made, manifest(made.blob(b"{}", IMAGE_CONFIG), artifactType="application/x.thing")),
        "but of application/x.thing",
    ),
    "an attestation that only its platform marks": (
        lambda made: image(made, told=NOWHERE, platform=NOWHERE),
        "it names no image",
    ),
    "a manifest of schema 1": (
        lambda made: stored(made, json.dumps({"schemaVersion": 1, "fsLayers": [{"blobSum": sha256(b"")}]}).encode()),
        "is of schema 1, which is withdrawn",
    ),
    "a manifest without a configuration": (
        lambda made: stored(made, manifest(None)),
        "names no configuration",
    ),
}


@pytest.mark.parametrize(
    ("make", "message"), [pytest.param(*row, id=f"{sense} is an error") for sense, row in NO_IMAGES.items()]
)
def test_what_is_no_image(make: Any, message: str, tmp_path: Path) -> None:
    made = Layout()
    with pytest.raises(TargetError) as caught:
        open_image(spread(tmp_path, made.index(make(made))))
    assert message in str(caught.value)


@pytest.mark.parametrize("make", [chart, signature, referrer])
def test_an_artifact_beside_an_image_is_named(make: Any, tmp_path: Path) -> None:
    made = Layout()
    (opened,) = open_image(spread(tmp_path, made.index(make(made), image(made))))
    assert contents(opened) == {"which": b"one"}
    (note,) = opened.notes
    assert note.startswith("also has sha256:")
    assert "which is not a container image but application/" in note


CHOSEN = {
    "an image without a platform comes before one for another machine": lambda made: [
        image(made, OTHER, {"architecture": "other"}, platform={"os": "linux", "architecture": "other"}),
        image(made),
    ],
    "an attestation of an unknown platform is passed over": lambda made: [
        image(made, OTHER, NOWHERE, platform=NOWHERE),
        image(made, platform={"os": "linux", "architecture": "s390x"}, told={"architecture": "s390x"}),
    ],
    "an attestation without a platform is passed over": lambda made: [
        image(made, OTHER, NOWHERE, annotations=ATTESTATION),
        image(made),
    ],
    "an artifact without a platform is passed over": lambda made: [
        chart(made, artifactType="application/vnd.cncf.helm.config.v1+json"),
        image(made),
    ],
    "an artifact type that is that of an image's configuration hides no image": lambda made: [
        image(made, artifactType=IMAGE_CONFIG),
        image(made, OTHER),
    ],
    "an artifact type hides no image that engines choose by its platform": lambda made: [
        image(made, platform=HERE, artifactType="application/x.sbom"),
        image(made, OTHER, platform=HERE),
    ],
    "the mark of an attestation hides no image that engines choose by its platform": lambda made: [
        image(made, platform=HERE, annotations=ATTESTATION),
        image(made, OTHER, platform=HERE),
    ],
}


@pytest.mark.parametrize("make", [pytest.param(make, id=sense) for sense, make in CHOSEN.items()])
def test_the_image_of_an_index_is_that_which_engines_choose(make: Any, tmp_path: Path) -> None:
    made = Layout()
    (opened,) = open_image(spread(tmp_path, made.index(made.nested(*make(made)))))
    assert contents(opened) == {"which": b"one"}


def test_an_image_of_another_platform_than_its_index_says_is_noted(tmp_path: Path) -> None:
    made = Layout()
    entries = image(made, told={"architecture": "arm64"}, platform=AMD64), image(made, OTHER, platform={"os": "other"})
    (opened,) = open_image(spread(tmp_path, made.index(made.nested(*entries))), platform="linux/arm64")
    assert opened.notes == ("is for linux/arm64 by its configuration, and for linux/amd64 by its index",)


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/json", ""])
def test_a_configuration_whose_type_a_registry_lost_is_that_of_an_image(kind: str, tmp_path: Path) -> None:
    made = Layout()
    entry = stored(made, manifest(made.blob(config(LAYER), kind), made.blob(LAYER, TAR)))
    (opened,) = open_image(spread(tmp_path, made.index(entry)))
    assert contents(opened) == {"which": b"one"}


LAYERS = {
    "that is encrypted": (
        lambda made: made.blob(b"secret", f"{TAR}+gzip+encrypted"),
        "Layer 1 (sha256:2bb80d537b1d) is encrypted",
    ),
    "that is to be fetched from elsewhere": (
        lambda _made: {"digest": sha256(LAYER), "mediaType": TAR, "urls": ["https://example.com/layer"]},
        "(it is to be fetched from https://example.com/layer)",
    ),
}


@pytest.mark.parametrize(("make", "message"), [pytest.param(*row, id=f"a layer {key}") for key, row in LAYERS.items()])
def test_a_layer_that_cannot_be_read(make: Any, message: str, tmp_path: Path) -> None:
    made = Layout()
    configuration = made.blob(config(LAYER, OTHER), IMAGE_CONFIG)
    entry = stored(made, manifest(configuration, make(made), made.blob(OTHER, TAR)))
    (opened,) = open_image(spread(tmp_path, made.index(entry)))
    assert contents(opened) == {"which": b"other"}
    assert message in troubles(opened)


def test_an_archive_for_another_platform_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "app.tar", docker_save(LAYER))
    assert troubles(open_image(path, platform="linux/arm64")[0]) == "The image is for linux/amd64, not for linux/arm64"
    assert not troubles(open_image(path, platform="linux/amd64")[0])


@pytest.mark.parametrize("verify", [True, False])
def test_a_manifest_under_another_digest_is_an_error_where_digests_count(tmp_path: Path, *, verify: bool) -> None:
    made = Layout()
    entry = image(made)
    files = made.index(entry)
    path = f"blobs/{entry['digest'].replace(':', '/')}"
    files[path] += b" "
    (opened,) = open_image(spread(tmp_path, files), verify=verify)
    assert ("does not have the digest that names it" in troubles(opened)) is verify
