"""The real notary server, signer and client, and the real docker: what they sign we verify, and the other way round."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sealock.trust.notary.client import open_transport
from support.notaryrows import ROWS, Make, parties
from support.realengine import Engine, engine
from support.realnotary import Servers, servers

pytestmark = pytest.mark.live


@pytest.fixture(scope="module", params=["with its own keys", "with a signer"])
def real(request: pytest.FixtureRequest) -> Iterator[Servers]:
    with servers(signer=request.param == "with a signer") as one:
        yield one


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    with engine(apart=False) as one:
        one.image("base")
        yield one


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_real(row: Callable[[Make], None], real: Servers, tmp_path: Path) -> None:
    transport = open_transport(real.client("everybody"))
    try:
        row(parties(transport, real.notary, tmp_path))
    finally:
        transport.close()


def sealock(client: Mapping[str, str], *words: str, status: int = 0) -> str:
    """Run the command line; give what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "trust", *words],
        env=dict(client), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=client["HOME"],
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    assert "passphrase" not in (done.stdout + done.stderr).replace("the passphrase", "")
    return done.stdout + done.stderr


def result(client: Mapping[str, str], reference: str, status: int = 0) -> dict[str, Any]:
    said = sealock(client, "verify", reference, "--format", "json", status=status)
    table, _ = json.JSONDecoder().raw_decode(said)
    found: dict[str, Any] = table["references"][0]
    return found


