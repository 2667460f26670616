"""`sealock trust` in cosign's ways, word by word, against the simulated registry."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.trust.cosign.keys import write_public
from sealock.trust.cosign.privatekeys import write_private
from support.cosignworld import NOW, World, stretched_cheaply, world
from support.madeimages import config, info, tar
from support.sigstoreworld import ISSUER, Sigstore
from support.simulators.registry import Reply
from support.waiting import PATIENCE

Run = Callable[..., str]
STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("sealock.trust.cosign.privatekeys._stretched", stretched_cheaply)
    monkeypatch.setenv("COSIGN_PASSWORD", "a secret passphrase")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    with world() as one:
        Path("k.key").write_bytes(write_private(one.key, "a secret passphrase"))
        Path("k.pub").write_bytes(write_public(one.key.public))
        Path("s.pub").write_bytes(write_public(one.stranger.public))
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


def image(here: World) -> str:
    return f"{here.server.host}/app:1"


def test_an_image_is_signed_and_verified(here: World, run: Run) -> None:
    said = run("sign", image(here), "--key", "k.key")
    assert said == (
        f"{here.server.host}/app@{here.digest} is signed by key {here.key.public.id[:12]}\n"
        f"{here.server.host}/app:{here.digest.replace(':', '-')}.sig\n"
    )
    assert "was signed before" in run("sign", image(here), "--key", "k.key")
    lines = run("verify", image(here), "--key", "k.pub").splitlines()
    assert lines[0] == f"{image(here)} is trusted"
    assert lines[1] == f"  digest     {here.digest}"
    assert lines[2].startswith(f"  signed     by key {here.key.public.id[:12]} (k.pub), on 20")
    assert lines[3] == "  found      the .sig tag"
    table = json.loads(run("verify", image(here), "--key", "k.pub", "--format", "json"))["references"][0]
    assert (table["result"], table["system"], table["digest"]) == ("trusted", "cosign", here.digest)
    assert [one["key"] for one in table["signers"]] == [here.key.public.id]


def test_a_bundle_is_signed_and_verified(here: World, run: Run) -> None:
    run("sign", "--bundle", "--annotation", "stage=tested", "--key", "k.key", image(here))
    assert "referrer sha256:" in run("verify", image(here), "--key", "k.pub", "--annotation", "stage=tested")
    run("verify", image(here), "--key", "k.pub", "--annotation", "stage=released", status=1)


@pytest.mark.parametrize("recursive", [True, False], ids=["with -r", "without"])
def test_the_images_of_an_index_are_signed_too_where_that_is_asked(here: World, run: Run, *, recursive: bool) -> None:
    images = [here.server.add_image("app", config=b"{}", layers=[b"%d" % number]) for number in range(2)]
    made = here.server.add_index("app", "2", images={"linux/amd64": images[0], "linux/arm64": images[1]})
    app = f"{here.server.host}/app"
    said = run("sign", f"{app}:2", "--key", "k.key", *(["-r"] if recursive else []))
    digests = [made["digest"], *(one["digest"] for one in images)]
    assert [f"{digest} is signed" in said for digest in digests] == [True, recursive, recursive]
    run("verify", f"{app}@{made['digest']}", "--key", "k.pub")
    for one in images:
        run("verify", f"{app}@{one['digest']}", "--key", "k.pub", status=0 if recursive else 1)


def test_what_is_not_trusted_is_told_with_the_reason(here: World, run: Run) -> None:
    said = run("verify", image(here), "--key", "s.pub", status=1)
    assert said == (f"{image(here)} is not trusted\n  digest     {here.digest}\n  why        it has no signature\n")
    here.sign()
    said = " ".join(run("verify", image(here), "--key", "s.pub", status=1).split())
    claimed = f"it claims to be made on {NOW:%Y-%m-%d}, which was not verified"
    assert f"why it has no valid signature (the .sig tag: it was not made by a key that you trust; {claimed})" in said
    table = json.loads(run("verify", image(here), "--key", "s.pub", "--format", "json", status=1))["references"][0]
    assert (table["result"], table["check"], table["signers"]) == ("untrusted", "signature", [])


def test_what_could_not_be_told_is_no_verdict(here: World, run: Run) -> None:
    here.sign()
    gone = f"{here.server.host}/gone:1"
    said = run("verify", image(here), gone, "--key", "k.pub", status=2)
    assert f"{image(here)} is trusted" in said
    assert f"could not verify {gone}: " in said
    here.server.answers = lambda asked: Reply(403) if asked.path.endswith(".sig") else None
    table = json.loads(
        run("verify", image(here), "--key", "k.pub", "--format", "json", status=2).partition("sealock:")[0]
    )
    assert table["references"][0]["result"] == "unknown"
    assert "not allowed" in table["references"][0]["error"]


def test_a_digest_that_was_asked_for_is_the_one_that_is_verified(here: World, run: Run) -> None:
    here.sign()
    other = here.push("app:1")
    assert f"{here.digest}" in run("verify", f"{here.server.host}/app:1@{here.digest}", "--key", "k.pub")
    run("verify", f"{here.server.host}/app:1@{other}", "--key", "k.pub", status=1)
    run("verify", image(here), "--key", "k.pub", status=1)


def test_a_signature_for_another_repository_counts_where_that_is_said(here: World, run: Run) -> None:
    here.put(here.signed_layer(here.claims(repository="example.com/app")))
    run("verify", image(here), "--key", "k.pub", status=1)
    run("verify", image(here), "--key", "k.pub", "--any-repository")
    run("verify", image(here), "--key", "k.pub", "--signed-for", "example.com/app")


def test_several_signers_may_be_wanted(here: World, run: Run) -> None:
    here.sign()
    both = ["--key", "k.pub", "--key", "s.pub", "--threshold", "2"]
    assert "1 of 2 required signers" in run("verify", image(here), *both, status=1)
    here.sign(here.stranger)
    assert run("verify", image(here), *both).count("signed  ") == 2


def test_who_signed_without_a_key_is_told(here: World, run: Run) -> None:
    sigstore = Sigstore()
    Path("root.json").write_bytes(sigstore.root)
    here.refer(here.bundled(json.dumps(sigstore.bundle(here.statement(), "alice@example.org")).encode()))
    words = ["verify", image(here), "--trusted-root", "root.json", "--issuer", ISSUER]
    assert f"by alice@example.org, certified by {ISSUER}" in " ".join(
        run(*words, "--identity", "*@example.org").split()
    )
    assert "who is not expected" in " ".join(run(*words, "--identity", "bob@example.org", status=1).split())


def test_what_comes_from_outside_is_escaped(here: World, run: Run) -> None:
    here.put(here.signed_layer(here.claims(repository="example.com/\x1b[2Jevil")))
    assert "\x1b" not in run("verify", image(here), "--key", "k.pub", status=1)


# Attestations.


def real(here: World, *, packages: bool = True) -> None:
    """An image with something in it."""
    layer = tar(info("app", b"a program"))
    if packages:
        layer = tar(info("var/lib/dpkg/status", STATUS), info("etc/os-release", b'ID=debian\nVERSION_ID="13"\n'))
    here.digest = here.server.add_image("app", "1", config=config(layer), layers=[layer])["digest"]


@pytest.mark.parametrize(("form", "word"), [("cyclonedx", "bomFormat"), ("spdx", "spdxVersion")])
@pytest.mark.parametrize("more", [[], ["--bundle"]], ids=["under the tag", "as a bundle"])
def test_a_bill_of_materials_is_attested(here: World, run: Run, form: str, word: str, more: list[str]) -> None:
    real(here)
    said = run("attest", image(here), "--key", "k.key", "--sbom", form, *more)
    assert said.startswith(
        f"{here.server.host}/app@{here.digest} is attested by key {here.key.public.id[:12]} (https://"
    )
    words = ["verify", image(here), "--key", "k.pub", "--attestation", form]
    assert "has 1 trusted attestation" in run(*words)
    predicate = json.loads(run(*words, "--format", "json"))["references"][0]["attestations"][0]["predicate"]
    assert predicate[word]
    assert "bash" in json.dumps(predicate)


def test_of_an_index_one_image_is_attested(here: World, run: Run) -> None:
    real(here)
    kept = here.digest
    here.server.add_index(
        "app",
        "many",
        images={"linux/s390x": here.server.add_manifest("app", json.loads(here.server.manifests["app"][kept][1]))},
    )
    said = run(
        "attest", f"{here.server.host}/app:many", "--key", "k.key", "--sbom", "spdx", "--platform", "linux/s390x"
    )
    assert f"app@{kept} is attested" in said
    assert "no image for linux/arm64" in run(
        "attest",
        f"{here.server.host}/app:many",
        "--key",
        "k.key",
        "--sbom",
        "spdx",
        "--platform",
        "linux/arm64",
        status=2,
    )


def test_a_scan_without_a_database_is_not_attested(here: World, run: Run) -> None:
    real(here)
    said = run("attest", image(here), "--key", "k.key", "--scan", "--offline", status=2)
    assert "could not be checked in full, so the result is not attested" in said
    run("verify", image(here), "--key", "k.pub", "--attestation", "any", status=1)


def test_a_scan_is_attested(here: World, run: Run) -> None:
    real(here, packages=False)
    run("attest", image(here), "--key", "k.key", "--scan", "--offline")
    words = ["verify", image(here), "--key", "k.pub", "--attestation", "vuln", "--format", "json"]
    predicate = json.loads(run(*words))["references"][0]["attestations"][0]["predicate"]
    assert predicate["scanner"]["uri"].startswith("sealock@")
    assert predicate["scanner"]["result"]["targets"][0]["target"].endswith(f"/app@{here.digest}")
    assert predicate["metadata"]["scanStartedOn"] <= predicate["metadata"]["scanFinishedOn"]


def test_a_file_is_attested(here: World, run: Run) -> None:
    built = {"runDetails": {"builder": {"id": "https://ci.example\x1b[2J"}}}
    Path("p.json").write_text(json.dumps(built))
    run("attest", image(here), "--key", "k.key", "--predicate", "p.json", "--type", "slsaprovenance1")
    run("attest", image(here), "--key", "k.key", "--predicate", "p.json")
    said = run("verify", image(here), "--key", "k.pub", "--attestation", "any")
    assert "https://slsa.dev/provenance/v1" in said
    assert "  built      by https://ci.example\\e[2J" in said
    assert "https://cosign.sigstore.dev/attestation/v1" in said
    assert "no trusted attestation" in run("verify", image(here), "--key", "k.pub", "--attestation", "vuln", status=1)


# Keys.


def test_a_key_pair_is_made_once(here: World, run: Run) -> None:
    del here
    assert "release.key signs (keep it private)" in run("keys", "generate", "--cosign", "release")
    assert (Path("release.key").stat().st_mode & 0o777, Path("release.pub").stat().st_mode & 0o777) == (0o600, 0o644)
    kept = Path("release.key").read_bytes()
    assert "never overwritten" in run("keys", "generate", "--cosign", "release", status=2)
    assert Path("release.key").read_bytes() == kept
    run("keys", "generate", "--cosign", "--kind", "ed25519")
    assert b"BEGIN ENCRYPTED SIGSTORE PRIVATE KEY" in Path("cosign.key").read_bytes()


def test_a_key_whose_passphrase_cannot_be_had_is_told(here: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COSIGN_PASSWORD")
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        assert "set $COSIGN_PASSWORD" in run("sign", image(here), "--key", "k.key", status=2)
    monkeypatch.setenv("COSIGN_PASSWORD", "another")
    assert "the passphrase of k.key is wrong" in run("sign", image(here), "--key", "k.key", status=2)


def test_a_passphrase_is_asked_for_on_a_terminal(here: World, tmp_path: Path) -> None:
    del here
    leader, follower = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "COSIGN_PASSWORD"}
    with subprocess.Popen(
        [sys.executable, "-m", "sealock", "trust", "keys", "generate", "--cosign", "asked"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=tmp_path,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(follower)
        seen = b""
        for words in (
            b"the new key asked.key",
            b"Repeat the passphrase",
            b"passphrases differ",
            b"Repeat the passphrase",
        ):
            while words not in seen:
                seen += os.read(leader, 1024)
            if words != b"passphrases differ":
                typed = b"one" if words == b"the new key asked.key" else b"two"
                os.write(leader, typed + b"\n")
            else:
                while b"the new key" not in seen.partition(words)[2]:
                    seen += os.read(leader, 1024)
                os.write(leader, b"two\n")
            seen = seen.partition(words)[2] if words == b"passphrases differ" else b""
        assert process.wait(PATIENCE) == 0
    os.close(leader)
    assert (tmp_path / "asked.key").exists()


# What does not fit together.


NOTARY = (["--digest", f"sha256:{'0' * 64}"], ["--size", "1"], ["--role", "targets"], ["--server", "https://localhost"])
"""Options of `sign` that are Notary's."""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verify", "REF", "--attestation", "any"], "which signer"),
        (["verify", "REF", "--trusted-root", "k.pub"], "which signer"),
        (["verify", "REF", "--identity", "a@b.c"], "--identity needs --issuer"),
        (["verify", "REF", "--identity", "a@b.c", "--issuer", "https://x"], "trusted root"),
        (["verify", "REF", "--key", "k.pub", "--pin", "0" * 64], "do not go with"),
        (["verify", "REF", "--key", "k.pub", "--threshold", "2"], "the threshold is 2"),
        (["verify", "REF", "--key", "k.pub", "--any-repository", "--signed-for", "x"], "cannot both"),
        (["verify", "REF", "--key", "k.pub", "--signed-for", "NOT A NAME"], "not the name"),
        (["verify", "REF", "--key", "k.pub", "--annotation", "x"], "NAME=VALUE"),
        (["verify", "REF", "--key", "k.key"], "is a private key"),
        (["verify", "REF", "--key", "gone.pub"], "gone.pub could not be read"),
        *((["sign", "REF", "--key", "k.key", *words], "does not go with") for words in NOTARY),
        *((["sign", "REF", "--notation", *words], "--notation goes with neither") for words in (*NOTARY, ["--bundle"])),
        *((["sign", "REF", *words], "are Notation's") for words in (["--certificate", "c.pem"], ["--expires", "1d"])),
        *((["sign", "REF", *words], "are cosign's") for words in (["--annotation", "a=b"], ["--recursive"])),
        (["sign", "REF", "--bundle"], "go with --key"),
        (["sign", "REF", "--key", "k.pub"], "a public one"),
        (["attest", "REF", "--key", "k.key", "--sbom", "spdx", "--type", "x"], "--type goes with"),
        (["attest", "REF", "--key", "k.key", "--predicate", "k.pub", "--type", "x"], "expected a URI"),
        (["attest", "REF", "--key", "k.key", "--predicate", "k.pub", "--type", "vuln"], "is not JSON"),
        *((["attest", "REF", "--key", "k.key", "--predicate", name, "--type", "vuln"], "should hold a JSON object") for name in ("list", "text")),
        (["attest", "REF", "--key", "k.key", "--predicate", "gone"], "could not be read"),
        (["attest", "REF", "--key", "k.key", "--predicate", "binary"], "not UTF-8"),
        (["attest", "REF", "--key", "k.key", "--predicate", "k.pub", "--type", "https://sigstore.dev/cosign/sign/v1"], "of signatures"),
        (["keys", "list", "--cosign"], "goes with `keys generate`"),
    ],
)  # fmt: skip
def test_words_that_do_not_fit_together(here: World, run: Run, words: list[str], said: str) -> None:
    Path("binary").write_bytes(b"\xff")
    Path("list").write_text("[]")
    Path("text").write_text('"{}"')
    assert said in run(*[image(here) if word == "REF" else word for word in words], status=2)
    assert not [one for one in here.server.asked if one.method in {"PUT", "POST"}]


