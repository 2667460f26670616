"""A repository's content trust as this machine is set up for it: Docker's folder, logins, certificates and pins.

`judge` is the one function from a reference to a verdict; `signed_tags` lists all that it would trust.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from sealock.errors import PolicyError, TargetError, TransportError
from sealock.model.imagename import ImageName
from sealock.model.registries import Registries
from sealock.net.http import HttpTimeouts, HttpTransport
from sealock.net.registry.auth import Authorizer, parse_challenge
from sealock.net.registry.credentials import DockerCredentials
from sealock.net.registry.names import host_of
from sealock.net.transport import Transport
from sealock.trust.notary.folder import TrustFolder, docker_folder
from sealock.trust.notary.refusal import MetadataRefusedError
from sealock.trust.notary.repository import Repository
from sealock.trust.notary.result import SignedTag, VerifiedTag
from sealock.trust.notary.server import Server, address_of
from sealock.trust.notary.signin import SignIn
from sealock.trust.pins import Pin, Pins, merged, pin_of, read_pins

_MOST_CONFIG: Final = 1 << 20
_MOST_HOSTS: Final = 1000


class Setup(Struct, frozen=True):
    """What this machine says, with what the caller would have otherwise.

    `server` is a notary server's address, "" for $DOCKER_CONTENT_TRUST_SERVER or the registry's own. `pins` come before
    those of Docker's and Notary's configuration where they speak of the same name; `pin` is in place of them all.
    """

    environment: Mapping[str, str]
    server: str = ""
    pins: Pins = Pins()
    pin: Pin | None = None
    registries: Registries = Registries()
    patience: HttpTimeouts | None = None
    transport: Transport | None = None
    """Given where several repositories are to share one."""


def evaluate(name: ImageName, setup: Setup | None = None) -> VerifiedTag:
    """Tell whether a reference is trusted, and which digest it stands for.

    A tag must be signed; where a digest stands beside it, for that digest. Of a digest alone, some tag of the
    repository must be signed for it. TrustError says why it is not trusted; TransportError and other errors that it
    could not be told.
    """
    with opened(name, setup) as repository:
        if name.digest is not None and name.tag is None:
            return repository.verify_digest(name.digest)
        verified = repository.verify(name.tag or "latest")
    if name.digest not in {None, verified.digest}:
        why = f"{verified.repository}:{name.tag} is signed for {verified.digest}, not for {name.digest}"
        raise MetadataRefusedError(check="unsigned", why=why)
    return verified


def signed_tags(name: ImageName, setup: Setup | None = None) -> tuple[SignedTag, ...]:
    """List every signed tag of a name's repository, verified; errors as for `judge`."""
    with opened(name, setup) as repository:
        return repository.signed_tags()


def gun_of(name: ImageName) -> str:
    """What Notary calls a repository: docker.io/library/alpine."""
    return f"{name.registry}/{name.repository}"


@contextmanager
def opened(name: ImageName, setup: Setup | None = None) -> Iterator[Repository]:
    """Open a name's repository, without asking anything yet; its connections are closed in the end."""
    setup = setup or Setup(os.environ)
    if setup.transport is not None:
        yield _repository(name, setup, setup.transport)
        return
    transport = open_transport(setup.environment, setup.patience)
    try:
        yield _repository(name, setup, transport)
    finally:
        transport.close()


def _repository(name: ImageName, setup: Setup, transport: Transport) -> Repository:
    environment, gun = setup.environment, gun_of(name)
    address = address_of(name.registry, setup.server or environment.get("DOCKER_CONTENT_TRUST_SERVER", ""))
    if urlsplit(address).scheme == "http" and urlsplit(address).hostname not in {"127.0.0.1", "localhost", "::1"}:
        # Whatever the policy says of plain HTTP to registries: first use rests on TLS.
        msg = f"{address} is not asked: a notary server must be spoken to over HTTPS"
        raise TransportError(msg)
    sign_in = signing_in(name, transport, setup, urlsplit(address).netloc)
    pins = merged(setup.pins, configured_pins(environment))
    server = Server(transport, address, gun, sign_in)
    return Repository(server, open_folder(environment), setup.pin or pin_of(pins, gun))


def open_folder(environment: Mapping[str, str]) -> TrustFolder:
    """Docker's folder of trust."""
    return TrustFolder(docker_folder(environment) / "trust")


def open_transport(environment: Mapping[str, str], patience: HttpTimeouts | None = None) -> HttpTransport:
    """A transport that trusts what Docker trusts for notary servers: the certificates in $DOCKER_CONFIG/tls/HOST.

    No registry that may be spoken to over plain HTTP is named to it.
    """
    top = docker_folder(environment) / "tls"
    authorities: dict[str, tuple[str, ...]] = {}
    certificates: dict[str, tuple[str, str]] = {}
    for host in _listed(top)[:_MOST_HOSTS]:
        names = _listed(top / host)
        if found := tuple(str(top / host / name) for name in names if name.endswith(".crt")):
            authorities[host] = found
        for name in names:
            key = name.removesuffix(".cert") + ".key"
            if name.endswith(".cert") and key in names:
                certificates[host] = (str(top / host / name), str(top / host / key))
    return HttpTransport(authorities=authorities, certificates=certificates, environment=environment, patience=patience)


def signing_in(name: ImageName, transport: Transport, setup: Setup, notary: str) -> SignIn:
    """Sign in as Docker does: the registry's login buys a token; a bare password goes to the notary server's own."""
    authorizer = Authorizer(transport, DockerCredentials(setup.environment), setup.registries)

    def sign_in(challenge: str, url: str, repository: str, actions: str, /) -> Mapping[str, str]:
        asked = parse_challenge(challenge)
        host = host_of(name) if asked is not None and asked.scheme == "bearer" else notary
        scopes = (f"repository:{repository}:{actions}",)
        if not authorizer.learn(host, url, challenge, scopes):
            return {}
        value = authorizer.authorization(host, name.repository, scopes)
        return {"authorization": value} if value else {}

    return sign_in


def configured_pins(environment: Mapping[str, str]) -> Pins:
    """The pins of Docker's config.json and of Notary's; both count."""
    home = Path(environment.get("HOME") or "~").expanduser()
    pins = Pins()
    for path in (docker_folder(environment) / "config.json", home / ".notary" / "config.json"):
        raw = _read(path)
        if raw is None or b"trust_pinning" not in raw:
            continue
        found = read_pins(raw.decode("utf-8", "replace"), str(path), loading(path.parent))
        if found is not None:
            pins = merged(pins, found)
    return pins


def loading(folder: Path) -> Callable[[str], bytes]:
    """Reads files that a configuration in this folder names."""

    def load(path: str) -> bytes:
        raw = _read(folder / Path(path).expanduser())
        if raw is None:
            msg = f"{path}, which a pin names, is not there"
            raise PolicyError(msg)
        return raw

    return load


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_CONFIG)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        msg = f"{path} could not be read: {error.strerror or error}"
        raise TargetError(msg) from None


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
