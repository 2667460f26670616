"""When a transparency log took in the signature that the trust policy requires, for the age of an image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.model.location import Source
from sealock.model.registries import Registries
from sealock.policy.settings import read
from sealock.trust.bypolicy import PolicyVerifier
from sealock.trust.intoto import CREATED
from support.cosignworld import World, world
from support.sigstoreworld import ISSUER, SIGNED, Sigstore

ALICE, BOB = "alice@example.org", "bob@example.org"
TRUSTED = Sigstore()


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


@pytest.mark.parametrize(
    ("signed_by", "required", "logged"),
    [
        pytest.param(ALICE, ALICE, True, id="signed by the identity that the policy requires"),
        pytest.param(BOB, ALICE, False, id="signed by another"),
        pytest.param("", ALICE, False, id="signed only by a key, which no log has"),
    ],
)
def test_the_time_of_a_log_counts_for_a_signature_that_the_policy_requires(
    *, here: World, tmp_path: Path, signed_by: str, required: str, logged: bool
) -> None:
    here.sign()
    if signed_by:
        # The signer's own date must not pass for the log's.
        dated = here.statement(annotations={CREATED: "2001-01-01T00:00:00Z"})
        here.refer(here.bundled(json.dumps(TRUSTED.bundle(dated, signed_by)).encode()))
    (tmp_path / "root.json").write_bytes(TRUSTED.root)
    table = (
        f'[[trust.image]]\nmatch = ["{here.server.host}/*"]\n'
        f'cosign = {{ identities = [{{ name = "{required}", issuer = "{ISSUER}" }}], trusted-root = "root.json" }}\n'
    )
    verifier = PolicyVerifier(read(Source("sealock.toml", table), str(tmp_path)).trust, here.client, Registries())
    assert verifier.logged(here.name(f"app:1@{here.digest}")) == (SIGNED if logged else None)


@pytest.mark.parametrize(
    "need",
    [
        pytest.param("", id="no needs"),
        pytest.param('cosign = { keys = ["k.pub"] }', id="a key"),
        pytest.param('notary = { server = "https://127.0.0.1:1", first-use = true }', id="content trust"),
    ],
)
def test_no_time_of_a_log_counts_where_the_policy_requires_none(here: World, tmp_path: Path, need: str) -> None:
    table = f'[trust]\n[[trust.image]]\nmatch = ["{here.server.host}/*"]\n{need}\n' if need else "[trust]\n"
    verifier = PolicyVerifier(read(Source("sealock.toml", table), str(tmp_path)).trust, here.client, Registries())
    before = len(here.server.asked)
    assert verifier.logged(here.name(f"app:1@{here.digest}")) is None
    assert len(here.server.asked) == before
