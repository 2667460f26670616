"""What the trust policy decides of images at a registry, each need verified on one digest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.errors import PolicyError
from sealock.model.location import Source
from sealock.model.registries import Registries
from sealock.model.trust import TrustResult
from sealock.policy.settings import read
from sealock.trust.bypolicy import PolicyVerifier
from sealock.trust.cosign.keys import write_public
from sealock.trust.intoto import type_of
from support.cosignworld import PROVENANCE, World, world
from support.madeimages import config, info, tar
from support.simulators.notary import Author, notary
from support.simulators.registry import Asked, Reply


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    with world() as one:
        Path("k.pub").write_bytes(write_public(one.key.public))
        Path("s.pub").write_bytes(write_public(one.stranger.public))
        yield one


def policy(here: World, body: str, default: str = "refuse") -> str:
    return f'[trust]\ndefault = "{default}"\n[[trust.image]]\nmatch = ["{here.server.host}/app"]\n{body}\n'


def verify(here: World, text: str, body: str, default: str = "refuse") -> TrustResult:
    trust = read(Source("sealock.toml", policy(here, body, default)), str(Path.cwd())).trust
    reference = f"{here.server.host}/{text}"
    return PolicyVerifier(trust, here.client, Registries()).verify(here.name(text), reference)


KEY = 'cosign = {keys = ["k.pub"]}'
PROVEN = f'attestation = [{{type = "{PROVENANCE}", keys = ["k.pub"]}}]'


@pytest.mark.parametrize(
    ("body", "state", "why"),
    [
        pytest.param(KEY, "trusted", "", id="signed by the key"),
        pytest.param('cosign = {keys = ["s.pub", "k.pub"]}', "trusted", "", id="signed by one of the keys"),
        pytest.param('cosign = {keys = ["s.pub"]}', "untrusted", "cosign: ", id="signed by another key"),
        pytest.param(PROVEN, "trusted", "", id="attested"),
        pytest.param('attestation = [{type = "vuln", keys = ["k.pub"]}]', "untrusted", "attestation vuln: ", id="attested, but not of that"),
        pytest.param(f"{KEY}\n{PROVEN}", "trusted", "", id="both, and both are there"),
        pytest.param('require = "any"\ncosign = {keys = ["s.pub"]}\n' + PROVEN, "trusted", "", id="any, and one is there"),
        pytest.param('cosign = {keys = ["s.pub"]}\n' + PROVEN, "untrusted", "cosign: ", id="all, and one is not"),
        pytest.param(f"digest = true\n{KEY}", "untrusted", "it has only a tag", id="a tag where a digest is wanted"),
        pytest.param('notary = {server = "https://127.0.0.1:1", first-use = true}', "unknown", "notary: ", id="a notary server that is down"),
        pytest.param(f'require = "any"\nnotary = {{server = "https://127.0.0.1:1", first-use = true}}\n{KEY}', "trusted", "", id="any, and one server is down"),
        pytest.param(f'notary = {{server = "https://127.0.0.1:1", first-use = true}}\n{KEY}', "unknown", "notary: ", id="all, and one server is down"),
        pytest.param('refuse = "retired"', "untrusted", "the policy refuses it: retired", id="refused whoever signs"),
    ],
)  # fmt: skip
def test_what_is_decided_of_an_image(here: World, body: str, state: str, why: str) -> None:
    here.sign()
    here.attest()
    found = verify(here, "app:1", body)
    assert found.state == state, found.why
    assert why in found.why
    if state == "trusted":
        assert found.digest == here.digest


@pytest.mark.parametrize(
    ("cosign", "state", "why"),
    [
        pytest.param('keys = ["k.pub", "s.pub"], threshold = 2', "untrusted", "1 of 2 required signers", id="one of two signers"),
        pytest.param('keys = ["k.pub"], annotations = {stage = "tested"}', "trusted", "", id="the annotation that is signed"),
        pytest.param('keys = ["k.pub"], annotations = {stage = "built"}', "untrusted", "should be 'built' and is 'tested'", id="another annotation"),
        pytest.param('keys = ["k.pub"], annotations = {n = "1"}', "untrusted", "should be '1' and is 1, which is not a text", id="an annotation that is a number"),
        pytest.param('keys = ["k.pub"], signed-for = "r.lan/origin"', "untrusted", "not for r.lan/origin", id="signed for another repository"),
        pytest.param('keys = ["k.pub"], any-repository = true', "trusted", "", id="signed for whatever repository"),
    ],
)  # fmt: skip
def test_what_a_policy_requires_of_cosign(here: World, cosign: str, state: str, why: str) -> None:
    here.sign(annotations={"stage": "tested", "n": 1})
    decided = verify(here, "app:1", f"cosign = {{{cosign}}}")
    assert decided.state == state, decided.why
    assert why in decided.why


def test_a_mirrored_image_meets_a_policy_that_names_the_repository_it_was_signed_for(here: World) -> None:
    claims = here.claims(repository="r.lan/origin")
    here.put(here.signed_layer(claims))
    assert "not for" in verify(here, "app:1", KEY).why
    assert verify(here, "app:1", 'cosign = {keys = ["k.pub"], signed-for = "R.lan:0443/origin"}').state == "trusted"


def test_an_untrusted_image_passes_a_policy_that_only_warns(here: World) -> None:
    decided = verify(here, "app:1", f'{KEY}\nmode = "warn"')
    assert (decided.state, decided.accepted, decided.passes) == ("untrusted", True, True)
    assert decided.why == "cosign: it has no signature"


def test_a_digest_that_was_signed_is_trusted_whatever_its_tag_has_become(here: World) -> None:
    here.sign()
    signed, moved = here.digest, here.push("app:1")
    assert moved != signed
    assert verify(here, "app:1", KEY).state == "untrusted"
    found = verify(here, f"app@{signed}", f"digest = true\n{KEY}")
    assert (found.state, found.digest) == ("trusted", signed)


def test_what_the_policy_says_nothing_of_goes_by_its_default(here: World) -> None:
    assert verify(here, "other:1", KEY).state == "untrusted"
    assert verify(here, "other:1", KEY, "accept").passes


def test_a_registry_that_is_down_is_no_verdict(here: World) -> None:
    trust = read(Source("sealock.toml", policy(here, KEY)), str(Path.cwd())).trust
    here.server.answers = lambda _asked: Reply(403, b"")
    found = PolicyVerifier(trust, here.client, Registries()).verify(here.name("app:1"), "app:1")
    assert found.state == "unknown"
    assert found.digest == ""


def test_a_key_that_is_not_there_is_the_policys_fault(here: World) -> None:
    with pytest.raises(PolicyError, match=r"the trust policy names .*none\.pub, which could not be read"):
        verify(here, "app:1", 'cosign = {keys = ["none.pub"]}')


def test_the_command_decides_references_and_files(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    here.sign()
    here.attest(kind=type_of("vuln"))
    here.push("bare:1")
    host = here.server.host
    Path("sealock.toml").write_text(
        policy(here, KEY + '\nattestation = [{type = "vuln", keys = ["k.pub"]}]'), encoding="utf-8"
    )
    Path("Dockerfile").write_text(
        f"FROM {host}/app:1 AS one\nFROM {host}/bare:1\nCOPY --from=one / /\n", encoding="utf-8"
    )
    assert main(["trust", "verify", f"{host}/app:1"]) == 0
    told = capsys.readouterr().out
    assert f"{host}/app:1 is trusted\n  digest     {here.digest}\n" in told
    assert f"  cosign     by key {here.key.public.id[:12]}" in told
    assert "  attested   vuln by key" in told
    assert main(["trust", "verify", "Dockerfile", "--format", "json"]) == 1
    held = json.loads(capsys.readouterr().out)
    assert [(one["reference"], one["result"]) for one in held["references"]] == [
        (f"{host}/app:1", "trusted"),
        (f"{host}/bare:1", "untrusted"),
    ]
    assert "no entry of the trust policy matches it" in held["references"][1]["reason"]
    assert held["references"][0]["checks"]["cosign"]["signers"][0]["key"] == here.key.public.id


def test_what_was_let_pass_is_not_called_trusted_and_notes_are_told(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    here.push("bare:1")
    here.refer(here.bundled(here.bundle(here.statement(name=""))))
    Path("sealock.toml").write_text(policy(here, KEY, "accept"), encoding="utf-8")
    host = here.server.host
    assert main(["trust", "verify", f"{host}/bare:1", f"{host}/app:1"]) == 0
    told = capsys.readouterr().out
    assert (
        f"{host}/bare:1 was not verified (policy: accept)\n  why        the trust policy requires no signature" in told
    )
    assert "  note       cosign: the signature names no repository: it would be valid for copies of the image" in told
    assert main(["trust", "verify", f"{host}/bare:1", f"{host}/app:1", "--format", "json"]) == 0
    bare, app = json.loads(capsys.readouterr().out)["references"]
    assert (bare["result"], bare["passes"], bare["reason"]) == (
        "unknown",
        True,
        "the trust policy requires no signature",
    )
    assert app["notes"][0].startswith("cosign: the signature names no repository")


def test_without_a_table_the_command_asks_content_trust(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sealock.toml").write_text('fail-on = "high"\n', encoding="utf-8")
    assert main(["trust", "verify", f"{here.server.host}/app:1"]) == 2
    assert "could not verify" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        pytest.param(KEY, 1, "", id="a trusted image"),
        pytest.param('cosign = {keys = ["s.pub"]}', 1, "does not meet the trust policy: cosign: ", id="one that is not"),
        pytest.param('cosign = {keys = ["s.pub"]}\nmode = "warn"', 1, "low does not meet the trust policy", id="one that is not, and the policy warns"),
        pytest.param('notary = {server = "https://127.0.0.1:1", first-use = true}', 2, ": notary: ", id="nobody can tell"),
    ],
)  # fmt: skip
def test_a_check_of_an_image_at_its_registry_asks_the_policy_too(
    here: World, body: str, status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    layer = tar(info("app", b"a program"))
    here.digest = here.server.add_image("app", "1", config=config(layer), layers=[layer])["digest"]
    here.sign()
    Path("sealock.toml").write_text(policy(here, body), encoding="utf-8")
    words = [
        "check",
        f"image:{here.server.host}/app:1",
        "--format",
        "json",
        "--no-vulnerabilities",
        "--fail-on",
        "high",
    ]
    # Other rules find faults in so bare an image.
    assert main(words) == status
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    found = [f"{one['severity']} {one['message']}" for one in target["findings"] if one["rule"] == "T001"]
    found += [one["message"] for one in target["errors"]]
    assert [told in one for one in found] == ([True] if told else [])


def test_the_same_statement_is_asked_of_each_signer_that_is_named(here: World) -> None:
    here.attest()
    twice = f'{{type = "{PROVENANCE}", keys = ["s.pub"]}}, {{type = "{PROVENANCE}", keys = ["k.pub"]}}'
    found = verify(here, "app:1", f"attestation = [{twice}]")
    assert found.state == "untrusted"
    here.attest(here.stranger)
    assert verify(here, "app:1", f"attestation = [{twice}]").state == "trusted"


@pytest.mark.parametrize(
    ("body", "content", "words"),
    [
        pytest.param('cosign = {keys = ["f"]}', b"no key", "f", id="a key that is none"),
        pytest.param('cosign = {keys = ["."]}', b"", "could not be read", id="a folder in place of a key"),
        pytest.param('cosign = {keys = ["sub/f"]}', b"", "could not be read", id="a key in a folder that is not there"),
        pytest.param('cosign = {identities = [{name = "a", issuer = "b"}], trusted-root = "f"}', b"{}", "invalid file", id="a trusted root that is none"),
        pytest.param('notary = {authority = "f"}', b"no certificate", "has no PEM certificates", id="an authority that is none"),
        pytest.param('notation = {policy = "none.json", store = "."}', b"", "none.json", id="a trust policy that is not there"),
        pytest.param('notation = {policy = "f", store = "."}', b"[]", "f", id="a trust policy that is none"),
        pytest.param('require = "any"\ncosign = {keys = ["k.pub"]}\nnotary = {authority = "f"}', b"", "PEM", id="even where another would do"),
    ],
)  # fmt: skip
def test_files_of_the_policy_that_are_not_sound_are_no_verdict(
    here: World, body: str, content: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    here.sign()
    Path("f").write_bytes(content)
    with pytest.raises(PolicyError, match=words):
        verify(here, "app:1", body)
    Path("sealock.toml").write_text(policy(here, body), encoding="utf-8")
    assert main(["trust", "verify", f"{here.server.host}/app:1"]) == 2
    assert "trusted" not in capsys.readouterr().out


def test_files_lie_in_the_policys_folder_wherever_the_command_runs(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.sign()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "sealock.toml").write_text(policy(here, KEY), encoding="utf-8")
    (tmp_path / "deep" / "er" / "k.pub").write_bytes(Path("s.pub").read_bytes())
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert main(["trust", "verify", f"{here.server.host}/app:1"]) == 0
    assert main(["trust", "verify", "--policy", "../../sealock.toml", f"{here.server.host}/app:1"]) == 0


def test_what_has_a_tag_is_a_reference_whatever_lies_in_the_checkout(here: World) -> None:
    host = here.server.host
    Path("sealock.toml").write_text(policy(here, KEY), encoding="utf-8")
    Path(host).mkdir()
    Path(host, "app:1").write_text("FROM scratch\n", encoding="utf-8")
    assert main(["trust", "verify", f"{host}/app:1"]) == 1


def test_a_folder_without_images_is_not_taken_for_trusted_ones(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sealock.toml").write_text(policy(here, KEY), encoding="utf-8")
    Path("app").mkdir()
    Path("app", "notes.txt").write_text("nothing\n", encoding="utf-8")
    assert main(["trust", "verify", "app"]) == 2
    assert "app names no image, so nothing was verified" in capsys.readouterr().err


def test_an_image_without_a_tag_in_a_file_is_the_latest(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    here.push("app:latest")
    here.sign(text="app:latest")
    Path("sealock.toml").write_text(policy(here, KEY), encoding="utf-8")
    Path("Dockerfile").write_text(f"FROM {here.server.host}/app\n", encoding="utf-8")
    assert main(["trust", "verify", "Dockerfile"]) == 0
    assert "is trusted" in capsys.readouterr().out


def test_a_name_in_a_file_that_leads_elsewhere_is_not_asked_for(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("sealock.toml").write_text(policy(here, KEY, "accept"), encoding="utf-8")
    Path("Dockerfile").write_text(f"FROM {here.server.host}/../../secret:1\n", encoding="utf-8")
    assert main(["trust", "verify", "Dockerfile"]) == 2
    assert "is not a repository's name" in capsys.readouterr().err
    assert not [asked for asked in here.server.asked if ".." in asked.path]


@pytest.fixture
def author(here: World) -> Iterator[Author]:
    """Who signs the repository in content trust."""
    with notary() as server:
        yield Author(server, f"{here.server.host}/app")


def publish(here: World, author: Author, digest: str) -> str:
    """Sign a digest for the tag; give the policy that asks for it."""
    author.tags["1"] = digest, len(here.client.manifest(here.name(f"app@{digest}")).raw)
    author.publish()
    return f'notary = {{server = "{author.server.address}", first-use = true}}'


def test_content_trust_and_the_registry_must_agree(here: World, author: Author) -> None:
    signed = here.digest
    body = publish(here, author, signed)
    assert verify(here, "app:1", body).state == "trusted"
    moved = here.push("app:1")
    found = verify(here, "app:1", body)
    assert found.state == "untrusted"
    assert f"1 is signed for {signed}, and the registry gives {moved}" in found.why
    # By digest content trust is not got round either.
    assert verify(here, f"app@{signed}", body).state == "trusted"
    assert verify(here, f"app@{moved}", body).state == "untrusted"
    assert verify(here, f"app:1@{moved}", body).state == "untrusted"


def test_a_signed_platform_does_not_vouch_for_the_index_around_it(here: World, author: Author) -> None:
    host = here.server
    image = host.add_image("app", config=config(), layers=[])
    other = host.add_image("app", config=config(b"other"), layers=[])
    index = host.add_index("app", "1", images={"linux/amd64": image, "linux/arm64": other})
    body = publish(here, author, image["digest"])
    found = verify(here, "app:1", body)
    assert (found.state, found.digest) == ("untrusted", index["digest"])
    assert "an index with that image for linux/amd64 in it. Name the image by its own digest" in found.why
    assert verify(here, f"app:1@{image['digest']}", body).state == "trusted"
    assert verify(here, f"app:1@{other['digest']}", body).state == "untrusted"


def test_a_tag_that_moves_between_claim_and_read_changes_nothing(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The registry says one digest when asked for it, and would give another image for the tag from then on."""
    here.sign()
    signed = here.digest
    seen: list[str] = []

    def answers(asked: Asked) -> Reply | None:
        if asked.method == "HEAD" and asked.path.endswith("/manifests/1"):
            here.server.answers = watch
            reply = here.server.answer(asked)
            seen.clear()
            here.push("app:1")
            return reply
        return None

    def watch(asked: Asked) -> Reply | None:
        seen.append(asked.path)
        return None

    Path("sealock.toml").write_text(policy(here, KEY), encoding="utf-8")
    here.server.answers = answers
    main(["check", f"image:{here.server.host}/app:1", "--format", "json", "--no-vulnerabilities"])
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    assert not [one for one in target["findings"] if one["rule"] == "T001"]
    assert any(path.endswith(signed) for path in seen)
    assert not [path for path in seen if path.endswith("/manifests/1")]


def test_a_trust_policy_that_skips_a_repository_requires_no_signature_of_it(here: World) -> None:
    scope = f"{here.server.host}/app"
    skips = {"name": "off", "registryScopes": [scope], "signatureVerification": {"level": "skip"}}
    Path("p.json").write_text(json.dumps({"version": "1.0", "trustPolicies": [skips]}))
    found = verify(here, "app:1", 'notation = {policy = "p.json", store = "."}')
    assert found.state == "untrusted"
    assert "requires a signature for its repository" in found.why
