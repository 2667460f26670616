"""What a machine is set up for: its folder, its pins, its logins, and which server is asked how."""

from __future__ import annotations

import errno
import json
import stat
from base64 import b64encode
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sealock.errors import PolicyError, TargetError, TransportError
from sealock.model.registries import Registries
from sealock.net.registry.names import reference
from sealock.net.userdirectories import docker_directory
from sealock.trust.notary.client import Setup, configured_pins, signed_tags, verify_tag
from sealock.trust.notary.directory import TrustDirectory, create
from sealock.trust.notary.server import address_of
from sealock.trust.pins import Pin
from sealock.trust.refusal import MetadataRefusedError
from support.notaryworld import World, world


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "docker" / "trust") as one:
        yield one


def environment(here: World, **more: str) -> Mapping[str, str]:
    folder = here.folder.path.parent
    return {
        "HOME": str(folder.parent),
        "DOCKER_CONFIG": str(folder),
        "DOCKER_CONTENT_TRUST_SERVER": here.server.address,
        **more,
    }


@pytest.mark.parametrize(
    ("registry", "override", "address"),
    [
        ("docker.io", "", "https://notary.docker.io"),
        ("example.com:5000", "", "https://example.com:5000"),
        ("example.com", "https://notary.example.com/", "https://notary.example.com"),
        ("example.com", "notary.example.com:4443", "https://notary.example.com:4443"),
    ],
)
def test_the_server_is_the_registry_unless_another_is_named(registry: str, override: str, address: str) -> None:
    assert address_of(registry, override) == address


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(TransportError, match="is not the address of a notary server"):
        address_of("example.com", "file:///etc/passwd")


def test_a_reference_is_judged_and_a_repositorys_tags_are_listed(here: World) -> None:
    digest, _ = here.publish()
    setup = Setup(environment(here))
    assert verify_tag(reference(f"{here.gun}:v1"), setup).digest == digest
    assert verify_tag(reference(f"{here.gun}@{digest}"), setup).tag.tag == "v1"
    assert [signed_tag.digest for signed_tag in signed_tags(reference(here.gun), setup)] == [digest]


def test_a_policy_that_allows_plain_http_to_a_registry_allows_none_to_its_notary_server(here: World) -> None:
    setup = Setup(
        environment(here, DOCKER_CONTENT_TRUST_SERVER="http://example.com"),
        registries=Registries(insecure=("example.com",)),
    )
    with pytest.raises(TransportError, match="must use HTTPS"):
        verify_tag(reference("example.com/app:v1"), setup)


def test_pins_come_from_dockers_and_notarys_configuration(here: World) -> None:
    known, home = environment(here), here.folder.path.parent.parent
    docker = here.folder.path.parent
    assert configured_pins(known).certificates == {}
    docker.mkdir(exist_ok=True)
    (docker / "config.json").write_text(json.dumps({"auths": {}, "trust_pinning": {"certs": {"a": ["00"]}}}))
    (home / ".notary").mkdir()
    (home / ".notary" / "config.json").write_text(
        json.dumps({"trust_pinning": {"certs": {"a": ["11"], "b": ["22"]}, "disable_tofu": True}})
    )
    pins = configured_pins(known)
    assert (pins.certificates, pins.first_use) == ({"a": frozenset({"00"}), "b": frozenset({"22"})}, False)
    (home / ".notary" / "config.json").write_text(json.dumps({"trust_pinning": {"ca": {"b": "ca.pem"}}}))
    with pytest.raises(PolicyError, match=r"ca\.pem, which a pin names, does not exist"):
        configured_pins(known)


def test_a_pin_that_is_given_is_in_place_of_those_that_are_configured(here: World) -> None:
    here.publish()
    docker = here.folder.path.parent
    docker.mkdir(exist_ok=True)
    (docker / "config.json").write_text(json.dumps({"trust_pinning": {"certs": {here.gun: ["00"]}}}))
    with pytest.raises(MetadataRefusedError, match=r"does not match the pin.*the pin is 00 \("):
        verify_tag(reference(f"{here.gun}:v1"), Setup(environment(here)))
    verify_tag(reference(f"{here.gun}:v1"), Setup(environment(here), pin=Pin()))


