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
        pytest.param('[trust]\nmode = "off"', "2: .trust. mode should be one of enforce, warn", id="a mode that is none"),
        pytest.param(entry('cosign = {keys = ["a"], threshold = 2}'), "threshold is 2, and 1 signer can sign", id="more signers than are named"),
        pytest.param(entry('cosign = {keys = ["a"], threshold = 0}'), "threshold is 0", id="no signer is enough"),
        pytest.param(entry('cosign = {keys = ["a"], annotations = {env = 1}}'), "env should be a string", id="an annotation that is a number"),
        pytest.param(entry('cosign = {keys = ["a"], signed-for = "r.example.com/a:1"}'), "signed-for should be the name of a repository", id="signed for a tag"),
        pytest.param(entry(f'cosign = {{keys = ["a"], signed-for = "r.example.com/a@{DIGEST}"}}'), "signed-for should be the name of a repository", id="signed for a digest"),
        pytest.param(entry('cosign = {keys = ["a"], signed-for = "No Name"}'), "signed-for should be the name of a repository", id="signed for what is no name"),
        pytest.param(entry('cosign = {keys = ["a"], signed-for = "r.example.com/a", any-repository = true}'), "does not go with any-repository", id="signed for one repository and for any"),
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
def test_the_longest_pattern_speaks_of_an_image_and_the_first_of_equal_ones(reference: str, expected: str) -> None:
    entries = [
        entry(f'refuse = "{name}"', pattern)
        for name, pattern in (
            ("docker", "docker.io/*"),
            ("library", "docker.io/library/*"),
            ("nginx", "docker.io/library/nginx:1.27"),
        )
    ]
    name = parse(reference)
    assert name is not None
    again = [entry('refuse = "again"', pattern) for pattern in ("docker.io/*", "docker.io/library/*")]
    for order in (entries, entries[::-1], [*entries, *again]):
        one = policy("".join(order)).about(name)
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
        pytest.param("r.lan:5907/*", "r.lan:05907/app", True, id="a port with a zero before it"),
        pytest.param("r.lan:05907/*", "r.lan:5907/app", True, id="a zero before the pattern's port"),
        pytest.param("ghcr.io/*", "ghcr.io:0443/app", True, id="the usual port with a zero before it"),
        pytest.param("*.ghcr.io:0443/*", "x.ghcr.io/app", True, id="the usual port of many registries"),
        pytest.param("[::1]:5000/*", "[0:0:0:0:0:0:0:1]:5000/app", True, id="an IPv6 address in full"),
        pytest.param("[0::1]:5000/*", "[::1]:5000/app", True, id="a pattern's IPv6 address in full"),
        pytest.param("127.0.0.1:5000/*", "[::ffff:7f00:1]:5000/app", True, id="an IPv4 address as IPv6"),
        pytest.param("127.0.0.1:5000/*", "127.1:5000/app", True, id="an IPv4 address in two parts"),
        pytest.param("127.0.0.1:5000/*", "0x7f000001:5000/app", True, id="an IPv4 address as a number"),
        pytest.param("127.0.0.1:5000/*", "127.0.0.2:5000/app", False, id="another address"),
        pytest.param("r[12].lan/*", "r2.lan/app", True, id="a class of characters"),
        pytest.param("r[12].lan/*", "r3.lan/app", False, id="a character that is not in the class"),
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


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        pytest.param("https://r.lan/a/*", "a pattern has no scheme: 'r.lan/a/[*]'", id="https"),
        pytest.param("http://r.lan/*", "a pattern has no scheme: 'r.lan/[*]'", id="http"),
        pytest.param("docker://r.lan/a/*", "a pattern has no scheme", id="a scheme of another tool"),
        pytest.param("r.lan/a/", "it names no repository: 'r.lan/a/[*]'", id="a final slash"),
        pytest.param("hub.docker.com/acme/*", "registry is docker.io: 'docker.io/acme/[*]'", id="the address of Docker Hub's pages"),
        pytest.param("r.lan//a", "repository in lower case", id="two slashes"),
        pytest.param("r.lan/a:", "or with :TAG", id="no tag after the colon"),
        pytest.param("r.lan:80:80/a", "REGISTRY/REPOSITORY", id="two ports"),
        pytest.param("r.lan:0/a", "REGISTRY/REPOSITORY", id="the port 0"),
        pytest.param("r.lan:65536/a", "REGISTRY/REPOSITORY", id="a port that is too high"),
        pytest.param("r.lan:port/a", "REGISTRY/REPOSITORY", id="a port that is no number"),
        pytest.param("r.lan/a/{b,c}", "only .*are wildcards", id="braces"),
        pytest.param("^r.lan/a/.*$", "only .*are wildcards", id="a regular expression"),
        pytest.param("r.lan/%61", "only .*are wildcards", id="a character of a URL"),
        pytest.param("r.lan/a/[b", "only .*are wildcards", id="a bracket that is not closed"),
        pytest.param("./a/b", "REGISTRY/REPOSITORY", id="a path"),
        pytest.param("r.lan/a/../b", "REGISTRY/REPOSITORY", id="a path that goes up"),
        pytest.param("r.lan/a,r.lan/b", "REGISTRY/REPOSITORY", id="two patterns in one"),
        pytest.param("r.lan/-[a-c]*", "REGISTRY/REPOSITORY", id="a repository that begins with a dash"),
        pytest.param("r.lan/" + "[" * 20_000, "more than 512 characters", id="a pattern that is too long"),
        pytest.param("r.lan/a:*/b", "REGISTRY/REPOSITORY", id="a slash after the tag's colon"),
    ],
)  # fmt: skip
def test_a_pattern_that_matches_nothing_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(PolicyError, match=f"matches nothing: .*{why}"):
        policy(entry("digest = true", pattern))


