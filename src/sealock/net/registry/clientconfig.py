"""A registry's client as this machine is set up for it: logins, proxies, and certificates in Docker's folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sealock.model.registries import Registries
from sealock.net.http import HttpTimeouts, HttpTransport
from sealock.net.registry.client import Registry
from sealock.net.registry.credentials import DockerCredentials

_SYSTEM: Final = ("/etc/containers/certs.d", "/etc/docker/certs.d")
_MOST_HOSTS: Final = 1000


def open_registry(
    settings: Registries | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    patience: HttpTimeouts | None = None,
) -> Registry:
    """Make a client: logins from Docker's config.json, proxies from the environment, certificates from certs.d."""
    known = os.environ if environment is None else environment
    settings = settings or Registries()
    authorities, certificates = certificates_of(known)
    transport = HttpTransport(
        authorities=authorities,
        certificates=certificates,
        insecure=settings.insecure,
        environment=known,
        patience=patience,
    )
    return Registry(transport, DockerCredentials(known), settings)


def certificates_of(
    environment: Mapping[str, str],
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, str]]]:
    """Authorities and client certificates by HOST[:PORT], as certs.d/HOST[:PORT]/ has them: *.crt, NAME.cert and .key.

    The person's own folder, ~/.config/docker/certs.d, comes before the system's.
    """
    home = environment.get("HOME")
    folders = [Path(folder) for folder in (*_SYSTEM, *((f"{home}/.config/docker/certs.d",) if home else ()))]
    authorities: dict[str, tuple[str, ...]] = {}
    certificates: dict[str, tuple[str, str]] = {}
    for folder in folders:
        for host in _listed(folder)[:_MOST_HOSTS]:
            names = _listed(folder / host)
            if found := tuple(str(folder / host / name) for name in names if name.endswith(".crt")):
                authorities[host] = found
            for name in names:
                key = name.removesuffix(".cert") + ".key"
                if name.endswith(".cert") and key in names:
                    certificates[host] = (str(folder / host / name), str(folder / host / key))
    return authorities, certificates


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
