"""The table [trust]: what it asks for, whom it speaks of, and what follows of verdicts."""

from __future__ import annotations

import pytest

from sealock.errors import PolicyError
from sealock.model.imagename import parse
from sealock.model.location import Source
from sealock.model.trust import State, Verdict
from sealock.policy.settings import read
from sealock.policy.trust import CosignNeed, NotaryNeed, TrustPolicy, decide

DIGEST = "sha256:" + "ab" * 32


def policy(text: str) -> TrustPolicy:
    return read(Source("sealock.toml", text), "/repo").trust


def entry(body: str, match: str = "docker.io/library/*") -> str:
    return f'[[trust.image]]\nmatch = ["{match}"]\n{body}\n'


KEYS = 'cosign = {keys = ["a.pub"]}'
BOTH = KEYS + '\nnotary = {pins = ["6f"]}'


def verdict(by: str, state: State, why: str = "") -> Verdict:
    return Verdict(by="cosign", reference=by, digest=DIGEST, state=state, why=why)


def test_what_an_entry_asks_for() -> None:
    (one,) = policy(entry(BOTH + '\nattestation = [{type = "vuln", keys = ["/k"]}]')).images
    assert one.cosign == CosignNeed(keys=("/repo/a.pub",))
    assert one.notary == NotaryNeed(pins=("6f",))
    assert one.needs == ("notary", "cosign", "attestation vuln")
    assert one.location.line == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('[trust]\ndefault = "maybe"', "2: .trust. default should be one of accept, refuse", id="a default that is none"),
        pytest.param("[trust]\nimages = []", "2: .trust. images is not a setting", id="a key that nobody knows"),
        pytest.param("[[trust.image]]\ndigest = true", "match is missing", id="nobody is meant"),
        pytest.param(entry("digest = true", "alpine"), "should begin with the registry, and is 'alpine'", id="a short name"),
        pytest.param(entry(""), "asks for nothing", id="nothing is asked for"),
        pytest.param(entry('require = "some"\n' + KEYS), "require should be one of all, any", id="a number that is none"),
        pytest.param(entry("digest = true\ncosigns = 1"), "is not a setting", id="a slip of the pen"),
        pytest.param(entry('cosign = {identities = [{name = "a", issuer = ""}], trusted-root = "r"}'), "a name and an issuer", id="a name without an issuer"),
        pytest.param(entry('cosign = {identities = [{name = "a", issuer = "b"}]}'), "trusted-root is missing", id="identities without a root"),
        pytest.param(entry('cosign = {trusted-root = "r"}'), "keys is missing", id="no key and no identity"),
        pytest.param(entry('notary = {server = "https://n"}'), "pins is missing", id="no pin and no first use"),
        pytest.param(entry('attestation = [{keys = ["a"]}]'), "type is missing", id="an attestation of nothing"),
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
def test_what_follows_of_verdicts(require: str, cosign: State, notary: State, expected: State, why: str) -> None:
    words = {"trusted": "", "untrusted": "wrong key", "unknown": "no answer"}
    name = parse("alpine:3")
    assert name is not None
    verdicts = {
        one: verdict(one, state, words[state])
        for one, state in (("cosign", cosign), ("notary", notary))
    }  # fmt: skip
    decision = decide(policy(entry(f'require = "{require}"\n{BOTH}')), name, verdicts)
    assert (decision.state, decision.why) == (expected, why)


@pytest.mark.parametrize(
    ("text", "reference", "state", "why"),
    [
        pytest.param("", "alpine", "trusted", "", id="without a table nothing is refused"),
        pytest.param('[trust]\ndefault = "accept"', "alpine", "trusted", "", id="accepted by default"),
        pytest.param('[trust]\ndefault = "refuse"', "alpine", "untrusted", "no entry of the trust policy speaks of it", id="refused by default"),
        pytest.param(entry("digest = true"), "alpine:3", "untrusted", "named by a tag alone", id="a tag where a digest is wanted"),
        pytest.param(entry("digest = true"), f"alpine:3@{DIGEST}", "trusted", "", id="a digest where one is wanted"),
        pytest.param(entry('refuse = "out of support"'), "alpine", "untrusted", "the policy refuses it: out of support", id="refused outright"),
        pytest.param(entry(KEYS), "alpine", "unknown", "cosign: it was not looked at", id="nobody looked"),
    ],
)  # fmt: skip
def test_what_follows_without_verdicts(text: str, reference: str, state: State, why: str) -> None:
    name = parse(reference)
    assert name is not None
    decision = decide(policy(text), name, {})
    assert decision.state == state
    assert why in decision.why