class Realm:
    """Gives tokens to whoever has the right login."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        realm = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                realm.asked.append(self.path)
                wanted = "Basic " + b64encode(b"me:a password").decode()
                right = self.headers.get("authorization") == wanted
                body = json.dumps({"token": "the-token"}).encode() if right else b"{}"
                self.send_response(200 if right else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def test_the_registrys_login_buys_a_token_for_the_notary_server(here: World) -> None:
    digest, _ = here.publish()
    here.server.token = "the-token"
    docker = here.folder.path.parent
    docker.mkdir(exist_ok=True)
    known = environment(here)
    realm = Realm()
    try:
        here.server.realm = f"{realm.address}/token"
        with pytest.raises(TransportError, match=r"127\.0\.0\.1:5000 requires authentication"):
            verify_tag(reference(f"{here.gun}:v1"), Setup(known))
        login = b64encode(b"me:a password").decode()
        (docker / "config.json").write_text(json.dumps({"auths": {"127.0.0.1:5000": {"auth": login}}}))
        verified = verify_tag(reference(f"{here.gun}:v1"), Setup(known))
        assert (verified.digest, verified.requests) == (digest, 5)
        assert f"scope=repository%3A{here.gun.replace('/', '%2F').replace(':', '%3A')}%3Apull" in realm.asked[-1]
    finally:
        realm.end()


def test_a_login_is_not_sent_to_a_realm_elsewhere(here: World) -> None:
    here.publish()
    here.server.token = "the-token"
    docker = here.folder.path.parent
    docker.mkdir(exist_ok=True)
    login = b64encode(b"me:a password").decode()
    (docker / "config.json").write_text(json.dumps({"auths": {"registry.example.com": {"auth": login}}}))
    realm = Realm()
    try:
        here.server.realm = f"{realm.address}/token"
        with pytest.raises(
            TransportError, match=r"wants its credentials sent to another domain, 127\.0\.0\.1:"
        ) as error:
            verify_tag(reference("registry.example.com/app:v1"), Setup(environment(here)))
        assert "a password" not in str(error.value)
    finally:
        realm.end()


# The folder.


@pytest.mark.parametrize("gun", ["", "..", "a/../../b", "/etc", "a//b", "a/./b", "a/..", "a\x00b", "a b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, gun: str) -> None:
    with pytest.raises(TargetError, match="is not the name of a repository"):
        TrustDirectory(tmp_path).write(gun, {"root": b"x"})
    assert not list(tmp_path.iterdir())


def test_the_folder_is_dockers(tmp_path: Path) -> None:
    assert docker_directory({"HOME": "/home/me"}) == Path("/home/me/.docker")
    assert docker_directory({"HOME": "/home/me", "DOCKER_CONFIG": "/etc/docker-config"}) == Path("/etc/docker-config")
    assert docker_directory({}) == Path.home() / ".docker"
    folder = TrustDirectory(tmp_path / "trust")
    folder.write("127.0.0.1:5000/app", {"targets/releases": b"{}", "root": b"{}"})
    path = tmp_path / "trust" / "tuf" / "127.0.0.1:5000" / "app" / "metadata" / "targets" / "releases.json"
    assert path.read_bytes() == b"{}"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(folder.guns()) == ["127.0.0.1:5000/app"]
    folder.forget("127.0.0.1:5000/app")
    assert list(folder.guns()) == []


def test_a_folder_that_cannot_be_read_is_no_verdict(here: World) -> None:
    here.publish()
    here.folder.path.parent.mkdir(parents=True, exist_ok=True)
    here.folder.path.write_text("a file where the folder should be")
    with pytest.raises(TargetError, match="could not be read"):
        here.verify()


def test_a_kept_root_that_is_too_large_does_not_make_it_a_first_use(here: World) -> None:
    here.publish()
    here.verify()
    here.folder.write(here.gun, {"root": here.held()["root"] + b" " * (3 << 20)})
    with pytest.raises(TargetError, match="is larger than 2097152 bytes, the limit"):
        here.verify()


def test_a_folder_that_cannot_be_written_does_not_hide_the_verdict(here: World) -> None:
    digest, _ = here.publish()
    place = here.folder.path / "tuf" / here.gun
    place.mkdir(parents=True)
    (place / "metadata").symlink_to("/nowhere/at/all")
    verified = here.verify()
    assert verified.digest == digest
    assert "could not be written" in verified.notes[0]
    assert "the next use cannot detect a rollback from this one" in verified.notes[0]


def test_what_another_run_kept_meanwhile_is_not_put_back(here: World) -> None:
    here.publish()
    here.verify()
    slow = here.repository()
    here.publish()

    def meanwhile(_gun: str, name: str) -> None:
        # Between the slow run's timestamp and its targets, another run sees a newer state.
        if name.startswith("targets."):
            here.server.answers = lambda _gun, _name: None
            here.publish()
            here.verify()

    here.server.answers = meanwhile
    slow.verify("v1")
    assert json.loads(here.held()["timestamp"])["signed"]["version"] == 3


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links, as on a USB stick"])
def test_a_new_key_is_its_owners_alone_and_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr("os.link", refuse)
    place = tmp_path / "private"
    create(place / "a.key", b"new")
    assert (place / "a.key").read_bytes() == b"new"
    assert stat.S_IMODE((place / "a.key").stat().st_mode) == 0o600
    (place / "b.key").symlink_to("elsewhere")
    for taken in ("a.key", "b.key"):
        with pytest.raises(TargetError, match=f"{taken} (exists already|could not be written: File exists)"):
            create(place / taken, b"other")
    assert (place / "a.key").read_bytes() == b"new"
    assert sorted(path.name for path in place.iterdir()) == ["a.key", "b.key"]
