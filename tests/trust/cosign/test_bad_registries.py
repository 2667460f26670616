"""A registry that fails, or holds more than is looked at: no verdict, rather than a wrong one; and what is asked of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from sealock.trust.cosign.signer import SignatureForm
from support.cosignworld import World, world
from support.registryworld import OCI_MANIFEST
from support.simulators.registry import OCI_INDEX, Asked, Reply, sha256


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


def answers(here: World, part: str, reply: Reply) -> None:
    here.server.answers = lambda asked: reply if part in asked.path else None


def signed_and_answers(here: World, part: str, reply: Reply) -> None:
    here.sign()
    answers(here, part, reply)


def a_referrer_is_gone(here: World) -> None:
    entry = {"mediaType": OCI_MANIFEST, "digest": sha256(b"gone"), "size": 9}
    table = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
    answers(here, "/referrers/", Reply(200, json.dumps(table).encode(), {"Content-Type": OCI_INDEX}))


PAGE = Reply(200, b"<html>", {"Content-Type": OCI_INDEX})
DOWN: dict[str, Callable[[World], None]] = {
    "the tag cannot be had": lambda here: answers(here, ".sig", Reply(500)),
    "the tag is not for us": lambda here: answers(here, ".sig", Reply(403)),
    "the list of referrers cannot be had": lambda here: answers(here, "/referrers/", Reply(500)),
    "the list of referrers is HTML": lambda here: answers(here, "/referrers/", PAGE),
    "a blob cannot be had": lambda here: signed_and_answers(here, "/blobs/", Reply(502)),
    "a blob is for nobody": lambda here: signed_and_answers(here, "/blobs/", Reply(403)),
    "a blob breaks off": lambda here: signed_and_answers(here, "/blobs/", Reply(200, b"xxxx", cut=2)),
    "a referrer that is listed is gone": a_referrer_is_gone,
}


@pytest.mark.parametrize("fail", DOWN.values(), ids=DOWN)
def test_what_could_not_be_looked_at_is_no_verdict(here: World, fail: Callable[[World], None]) -> None:
    fail(here)
    result = here.verify()
    assert (result.state, result.check) == ("unknown", "unavailable"), result
    assert result.why


def test_a_blob_without_end_is_refused(here: World) -> None:
    signed_and_answers(here, "/blobs/", Reply(200, b"x" * 4096, endless=True))
    assert here.verify().state != "trusted"


@pytest.mark.parametrize("part", [".sig", "/referrers/"])
def test_a_registry_that_is_down_is_not_taken_for_an_image_that_is_unsigned(here: World, part: str) -> None:
    answers(here, part, Reply(503))
    assert here.verify().state == "unknown"


def test_a_signature_that_counts_is_enough_where_the_rest_cannot_be_had(here: World) -> None:
    here.sign(form="bundle")
    answers(here, ".sig", Reply(500))
    assert here.verify().state == "trusted"


def test_so_many_things_that_not_all_are_looked_at_is_no_verdict(here: World) -> None:
    here.put(*[here.signed_layer(here.claims(n=n), here.stranger) for n in range(300)])
    result = here.verify()
    assert result.state == "unknown"
    assert "not all were read" in result.why
    assert len([one for one in here.server.asked if "/blobs/" in one.path]) <= 257


def test_ours_comes_before_many_referrers_of_other_kinds(here: World) -> None:
    for number in range(300):
        here.refer(kind="application/example", annotations={"n": str(number)})
    here.sign(form="bundle")
    assert here.verify().state == "trusted"
    assert len([one for one in here.server.asked if "/manifests/sha256:" in one.path and one.method == "GET"]) < 10


def test_an_empty_type_in_the_index_hides_nothing(here: World) -> None:
    """cosign 2 lists its bundles under the empty type."""
    here.server.referrers = False
    made = here.sign(form="bundle")
    index = json.loads(here.server.manifests["app"][here.digest.replace(":", "-")][1])
    assert [one["digest"] for one in index["manifests"]] == [made.digest]
    index["manifests"][0]["artifactType"] = "application/vnd.oci.empty.v1+json"
    here.server.add_manifest(
        "app", index, here.digest.replace(":", "-"), kind="application/vnd.oci.image.index.v1+json"
    )
    assert here.verify().state == "trusted"


def test_a_registry_that_takes_too_long_is_no_verdict(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here.sign()
    monkeypatch.setattr("sealock.trust.cosign.attachments._LONGEST", -1.0)
    result = here.verify()
    assert result.state == "unknown"
    assert "the registry is too slow, so not all were read" in result.why


def test_one_key_that_signs_twice_is_one_signer(here: World) -> None:
    here.sign()
    here.sign(form="bundle")
    result = here.verify(keys=(here.key.public, here.stranger.public), threshold=2)
    assert (result.state, result.check) == ("untrusted", "threshold")
    here.sign(here.stranger)
    assert here.verify(keys=(here.key.public, here.stranger.public), threshold=2).state == "trusted"


@pytest.mark.parametrize(
    ("form", "referrers", "most"), [("tag", True, 3), ("tag", False, 4), ("bundle", True, 3), ("bundle", False, 4)]
)
def test_one_verification_asks_little(here: World, form: SignatureForm, *, referrers: bool, most: int) -> None:
    here.server.referrers = referrers
    here.sign(form=form)
    assert requests(here) == most


def requests(here: World) -> int:
    here.server.asked.clear()
    asked: list[Asked] = here.server.asked
    assert here.verify().state == "trusted"
    return len([one for one in asked if one.path != "/v2/"])
