"""The table [trust]: what it asks for, whom it speaks of, and what follows of verdicts."""

from __future__ import annotations

import pytest

from sealock.errors import PolicyError
from sealock.model.imagename import parse
from sealock.model.location import Source
from sealock.model.trust import TrustResult, TrustState
from sealock.policy.settings import read
from sealock.policy.trust import CosignNeed, NotaryNeed, TrustPolicy, decide

DIGEST = "sha256:" + "ab" * 32


def policy(text: str) -> TrustPolicy:
    return read(Source("sealock.toml", text), "/repo").trust


def entry(body: str, match: str = "docker.io/library/*") -> str:
    return f'[[trust.image]]\nmatch = ["{match}"]\n{body}\n'


KEYS = 'cosign = {keys = ["a.pub"]}'
BOTH = KEYS + '\nnotary = {authority = "ca.pem"}'


def result(by: str, state: TrustState, why: str = "") -> TrustResult:
    return TrustResult(system="cosign", reference=by, digest=DIGEST, state=state, why=why)


def test_what_an_entry_asks_for() -> None:
    (one,) = policy(entry(BOTH + '\nattestation = [{type = "vuln", keys = ["/k"]}]')).images
    assert one.cosign == CosignNeed(keys=("/repo/a.pub",))
    assert one.notary == NotaryNeed(authority="/repo/ca.pem")
    assert one.needs == ("notary", "cosign", "attestation vuln")
    assert one.location.line == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('[trust]\ndefault = "maybe"', "2: .trust. default should be one of accept, refuse", id="a default that is none"),
        pytest.param("[trust]\nimages = []", "2: .trust. images is not a setting", id="a key that nobody knows"),
        pytest.param("[[trust.image]]\ndigest = true", "match is missing", id="nobody is meant"),
        pytest.param(entry("digest = true", "alpine"), "should begin with the registry, and is 'alpine'", id="a short name"),
        pytest.param(entry(""), "requires nothing", id="nothing is asked for"),
        pytest.param(entry('require = "some"\n' + KEYS), "require should be one of all, any", id="a number that is none"),
        pytest.param(entry("digest = true\ncosigns = 1"), "is not a setting", id="a slip of the pen"),
        pytest.param(entry('cosign = {identities = [{name = "a", issuer = ""}], trusted-root = "r"}'), "a name and an issuer", id="a name without an issuer"),
        pytest.param(entry('cosign = {identities = [{name = "a", issuer = "b"}]}'), "trusted-root is missing", id="identities without a root"),
        pytest.param(entry('cosign = {trusted-root = "r"}'), "keys is missing", id="no key and no identity"),
        pytest.param(entry('notary = {server = "https://n"}'), "pins is missing", id="no pin and no first use"),
        pytest.param(entry('attestation = [{keys = ["a"]}]'), "type is missing", id="an attestation of nothing"),
        pytest.param(entry('notary = {pins = ["6f2a"]}'), "64 hexadecimal digits", id="a pin that is cut short"),
        pytest.param(entry("notary = {}\n" + KEYS), "pins is missing", id="an empty need beside another"),
        pytest.param(entry('require = "any"\ncosign = {}\nnotary = {first-use = true}'), "keys is missing", id="any of nothing and something"),
        pytest.param(entry("notation = {}\n" + KEYS), "policy is missing", id="an empty need of Notation"),
        pytest.param(entry('refuse = " "\n' + KEYS), "refuse should say why", id="a refusal without a reason"),
        pytest.param(entry('cosign = {identities = [{name = "**", issuer = "b"}], trusted-root = "r"}'), "just \\*", id="anybody's name"),
        pytest.param(entry('cosign = {identities = [{name = "a", issuer = "https://*"}], trusted-root = "r"}'), "just \\*", id="anybody's issuer"),
        pytest.param(entry("digest = true", "acme/app"), "should begin with the registry, and is 'acme/app' .docker.io/acme/app", id="a name of Docker Hub without the registry"),
        pytest.param(entry("digest = true", "ghcr.io/Acme/*"), "matches nothing", id="a repository in capitals"),
        pytest.param(entry("digest = true", "ghcr.io/acme/app@sha256:00"), "matches nothing", id="a digest in a pattern"),
        pytest.param(entry("digest = true", "ghcr.io/"), "matches nothing", id="a registry and no repository"),
        pytest.param(entry('notation = {policy = "p"}'), "store is missing", id="a Notation policy without a store"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        policy(text)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("alpine", "library"),
        ("docker.io/library/nginx:1.27", "nginx"),
        ("docker.io/library/nginx:1.26", "library"),
        ("docker.io/acme/app:1", "docker"),
        ("ghcr.io/acme/app:1", ""),
    ],
)
def test_the_longest_pattern_speaks_of_an_image(reference: str, expected: str) -> None:
    text = "".join(
        entry(f'refuse = "{name}"', pattern)
        for name, pattern in (
            ("docker", "docker.io/*"),
            ("library", "docker.io/library/*"),
            ("nginx", "docker.io/library/nginx:1.27"),
        )
    )
    name = parse(reference)
    assert name is not None
    one = policy(text).about(name)
    assert (one.refuse if one else "") == expected