def test_a_file_of_this_machine_is_attested_and_verified(here: World, run: Run) -> None:
    Path("tool.whl").write_bytes(b"a wheel")
    Path("p.json").write_text('{"runDetails": {"builder": {"id": "https://builder.example"}}}', encoding="utf-8")
    more = ["--predicate", "p.json", "--type", "slsaprovenance1"]
    said = run("attest", "file:tool.whl", "--key", "k.key", *more)
    assert said.endswith(
        f"is attested by key {here.key.public.id[:12]} (https://slsa.dev/provenance/v1)\ntool.whl.sigstore.json\n"
    )
    table = json.loads(Path("tool.whl.sigstore.json").read_text(encoding="utf-8"))
    assert table["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    said = run("verify", "file:tool.whl", "--key", "k.pub", "--attestation", "slsaprovenance1")
    assert "file:tool.whl has 1 trusted attestation" in said
    assert "built      by https://builder.example" in said
    assert "exists, and was not changed" in run("attest", "file:tool.whl", "--key", "k.key", *more, status=2)
    run("attest", "file:tool.whl", "--key", "k.key", *more, "--bundle-file", "other.json")
    run("verify", "file:tool.whl", "--key", "k.pub", "--bundle-file", "other.json")


@pytest.mark.parametrize(
    ("change", "words", "status", "why"),
    [
        ("none", ["--key", "s.pub"], 1, "it was not made by a key that you trust"),
        ("none", ["--key", "k.pub", "--attestation", "spdx"], 1, "it is of another type"),
        ("the file", ["--key", "k.pub"], 1, "it is about another subject: tool.whl with sha256:"),
        ("the bundle", ["--key", "k.pub"], 1, "no valid attestation"),
        ("no bundle", ["--key", "k.pub"], 2, "tool.whl.sigstore.json, the attestation of tool.whl, could not be read"),
        ("no file", ["--key", "k.pub"], 2, "tool.whl could not be read"),
        ("none", [], 2, "which signer do you trust"),
        ("none", ["--key", "k.pub", "file:tool.whl", "--bundle-file", "x"], 2, "--bundle-file goes with one file:PATH"),
    ],
)
def test_a_file_that_its_attestation_does_not_cover_is_refused(
    here: World, run: Run, change: str, words: list[str], *, status: int, why: str
) -> None:
    assert here.key.public.id
    Path("tool.whl").write_bytes(b"a wheel")
    Path("p.json").write_text("{}", encoding="utf-8")
    run("attest", "file:tool.whl", "--key", "k.key", "--predicate", "p.json", "--type", "slsaprovenance1")
    if change == "the file":
        Path("tool.whl").write_bytes(b"another")
    if change == "the bundle":
        Path("tool.whl.sigstore.json").write_text("{}", encoding="utf-8")
    if change == "no bundle":
        Path("tool.whl.sigstore.json").unlink()
    if change == "no file":
        Path("tool.whl").unlink()
    assert why in " ".join(run("verify", "file:tool.whl", *words, status=status).split())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["file:k.pub", "--sbom", "spdx"], "a file is attested with --predicate"),
        (["file:", "--predicate", "k.pub", "--type", "custom"], "names no file"),
        (["file:gone", "--predicate", "k.pub", "--type", "custom"], "gone could not be read"),
        (["example.com/app:1", "--predicate", "k.pub", "--bundle-file", "x"], "--bundle-file goes with file:PATH"),
    ],
)
def test_what_cannot_be_attested_as_a_file(here: World, run: Run, words: list[str], why: str) -> None:
    assert here.key.public.id
    assert why in run("attest", *words, "--key", "k.key", status=2)
