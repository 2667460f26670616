"""`sealock trust`, word by word, against the simulated server."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from sealock.cli.main import main
from sealock.trust.notary.privatekeys import of
from sealock.trust.notary.signer import certify
from support.notaryworld import World, world
from support.simulators.notary import NOW, Reply

Run = Callable[..., str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE", "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE"):
        monkeypatch.setenv(name, "a secret passphrase")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    with world(tmp_path / "docker" / "trust") as one:
        monkeypatch.setenv("DOCKER_CONTENT_TRUST_SERVER", one.server.address)
        yield one


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def run_it(*words: str, status: int = 0) -> str:
        got = main(["trust", *words])
        out, err = capfd.readouterr()
        assert got == status, out + err
        assert "secret" not in out + err
        return out + err

    return run_it


def test_a_trusted_tag_is_told_with_all_that_it_rests_on(here: World, run: Run) -> None:
    digest, _ = here.publish()
    said = run("verify", f"{here.gun}:v1")
    assert said.startswith(f"{here.gun}:v1 is trusted\n  digest     {digest}\n  signed     as v1 by targets, key ")
    assert "  root       version 1, certificate " in said
    assert "4 requests" in said
    assert max(len(line) for line in said.splitlines() if "digest" not in line) <= 80
    table = json.loads(run("verify", f"{here.gun}:v1", "--format", "json"))["references"][0]
    assert (table["result"], table["digest"], table["notary"]["requests"]) == ("trusted", digest, 1)
    assert [one["role"] for one in table["notary"]["roles"]] == ["root", "timestamp", "snapshot", "targets"]


def test_an_untrusted_tag_is_told_with_the_reason(here: World, run: Run) -> None:
    here.publish()
    said = run("verify", f"{here.gun}:v1", f"{here.gun}:v2", status=1)
    assert f"{here.gun}:v2 is not trusted\n  why        {here.gun}:v2 is not signed by a key" in said
    table = json.loads(run("verify", f"{here.gun}:v2", "--format", "json", status=1))["references"][0]
    assert (table["result"], table["check"]) == ("untrusted", "unsigned")


def test_what_could_not_be_told_is_no_verdict(here: World, run: Run) -> None:
    here.publish()
    here.server.answers = lambda _gun, _name: Reply(503)
    said = run("verify", f"{here.gun}:v1", status=2)
    assert f"could not verify {here.gun}:v1: {here.server.address} cannot answer now" in said
    table = json.loads(
        run("verify", f"{here.gun}:v1", "--format", "json", "--output", "out.json", status=2)
        and Path("out.json").read_text()
    )
    assert table["references"][0]["result"] == "unknown"


def test_one_that_could_not_be_told_among_others_is_exit_status_2(here: World, run: Run) -> None:
    here.publish()
    assert "is trusted" in run("verify", f"{here.gun}:v1", "UPPER:v1", status=2)


def test_a_server_that_must_be_asked_in_the_clear_is_not_asked(here: World, run: Run) -> None:
    here.publish()
    said = run("verify", f"{here.gun}:v1", "--server", "http://example.com", status=2)
    assert "a notary server must use HTTPS" in said


def test_a_digest_must_be_the_signed_one(here: World, run: Run) -> None:
    digest, _ = here.publish()
    run("verify", f"{here.gun}:v1@{digest}")
    run("verify", f"{here.gun}@{digest}")
    other = here.digest()[0]
    assert " is signed for" in run("verify", f"{here.gun}:v1@{other}", status=1)
    assert "no tag of" in run("verify", f"{here.gun}@{other}", status=1)


def test_pins_are_given_by_option(here: World, run: Run) -> None:
    here.publish()
    said = run("verify", f"{here.gun}:v1", "--no-first-use", status=1)
    assert "nothing is pinned" in said
    table = json.loads(run("list", here.gun, "--format", "json"))
    (certificate,) = table["keys"]["root"]
    assert "pinned by certificate" in run("verify", f"{here.gun}:v1", "--pin", certificate)
    assert "does not match the pin" in " ".join(run("verify", f"{here.gun}:v1", "--pin", "0" * 64, status=1).split())
    assert "64 hexadecimal digits" in run("verify", f"{here.gun}:v1", "--pin", "0", status=2)
    (Path.cwd() / "ca.pem").write_bytes(certify(here.author.root_keys[0], "authority", NOW).public)
    assert "does not match the pin" in " ".join(
        run("verify", f"{here.gun}:v1", "--pin-authority", "ca.pem", status=1).split()
    )


def test_a_repository_is_begun_signed_listed_and_ended(here: World, run: Run) -> None:
    said = run("init", here.gun)
    assert "can be signed now" in said
    assert "is signed already" in run("init", here.gun, status=2)
    digest, size = here.digest()
    sign = ("sign", f"{here.gun}:v1", "--digest", digest, "--size", str(size))
    assert f"{here.gun}:v1 is signed for {digest} in targets" in run(*sign)
    run("verify", f"{here.gun}:v1")
    run("keys", "generate", "alice")
    run("delegations", "add", here.gun, "alice", "--key", "alice.pub")
    assert "in targets/alice, targets/releases" in run(*sign)
    listed = run("list", here.gun)
    assert "targets/alice, for everything; clients do not accept its tags" in listed
    assert "targets/releases" in listed
    for role in ("root", "targets", "snapshot", "timestamp"):
        assert f"has a new {role} key" in run("rotate", here.gun, role)
    assert "is signed again: root, targets, targets/alice, targets/releases" in run("renew", here.gun, "--root")
    assert "the server must not hold" in run("rotate", here.gun, "root", "--by-server", status=2)
    assert "would be left" in run("delegations", "remove", here.gun, "alice", status=2)
    run("delegations", "remove", here.gun, "releases")
    run("delegations", "remove", here.gun, "alice")
    assert "no longer signed in targets" in run("revoke", f"{here.gun}:v1")
    assert "has no tag; use --everything" in run("revoke", here.gun, status=2)
    assert "has no trust data any more" in run("revoke", here.gun, "--everything")
    assert "was not known" in run("forget", here.gun)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sign", "{gun}:v1", "--size", "5"), "--digest and --size go together"),
        (("sign", "{gun}:v1", "--digest", "md5:00", "--size", "5"), "is not a sha256 digest of a manifest"),
        (("list", "{gun}:v1"), "name its repository instead"),
        (("delegations", "add", "{gun}", "alice"), "needs --key FILE"),
        (("delegations", "add", "{gun}", "alice", "--key", "none.pub"), "none.pub could not be read"),
        (("keys", "list", "x"), "`keys list` takes no argument"),
        (("keys", "generate"), "`keys generate` needs a name or file"),
        (("keys", "generate", "Alice!"), "is not a valid name for a signer"),
        (("keys", "backup", "b.pem"), "there are no private keys"),
        (("keys", "restore", "none.pem"), "none.pem could not be read"),
        (("rotate", "{gun}", "timestamp", "--key", "0" * 64), "this one is on the server"),
    ],
)
def test_slips_are_told(here: World, run: Run, words: tuple[str, ...], said: str) -> None:
    here.publish()
    told = ""
    for status in (1, 2):
        try:
            told = run(*(word.format(gun=here.gun) for word in words), status=status)
        except AssertionError as error:
            told = str(error)
        if said in told:
            return
    raise AssertionError(told)


@pytest.mark.usefixtures("here")
def test_keys_are_made_loaded_backed_up_and_restored(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("keys", "list") == "no private keys\n"
    made = run("keys", "generate", "alice")
    assert Path("alice.pub").read_text().startswith("-----BEGIN PUBLIC KEY-----\nrole: alice\n")
    assert "never overwritten" in run("keys", "generate", "alice", status=2)
    subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "bob.pem"],
        check=True,
        capture_output=True,
    )
    Path("bob.pem").chmod(0o640)
    assert "`chmod 600 bob.pem` first" in run("keys", "load", "bob.pem", status=2)
    Path("bob.pem").chmod(0o600)
    assert "is loaded as a bob key" in run("keys", "load", "bob.pem")
    assert "exists already" in run("keys", "load", "bob.pem", status=2)
    listed = json.loads(run("keys", "list", "--format", "json"))["keys"]
    assert {one["role"] for one in listed} == {"alice", "bob"}
    assert all(one["encrypted"] and one["repository"] is None for one in listed)
    assert "1 private key is in" in run("keys", "backup", "one.pem", "--id", made[:64])
    assert "2 private keys are in" in run("keys", "backup", "both.pem")
    monkeypatch.setenv("DOCKER_CONFIG", str(Path.cwd() / "other"))
    assert "1 private key restored, 0 existed already" in run("keys", "restore", "one.pem")
    assert "1 private key restored, 1 existed already" in run("keys", "restore", "both.pem")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("genrsa", "-traditional", "-out", "weak.pem", "1024"), id="RSA of 1024 bits"),
        pytest.param(("genpkey", "-algorithm", "ed25519", "-out", "weak.pem"), id="Ed25519"),
    ],
)
def test_a_key_that_no_delegation_takes_is_not_loaded(run: Run, words: tuple[str, ...]) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    Path("weak.pem").chmod(0o600)
    assert "PEM of ECDSA, of RSA (2048 bits or more)" in run("keys", "load", "weak.pem", status=2)
    assert run("keys", "list") == "no private keys\n"


def test_keys_of_2016_are_listed_and_sign(here: World, run: Run) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"a secret passphrase")
    )
    old = Path("docker/trust/private/root_keys", f"{of(key).id}_root.key")
    old.parent.mkdir(parents=True)
    old.write_bytes(pem)
    assert "old encryption: `openssl pkcs8 -topk8` makes it stronger" in run("keys", "list")
    assert f"root key     {of(key).id}" in run("init", f"{here.gun}-new")


@pytest.mark.parametrize("name", ["../x", "targets/..", "Alice", "a b"])
def test_a_name_that_no_delegation_can_have_is_named(here: World, run: Run, name: str) -> None:
    Path("a.pub").write_text("", encoding="utf-8")
    said = run("delegations", "add", here.gun, name, "--key", "a.pub", status=2)
    assert f"{name!r} is not a name for a delegation" in said


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
@pytest.mark.parametrize("content", ["", "{", '{"signed":{}}'], ids=["empty", "cut off", "nothing signed"])
def test_damaged_trust_data_is_no_answer_about_the_image(here: World, run: Run, role: str, content: str) -> None:
    here.publish()
    run("verify", f"{here.gun}:v1")
    Path("docker/trust/tuf", here.gun, "metadata", f"{role}.json").write_text(content, encoding="utf-8")
    assert f"`sealock trust forget {here.gun}` deletes it" in run("verify", f"{here.gun}:v1", status=2)
    run("forget", here.gun)
    assert "is trusted" in run("verify", f"{here.gun}:v1")


@pytest.mark.usefixtures("here")
def test_a_passphrase_is_asked_for_on_a_terminal_and_not_shown(run: Run) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_CONTENT_TRUST_RO")}
    environment.pop("DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-m", "sealock", "trust", "keys", "generate", "alice"], environment)  # noqa: S606  no shell is wanted
    said = b""
    answers = [
        b"short\n",
        b"a secret passphrase\n",
        b"another secret phrase\n",
        b"a secret passphrase\n",
        b"a secret passphrase\n",
    ]
    while True:
        try:
            said += os.read(terminal, 4096)
        except OSError:
            break
        while (
            answers
            and said.count(b"key ") + said.count(b"Repeat the passphrase: ") > 5 - len(answers)
            and said.rstrip(b" ").endswith(b":")
        ):
            os.write(terminal, answers.pop(0))
            said += b"\n"
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said
    assert b"a passphrase needs at least 8 characters" in said
    assert b"the passphrases differ" in said
    assert b"secret" not in said
    assert "alice" in run("keys", "list")


@pytest.mark.usefixtures("here")
def test_without_a_terminal_it_says_what_to_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE")
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        said = run("keys", "generate", "alice", status=2)
    assert "set $DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE, or run this on a terminal" in said


def test_what_a_server_says_never_reaches_the_terminal_raw(here: World, run: Run) -> None:
    here.author.tags["\x9b2J\u202eevil"] = here.digest()
    here.publish()
    said = run("list", here.gun) + run("verify", f"{here.gun}:v2", status=1)
    assert "\x9b" not in said
    assert "\u202e" not in said
    assert "\\x9b2J" in said


def test_expiry_of_a_timestamp_is_refused_and_told(here: World, run: Run) -> None:
    here.publish()
    here.author.put_timestamp(here.author.held("snapshot"), expires=NOW - timedelta(days=1))
    assert "expired on" in run("verify", f"{here.gun}:v1", status=1)


def test_help_of_a_verb_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", "verify", "--help"]) == 0
    assert "usage: sealock trust verify" in capsys.readouterr().out
