"""A client and a simulated registry, for tests: nobody waits, and nothing comes from this machine's own set-up."""

from __future__ import annotations

import json
from typing import Any

from sealock.model.imagename import ImageName
from sealock.model.registries import Registries
from sealock.net.http import HttpTimeouts, HttpTransport
from sealock.net.registry.client import Registry
from sealock.net.registry.credentials import RegistryLogin
from sealock.net.registry.names import reference
from support.simulators.registry import RegistrySimulator, Reply

CALM = HttpTimeouts(connect=20.0, quiet=20.0, head=40.0)
CONFIG = b'{"os":"linux","architecture":"amd64"}'


class Logins:
    """Credentials from a table of hosts."""

    def __init__(self, **by_host: RegistryLogin) -> None:
        self.by_host = by_host

    def login(self, host: str, repository: str, /) -> RegistryLogin | None:
        del repository
        return self.by_host.get(host)


class Client(Registry):
    """A client that notes how long it would have waited."""

    def __init__(
        self, settings: Registries | None = None, logins: dict[str, RegistryLogin] | None = None, **more: Any
    ) -> None:
        self.waited: list[float] = []
        self.net = HttpTransport(environment={}, patience=CALM, **more)
        super().__init__(self.net, Logins(**(logins or {})), settings, pause=self.waited.append)


def name(server: RegistrySimulator, text: str) -> ImageName:
    return reference(f"{server.host}/{text}")


def manifest(**fields: Any) -> dict[str, Any]:
    """A manifest of nothing, with any of its fields replaced; None leaves one out."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "0" * 64, "size": 2}
    table = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": []} | fields
    return {key: value for key, value in table.items() if value is not None}


def served(table: object, kind: str) -> Reply:
    """A manifest as a registry sends it, with no word of its digest."""
    raw = table if isinstance(table, bytes) else json.dumps(table).encode()
    return Reply(200, raw, {"Content-Type": kind})


OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
