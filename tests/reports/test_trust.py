"""What a trust result says to people and to programs: each kind of row, and which of several signers and days."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.model.trust import Attestation, RoleState, SignedTag, Signer, TrustResult, VerifiedTag
from sealock.reports.trust import render_json, render_text, unverified

DIGEST = "sha256:" + "0" * 64


def day(number: int) -> datetime:
    return datetime(2026, 11, number, 12, tzinfo=UTC)


BARE = Signer("a" * 64, source="cosign.pub", where="its tag")
UNDATED = Signer("b" * 64)
ANN = Signer("c" * 64, "ann@example.com", "https://issuer.example", day(7), "referrer 1")
SELF = Signer("d" * 64, "CN=ci", "CN=ci", day(9))
EARLY = Signer("e" * 64, "bob@example.com", "https://issuer.example", day(3))
PROVENANCE = "https://slsa.dev/provenance/v1"
BUILT = {
    "buildDefinition": {"resolvedDependencies": [{"uri": f"git+https://example.com/{name}"} for name in "abcd"]},
    "runDetails": {"builder": {"id": "https://builder.example"}},
}
ROLES = tuple(
    RoleState(role, number, day(20 + number), (name * 64,), signed)
    for role, number, name, signed in [
        ("root", 3, "1", None), ("timestamp", 5, "2", day(8)), ("targets", 4, "3", day(6)), ("targets/releases", 2, "4", None),
    ]
)  # fmt: skip
TAG = VerifiedTag(
    "example.com/app", SignedTag("1", DIGEST, 7, "targets"), "certificate", "https://notary.example", ROLES, 4
)


def result(**more: Any) -> TrustResult:
    return TrustResult(**{"reference": "app:1", "system": "cosign", "state": "trusted", "digest": DIGEST, **more})


def by_policy(*needs: tuple[str, TrustResult]) -> TrustResult:
    return result(system="policy", policy="example.com/*", level="enforce", checks=dict(needs))


@pytest.mark.parametrize(
    ("made", "rows"),
    [
        pytest.param(result(signers=(BARE,)), ["is trusted", "signed by key aaaaaaaaaaaa (cosign.pub)", "found its tag"], id="a key of a file"),
        pytest.param(result(signers=(UNDATED,)), ["is trusted", "signed by key bbbbbbbbbbbb", "found"], id="a key"),
        pytest.param(
            result(signers=(ANN, SELF)),
            ["is trusted", "signed by ann@example.com, certified by https://issuer.example, on 2026-11-07", "found referrer 1",
             "signed by CN=ci, on 2026-11-09", "found"], id="identities",
        ),
        pytest.param(result(notes=("old", "odd")), ["is trusted", "note old", "note odd"], id="notes"),
        pytest.param(result(state="untrusted", check="signature", why="it was changed"), ["is not trusted", "why it was changed"], id="not trusted"),
        pytest.param(
            result(state="untrusted", why="it was changed", accepted=True, level="warn"),
            ["is not trusted (accepted by the policy)", "why it was changed"], id="accepted",
        ),
        pytest.param(result(state="unknown", why="the server is away", accepted=True, level="warn"), ["was not verified (policy: warn)", "why the server is away"], id="not verified"),
        pytest.param(
            result(kind="attestation", attestations=(Attestation(PROVENANCE, BUILT, BARE),)),
            ["has 1 trusted attestation", f"attested {PROVENANCE}", "by key aaaaaaaaaaaa (cosign.pub)",
             "built by https://builder.example, from git+https://example.com/a, from git+https://example.com/b, from git+https://example.com/c"],
            id="provenance",
        ),
        pytest.param(
            result(kind="attestation", attestations=(Attestation("x/sbom", {}, ANN), Attestation("x/vex", {}, SELF))),
            ["has 2 trusted attestations", "attested x/sbom", "by ann@example.com, certified by https://issuer.example, on 2026-11-07",
             "attested x/vex", "by CN=ci, on 2026-11-09"], id="attestations",
        ),
        pytest.param(result(kind="attestation", state="untrusted", why="nobody did"), ["has no trusted attestation", "why nobody did"], id="no attestation"),
        pytest.param(
            result(system="notary", verified_tag=TAG),
            ["is trusted", "signed as 1 by targets, key 333333333333, about 2026-11-06", "root version 3, certificate 111111111111: pinned by certificate",
             "fresh timestamp 5, about 2026-11-08; valid until 2026-11-22", "server https://notary.example, 4 requests"], id="Notary",
        ),
        pytest.param(
            result(system="notary", verified_tag=replace(TAG, tag=SignedTag("1", DIGEST, 7, "targets/releases"), rests_on="earlier use", requests=1)),
            ["is trusted", "signed as 1 by targets/releases, key 444444444444", "root version 3, certificate 111111111111: follows from the root that was trusted before",
             "fresh timestamp 5, about 2026-11-08; valid until 2026-11-22", "server https://notary.example, 1 request"], id="Notary's releases",
        ),
        pytest.param(by_policy(("cosign", result(signers=(ANN, EARLY, SELF)))), ["is trusted", "cosign by ann@example.com, bob@example.com, CN=ci on 2026-11-09", "policy example.com/* (enforce)"], id="the last day of several"),
        pytest.param(by_policy(("cosign", result(signers=(BARE,)))), ["is trusted", "cosign by key aaaaaaaaaaaa", "policy example.com/* (enforce)"], id="no day"),
        pytest.param(
            by_policy(("attestation x/sbom", result(signers=(EARLY,))), ("notary", result(state="untrusted", why="no"))),
            ["is trusted", "attested x/sbom by bob@example.com on 2026-11-03", "policy example.com/* (enforce)"], id="what the policy wants attested",
        ),
    ],
)  # fmt: skip
def test_a_result_has_a_row_for_each_fact(made: TrustResult, rows: list[str]) -> None:
    first, digest, *others = render_text([made], 400).splitlines()
    assert first == f"app:1 {rows[0]}"
    assert digest == f"  digest     {DIGEST}"
    assert [" ".join(row.split()) for row in others] == rows[1:]
    assert all(row[:2] == "  " and row[2:13].strip() == row[2:13].rstrip() for row in others)


def test_what_could_not_be_verified_is_said_apart() -> None:
    made = result(state="unknown", why="the server is away")
    assert render_text([made, result(digest="")], 80) == "app:1 is trusted\n"
    assert unverified(made) == "could not verify app:1: the server is away"


@pytest.mark.parametrize(
    ("made", "fields"),
    [
        (result(signers=(ANN,)), {"result": "trusted", "passes": True, "check": None, "reason": None, "error": None, "policy": None, "level": None, "digest": DIGEST}),
        (result(state="untrusted", check="signature", why="bad"), {"result": "untrusted", "passes": False, "check": "signature", "reason": "bad", "error": None}),
        (result(state="unknown", why="away"), {"result": "unknown", "passes": False, "reason": None, "error": "away"}),
        (result(state="unknown", why="away", accepted=True), {"result": "unknown", "passes": True, "reason": "away", "error": None}),
        (result(state="untrusted", why="bad", accepted=True), {"result": "untrusted", "passes": True, "reason": "bad", "error": None}),
        (result(digest=""), {"digest": None, "signers": [], "notes": []}),
    ],
)  # fmt: skip
def test_a_program_reads_whether_it_passes_and_why(made: TrustResult, fields: dict[str, Any]) -> None:
    (table,) = json.loads(render_json([made]))["references"]
    assert {name: table[name] for name in fields} == fields


def test_a_program_reads_all_of_a_result() -> None:
    attested = result(kind="attestation", attestations=(Attestation("x/sbom", {"a": 1}, BARE),))
    made = by_policy(("attestation x/sbom", attested), ("notary", result(system="notary", verified_tag=TAG)))
    text = render_json([made, result(signers=(ANN,))], ["a.yaml could not be read"], ["b.tf"])
    table = json.loads(text)
    assert text.endswith("}\n")
    assert (table["errors"], table["skipped"]) == (["a.yaml could not be read"], ["b.tf"])
    checks = table["references"][0]["checks"]
    bare = {"key": "a" * 64, "name": None, "issuer": None, "signed": None, "where": "its tag", "source": "cosign.pub"}
    assert checks["attestation x/sbom"]["attestations"] == [{"type": "x/sbom", "signer": bare, "predicate": {"a": 1}}]
    assert "attestations" not in table["references"][1]
    assert "checks" not in table["references"][1]
    assert table["references"][1]["signers"] == [
        {
            "key": "c" * 64, "name": "ann@example.com", "issuer": "https://issuer.example",
            "signed": "2026-11-07T12:00:00+00:00", "where": "referrer 1", "source": None,
        }
    ]  # fmt: skip
    notary = checks["notary"]["notary"]
    assert notary.pop("roles")[1:3] == [
        {
            "role": "timestamp", "version": 5, "keys": ["2" * 64], "signed_about": "2026-11-08T12:00:00+00:00",
            "expires": "2026-11-25T12:00:00+00:00",
        },
        {
            "role": "targets", "version": 4, "keys": ["3" * 64], "signed_about": "2026-11-06T12:00:00+00:00",
            "expires": "2026-11-24T12:00:00+00:00",
        },
    ]  # fmt: skip
    assert notary == {
        "repository": "example.com/app", "tag": "1", "length": 7, "signed_by": "targets", "rests_on": "certificate",
        "expires": "2026-11-22T12:00:00+00:00", "server": "https://notary.example", "requests": 4,
    }  # fmt: skip
