"""Whatever a hostile registry, or who stands before it, does: it is refused, and the error says why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from sealock.errors import TransportError
from sealock.model.registries import Registries
from sealock.net.registry.credentials import RegistryLogin
from sealock.net.registry.manifests import ManifestError, read_manifest
from support.registryworld import CONFIG, Client, manifest, name, served
from support.simulators.registry import OCI_INDEX, OCI_MANIFEST, Asked, RegistrySimulator, Reply, registry, sha256

SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DIGEST = "sha256:" + "1" * 64
ENTRY = {"mediaType": OCI_MANIFEST, "digest": DIGEST, "size": 1}


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as one:
        yield one


@pytest.fixture
def other() -> Iterator[RegistrySimulator]:
    with registry() as one:
        yield one


def written(table: object) -> bytes:
    return json.dumps(table).encode()


MANIFESTS = [
    ("manifests and layers at once", manifest(manifests=[ENTRY]), OCI_MANIFEST, "both manifests and layers"),
    ("manifests and a config at once", manifest(layers=None, manifests=[ENTRY]), OCI_INDEX, "both manifests and layers"),
    ("a media type that contradicts the content type", manifest(), LIST, "and its mediaType"),
    ("an index that says it is a manifest", {"schemaVersion": 2, "manifests": [ENTRY]}, OCI_MANIFEST, "has the fields of an index"),
    ("a manifest that says it is an index", manifest(mediaType=None), OCI_INDEX, "has the fields of a manifest"),
    ("a manifest that says it is a config", manifest(mediaType="application/vnd.oci.image.config.v1+json"), "", "has the fields"),
    ("layers twice", b'{"schemaVersion":2,"config":{},"layers":[],"layers":[{}]}', OCI_MANIFEST, "'layers' is duplicated"),
    ("a digest twice, further in", b'{"schemaVersion":2,"layers":[],"config":{"digest":"a","digest":"b"}}', OCI_MANIFEST, "duplicated"),
    ("layers again in capitals, which Go reads last", manifest(Layers=[ENTRY]), OCI_MANIFEST, "has the key 'Layers', which some clients read as 'layers'"),
    ("a key that Go folds into another", manifest() | {"layer\u017f": [ENTRY]}, OCI_MANIFEST, "some clients read as 'layers'"),
    ("a config's digest in capitals", manifest(layers=[ENTRY | {"Digest": DIGEST}]), OCI_MANIFEST, "some clients read as 'digest'"),
    ("a platform in capitals", {"schemaVersion": 2, "manifests": [ENTRY | {"Platform": {"os": "linux"}}]}, OCI_INDEX, "some clients read as 'platform'"),
    ("an architecture in capitals", {"schemaVersion": 2, "manifests": [ENTRY | {"platform": {"Architecture": "arm64"}}]}, OCI_INDEX, "some clients read as"),
    ("half a surrogate pair", b'{"schemaVersion":2,"config":{},"layers":[],"annotations":{"a":"\\ud800"}}', OCI_MANIFEST, "not Unicode"),
    ("schema 1", {"schemaVersion": 1, "fsLayers": []}, SCHEMA1, "schema 1"),
    ("schema 1 by its content type", manifest(mediaType=None), SCHEMA1, "is of schema 1"),
    ("schema 1 by its media type", manifest(mediaType=SCHEMA1), SCHEMA1.replace("+prettyjws", ""), "is of schema 1"),
    ("layers without a config", {"schemaVersion": 2, "layers": []}, OCI_MANIFEST, "neither manifests nor config"),
    ("layers in capitals, in the third table down", manifest(subject=ENTRY | {"subject": {"subject": {"Layers": []}}}), OCI_MANIFEST, "some clients read as 'layers'"),
    ("schema 1 under another name", {"schemaVersion": 1, "layers": [], "config": {}}, OCI_MANIFEST, "schema 1"),
    ("schema 1 by its fields", {"fsLayers": [], "layers": [], "config": {}}, OCI_MANIFEST, "schema 1"),
    ("schema 3", manifest(schemaVersion=3), OCI_MANIFEST, "schemaVersion"),
    ("no manifest", {"schemaVersion": 2}, OCI_MANIFEST, "neither"),
    ("a list", [], OCI_MANIFEST, "not a JSON object"),
    ("no JSON", b"<html>", OCI_MANIFEST, "not JSON"),
    ("no UTF-8", b'{"a":"\xff"}', OCI_MANIFEST, "not JSON"),
    ("numbers that are none", b'{"schemaVersion":NaN}', OCI_MANIFEST, "not JSON"),
    ("a number beyond all others", b'{"schemaVersion":2,"config":{},"layers":[],"annotations":1e400}', OCI_MANIFEST, "number out of range"),
    ("a whole number beyond all others", b'{"schemaVersion":2,"annotations":1' + b"0" * 308 + b"}", OCI_MANIFEST, "number out of range"),
    ("nested without end", b"[" * 100_000, OCI_MANIFEST, "not JSON"),
    ("a digest of a path", manifest(layers=[ENTRY | {"digest": "sha256:../../../etc/passwd"}]), OCI_MANIFEST, "is not a digest"),
    ("a digest by md5", manifest(layers=[ENTRY | {"digest": "md5:" + "1" * 32}]), OCI_MANIFEST, "is not a digest"),
    ("a digest in capitals", manifest(layers=[ENTRY | {"digest": "sha256:" + "A" * 64}]), OCI_MANIFEST, "is not a digest"),
    ("a negative size", manifest(layers=[ENTRY | {"size": -1}]), OCI_MANIFEST, r"layers\[0\].size"),
    ("a size of true", manifest(layers=[ENTRY | {"size": True}]), OCI_MANIFEST, r"layers\[0\].size"),
    ("a size beyond all disks", manifest(layers=[ENTRY | {"size": 1 << 60}]), OCI_MANIFEST, r"layers\[0\].size"),
    ("too many layers", manifest(layers=[ENTRY] * 1025), OCI_MANIFEST, "length <= 1024"),
    ("layers that are no list", manifest(layers={}), OCI_MANIFEST, "Expected `array`"),
    ("annotations that are no texts", manifest(annotations={"a": 1}), OCI_MANIFEST, "annotations"),
    ("a platform that is no table", {"schemaVersion": 2, "manifests": [ENTRY | {"platform": "linux"}]}, OCI_INDEX, "platform"),
    ("urls that are numbers", manifest(layers=[ENTRY | {"urls": [1]}]), OCI_MANIFEST, "urls"),
    ("a config that is a text", manifest(config="x"), OCI_MANIFEST, "Expected `object`"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "kind", "words"), [row[1:] for row in MANIFESTS], ids=[row[0] for row in MANIFESTS])
def test_a_manifest_is_refused(server: RegistrySimulator, table: object, kind: str, words: str) -> None:
    server.answers = lambda asked: served(table, kind) if "manifests" in asked.path else None
    with pytest.raises(ManifestError, match=words):
        Client().manifest(name(server, "a:1"))


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (manifest(), OCI_MANIFEST),
        (manifest(mediaType=None), OCI_MANIFEST + "; charset=utf-8"),
        (manifest(), "application/json"),
        ({"schemaVersion": 2, "manifests": [ENTRY], "annotations": None}, OCI_INDEX),
        (manifest(mediaType="application/vnd.docker.distribution.manifest.v2+json"), ""),
        (manifest(subject=ENTRY | {"subject": {"subject": {"subject": {"Layers": []}}}}), OCI_MANIFEST),
    ],
)
def test_an_honest_manifest_is_not_refused(table: object, kind: str) -> None:
    read_manifest(written(table), kind)


def test_a_wrong_body_for_a_digest_is_refused(server: RegistrySimulator) -> None:
    server.answers = lambda asked: served(manifest(), OCI_MANIFEST) if "manifests" in asked.path else None
    with pytest.raises(ManifestError, match=f"sends other content, with the digest {sha256(written(manifest()))}"):
        Client().manifest(name(server, f"a@{DIGEST}"))


def test_a_manifest_that_came_re_indented_is_refused(server: RegistrySimulator) -> None:
    made = server.add_manifest("a", manifest())
    indented = json.dumps(manifest(), indent=3).encode()
    server.answers = lambda asked: served(indented, OCI_MANIFEST) if "manifests" in asked.path else None
    with pytest.raises(ManifestError, match="sends other content"):
        Client().manifest(name(server, f"a@{made['digest']}"))


def test_a_digest_header_that_contradicts_the_body_is_refused(server: RegistrySimulator) -> None:
    headers = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": DIGEST}
    server.answers = lambda asked: Reply(200, written(manifest()), headers) if "manifests" in asked.path else None
    with pytest.raises(ManifestError, match="claims to send"):
        Client().manifest(name(server, "a:1"))


def test_a_manifest_without_end_is_refused(server: RegistrySimulator) -> None:
    server.answers = lambda asked: Reply(200, b" " * 65536, endless=True) if "manifests" in asked.path else None
    with pytest.raises(TransportError, match="more than 4194304 bytes"):
        Client().manifest(name(server, "a:1"))


def test_an_index_whose_child_has_another_size_is_refused(server: RegistrySimulator) -> None:
    image = server.add_image("a", config=CONFIG)
    server.add_index("a", "1", images={"linux/amd64": image | {"size": image["size"] + 1}})
    with pytest.raises(ManifestError, match="and should have"):
        Client().resolve(name(server, "a:1"), "linux/amd64")


def test_an_index_whose_child_is_of_another_kind_is_refused(server: RegistrySimulator) -> None:
    image = server.add_image("a", config=CONFIG)
    server.add_index("a", "1", images={"linux/amd64": image | {"mediaType": OCI_INDEX}})
    with pytest.raises(ManifestError, match="and should have"):
        Client().resolve(name(server, "a:1"), "linux/amd64")


def test_indexes_of_indexes_without_end_are_refused(server: RegistrySimulator) -> None:
    entry = server.add_image("a", config=CONFIG)
    for depth in range(10):
        entry = server.add_index("a", str(depth), images={"linux/amd64": entry})
    with pytest.raises(ManifestError, match="more than 4 deep"):
        Client().resolve(name(server, "a:9"), "linux/amd64")


# Blobs.


def blob(server: RegistrySimulator, data: bytes, answers: Callable[[Asked], Reply | None]) -> bytes:
    server.add_blob(data)
    server.answers = lambda asked: answers(asked) if "/blobs/" in asked.path else None
    return b"".join(Client().blob(name(server, "a:1"), sha256(data), len(data)))


DATA = b"layer" * 1000
BLOBS = [
    ("other bytes", Reply(200, b"LAYER" * 1000), "another digest"),
    ("a byte more", Reply(200, DATA + b"x"), "more than 5000 bytes"),
    ("a byte less", Reply(200, DATA[:-1]), "has 4999 bytes, and should have 5000"),
    ("nothing", Reply(200, b""), "has 0 bytes"),
    ("a body without end", Reply(200, b"x" * 1000, endless=True), "more than 5000 bytes"),
    ("a page for people", Reply(200, b"<html>", {"Content-Type": "text/html"}), "has 6 bytes"),
    ("a part that nobody asked for", Reply(206, DATA[1:], {"Content-Range": "bytes 1-4999/5000"}), "the server sends"),
]


@pytest.mark.parametrize(("reply", "words"), [row[1:] for row in BLOBS], ids=[row[0] for row in BLOBS])
def test_a_blob_is_refused(server: RegistrySimulator, reply: Reply, words: str) -> None:
    with pytest.raises(TransportError, match=words):
        blob(server, DATA, lambda _asked: reply)


def test_the_end_of_a_wrong_blob_is_never_given(server: RegistrySimulator) -> None:
    data = b"a" * 1_000_000
    server.answers = lambda asked: Reply(200, b"b" * 1_000_000) if "/blobs/" in asked.path else None
    given: list[bytes] = []
    with pytest.raises(TransportError, match="another digest"):
        given.extend(Client().blob(name(server, "a:1"), sha256(data), len(data)))
    assert 0 < sum(map(len, given)) < len(data)


def test_a_blob_that_goes_on_elsewhere_after_a_break_is_refused(server: RegistrySimulator) -> None:
    def answers(asked: Asked) -> Reply:
        if "range" in asked.headers:
            return Reply(206, DATA[7:], {"Content-Range": "bytes 7-4999/5000"})
        return Reply(200, DATA, cut=1000)

    with pytest.raises(TransportError, match="requested from byte 1000"):
        blob(server, DATA, answers)


@pytest.mark.parametrize(("whole", "refused"), [("5000", False), ("*", False), ("5001", True)])
def test_a_blob_that_is_of_another_size_after_a_break_is_refused(
    server: RegistrySimulator, whole: str, *, refused: bool
) -> None:
    def answers(asked: Asked) -> Reply:
        if "range" in asked.headers:
            return Reply(206, DATA[1000:], {"Content-Range": f"bytes 1000-4999/{whole}"})
        return Reply(200, DATA, cut=1000)

    if refused:
        with pytest.raises(TransportError, match="requested from byte 1000"):
            blob(server, DATA, answers)
    else:
        assert blob(server, DATA, answers) == DATA


def test_a_blob_that_breaks_off_again_and_again_is_given_up(server: RegistrySimulator) -> None:
    with pytest.raises(TransportError, match="broke off after 0 of"):
        blob(server, DATA, lambda _asked: Reply(200, DATA, cut=0))
    assert len(server.asked) < 60


def test_other_places_that_a_layer_names_are_not_asked(server: RegistrySimulator, other: RegistrySimulator) -> None:
    layer = server.add_blob(b"layer") | {"urls": [f"{other.url}/layer"]}
    config = server.add_blob(CONFIG) | {"mediaType": "application/vnd.oci.image.config.v1+json"}
    server.add_manifest("a", manifest(config=config, layers=[layer]), "1")
    del server.blobs[layer["digest"]]
    client = Client()
    found = client.manifest(name(server, "a:1")).noun
    with pytest.raises(TransportError, match="does not exist"):
        list(client.blob(name(server, "a:1"), found.layers[0].digest, found.layers[0].size))  # type: ignore[union-attr]  # it is a manifest
    assert other.asked == []


@pytest.mark.parametrize(
    ("digest", "size"), [("sha256:../x", 1), ("md5:" + "1" * 32, 1), (DIGEST, -1), (DIGEST, 1 << 60)]
)
def test_a_blob_that_nobody_could_check_is_not_asked_for(server: RegistrySimulator, digest: str, size: int) -> None:
    with pytest.raises(ManifestError):
        list(Client().blob(name(server, "a:1"), digest, size))
    assert server.asked == []


# Credentials.


def test_credentials_do_not_follow_a_redirect_to_another_port(
    server: RegistrySimulator, other: RegistrySimulator
) -> None:
    server.sign_in, server.logins = "basic", {"me": "secret-word"}
    made = server.add_blob(DATA)
    other.answers = lambda _asked: Reply(200, DATA)
    signed = server.answer

    def redirect(asked: Asked) -> Reply:
        reply = signed(asked)
        return (
            Reply(307, b"", {"Location": f"{other.url}/cdn?sig=1"})
            if reply.status == 200 and "/blobs/" in asked.path
            else reply
        )

    server.answer = redirect  # type: ignore[method-assign]  # it still asks who is there
    client = Client(logins={server.host: RegistryLogin("me", "secret-word")})
    assert b"".join(client.blob(name(server, "a:1"), made["digest"], made["size"])) == DATA
    assert "authorization" in server.asked[-1].headers
    assert all("authorization" not in asked.headers for asked in other.asked)


def test_a_challenge_that_comes_after_a_redirect_gets_no_credentials(
    server: RegistrySimulator, other: RegistrySimulator
) -> None:
    other.answers = lambda _asked: Reply(401, b"", {"WWW-Authenticate": 'Basic realm="give me"'})
    server.answers = lambda asked: (
        Reply(307, b"", {"Location": f"{other.url}/cdn"}) if "/blobs/" in asked.path else None
    )
    client = Client(logins={server.host: RegistryLogin("me", "secret-word")})
    with pytest.raises(TransportError, match="not allowed"):
        list(client.blob(name(server, "a:1"), DIGEST, 5))
    assert all("authorization" not in asked.headers for asked in [*server.asked, *other.asked])


def test_a_realm_of_another_host_gets_no_credentials(server: RegistrySimulator) -> None:
    server.sign_in, server.logins, server.anonymous = "bearer", {"me": "secret-word"}, False
    server.realm = f"http://localhost:{server.host.rpartition(':')[2]}/token"
    client = Client(logins={server.host: RegistryLogin("me", "secret-word")})
    with pytest.raises(TransportError, match="to another domain"):
        client.manifest(name(server, "a:1"))
    assert "GET /token" in server.heard
    assert all("authorization" not in asked.headers for asked in server.asked)


def test_a_realm_that_the_policy_names_gets_credentials(server: RegistrySimulator) -> None:
    server.sign_in, server.logins, server.anonymous = "bearer", {"me": "secret-word"}, False
    realm = f"localhost:{server.host.rpartition(':')[2]}"
    server.realm = f"http://{realm}/token"
    made = server.add_manifest("a", manifest(), "1")
    client = Client(Registries(token_hosts={server.host: (realm,)}), {server.host: RegistryLogin("me", "secret-word")})
    assert client.manifest(name(server, "a:1")).digest == made["digest"]


@pytest.mark.parametrize(
    "realm",
    [
        "http://169.254.169.254/token",
        "https://169.254.169.254/token",
        "http://example.com/token",
        "file:///etc/passwd",
        "token",
    ],
)
def test_a_realm_that_leads_astray_is_refused(server: RegistrySimulator, realm: str) -> None:
    server.sign_in, server.realm = "bearer", realm
    with pytest.raises(TransportError):
        Client().manifest(name(server, "a:1"))


def test_the_scope_that_is_asked_for_is_our_own(server: RegistrySimulator) -> None:
    server.add_manifest("a", manifest(), "1")
    challenge = f'Bearer realm="{server.url}/token",service="s",scope="repository:other/secret:pull,push,delete"'
    server.answers = lambda asked: (
        Reply(401, b"", {"WWW-Authenticate": challenge})
        if "authorization" not in asked.headers and "manifests" in asked.path
        else None
    )
    Client().manifest(name(server, "a:1"))
    (token,) = [asked for asked in server.asked if asked.path == "/token"]
    assert token.query["scope"] == ["repository:a:pull"]


TOKENS = [
    ("a token that would end the header", b'{"token":"a\\r\\nX-Evil: 1"}'),
    ("a token with spaces", b'{"token":"a b"}'),
    ("a token of no end", b'{"token":"' + b"a" * 40_000 + b'"}'),
    ("no token", b"{}"),
    ("a number", b'{"token":1}'),
    ("a list", b"[]"),
    ("two tokens", b'{"token":"a","token":"b"}'),
    ("a page", b"<html>"),
]


@pytest.mark.parametrize("body", [row[1] for row in TOKENS], ids=[row[0] for row in TOKENS])
def test_what_is_no_token_is_refused(server: RegistrySimulator, body: bytes) -> None:
    server.sign_in = "bearer"
    server.answers = lambda asked: Reply(200, body) if asked.path == "/token" else None
    with pytest.raises(TransportError, match=r"not answer with a token|web page"):
        Client().manifest(name(server, "a:1"))


def test_secrets_that_a_registry_repeats_reach_no_error(server: RegistrySimulator) -> None:
    server.sign_in, server.logins = "basic", {"me": "secret-word"}

    def repeats(asked: Asked) -> Reply | None:
        if "authorization" not in asked.headers or "manifests" not in asked.path:
            return None
        told = {"errors": [{"code": "X", "message": f"secret-word {asked.headers['authorization']}"}]}
        return Reply(403, written(told), {"Content-Type": "application/json"})

    server.answers = repeats
    with pytest.raises(TransportError, match="not allowed") as told:
        Client(logins={server.host: RegistryLogin("me", "secret-word")}).manifest(name(server, "a:1"))
    assert "secret-word" not in str(told.value)
    assert server.asked[-1].headers["authorization"].removeprefix("Basic ") not in str(told.value)


def test_a_registry_that_refuses_every_login_is_asked_twice_at_most(server: RegistrySimulator) -> None:
    server.sign_in, server.logins = "basic", {"me": "other"}
    with pytest.raises(TransportError, match="docker login"):
        Client(logins={server.host: RegistryLogin("me", "secret-word")}).manifest(name(server, "a:1"))
    assert len([asked for asked in server.asked if "manifests" in asked.path]) == 2


# Lists.


def test_a_list_that_goes_on_at_another_server_is_refused(server: RegistrySimulator, other: RegistrySimulator) -> None:
    headers = {"Content-Type": "application/json", "Link": f'<{other.url}/v2/a/tags/list>; rel="next"'}
    server.answers = lambda asked: Reply(200, b'{"tags":["1"]}', headers) if "tags" in asked.path else None
    with pytest.raises(TransportError, match="another server"):
        list(Client().tags(name(server, "a")))
    assert other.asked == []


@pytest.mark.parametrize("link", ['rel="next"', 'rel = "next"', "rel=next"])
def test_a_list_goes_on_at_the_next_link(server: RegistrySimulator, link: str) -> None:
    headers = {"Content-Type": "application/json", "Link": f"</v2/a/tags/list?last=1>; {link}"}
    replies = iter(
        [Reply(200, b'{"tags":["1"]}', headers), Reply(200, b'{"tags":["2"]}', {"Content-Type": "application/json"})]
    )
    server.answers = lambda asked: next(replies) if "tags" in asked.path else None
    assert list(Client().tags(name(server, "a"))) == ["1", "2"]


def test_a_list_of_tags_without_end_is_refused(server: RegistrySimulator) -> None:
    headers = {"Content-Type": "application/json", "Link": '</v2/a/tags/list?again>; rel="next"'}
    server.answers = lambda asked: Reply(200, b'{"tags":["1"]}', headers) if "tags" in asked.path else None
    with pytest.raises(TransportError, match="more than 1000 pages"):
        list(Client().tags(name(server, "a")))


def test_tags_that_are_none_are_left_out(server: RegistrySimulator) -> None:
    body = b'{"tags":["ok","../up","\\u001b[31m",7,null,"a b"]}'
    headers = {"Content-Type": "application/json"}
    server.answers = lambda asked: Reply(200, body, headers) if "tags" in asked.path else None
    assert list(Client().tags(name(server, "a"))) == ["ok"]


def test_referrers_that_are_a_page_for_people_are_none(server: RegistrySimulator) -> None:
    server.answers = lambda asked: (
        Reply(200, b"<html>", {"Content-Type": "text/html"}) if "referrers" in asked.path else None
    )
    assert Client().referrers(name(server, "a"), DIGEST) == ()


def test_a_referrers_tag_that_is_an_image_lists_nothing(server: RegistrySimulator) -> None:
    server.referrers = False
    server.add_image("a", DIGEST.replace(":", "-"), config=CONFIG)
    assert Client().referrers(name(server, "a"), DIGEST) == ()


def test_a_registry_that_keeps_something_else_than_was_sent_is_told(server: RegistrySimulator) -> None:
    from sealock.net.registry.upload import push_manifest  # noqa: PLC0415  this test alone pushes

    server.answers = lambda asked: Reply(201, b"", {"Docker-Content-Digest": DIGEST}) if asked.method == "PUT" else None
    with pytest.raises(ManifestError, match="claims to have stored"):
        push_manifest(Client(), name(server, "a"), written(manifest()), OCI_MANIFEST, "1")
