"""A notary server, an author and a client that share nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sealock.model.trust import VerifiedTag
from sealock.net.http import HttpTransport
from sealock.trust.notary.directory import TrustDirectory
from sealock.trust.notary.keyring import Keyring
from sealock.trust.notary.repository import Repository
from sealock.trust.notary.server import Server
from sealock.trust.pins import Pin
from support.simulators.notary import NOW, Author, NotarySimulator, notary


class Told:
    """Passphrases that are told beforehand."""

    asks = False

    def __init__(self, root: str = "a root passphrase", other: str = "another passphrase") -> None:
        self.root, self.other = root, other

    def __call__(self, role: str, name: str, *, new: bool) -> str:
        del name, new
        return self.root if role == "root" else self.other


class World:
    """`author` owns the repository; `verify` is the client, whose folder remembers."""

    def __init__(self, server: NotarySimulator, folder: Path) -> None:
        self.transport = HttpTransport(environment={})
        self.server, self.folder = server, TrustDirectory(folder)
        self.gun = f"127.0.0.1:5000/{secrets.token_hex(4)}/app"
        self.author = Author(server, self.gun)
        self.pin = Pin()
        self.now = NOW

    def digest(self) -> tuple[str, int]:
        """A digest that nobody has seen before, and a length, of three digits so that all metadata is equally long."""
        return f"sha256:{secrets.token_hex(32)}", 100 + secrets.randbelow(900)

    def publish(self, tag: str = "v1") -> tuple[str, int]:
        self.author.tags[tag] = self.digest()
        self.author.publish()
        return self.author.tags[tag]

    def repository(self, gun: str = "", now: datetime | None = None) -> Repository:
        server = Server(self.transport, self.server.address, gun or self.gun)
        return Repository(server, self.folder, self.pin, now or self.now)

    def verify(self, tag: str = "v1", now: datetime | None = None) -> VerifiedTag:
        return self.repository(now=now).verify(tag)

    def keyring(self) -> Keyring:
        return Keyring(self.folder, Told())

    def held(self) -> Mapping[str, bytes]:
        """What the client remembers."""
        roles = ("root", "timestamp", "snapshot", "targets", "targets/releases")
        kept = {role: self.folder.read(self.gun, role) for role in roles}
        return {role: raw for role, raw in kept.items() if raw is not None}


@contextmanager
def world(folder: Path) -> Iterator[World]:
    with notary() as server:
        made = World(server, folder)
        try:
            yield made
        finally:
            made.transport.close()
