"""What the client says to an honest registry, and what it makes of the answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.errors import TargetError, TransportError
from sealock.model.manifest import Index, Manifest
from sealock.model.registries import Registries
from sealock.net.registry import upload
from sealock.net.registry.auth import Challenge, parse_challenge
from sealock.net.registry.client import ACCEPT, SMALL_BLOB
from sealock.net.registry.credentials import RegistryLogin
from sealock.net.registry.manifests import ManifestError
from sealock.net.registry.names import host_of, reference
from sealock.net.registry.requests import RateLimit, RegistryError
from support.registryworld import CONFIG, Client, manifest, name
from support.simulators.certificates import certificates
from support.simulators.registry import OCI_INDEX, OCI_MANIFEST, Asked, RegistrySimulator, Reply, registry, sha256

DATA = bytes(range(256)) * 4096


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as one:
        yield one


@pytest.fixture
def other() -> Iterator[RegistrySimulator]:
    with registry() as one:
        yield one


# References.


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("nginx", "registry-1.docker.io", "library/nginx", "latest", None),
        ("nginx:1.27", "registry-1.docker.io", "library/nginx", "1.27", None),
        ("docker.io/nginx", "registry-1.docker.io", "library/nginx", "latest", None),
        ("index.docker.io/library/nginx", "registry-1.docker.io", "library/nginx", "latest", None),
        ("grafana/grafana", "registry-1.docker.io", "grafana/grafana", "latest", None),
        ("ghcr.io/a/b/c:v1", "ghcr.io", "a/b/c", "v1", None),
        ("localhost/a", "localhost", "a", "latest", None),
        ("localhost:5000/a:1", "localhost:5000", "a", "1", None),
        ("a@sha256:" + "1" * 64, "registry-1.docker.io", "library/a", None, "sha256:" + "1" * 64),
        ("a:1@sha256:" + "1" * 64, "registry-1.docker.io", "library/a", "1", "sha256:" + "1" * 64),
        ("a.b/my__app/x-y---z", "a.b", "my__app/x-y---z", "latest", None),
    ],
)
def test_a_reference(text: str, host: str, repository: str, tag: str | None, digest: str | None) -> None:
    found = reference(text)
    assert (host_of(found), found.repository, found.tag, found.digest) == (host, repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "", "Nginx", "a/../b", "../a", "a//b", "a/b/", "/a", "a:", "a:b:c", "a?x=1", "a#b", "a%2e%2e", "a b", "a/.b", "a/b_", "a___b",
        "a@sha256:123", "a@md5:" + "1" * 32, "a@sha256:" + "A" * 64, "ho_st.com/a", "evil.com:99999999/a", "x" * 300, "$IMAGE", "a\nb", "a.b/\u0430",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_told(text: str) -> None:
    with pytest.raises(TargetError):
        reference(text)


# Names become digests.


def test_a_tag_becomes_a_digest_without_a_pull(server: RegistrySimulator) -> None:
    made = server.add_image("a", "1", config=CONFIG)
    claim = Client().claim(name(server, "a:1"))
    assert (claim.digest, claim.media_type, claim.size) == (made["digest"], OCI_MANIFEST, made["size"])
    assert [asked.method for asked in server.asked if "manifests" in asked.path] == ["HEAD"]


@pytest.mark.parametrize("length", ["9" * 5000, "x"], ids=["a number too long to read", "no number"])
def test_a_size_that_is_no_number_is_unknown(server: RegistrySimulator, length: str) -> None:
    digest = f"sha256:{'a' * 64}"
    server.answers = lambda _: Reply(200, b"", {"Docker-Content-Digest": digest, "Content-Length": length})
    claim = Client().claim(name(server, "a:1"))
    assert (claim.digest, claim.size) == (digest, -1)


def test_all_four_types_are_asked_for_in_one_header(server: RegistrySimulator) -> None:
    server.add_image("a", "1", config=CONFIG)
    Client().claim(name(server, "a:1"))
    assert server.asked[-1].headers["accept"] == ACCEPT
    assert ACCEPT.count(",") == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"", {"Content-Type": OCI_MANIFEST}),
        Reply(200, b"", {"Docker-Content-Digest": "sha256:short"}),
        Reply(405),
        Reply(400),
    ],
    ids=["no digest", "a digest that is none", "no HEAD allowed", "HEAD misunderstood"],
)
def test_where_head_says_nothing_the_manifest_is_got_and_hashed(server: RegistrySimulator, reply: Reply) -> None:
    made = server.add_image("a", "1", config=CONFIG)
    server.answers = lambda asked: reply if asked.method == "HEAD" and "manifests" in asked.path else None
    assert Client().claim(name(server, "a:1")).digest == made["digest"]


def test_a_manifest_is_its_bytes_and_a_noun(server: RegistrySimulator) -> None:
    made = server.add_image("a", "1", config=CONFIG, layers=[DATA])
    found = Client().manifest(name(server, "a:1"))
    assert (found.digest, sha256(found.raw), found.descriptor.size) == (made["digest"], made["digest"], made["size"])
    assert isinstance(found.noun, Manifest)
    assert [layer.digest for layer in found.noun.layers] == [sha256(DATA)]


@pytest.mark.parametrize(
    ("platform", "chosen"),
    [
        ("linux/arm64", "arm"),
        ("linux/arm64/v8", "arm"),
        ("linux/amd64", "amd"),
        ("linux/arm/v6", "six"),
        ("arm64", "arm"),
    ],
)
def test_an_index_is_resolved_for_a_platform(server: RegistrySimulator, platform: str, chosen: str) -> None:
    images = {
        word: server.add_image("a", config=CONFIG + b" " * length) for length, word in enumerate(("amd", "arm", "six"))
    }
    named = {"linux/amd64": images["amd"], "linux/arm64/v8": images["arm"], "linux/arm/v6": images["six"]}
    top = server.add_index("a", "1", images=named)
    found = Client().resolve(name(server, "a:1"), platform)
    assert (found.top.digest, found.image.digest) == (top["digest"], images[chosen]["digest"])
    assert isinstance(found.top.noun, Index)


def test_a_platform_that_an_index_lacks_is_told_with_those_that_it_has(server: RegistrySimulator) -> None:
    server.add_index("a", "1", images={"linux/amd64": server.add_image("a", config=CONFIG)})
    with pytest.raises(TargetError, match="has no image for linux/s390x; it has linux/amd64"):
        Client().resolve(name(server, "a:1"), "linux/s390x")


def test_attestations_in_an_index_are_no_images(server: RegistrySimulator) -> None:
    image = server.add_image("a", config=CONFIG)
    entry = {**image, "platform": {"os": "unknown", "architecture": "unknown"}}
    entry["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
    table = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
    server.add_manifest("a", table, "1", kind=OCI_INDEX)
    with pytest.raises(TargetError, match="has no image"):
        Client().resolve(name(server, "a:1"))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}, id="an attestation"),
        pytest.param({"artifactType": "application/x.sbom"}, id="an artifact"),
    ],
)
def test_an_image_that_engines_choose_by_its_platform_is_not_hidden_as(
    server: RegistrySimulator, claims: dict[str, Any]
) -> None:
    platform = {"platform": {"os": "linux", "architecture": "arm64"}}
    run, shown = (server.add_image("a", config=CONFIG + b" " * length) for length in range(2))
    table = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [run | platform | claims, shown | platform]}
    server.add_manifest("a", table, "1", kind=OCI_INDEX)
    assert Client().resolve(name(server, "a:1"), "linux/arm64").image.digest == run["digest"]


def test_tags_come_page_after_page(server: RegistrySimulator) -> None:
    for tag in "abcdefg":
        server.add_image("a", tag, config=CONFIG)
    server.page = 3
    assert list(Client().tags(name(server, "a"))) == list("abcdefg")
    assert server.heard.count("GET /v2/a/tags/list") == 3


def test_what_is_not_there_is_told_by_its_name(server: RegistrySimulator) -> None:
    with pytest.raises(RegistryError, match=r"/a:1 does not exist \(it says 'MANIFEST_UNKNOWN") as told:
        Client().manifest(name(server, "a:1"))
    assert told.value.status == 404


def test_a_manifest_that_breaks_off_is_asked_for_again(server: RegistrySimulator) -> None:
    made = server.add_image("a", "1", config=CONFIG)
    raw = server.manifests["a"]["1"][1]
    replies = iter([Reply(200, raw, {"Content-Type": OCI_MANIFEST}, cut=10)] * 2)
    server.answers = lambda asked: next(replies, None) if "manifests" in asked.path else None
    client = Client()
    assert client.manifest(name(server, "a:1")).digest == made["digest"]
    assert len(client.waited) == 2


def test_schema_1_is_told_by_its_type_alone(server: RegistrySimulator) -> None:
    headers = {
        "Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "Docker-Content-Digest": sha256(b""),
    }
    server.answers = lambda asked: Reply(200, b"", headers) if asked.method == "HEAD" else None
    with pytest.raises(TransportError, match="schema 1"):
        Client().claim(name(server, "a:1"))


def test_a_port_that_nobody_listens_on_is_told() -> None:
    with pytest.raises(TransportError, match="nothing listens on port 1:"):
        Client().claim(reference("127.0.0.1:1/a"))


# Blobs.


def test_a_blob_goes_on_after_a_break(server: RegistrySimulator) -> None:
    made = server.add_blob(DATA)
    replies = iter([Reply(200, DATA, cut=300_000)])
    server.answers = lambda asked: next(replies, None) if "/blobs/" in asked.path else None
    client = Client()
    assert b"".join(client.blob(name(server, "a:1"), made["digest"], made["size"])) == DATA
    ranges = [asked.headers.get("range") for asked in server.asked if "/blobs/" in asked.path]
    assert ranges[0] is None
    assert ranges[1] is not None
    assert ranges[1].startswith("bytes=")
    assert len(client.waited) == 1


def test_a_blob_goes_on_where_the_registry_knows_no_ranges(server: RegistrySimulator) -> None:
    made = server.add_blob(DATA)
    server.ranges = False
    replies = iter([Reply(200, DATA, cut=300_000)])
    server.answers = lambda asked: next(replies, None) if "/blobs/" in asked.path else None
    assert b"".join(Client().blob(name(server, "a:1"), made["digest"], made["size"])) == DATA


def test_a_blob_that_is_too_large_to_be_read_into_memory_is_told(server: RegistrySimulator) -> None:
    config = {"mediaType": "x", "digest": sha256(b""), "size": SMALL_BLOB + 1}
    server.add_manifest("a", manifest(config=config), "1")
    client = Client()
    found = client.manifest(name(server, "a:1")).noun
    assert isinstance(found, Manifest)
    with pytest.raises(TransportError, match="the maximum"):
        client.read_blob(name(server, "a:1"), found.config)


# Tried again, and limits.


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(server: RegistrySimulator, status: int) -> None:
    server.add_image("a", "1", config=CONFIG)
    replies = iter([Reply(status), Reply(status)])
    server.answers = lambda asked: next(replies, None) if "manifests" in asked.path else None
    client = Client()
    client.claim(name(server, "a:1"))
    assert len(client.waited) == 2
    assert 0.25 <= client.waited[0] <= 0.5 <= client.waited[1] <= 1.0


def test_a_retry_after_is_heeded(server: RegistrySimulator) -> None:
    server.add_image("a", "1", config=CONFIG)
    replies = iter([Reply(429, b"", {"Retry-After": "7"})])
    server.answers = lambda asked: next(replies, None) if "manifests" in asked.path else None
    client = Client()
    client.claim(name(server, "a:1"))
    assert 7.0 < client.waited[0] <= 7.5


def test_who_asks_for_an_hour_is_not_waited_for(server: RegistrySimulator) -> None:
    headers = {"Retry-After": "3600", "RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}
    server.answers = lambda asked: Reply(429, b"", headers) if "manifests" in asked.path else None
    client = Client()
    with pytest.raises(RegistryError, match=r"0 of 100 pulls left\). Sign in, use a mirror, or try again in 3600 s"):
        client.claim(name(server, "a:1"))
    assert client.waited == []


def test_what_a_registry_tells_of_its_limit_is_kept(server: RegistrySimulator) -> None:
    headers = {
        "Docker-Content-Digest": sha256(b""),
        "RateLimit-Limit": "100;w=21600",
        "RateLimit-Remaining": "76;w=21600",
    }
    server.answers = lambda asked: Reply(200, b"", headers) if "manifests" in asked.path else None
    client = Client()
    client.claim(name(server, "a:1"))
    assert client.requests.limits == {server.host: RateLimit(100, 76, 21600)}


def test_a_registry_that_stays_broken_is_told(server: RegistrySimulator) -> None:
    server.answers = lambda asked: Reply(503) if "manifests" in asked.path else None
    client = Client()
    with pytest.raises(RegistryError, match=r"failed with status 503\. Try again later"):
        client.claim(name(server, "a:1"))
    assert len(client.waited) == 4


@pytest.mark.parametrize(("patience", "asked"), [(60.0, 5), (0.0, 1)], ids=["soon", "after a long silence"])
def test_a_registry_that_breaks_off_is_asked_again_until_it_took_too_long(
    server: RegistrySimulator, monkeypatch: pytest.MonkeyPatch, patience: float, asked: int
) -> None:
    monkeypatch.setattr("sealock.net.registry.requests._LONGEST_SILENCE", patience)
    server.answers = lambda asked: Reply(200, b"{" * 100, cut=10) if "manifests" in asked.path else None
    with pytest.raises(TransportError, match="broke off"):
        Client().manifest(name(server, "a:1"))
    assert len([request for request in server.asked if "manifests" in request.path]) == asked


def test_a_registry_that_was_given_up_is_not_waited_for_again(
    server: RegistrySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealock.net.registry.requests.given_up", lambda _begun: True)
    server.answers = lambda asked: Reply(200, b"{" * 100, cut=10) if "manifests" in asked.path else None
    client = Client()
    for tag in ("1", "2", "3"):
        with pytest.raises(TransportError, match="broke off"):
            client.manifest(name(server, f"a:{tag}"))
    assert len([request for request in server.asked if "manifests" in request.path]) == 1


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_does_not_pass_is_not_tried_again(server: RegistrySimulator, status: int) -> None:
    server.answers = lambda asked: Reply(status) if "manifests" in asked.path else None
    client = Client()
    with pytest.raises(RegistryError):
        client.manifest(name(server, "a:1"))
    assert client.waited == []


# Signing in.


@pytest.mark.parametrize("how", ["basic", "bearer"])
def test_a_login_is_used_where_it_is_asked_for(server: RegistrySimulator, how: str) -> None:
    made = server.add_image("a", "1", config=CONFIG)
    server.sign_in, server.logins, server.anonymous = how, {"me": "word"}, False
    client = Client(logins={server.host: RegistryLogin("me", "word")})
    assert client.manifest(name(server, "a:1")).digest == made["digest"]
    assert "authorization" not in next(asked for asked in server.asked if "manifests" in asked.path).headers


def test_nobody_gets_a_token_to_pull(server: RegistrySimulator) -> None:
    made = server.add_image("a", "1", config=CONFIG)
    server.sign_in = "bearer"
    assert Client().manifest(name(server, "a:1")).digest == made["digest"]


def test_a_token_serves_again_and_again(server: RegistrySimulator) -> None:
    server.sign_in = "bearer"
    server.add_image("a", "1", config=CONFIG)
    client = Client()
    for _ in range(3):
        client.manifest(name(server, "a:1"))
    assert server.heard.count("GET /token") == 1


def test_each_repository_has_its_token(server: RegistrySimulator) -> None:
    server.sign_in = "bearer"
    client = Client()
    for repository in ("a", "b"):
        server.add_image(repository, "1", config=CONFIG)
        client.manifest(name(server, f"{repository}:1"))
    assert [asked.query["scope"] for asked in server.asked if asked.path == "/token"] == [
        ["repository:a:pull"],
        ["repository:b:pull"],
    ]


def test_a_token_that_is_refused_is_replaced_once(server: RegistrySimulator) -> None:
    made = server.add_image("a", "1", config=CONFIG)
    server.sign_in = "bearer"
    client = Client()
    client.manifest(name(server, "a:1"))
    refused = iter([Reply(401, b"", {"WWW-Authenticate": f'Bearer realm="{server.url}/token",service="simulated"'})])
    server.answers = lambda asked: next(refused, None) if "manifests" in asked.path else None
    assert client.manifest(name(server, "a:1")).digest == made["digest"]
    assert server.heard.count("GET /token") == 2


def test_an_identity_token_is_exchanged(server: RegistrySimulator) -> None:
    made = server.add_image("a", "1", config=CONFIG)
    server.sign_in, server.identities, server.anonymous = "bearer", {"identity-word"}, False
    client = Client(logins={server.host: RegistryLogin(identity="identity-word")})
    assert client.manifest(name(server, "a:1")).digest == made["digest"]
    (asked,) = [request for request in server.asked if request.path == "/token"]
    assert asked.method == "POST"
    assert "identity-word" not in json.dumps([dict(asked.query), dict(asked.headers)])


def test_who_has_no_login_is_told_to_log_in(server: RegistrySimulator) -> None:
    server.sign_in, server.anonymous = "bearer", False
    with pytest.raises(TransportError, match=f"run `docker login {server.host}`"):
        Client().manifest(name(server, "a:1"))


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ('Bearer realm="https://a/t",service="s",scope="x:y:z"', Challenge("bearer", "https://a/t", "s")),
        ('bearer  service = "s" , realm="https://a/t?x=1,2"', Challenge("bearer", "https://a/t?x=1,2", "s")),
        ('Basic realm="x"', Challenge("basic")),
        ("Basic", Challenge("basic")),
        ('Basic realm="x", Bearer realm="https://a/t"', Challenge("bearer", "https://a/t", "")),
        ('Bearer realm="a\\"b"', Challenge("bearer", 'a"b', "")),
        ("Bearer realm=https://a/t", Challenge("bearer", "https://a/t", "")),
        ("Negotiate abc", None),
        ("Bearer", None),
        ("", None),
        ('Bearer realm="' + "a" * 100_000, None),
        ("a=" * 50_000, None),
        ("Basic" + " " * 100_000, Challenge("basic")),
        (" " * 100_000 + "Basic", None),
    ],
)
def test_a_challenge(header: str, challenge: Challenge | None) -> None:
    assert parse_challenge(header) == challenge


# TLS, plain HTTP, and mirrors.


def test_https_is_spoken_where_it_is_understood(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with registry((made.certificate, made.key)) as server:
        image = server.add_image("a", "1", config=CONFIG)
        client = Client(authorities={server.host: made.authority})
        assert client.claim(name(server, "a:1")).digest == image["digest"]


def test_a_certificate_that_is_not_trusted_never_leads_to_plain_http(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with registry((made.certificate, made.key)) as server:
        with pytest.raises(TransportError, match=r"certificate is not trusted .*into the file that \$SSL_CERT_FILE"):
            Client(Registries(insecure=(server.host,))).claim(name(server, "a:1"))
        assert server.asked == []


def test_a_mirror_is_asked_first(server: RegistrySimulator, other: RegistrySimulator) -> None:
    made = other.add_image("library/nginx", "1", config=CONFIG, layers=[DATA])
    client = Client(Registries(mirrors={server.host: (other.host,)}))
    wanted = name(server, "library/nginx:1")
    assert client.claim(wanted).digest == made["digest"]
    assert b"".join(client.blob(wanted, sha256(DATA), len(DATA))) == DATA
    assert not any("manifests" in one or "blobs" in one for one in server.heard)


def test_what_a_mirror_lacks_comes_from_the_registry(server: RegistrySimulator, other: RegistrySimulator) -> None:
    made = server.add_image("a", "1", config=CONFIG, layers=[DATA])
    client = Client(Registries(mirrors={server.host: (other.host,)}))
    assert client.claim(name(server, "a:1")).digest == made["digest"]
    assert b"".join(client.blob(name(server, "a:1"), sha256(DATA), len(DATA))) == DATA


def test_a_mirror_that_gives_other_bytes_is_passed_over(server: RegistrySimulator, other: RegistrySimulator) -> None:
    server.add_blob(DATA)
    other.answers = lambda asked: Reply(200, DATA[::-1][:100]) if "blobs" in asked.path else None
    client = Client(Registries(mirrors={server.host: (other.host,)}))
    assert b"".join(client.blob(name(server, "a:1"), sha256(DATA), len(DATA))) == DATA


# Pushing.


def push(server: RegistrySimulator, client: Client, subject: Any = None) -> Any:
    config = upload.push_blob(client, name(server, "a:1"), CONFIG)
    told = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config.digest, "size": config.size}
    table = manifest(config=told, artifactType="application/x", subject=subject)
    return upload.push_manifest(client, name(server, "a:1"), json.dumps(table).encode(), OCI_MANIFEST, "1")


def test_what_is_pushed_is_there(server: RegistrySimulator) -> None:
    client = Client()
    pushed = push(server, client)
    assert client.manifest(name(server, "a:1")) == pushed
    assert server.blobs[sha256(CONFIG)] == CONFIG


def test_a_blob_that_is_there_is_not_sent_again(server: RegistrySimulator) -> None:
    server.add_blob(DATA)
    upload.push_blob(Client(), name(server, "a:1"), DATA)
    assert not [asked for asked in server.asked if asked.method in {"POST", "PUT", "PATCH"}]


def test_a_large_blob_goes_up_in_chunks(server: RegistrySimulator) -> None:
    data = b"x" * (upload.CHUNK + 5)
    upload.push_blob(Client(), name(server, "a:1"), data)
    assert server.blobs[sha256(data)] == data
    assert [asked.headers["content-range"] for asked in server.asked if asked.method == "PATCH"] == [
        f"0-{upload.CHUNK - 1}",
        f"{upload.CHUNK}-{upload.CHUNK + 4}",
    ]


def test_an_upload_that_breaks_off_is_begun_anew(server: RegistrySimulator) -> None:
    replies = iter([Reply(raw=b""), Reply(raw=b"")])
    server.answers = lambda asked: next(replies, None) if asked.method in {"PATCH", "PUT"} else None
    client = Client()
    upload.push_blob(client, name(server, "a:1"), DATA)
    assert server.blobs[sha256(DATA)] == DATA
    assert len(client.waited) == 2


def test_a_blob_goes_up_as_a_stream(server: RegistrySimulator) -> None:
    upload.push_stream(Client(), name(server, "a:1"), sha256(DATA), iter([DATA[:1000], b"", DATA[1000:]]))
    assert server.blobs[sha256(DATA)] == DATA


def test_a_blob_of_another_repository_is_mounted(server: RegistrySimulator) -> None:
    server.add_blob(DATA)
    server.sign_in = "bearer"
    server.logins = {"me": "word"}
    client = Client(logins={server.host: RegistryLogin("me", "word")})
    assert upload.mount(client, name(server, "b"), sha256(DATA), "a")
    (token,) = [asked for asked in server.asked if asked.path == "/token"]
    assert token.query["scope"] == ["repository:b:pull,push", "repository:a:pull"]


def test_an_upload_in_place_of_a_mount_is_ended(server: RegistrySimulator) -> None:
    assert not upload.mount(Client(), name(server, "b"), sha256(DATA), "a")
    assert server.uploads == {}


@pytest.mark.parametrize("api", [True, False], ids=["with the referrers API", "with the fallback tag"])
def test_what_refers_to_an_image_is_found(server: RegistrySimulator, *, api: bool) -> None:
    server.referrers = api
    client = Client()
    image = push(server, client)
    where = name(server, "a:1")
    made = [
        upload.push_artifact(client, where, kind, [(b"s", "text/plain", {"k": kind})], subject=image.descriptor)
        for kind in ("application/sig", "application/sbom")
    ]
    found = client.referrers(where, image.digest)
    assert {descriptor.digest for descriptor in found} == {one.digest for one in made}
    assert [referrer.digest for referrer in client.referrers(where, image.digest, "application/sbom")] == [
        made[1].digest
    ]
    assert (image.digest.replace(":", "-") in server.manifests["a"]) is not api


@pytest.mark.parametrize("index", [False, True], ids=["an image", "an index"])
def test_the_image_itself_under_the_fallback_tag_lists_nothing_and_gives_way(
    server: RegistrySimulator, *, index: bool
) -> None:
    # `cosign copy` leaves it there.
    server.referrers = False
    client, where = Client(), name(server, "a:1")
    image = push(server, client)
    if index:
        made = server.add_index("a", "1", images={"linux/amd64": {"digest": image.digest, "size": len(image.raw)}})
        image = client.manifest(replace(where, tag=None, digest=made["digest"]))
    tag = image.digest.replace(":", "-")
    upload.push_manifest(client, where, image.raw, image.media_type, tag)
    assert client.referrers(where, image.digest) == ()
    pushed = upload.push_artifact(client, where, "application/sig", [], subject=image.descriptor)
    assert [referrer.digest for referrer in client.referrers(where, image.digest)] == [pushed.digest]
    assert client.manifest(replace(where, tag=None, digest=image.digest)).raw == image.raw


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"])
def test_a_digest_beside_a_web_page_is_not_believed(server: RegistrySimulator, kind: str) -> None:
    answer = Reply(200, b"", {"Content-Type": kind, "Docker-Content-Digest": sha256(b"x")})
    server.answers = lambda asked: answer if asked.method == "HEAD" else None
    push(server, Client())
    with pytest.raises(ManifestError, match="answers with a web page"):
        Client().claim(name(server, "a:1"))


def test_the_same_artifact_is_listed_once(server: RegistrySimulator) -> None:
    server.referrers = False
    client = Client()
    image = push(server, client)
    for _ in range(2):
        upload.push_artifact(client, name(server, "a"), "application/sig", [], subject=image.descriptor)
    assert len(client.referrers(name(server, "a"), image.digest)) == 1


def test_an_upload_goes_on_with_credentials_only_at_the_registry(
    server: RegistrySimulator, other: RegistrySimulator
) -> None:
    server.sign_in, server.logins = "basic", {"me": "word"}
    honest = server.answer

    def elsewhere(asked: Asked) -> Reply:
        reply = honest(asked)
        return Reply(202, b"", {"Location": f"{other.url}/upload"}) if reply.status == 202 else reply

    server.answer = elsewhere  # type: ignore[method-assign]  # it still asks who is there
    other.answers = lambda _asked: Reply(201)
    upload.push_blob(Client(logins={server.host: RegistryLogin("me", "word")}), name(server, "a:1"), DATA)
    assert other.asked
    assert all("authorization" not in asked.headers for asked in other.asked)
