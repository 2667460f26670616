"""Verifies images by Docker Content Trust as this machine is set up for it: Docker's trust directory, logins, pins.

`verify_notary` gives the result for a reference; `signed_tags` lists every tag that it would trust.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from sealock.errors import PolicyError, TargetError, TransportError, reason_of
from sealock.model.imagename import ImageName
from sealock.model.registries import Registries
from sealock.model.trust import SignedRepository, SignedTag, Signer, TrustResult, VerifiedTag
from sealock.net.http import HttpTimeouts, HttpTransport
from sealock.net.registry.auth import Authorizer, parse_challenge
from sealock.net.registry.clientconfig import certificates_in
from sealock.net.registry.credentials import DockerCredentials
from sealock.net.registry.names import host_of
from sealock.net.transport import Transport, parts_of
from sealock.net.userdirectories import docker_directory, home_directory
from sealock.trust.notary.directory import TrustDirectory
from sealock.trust.notary.repository import Repository
from sealock.trust.notary.server import Server, SignIn, address_of
from sealock.trust.pins import Pin, Pins, merged, pin_of, read_pins
from sealock.trust.refusal import MetadataRefusedError, result_of

_MOST_CONFIG: Final = 1 << 20


class Setup(Struct, frozen=True):
    """This machine's configuration, with what the caller overrides.

    `server` is a notary server's address, "" for $DOCKER_CONTENT_TRUST_SERVER or the registry's own. `pins` win over
    those of Docker's and Notary's configuration for the same name; `pin` replaces them all.
    """

    environment: Mapping[str, str]
    server: str = ""
    pins: Pins = Pins()
    pin: Pin | None = None
    registries: Registries = Registries()
    patience: HttpTimeouts | None = None
    transport: Transport | None = None
    """One transport for several repositories; None opens one for each."""


def verify_notary(name: ImageName, setup: Setup | None = None) -> TrustResult:
    """Verify a reference by Docker Content Trust. It never raises for an image, only for a faulty request or policy."""
    reference = f"{name.familiar}{f':{name.tag}' if name.tag else ''}"

    def verify() -> TrustResult:
        verified = verify_tag(name, setup)
        role = verified.signed_by
        return TrustResult(
            "notary",
            reference,
            verified.digest,
            "trusted",
            signers=tuple(Signer(key, role.role, signed=role.signed, where=verified.server) for key in role.keys),
            notes=verified.notes,
            verified_tag=verified,
        )

    return result_of("notary", reference, name.digest or "", verify)


def verify_tag(name: ImageName, setup: Setup | None = None) -> VerifiedTag:
    """Verify a reference, and return the signed tag that it stands for.

    A tag must be signed, and for the reference's digest if it has both. For a digest without a tag, any tag of the
    repository may be signed for it. TrustError: not trusted. TransportError and other errors: it could not be verified.
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
    """List every signed tag of a name's repository, verified; errors as for `verify_tag`."""
    return signed_repository(name, setup).tags


def signed_repository(name: ImageName, setup: Setup | None = None) -> SignedRepository:
    """List every signed tag of a name's repository, and what the trust in them rests on; errors as for `verify_tag`."""
    with opened(name, setup) as repository:
        return repository.signed()


def gun_of(name: ImageName) -> str:
    """Notary's globally unique name (GUN) of a repository: docker.io/library/alpine."""
    return f"{name.registry}/{name.repository}"


@contextmanager
def opened(name: ImageName, setup: Setup | None = None) -> Iterator[Repository]:
    """Open a name's repository, without a request yet, and close its connections in the end."""
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
    if parts_of(address).scheme == "http" and parts_of(address).hostname not in {"127.0.0.1", "localhost", "::1"}:
        # Whatever the policy allows for registries: trust on first use rests on TLS.
        msg = f"{address} was not contacted: a notary server must use HTTPS"
        raise TransportError(msg)
    sign_in = signing_in(name, transport, setup, parts_of(address).netloc)
    pins = merged(setup.pins, configured_pins(environment))
    server = Server(transport, address, gun, sign_in)
    return Repository(server, open_directory(environment), setup.pin or pin_of(pins, gun))


def open_directory(environment: Mapping[str, str]) -> TrustDirectory:
    """Docker's trust directory."""
    return TrustDirectory(docker_directory(environment) / "trust")


def open_transport(environment: Mapping[str, str], patience: HttpTimeouts | None = None) -> HttpTransport:
    """A transport that trusts what Docker trusts for notary servers: the certificates in $DOCKER_CONFIG/tls/HOST.

    It allows plain HTTP to no host.
    """
    directory = docker_directory(environment) / "tls"
    authorities, certificates = certificates_in(directory)
    return HttpTransport(
        authorities=authorities,
        certificates=certificates,
        environment=environment,
        patience=patience,
        trusted_in=str(directory),
    )


def signing_in(name: ImageName, transport: Transport, setup: Setup, notary: str) -> SignIn:
    """Sign in as Docker does: a registry login obtains a token; for basic authentication the notary server's login."""
    authorizer = Authorizer(transport, DockerCredentials(setup.environment), setup.registries)

    def sign_in(challenge: str, url: str, repository: str, actions: str, /) -> Mapping[str, str]:
        parsed = parse_challenge(challenge)
        host = host_of(name) if parsed is not None and parsed.scheme == "bearer" else notary
        scopes = (f"repository:{repository}:{actions}",)
        if not authorizer.learn(host, url, challenge, scopes):
            return {}
        value = authorizer.authorization(host, name.repository, scopes)
        return {"authorization": value} if value else {}

    return sign_in


def configured_pins(environment: Mapping[str, str]) -> Pins:
    """The pins of both Docker's and Notary's config.json."""
    pins = Pins()
    for directory in (docker_directory(environment), home_directory(environment) / ".notary"):
        path = directory / "config.json"
        raw = _read(path)
        if raw is None or b"trust_pinning" not in raw:
            continue
        configured = read_pins(raw.decode("utf-8", "replace"), str(path), loading(directory))
        if configured is not None:
            pins = merged(pins, configured)
    return pins


def loading(directory: Path) -> Callable[[str], bytes]:
    """Make a reader of files that a configuration in this directory names."""

    def load(path: str) -> bytes:
        raw = _read(directory / os.path.expanduser(path))
        if raw is None:
            msg = f"{path}, which a pin names, does not exist"
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
        msg = f"{path} could not be read: {reason_of(error)}"
        raise TargetError(msg) from None
