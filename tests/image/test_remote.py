"""Images straight from a registry: what is listed is what an archive of the same layers gives, or it is refused."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator

import pytest

from sealock.errors import TargetError, TransportError
from sealock.image.entry import ImageSource
from sealock.image.remote import open_remote
from sealock.model.platforms import of_machine
from support.madeimages import config, files, troubles
from support.registryworld import Client, manifest, name
from support.simulators.registry import RegistrySimulator, Reply, registry, sha256

BASE = files(etc__passwd="root:x:0:0::/:/bin/sh\n", bin__sh=b"\x7fELF" * 10_000)
TOP = files(app=b"program" * 100_000)


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as one:
        one.add_image("a", "1", config=config(BASE, TOP), layers=[gzip.compress(BASE), TOP])
        yield one


def paths(image: ImageSource) -> list[list[str]]:
    return [[entry.path for entry in layer.entries()] for layer in image.layers]


def test_an_image_is_listed_as_it_comes(server: RegistrySimulator) -> None:
    image = open_remote(Client(), name(server, "a:1"), platform="linux/amd64")
    assert [asked for asked in server.heard if "blobs" in asked] == [f"GET /v2/a/blobs/{image.id}"]
    assert paths(image) == [["etc/passwd", "bin/sh"], ["app"]]
    assert troubles(image) == ""
    assert image.platform == "linux/amd64"


def test_layers_are_known_by_their_digests_before_they_come(server: RegistrySimulator) -> None:
    image = open_remote(Client(), name(server, "a:1"))
    layers = [layer.layer for layer in image.layers]
    assert [layer.diff_id for layer in layers] == [sha256(BASE), sha256(TOP)]
    assert layers[1].digest == sha256(TOP)
    assert [layer.created_by for layer in layers] == ["RUN 1", "RUN 2"]


def test_a_layer_can_be_read_twice(server: RegistrySimulator) -> None:
    image = open_remote(Client(), name(server, "a:1"))
    assert paths(image) == paths(image)


@pytest.mark.parametrize(
    "body",
    [gzip.compress(files(evil="x")), b"", b"\x1f\x8b", b"x" * 99],
    ids=["another layer", "nothing", "a beginning", "bytes"],
)
def test_a_swapped_layer_is_a_problem(server: RegistrySimulator, body: bytes) -> None:
    digest = json.loads(server.manifests["a"]["1"][1])["layers"][0]["digest"]
    server.answers = lambda asked: Reply(200, body) if digest in asked.path else None
    image = open_remote(Client(), name(server, "a:1"))
    paths(image)
    assert "ayer 1" in troubles(image)


def test_a_layer_of_another_diff_id_is_a_problem(server: RegistrySimulator) -> None:
    server.add_image("a", "2", config=config(TOP), layers=[gzip.compress(BASE)])
    image = open_remote(Client(), name(server, "a:2"))
    paths(image)
    assert "uncompressed" in troubles(image)


def test_a_swapped_configuration_is_refused(server: RegistrySimulator) -> None:
    described = json.loads(server.manifests["a"]["1"][1])["config"]
    other = config(TOP, BASE)
    assert len(other) == described["size"]
    server.answers = lambda asked: Reply(200, other) if described["digest"] in asked.path else None
    with pytest.raises(TransportError, match="another digest"):
        open_remote(Client(), name(server, "a:1"))


def test_layers_that_the_configuration_does_not_name_are_refused(server: RegistrySimulator) -> None:
    server.add_image("a", "2", config=config(BASE), layers=[BASE, TOP])
    with pytest.raises(TransportError, match="has 2 layers, and the configuration names 1"):
        open_remote(Client(), name(server, "a:2"))


def test_what_is_no_image_of_a_container_is_told(server: RegistrySimulator) -> None:
    empty = server.add_blob(b"{}") | {"mediaType": "application/vnd.oci.empty.v1+json"}
    server.add_manifest("a", manifest(config=empty, artifactType="application/vnd.example.chart"), "chart")
    with pytest.raises(TransportError, match=r"not a container image but application/vnd\.example\.chart"):
        open_remote(Client(), name(server, "a:chart"))


def test_an_image_for_another_platform_is_told(server: RegistrySimulator) -> None:
    with pytest.raises(TargetError, match="is for linux/amd64, not for linux/arm64"):
        open_remote(Client(), name(server, "a:1"), platform="linux/arm64")


def test_a_platform_that_only_the_index_states_is_noted(server: RegistrySimulator) -> None:
    here = of_machine(os.uname().machine)
    image = server.add_image("a", config=config(BASE, architecture="s390x"), layers=[BASE])
    server.add_index("a", "many", images={here: image})
    opened = open_remote(Client(), name(server, "a:many"))
    assert opened.notes == (f"is for linux/s390x by its configuration, and for {here} by its index",)


def test_an_encrypted_layer_is_an_error(server: RegistrySimulator) -> None:
    made = server.add_image("a", "secret", config=config(BASE, BASE), layers=[BASE, BASE + b"x"])
    table = json.loads(server.manifests["a"][made["digest"]][1])
    table["layers"][1]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
    server.add_manifest("a", table, "secret")
    opened = open_remote(Client(), name(server, "a:secret"))
    assert "Layer 2" in troubles(opened)
    assert "is encrypted" in troubles(opened)
    assert len(opened.layers) == 1


def test_an_index_that_misleads_about_a_platform_is_told(server: RegistrySimulator) -> None:
    image = server.add_image("a", config=config(BASE), layers=[BASE])
    server.add_index("a", "many", images={"linux/arm64": image})
    with pytest.raises(TargetError, match="is for linux/amd64, not for linux/arm64"):
        open_remote(Client(), name(server, "a:many"), platform="linux/arm64")


def test_a_configuration_that_is_no_json_is_refused(server: RegistrySimulator) -> None:
    server.add_image("a", "2", config=b"no JSON", layers=[])
    with pytest.raises(TransportError, match="cannot be read"):
        open_remote(Client(), name(server, "a:2"))
