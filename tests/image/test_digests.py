"""Digests that one process states and another computes: what nobody hashed, or hashed to something else, is an error."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from sealock.image.bytesources import OpenFile, Stretch
from sealock.image.digests import StretchHash, Verifier, hash_stretch, make_claim

CONTENT = b"the bytes of a layer"
DIGEST = sha256(CONTENT).hexdigest()
STATED = f"sha256:{DIGEST}"


@pytest.fixture
def stored(tmp_path: Path) -> Stretch:
    path = tmp_path / "layer.tar"
    path.write_bytes(CONTENT)
    return Stretch(OpenFile(os.open(path, os.O_RDONLY)))


@pytest.mark.parametrize(
    ("hashed", "faults"),
    [
        pytest.param(StretchHash(DIGEST), (), id="the stated digest"),
        pytest.param(
            StretchHash("0" * 64),
            (f"layer 1 has the digest 0000000000000000... instead of {STATED[:23]}...",),
            id="another digest",
        ),
        pytest.param(
            StretchHash(), (f"layer 1 has the digest ... instead of {STATED[:23]}...",), id="no digest and no reason"
        ),
        pytest.param(
            StretchHash(DIGEST, "could not be read: it ended early"),
            ("layer 1 could not be read: it ended early",),
            id="a reason why there is none",
        ),
        pytest.param(None, ("layer 1 was not verified",), id="nothing, as nobody hashed it"),
    ],
)
def test_a_digest_holds_once_somebody_computed_it(
    stored: Stretch, hashed: StretchHash | None, faults: tuple[str, ...]
) -> None:
    verifier = Verifier()
    assert verifier.begin("layer 1", stored, STATED)
    assert not verifier.begin("layer 1", stored, STATED), "one process hashes it, and no other"
    if hashed is not None:
        verifier.conclude("layer 1", stored, STATED, hashed)
    assert verifier.faults() == faults
    assert verifier.confirmed(make_claim(stored, STATED)) is (faults == ())


def test_what_another_process_is_to_hash_is_no_error_of_this_one(stored: Stretch) -> None:
    verifier = Verifier()
    verifier.begin("layer 1", stored, STATED)
    assert verifier.outcome().faults == ()


@pytest.mark.parametrize(
    ("stated", "hashed"),
    [
        (STATED, StretchHash(DIGEST)),
        ("sha256:" + "0" * 64, StretchHash(DIGEST)),
        ("md5:" + "0" * 32, StretchHash(fault=f"is named by a digest that cannot be checked: 'md5:{'0' * 32}'")),
        ("", StretchHash(fault="is named by a digest that cannot be checked: ''")),
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_a_stretch_is_hashed_as_its_digest_says(stored: Stretch, stated: str, hashed: StretchHash, chunk: int) -> None:
    assert hash_stretch(stored, stated, chunk) == hashed


def test_a_file_that_became_shorter_is_not_hashed(stored: Stretch, tmp_path: Path) -> None:
    (tmp_path / "layer.tar").write_bytes(CONTENT[:5])
    why = "could not be read: the file ends at byte 5, and was longer when it was opened"
    assert hash_stretch(stored, STATED) == StretchHash(fault=why)
