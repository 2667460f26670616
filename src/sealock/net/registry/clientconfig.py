"""Opens a registry client with this machine's configuration: logins, proxies, and certs.d directories."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sealock.model.registries import Registries
from sealock.net.http import AddressGuard, HttpTimeouts, HttpTransport
from sealock.net.registry.client import Registry
from sealock.net.registry.credentials import DockerCredentials
from sealock.net.userdirectories import home_directory

_SYSTEM: Final = ("/etc/containers/certs.d", "/etc/docker/certs.d")
_MOST_HOSTS: Final = 1000


def open_registry(
    settings: Registries | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    patience: HttpTimeouts | None = None,
    guard: AddressGuard | None = None,
) -> Registry:
    """Open a client: logins from Docker's config.json, proxies from the environment, certificates from certs.d.

    `guard` limits which addresses it connects to, for a service that others give references to.
    """
    known = os.environ if environment is None else environment
    settings = settings or Registries()
    authorities, certificates = certificates_of(known)
    transport = HttpTransport(
        authorities=authorities,
        certificates=certificates,
        insecure=settings.insecure,
        environment=known,
        patience=patience,
        trusted_in=_SYSTEM[-1],
        guard=guard,
    )
    return Registry(transport, DockerCredentials(known), settings)


def certificates_of(
    environment: Mapping[str, str],
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, str]]]:
    """Authorities and client certificates by HOST[:PORT], as certs.d/HOST[:PORT]/ has them: *.crt, NAME.cert and .key.

    The user's directory, ~/.config/docker/certs.d, comes before the system's.
    """
    directories = [*map(Path, _SYSTEM), home_directory(environment) / ".config/docker/certs.d"]
    authorities: dict[str, tuple[str, ...]] = {}
    certificates: dict[str, tuple[str, str]] = {}
    for directory in directories:
        found = certificates_in(directory)
        authorities |= found[0]
        certificates |= found[1]
    return authorities, certificates


def certificates_in(directory: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, str]]]:
    """Authorities and client certificates by HOST[:PORT], from the HOST[:PORT] directories of one directory."""
    authorities: dict[str, tuple[str, ...]] = {}
    certificates: dict[str, tuple[str, str]] = {}
    for host in _listed(directory)[:_MOST_HOSTS]:
        names = _listed(directory / host)
        if files := tuple(str(directory / host / name) for name in names if name.endswith(".crt")):
            authorities[host] = files
        for name in names:
            key = name.removesuffix(".cert") + ".key"
            if name.endswith(".cert") and key in names:
                certificates[host] = (str(directory / host / name), str(directory / host / key))
    return authorities, certificates


def _listed(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