def run(docker: Engine, client: Mapping[str, str], *words: str, trust: bool = True, status: int = 0) -> str:
    """Run the real docker with content trust."""
    more = {"DOCKER_CONTENT_TRUST": "1"} if trust else {}
    done = subprocess.run(
        ["docker", *words],
        env={**client, "DOCKER_HOST": f"unix://{docker.socket}", **more},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=client["HOME"],
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


# As Docker's own service is: behind a signer.
SIGNER = pytest.mark.parametrize("real", ["with a signer"], indirect=True)


@SIGNER
def test_what_docker_signs_we_verify(real: Servers, docker: Engine) -> None:
    theirs, ours = real.client("docker-signs"), real.client("we-verify")
    image = f"{real.registry}/docker-signs"
    run(docker, theirs, "tag", "base", f"{image}:v1", trust=False)
    said = run(docker, theirs, "push", f"{image}:v1")
    found = result(ours, f"{image}:v1")
    assert found["digest"] in said
    metadata = found["notary"]
    assert (metadata["signed_by"], metadata["requests"], metadata["rests_on"]) == ("targets", 4, "first use")
    # In Docker's own folder, of which docker believes what we wrote, and we what it wrote.
    assert run(docker, ours, "trust", "inspect", image)
    assert result(theirs, f"{image}:v1")["notary"]["rests_on"] == "earlier use"
    run(docker, theirs, "trust", "key", "generate", "alice")
    run(docker, theirs, "trust", "signer", "add", "--key", "alice.pub", "alice", image)
    run(docker, theirs, "tag", "base", f"{image}:v2", trust=False)
    run(docker, theirs, "trust", "sign", f"{image}:v2")
    assert result(ours, f"{image}:v2")["notary"]["signed_by"] == "targets/releases"
    run(docker, theirs, "trust", "revoke", "--yes", f"{image}:v2")
    assert result(ours, f"{image}:v2", 1)["check"] == "unsigned"
    # With the keys that docker made.
    sealock(theirs, "sign", f"{image}:v1", "--role", "targets")
    assert result(ours, f"{image}:v1")["notary"]["roles"][3]["version"] > found["notary"]["roles"][3]["version"]


@SIGNER
def test_what_we_sign_docker_pulls(real: Servers, docker: Engine) -> None:
    ours, theirs = real.client("we-sign"), real.client("docker-pulls")
    image = f"{real.registry}/we-sign"
    run(docker, ours, "tag", "base", f"{image}:v1", trust=False)
    run(docker, ours, "push", f"{image}:v1", trust=False)
    sealock(ours, "init", image)
    assert "No valid trust data for v1" in run(docker, theirs, "pull", f"{image}:v1", status=1)
    said = sealock(ours, "sign", f"{image}:v1")
    digest = f"sha256:{said.partition('sha256:')[2][:64]}"
    assert f"Digest: {digest}" in run(docker, theirs, "pull", f"{image}:v1")
    sealock(ours, "keys", "generate", "bob")
    sealock(ours, "delegations", "add", image, "bob", "--key", "bob.pub")
    assert "targets/bob, targets/releases" in sealock(ours, "sign", f"{image}:v1")
    run(docker, theirs, "pull", f"{image}:v1")
    table = json.loads(run(docker, theirs, "trust", "inspect", image))[0]
    assert [signer["Name"] for signer in table["Signers"]] == ["bob"]
    assert table["SignedTags"] == [{"SignedTag": "v1", "Digest": digest[7:], "Signers": ["bob"]}]
    # The rotations of each key in turn, which docker follows from what it remembers.
    for role in ("targets", "root", "snapshot", "timestamp"):
        sealock(ours, "rotate", image, role)
        run(docker, theirs, "pull", f"{image}:v1")
    sealock(ours, "revoke", f"{image}:v1")
    assert "No valid trust data for v1" in run(docker, theirs, "pull", f"{image}:v1", status=1)


def test_the_notary_client_and_we_share_a_folder(real: Servers) -> None:
    one, other = real.client("shares"), real.client("looks")
    image = f"{real.registry}/shares"
    (Path(one["HOME"]) / "file").write_text("content")
    real.run_notary(one, "init", image)
    real.run_notary(one, "add", image, "v1", f"{one['HOME']}/file")
    real.run_notary(one, "publish", image)
    assert result(other, f"{image}:v1")["notary"]["rests_on"] == "first use"
    assert result(one, f"{image}:v1")["notary"]["rests_on"] == "earlier use"
    # We sign with its keys, its snapshot key too; it believes us.
    digest = "ab" * 32
    sealock(one, "sign", f"{image}:v2", "--digest", f"sha256:{digest}", "--size", "77")
    assert digest in real.run_notary(other, "list", image)
    assert digest in real.run_notary(one, "list", image)
    real.run_notary(one, "key", "rotate", image, "snapshot", "-r")
    real.run_notary(one, "key", "rotate", image, "targets")
    real.run_notary(one, "remove", image, "v2")
    real.run_notary(one, "publish", image)
    assert "signed are: v1" in result(other, f"{image}:v2", 1)["reason"]
    assert result(other, f"{image}:v1")["notary"]["roles"][0]["version"] == 3


@SIGNER
def test_keys_go_back_and_forth(real: Servers) -> None:
    one, other, third = real.client("keys"), real.client("keys-imported"), real.client("keys-back")
    image = f"{real.registry}/keys"
    sealock(one, "init", image)
    sealock(one, "keys", "backup", "backup.pem")
    backup = Path(one["HOME"]) / "backup.pem"
    assert backup.stat().st_mode & 0o777 == 0o600
    assert "exists already, and is never overwritten" in sealock(one, "keys", "backup", "backup.pem", status=2)
    real.run_notary(other, "key", "import", str(backup))
    real.run_notary(other, "key", "export", "-o", f"{other['HOME']}/exported.pem")
    assert "2 private keys restored" in sealock(third, "keys", "restore", f"{other['HOME']}/exported.pem")
    assert "2 existed already" in sealock(third, "keys", "restore", str(backup))
    sealock(third, "sign", f"{image}:v1", "--digest", f"sha256:{'cd' * 32}", "--size", "5")
    for path in Path(third["DOCKER_CONFIG"]).rglob("*.key"):
        assert path.stat().st_mode & 0o777 == 0o600
    wrong = {**third, "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": "wrong wrong wrong"}
    said = sealock(wrong, "sign", f"{image}:v1", "--digest", f"sha256:{'cd' * 32}", "--size", "5", status=2)
    assert "the passphrase does not open the targets key" in said


@SIGNER
def test_pins_of_the_configuration_hold(real: Servers) -> None:
    owner, pinned, wrong = real.client("pin-owner"), real.client("pinned"), real.client("pinned-wrong")
    image = f"{real.registry}/pins"
    said = sealock(owner, "init", image)
    certificate = said.partition("certificate  ")[2][:64]
    sealock(owner, "sign", f"{image}:v1", "--digest", f"sha256:{'cd' * 32}", "--size", "5")
    for client, id_ in ((pinned, certificate), (wrong, "0" * 64)):
        config = {"trust_pinning": {"certs": {f"{real.registry}/*": [id_]}, "disable_tofu": True}}
        (Path(client["DOCKER_CONFIG"]) / "config.json").write_text(json.dumps(config))
    assert result(pinned, f"{image}:v1")["notary"]["rests_on"] == "certificate"
    assert result(wrong, f"{image}:v1", 1)["check"] == "pins"


@SIGNER
def test_a_server_that_is_not_there_is_no_verdict(real: Servers) -> None:
    client = real.client("nobody-answers")
    found = result({**client, "DOCKER_CONTENT_TRUST_SERVER": "https://127.0.0.1:1"}, f"{real.registry}/app:v1", 2)
    assert found["result"] == "unknown"
    # A certificate that nobody vouches for is no answer either, whatever the registry's own address is.
    stranger = {**client, "DOCKER_CONFIG": f"{client['HOME']}/elsewhere"}
    assert "certificate" in result(stranger, f"{real.registry}/app:v1", 2)["error"]
