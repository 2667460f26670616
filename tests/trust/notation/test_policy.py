"""Trust policies and trust stores, as notation keeps them; and the command line that uses them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main
from sealock.errors import PolicyError, TargetError
from sealock.net.registry.names import reference
from sealock.trust.notation.envelope import read_target
from sealock.trust.notation.names import read_subject
from sealock.trust.notation.policy import read_policy
from sealock.trust.notation.store import anchors_of, default_key, open_policy, read_anchors
from support.notationworld import NOW, Holder, World, world

GOOD: dict[str, Any] = {
    "name": "mine",
    "registryScopes": ["example.com/app", "localhost:5000/team/app"],
    "signatureVerification": {"level": "strict"},
    "trustStores": ["ca:mine"],
    "trustedIdentities": ["*"],
}
ALL = {**GOOD, "name": "all", "registryScopes": ["*"], "signatureVerification": {"level": "audit"}}


def document(*statements: dict[str, Any], version: str = "1.0") -> bytes:
    return json.dumps({"version": version, "trustPolicies": list(statements)}).encode()


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("example.com/app:1", "mine"),
        ("localhost:5000/team/app", "mine"),
        ("example.com/app/more", "all"),
        ("example.com/ap", "all"),
        ("nginx", "all"),
    ],
)
def test_the_statement_of_a_repository(asked: str, name: str) -> None:
    found = read_policy(document(ALL, GOOD), "x").applying(reference(asked))
    assert found is not None
    assert found.name == name


def test_a_repository_that_no_statement_names() -> None:
    assert read_policy(document(GOOD), "x").applying(reference("nginx")) is None


def test_levels_are_overridden() -> None:
    checks = {"level": "strict", "override": {"expiry": "log", "revocation": "skip"}}
    found = read_policy(document({**GOOD, "signatureVerification": checks}), "x").statements[0]
    assert found.actions == {
        "authenticity": "enforce",
        "authenticTimestamp": "enforce",
        "expiry": "log",
        "revocation": "skip",
    }


def changed(**fields: Any) -> bytes:
    return document({key: value for key, value in (GOOD | fields).items() if value is not None})


BAD = {
    "no JSON": b"{",
    "a list": b"[]",
    "a key twice": b'{"version":"1.0","version":"1.0","trustPolicies":[]}',
    "another version": document(GOOD, version="2.0"),
    "no statements": document(),
    "no name": changed(name=None),
    "no scopes": changed(registryScopes=[]),
    "a star beside a scope": changed(registryScopes=["*", "example.com/app"]),
    "a star within a scope": changed(registryScopes=["example.com/*"]),
    "a scope without its registry": changed(registryScopes=["app"]),
    "a scope with a tag": changed(registryScopes=["example.com/app:1"]),
    "a scope with a scheme": changed(registryScopes=["https://example.com/app"]),
    "no level": changed(signatureVerification={}),
    "a level that is none": changed(signatureVerification={"level": "lenient"}),
    "skip for all": changed(registryScopes=["*"], signatureVerification={"level": "skip"}, trustStores=None, trustedIdentities=None),
    "skip with stores": changed(signatureVerification={"level": "skip"}),
    "integrity overridden": changed(signatureVerification={"level": "strict", "override": {"integrity": "log"}}),
    "authenticity skipped": changed(signatureVerification={"level": "strict", "override": {"authenticity": "skip"}}),
    "an override that is a list": changed(signatureVerification={"level": "strict", "override": {"expiry": []}}),
    "no stores": changed(trustStores=None),
    "a store of another kind": changed(trustStores=["key:mine"]),
    "a store elsewhere": changed(trustStores=["ca:../../etc"]),
    "a store above": changed(trustStores=["ca:.."]),
    "stores for time stamps alone": changed(trustStores=["tsa:mine"]),
    "no identities": changed(trustedIdentities=[]),
    "a star beside an identity": changed(trustedIdentities=["*", "x509.subject: C=US, ST=WA, O=a"]),
    "an identity without its kind": changed(trustedIdentities=["C=US, ST=WA, O=a"]),
    "an identity without a country": changed(trustedIdentities=["x509.subject: ST=WA, O=a"]),
    "identities that overlap": changed(trustedIdentities=["x509.subject: C=US, ST=WA, O=a", "x509.subject: C=US, ST=WA, O=a, OU=b"]),
    "a name twice": document(GOOD, {**GOOD, "registryScopes": ["example.com/other"]}),
    "a scope twice": document(GOOD, {**GOOD, "name": "other"}),
    "two for all": document(ALL, {**ALL, "name": "other"}),
}  # fmt: skip


@pytest.mark.parametrize("raw", BAD.values(), ids=list(BAD))
def test_a_policy_that_means_nothing_certain_is_refused(raw: bytes) -> None:
    with pytest.raises(PolicyError, match="policy file"):
        read_policy(raw, "policy file")


# Folders.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "notation"


def store(folder: Path, *holders: Holder, kind: str = "ca", name: str = "mine") -> Path:
    place = folder / "trust-store" / "x509" / kind / name
    place.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(holders):
        (place / f"{number}.pem").write_bytes(one.chain_pem())
    return place


def test_stores_are_read(folder: Path) -> None:
    first, second = Holder("a", authority=True), Holder("b", authority=True)
    place = store(folder, first)
    (place / "0 before").mkdir()
    (place / "b.crt").write_bytes(second.der)
    (place / "notes.txt").write_text("none")
    (place / "sub").mkdir()
    (place / "sub" / "c.pem").write_bytes(Holder("c").chain_pem())
    statement = read_policy(document(GOOD), "x").statements[0]
    assert {one.der for one in anchors_of(statement, folder)} == {first.der, second.der}


def test_stores_that_others_could_choose_are_refused(folder: Path, tmp_path: Path) -> None:
    statement = read_policy(document(GOOD), "x").statements[0]
    with pytest.raises(PolicyError, match="could not be read"):
        anchors_of(statement, folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.pem").write_bytes(Holder("a").chain_pem())
    place = folder / "trust-store" / "x509" / "ca"
    place.mkdir(parents=True)
    (place / "mine").symlink_to(elsewhere)
    with pytest.raises(PolicyError, match="is not a directory"):
        anchors_of(statement, folder)
    (place / "mine").unlink()
    (place / "mine").mkdir()
    with pytest.raises(PolicyError, match="has no certificate"):
        anchors_of(statement, folder)
    (place / "mine" / "a.pem").symlink_to(elsewhere / "a.pem")
    with pytest.raises(PolicyError, match="not a regular file"):
        anchors_of(statement, folder)


def test_a_file_that_goes_while_a_trust_store_is_read_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = store(folder, Holder("a", authority=True))
    monkeypatch.setattr(os, "listdir", lambda _: ["0.pem", "gone.pem"])
    with pytest.raises(PolicyError, match=f"the trust store {place} could not be read: No such file"):
        anchors_of(read_policy(document(GOOD), "x").statements[0], folder)


def test_files_that_hold_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_bytes(b"-----BEGIN nothing")
    for path in ("x.pem", "missing.pem"):
        with pytest.raises(TargetError, match=path):
            read_anchors(tmp_path / path)


CERTIFICATE = Holder("a", authority=True).chain_pem()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(CERTIFICATE + CERTIFICATE[:200], "2 blocks of PEM, and 1 of them", id="a certificate is cut off"),
        pytest.param(CERTIFICATE[:200] + CERTIFICATE, "cannot be read", id="one that is cut off stands before"),
        pytest.param(CERTIFICATE + Holder("b").pem(), "2 blocks of PEM, and 1 of them", id="a private key beside it"),
        pytest.param(Holder("b").pem(), "no readable certificate", id="only a private key"),
        pytest.param(CERTIFICATE.decode().encode("utf-16"), "no readable certificate", id="UTF-16"),
        pytest.param(b"", "no readable certificate", id="empty"),
    ],
)
def test_no_part_of_a_file_of_certificates_is_passed_over(tmp_path: Path, raw: bytes, words: str) -> None:
    (tmp_path / "x.pem").write_bytes(raw)
    with pytest.raises(TargetError, match=words):
        read_anchors(tmp_path / "x.pem")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe, which nobody writes to", "a directory"])
def test_a_trust_policy_that_is_not_a_file(folder: Path, tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "policy.json")
    with pytest.raises(TargetError, match=r"this is a .*policy\.json"):
        open_policy(folder, str(tmp_path / "policy.json"))


def test_the_policy_of_images_comes_before_the_older_one(folder: Path) -> None:
    folder.mkdir()
    with pytest.raises(TargetError, match="no trust policy"):
        open_policy(folder)
    (folder / "trustpolicy.json").write_bytes(document(GOOD))
    assert open_policy(folder).statements[0].name == "mine"
    (folder / "trustpolicy.oci.json").write_bytes(document(ALL))
    assert open_policy(folder).statements[0].name == "all"


def test_the_default_key(folder: Path) -> None:
    folder.mkdir()
    keys = [{"name": "a", "keyPath": "/a.key", "certPath": "/a.crt"}, {"name": "b", "id": "x", "pluginName": "y"}]
    for default, found in (("a", ("/a.key", "/a.crt")), ("b", None), ("c", None)):
        (folder / "signingkeys.json").write_text(json.dumps({"default": default, "keys": keys}))
        if found:
            assert default_key(folder) == found
        else:
            with pytest.raises(TargetError, match="no default key"):
                default_key(folder)


# The command line.


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        # The command line takes this moment's time, so certificates must be valid now.
        days = (datetime.now(UTC) - NOW).days
        one.root = Holder("root", authority=True, days=(days - 9, days + 9))
        one.signer = Holder("signer", one.root, days=(days - 9, days + 9))
        yield one


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["trust", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_what_is_signed_here_is_verified_here(
    here: World, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = f"{here.server.host}/app:1"
    (tmp_path / "my.key").write_bytes(here.signer.pem())
    (tmp_path / "my.crt").write_bytes(here.signer.chain_pem())
    (tmp_path / "ca.crt").write_bytes(here.root.chain_pem())
    trust = ("verify", "--notation", "--authority", "ca.crt", one)
    assert run(capsys, *trust)[0] == 1
    status, out, _ = run(
        capsys, "sign", "--notation", "--key", "my.key", "--certificate", "my.crt", "--expires", "9d", one
    )
    assert status == 0
    assert here.digest in out
    status, out, _ = run(capsys, *trust)
    assert status == 0
    assert "is trusted" in out
    assert "CN=signer" in out
    assert run(capsys, *trust, "--subject", "CN=other")[0] == 1
    assert run(capsys, *trust, "--annotation", "a=b")[0] == 1
    status, out, _ = run(capsys, *trust, "--format", "json")
    [table] = json.loads(out)["references"]
    assert (table["result"], table["system"], table["passes"], table["digest"]) == (
        "trusted",
        "notation",
        True,
        here.digest,
    )
    store(folder, here.root)
    keys = {"name": "a", "keyPath": str(tmp_path / "my.key"), "certPath": str(tmp_path / "my.crt")}
    (folder / "signingkeys.json").write_text(json.dumps({"default": "a", "keys": [keys]}))
    assert run(capsys, "sign", "--notation", "--annotation", "a=b", one)[0] == 0
    assert run(capsys, *trust, "--annotation", "a=b")[0] == 0
    (folder / "trustpolicy.json").write_bytes(document({**GOOD, "registryScopes": [f"{here.server.host}/app"]}))
    status, out, _ = run(capsys, "verify", "--notation", one)
    assert status == 0
    assert "mine (strict)" in out


@pytest.mark.parametrize(
    ("statement", "status", "said"),
    [
        ({**GOOD, "registryScopes": ["example.com/other"]}, 1, "has no statement for"),
        ({**ALL, "trustStores": ["ca:other"]}, 0, "is not trusted (accepted by the policy)"),
        ({**ALL, "trustStores": ["ca:other"], "signatureVerification": {"level": "strict"}}, 1, "is not trusted"),
        ({**ALL, "trustStores": ["ca:missing"]}, 2, ""),
    ],
)
def test_policies_decide(  # noqa: PLR0917  as PLR0913
    here: World, folder: Path, capsys: pytest.CaptureFixture[str], statement: dict[str, Any], status: int, said: str
) -> None:
    here.sign(now=datetime.now(UTC) - timedelta(hours=1))
    store(folder, Holder("other", authority=True), name="other")
    (folder / "trustpolicy.json").write_bytes(document(statement))
    got, out, err = run(capsys, "verify", "--notation", f"{here.server.host}/app:1")
    assert got == status, out + err
    assert said in out


def test_skip_lets_pass_and_says_so(here: World, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.mkdir()
    scope = f"{here.server.host}/app"
    statement = {"name": "off", "registryScopes": [scope], "signatureVerification": {"level": "skip"}}
    (folder / "trustpolicy.json").write_bytes(document(statement))
    status, out, _ = run(capsys, "verify", "--notation", f"{scope}:1")
    assert status == 0
    assert "was not verified (policy: skip)" in out
    assert here.server.asked == []


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--notation", "--key", "x", "app"),
        ("verify", "--authority", "x", "app"),
        ("verify", "--notation", "--authority", "x", "--trust-policy", "y", "app"),
        ("verify", "--notation", "--subject", "O=x", "app"),
        ("verify", "--notation", "app"),
        ("sign", "--certificate", "x", "app"),
        ("sign", "--notation", "--key", "x", "app"),
        ("sign", "--notation", "--key", "x", "--certificate", "y", "--expires", "soon", "app"),
        ("sign", "--notation", "--role", "targets", "app"),
        ("sign", "--notation", "app"),
    ],
)
def test_words_that_do_not_fit_together(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    del folder
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert err.startswith("sealock: ")


def test_annotations_of_notation_itself_are_not_the_signers() -> None:
    annotations = {"io.cncf.notary.x": "1", "io.cncf.notaryx": "2", "team": "web"}
    artifact = {"mediaType": "a/b", "digest": "sha256:" + "ab" * 32, "size": 1, "annotations": annotations}
    target = read_target(json.dumps({"targetArtifact": artifact}).encode())
    assert target.annotations == {"io.cncf.notaryx": "2", "team": "web"}


SUBJECTS = {
    "the same": ("x509.subject: C=US, O=a", "x509.subject: O=a, C=US", True),
    "a part of the other": ("x509.subject: C=US, ST=WA, O=a", "x509.subject: C=US, ST=WA, O=a, CN=b", True),
    "another value": ("x509.subject: C=US, O=a", "x509.subject: C=US, O=b", False),
    "others beside the same": ("x509.subject: C=US, ST=WA, O=a, CN=b", "x509.subject: C=US, ST=WA, O=a, OU=c", False),
}


@pytest.mark.parametrize(("first", "second", "overlap"), SUBJECTS.values(), ids=SUBJECTS)
def test_subjects_that_a_certificate_may_both_match_overlap(first: str, second: str, *, overlap: bool) -> None:
    one, other = read_subject(first), read_subject(second)
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap
