"""An unsigned digest whose index or image is signed: untrusted, with a hint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sealock.model.trust import TrustResult
from sealock.trust.cosign import signer
from sealock.trust.cosign.requirements import CosignRequirements
from sealock.trust.cosign.verifier import verify_cosign
from support.cosignworld import World, world
from support.simulators.registry import Reply


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made


def index(here: World) -> tuple[str, str, str]:
    """An index under app:2, and its images for two platforms."""
    images: list[dict[str, Any]] = [here.server.add_image("app", config=b"{}", layers=[b"%d" % n]) for n in range(2)]
    made = here.server.add_index("app", "2", images=dict(zip(("linux/amd64", "linux/arm64"), images, strict=True)))
    return made["digest"], images[0]["digest"], images[1]["digest"]


def verify(here: World, digest: str, text: str = "app:2") -> TrustResult:
    return verify_cosign(here.client, here.name(text), digest, CosignRequirements(keys=(here.key.public,)))


def test_an_image_of_a_signed_index(here: World) -> None:
    top, image, _ = index(here)
    signer.sign(here.client, here.name("app:2"), top, here.key)
    result = verify(here, image)
    assert (result.state, result.check, result.digest) == ("untrusted", "unsigned", image)
    assert result.why == (
        f"it has no signature; the index that holds it, {top}, has one: name that digest, or sign this image"
    )


def test_an_index_with_a_signed_image(here: World) -> None:
    top, _, image = index(here)
    signer.sign(here.client, here.name("app:2"), image, here.key)
    result = verify(here, top)
    assert (result.state, result.check, result.digest) == ("untrusted", "unsigned", top)
    assert result.why == (
        f"it has no signature; its image for linux/arm64, {image}, has one: name that digest, or sign the index"
    )


@pytest.mark.parametrize("which", [0, 1], ids=["the index", "an image"])
def test_no_hint_where_nobody_who_is_trusted_signed(here: World, which: int) -> None:
    digests = index(here)
    for digest in digests:
        if digest != digests[which]:
            signer.sign(here.client, here.name("app:2"), digest, here.stranger)
    assert verify(here, digests[which]).why == "it has no signature"


def test_no_hint_by_a_tag_that_does_not_hold_the_image(here: World) -> None:
    _, image, _ = index(here)
    here.sign()
    assert verify(here, image, "app:1").why == "it has no signature"


def test_a_registry_that_fails_over_the_hint_changes_nothing(here: World) -> None:
    top, image, _ = index(here)
    signer.sign(here.client, here.name("app:2"), top, here.key)
    here.server.answers = lambda asked: Reply(500) if asked.path.endswith("/manifests/2") else None
    assert verify(here, image).why == "it has no signature"