@pytest.mark.parametrize(
    "pattern",
    ["*", "*/app", "*:5000/*", "*.gcr.io/*", "r.lan/a-*", "r.lan/*-a", "r.lan/**/b", "r.lan/[!x]*", "r.lan/a:v[0-9].?",
     "localhost/a", "r.lan/a__b", "r.lan:5??0/a", "r.lan:65535/a", "r.lan:*/a", "r.lan/a:Release_*"],
)  # fmt: skip
def test_a_pattern_that_matches_something_is_accepted(pattern: str) -> None:
    assert policy(entry("digest = true", pattern)).images[0].match[0].text == pattern


NOT_SET = 'no entry of [trust] matches it, and no default is set: set default = "refuse" or "accept"'


@pytest.mark.parametrize(
    ("table", "pattern", "reference", "notes"),
    [
        pytest.param("", "r.lan/evil", "r.lan/evil/app", ("the pattern 'r.lan/evil' matches only that repository: 'r.lan/evil/*'?", NOT_SET), id="a namespace without its star"),
        pytest.param('default = "accept"', "docker.io/library", "alpine", ("the pattern 'docker.io/library' matches only that repository: 'docker.io/library/*'?",), id="the official images without their star"),
        pytest.param("", "r.lan/a", "r.lan/b", (NOT_SET,), id="no default"),
        pytest.param('default = "accept"', "r.lan/a", "r.lan/b", (), id="accepted by a default that is written"),
        pytest.param('default = "refuse"', "r.lan/evil", "r.lan/evil/app", (), id="refused anyway"),
        pytest.param("", "r.lan/evil", "r.lan/evil-not/app", (NOT_SET,), id="a neighbour of the pattern"),
        pytest.param("", "r.lan/*", "r.lan/b", (), id="an entry about it"),
    ],
)  # fmt: skip
def test_a_slip_that_lets_an_image_pass_is_noted(
    table: str, pattern: str, reference: str, notes: tuple[str, ...]
) -> None:
    name = parse(reference)
    assert name is not None
    assert policy(f"[trust]\n{table}\n{entry('digest = true', pattern)}").notes(name) == notes


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param(entry('refuse = "old"\nmode = "warn"'), True, id="the entry warns"),
        pytest.param('[trust]\nmode = "warn"\n' + entry('refuse = "old"'), True, id="the table warns"),
        pytest.param('[trust]\nmode = "warn"\n' + entry('refuse = "old"\nmode = "enforce"'), False, id="the entry enforces"),
        pytest.param('[trust]\nmode = "warn"\ndefault = "refuse"', True, id="the default warns"),
        pytest.param(entry('refuse = "old"'), False, id="nobody warns"),
    ],
)  # fmt: skip
def test_a_mode_of_warning_accepts_what_is_not_trusted(text: str, *, accepted: bool) -> None:
    name = parse("alpine:3")
    assert name is not None
    decision = decide(policy(text), name, {})
    assert (decision.state, decision.accepted) == ("untrusted", accepted)


def test_what_could_not_be_verified_is_not_accepted_by_warning() -> None:
    name = parse("alpine:3")
    assert name is not None
    needs = policy(entry(KEYS + '\nmode = "warn"'))
    assert decide(needs, name, {"cosign": result("cosign", "untrusted", "no signature")}).accepted
    assert not decide(needs, name, {"cosign": result("cosign", "unknown", "no answer")}).accepted


@pytest.mark.parametrize(
    ("patterns", "repository", "expected"),
    [
        pytest.param(("r.lan/*", "r.lan/app"), "r.lan/app", ["r.lan/app"], id="the entry of the repository"),
        pytest.param(("r.lan/*", "r.lan/app:1.*"), "r.lan/app", ["r.lan/*", "r.lan/app:1.*"], id="and those of its tags"),
        pytest.param(("r.lan/other:1",), "r.lan/app", [], id="not those of other repositories"),
    ],
)  # fmt: skip
def test_the_entries_of_a_repository(patterns: tuple[str, ...], repository: str, expected: list[str]) -> None:
    name = parse(repository)
    assert name is not None
    entries = policy("".join(entry("digest = true", pattern) for pattern in patterns)).about_repository(name)
    assert [each.match[0].text for each in entries] == expected