@pytest.mark.parametrize(
    ("pattern", "reference", "speaks"),
    [
        pytest.param("ghcr.io/acme/*", "GHCR.io/acme/app:1", True, id="a registry in capitals"),
        pytest.param("GHCR.io/acme/*", "ghcr.io/acme/app:1", True, id="a pattern in capitals"),
        pytest.param("ghcr.io/acme/*", "ghcr.io:443/acme/app:1", True, id="a port that goes without saying"),
        pytest.param("ghcr.io:443/acme/*", "ghcr.io/acme/app:1", True, id="the same in the pattern"),
        pytest.param("ghcr.io/acme/*", "ghcr.io:8443/acme/app:1", False, id="another port"),
        pytest.param("docker.io/library/*", "index.docker.io/library/nginx", True, id="Docker Hub by its old name"),
        pytest.param("docker.io/library/*", "index.docker.io/nginx", True, id="and in short"),
        pytest.param("docker.io/library/*", "registry-1.docker.io/library/nginx", True, id="Docker Hub by its server"),
        pytest.param("docker.io/library/*", "registry-1.docker.io:443/library/nginx", True, id="with its port"),
        pytest.param("host.lan:5000/*", "host.lan.:5000/app", True, id="with the dot that names may end in"),
        pytest.param("docker.io/library/*", "registry.hub.docker.com/library/nginx", True, id="by its other server"),
        pytest.param("docker.io/library/*", "DOCKER.IO/nginx", True, id="in capitals"),
        pytest.param("index.docker.io/library/*", "nginx", True, id="a pattern by the old name"),
        pytest.param("docker.io/nginx", "nginx:1", True, id="a pattern in short"),
        pytest.param("docker.io/nginx:1.*", "nginx:1.27", True, id="a pattern in short with a tag"),
        pytest.param("docker.io/nginx", "acme/nginx:1", False, id="in short it means the official one"),
        pytest.param("docker.io/acme/app:latest", "acme/app", True, id="no tag is the tag latest"),
        pytest.param("docker.io/acme/app:latest", f"acme/app@{DIGEST}", False, id="a digest is no tag"),
        pytest.param("docker.io/acme/app:1", f"acme/app:1@{DIGEST}", True, id="a tag beside a digest"),
        pytest.param("ghcr.io/acme/*", "ghcr.io/acme-evil/app:1", False, id="a neighbour whose name goes on"),
        pytest.param("ghcr.io/acme/*", "ghcr.io.evil.example/acme/app:1", False, id="a registry whose name goes on"),
        pytest.param("ghcr.io/acme/*", "evil.example/ghcr.io/acme/app:1", False, id="a repository that looks like a registry"),
        pytest.param("*", "evil.example/app", True, id="all"),
    ],
)  # fmt: skip
def test_no_spelling_gets_round_an_entry(pattern: str, reference: str, *, speaks: bool) -> None:
    name = parse(reference)
    assert name is not None
    assert (policy(entry("digest = true", pattern)).about(name) is not None) == speaks


def test_the_same_statement_by_two_signers_is_two_needs() -> None:
    twice = 'attestation = [{type = "vuln", keys = ["a.pub"]}, {type = "vuln", keys = ["b.pub"]}]'
    (one,) = policy(entry(twice)).images
    assert {name: need.by.keys for name, need in one.attested.items()} == {
        "attestation vuln": ("/repo/a.pub",),
        "attestation vuln (2)": ("/repo/b.pub",),
    }
    assert one.needs == tuple(one.attested)


@pytest.mark.parametrize(
    ("require", "cosign", "notary", "expected", "why"),
    [
        ("all", "trusted", "trusted", "trusted", ""),
        ("all", "trusted", "untrusted", "untrusted", "notary: wrong key"),
        ("all", "unknown", "untrusted", "untrusted", "notary: wrong key; cosign: no answer"),
        ("all", "trusted", "unknown", "unknown", "notary: no answer"),
        ("any", "trusted", "untrusted", "trusted", ""),
        ("any", "trusted", "unknown", "trusted", ""),
        ("any", "unknown", "untrusted", "unknown", "notary: wrong key; cosign: no answer"),
        ("any", "untrusted", "untrusted", "untrusted", "notary: wrong key; cosign: wrong key"),
    ],
)
def test_what_follows_of_verdicts(
    require: str, cosign: TrustState, notary: TrustState, expected: TrustState, why: str
) -> None:
    words = {"trusted": "", "untrusted": "wrong key", "unknown": "no answer"}
    name = parse("alpine:3")
    assert name is not None
    results = {
        one: result(one, state, words[state])
        for one, state in (("cosign", cosign), ("notary", notary))
    }  # fmt: skip
    decision = decide(policy(entry(f'require = "{require}"\n{BOTH}')), name, results)
    assert (decision.state, decision.why) == (expected, why)


@pytest.mark.parametrize(
    ("text", "reference", "state", "why"),
    [
        pytest.param("", "alpine", "trusted", "", id="without a table nothing is refused"),
        pytest.param('[trust]\ndefault = "accept"', "alpine", "trusted", "", id="accepted by default"),
        pytest.param('[trust]\ndefault = "refuse"', "alpine", "untrusted", "no entry of the trust policy matches it", id="refused by default"),
        pytest.param(entry("digest = true"), "alpine:3", "untrusted", "it has only a tag", id="a tag where a digest is wanted"),
        pytest.param(entry("digest = true"), f"alpine:3@{DIGEST}", "trusted", "", id="a digest where one is wanted"),
        pytest.param(entry('refuse = "out of support"'), "alpine", "untrusted", "the policy refuses it: out of support", id="refused outright"),
        pytest.param(entry(KEYS), "alpine", "unknown", "cosign: it was not verified", id="nobody looked"),
    ],
)  # fmt: skip
def test_what_follows_without_verdicts(text: str, reference: str, state: TrustState, why: str) -> None:
    name = parse(reference)
    assert name is not None
    decision = decide(policy(text), name, {})
    assert decision.state == state
    assert why in decision.why
