"""Which layers a scan may fetch: those that it claimed; what another scan reads is not fetched a second time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from sealock.errors import TransportError
from sealock.model.registries import Registries
from sealock.net.http import HttpTransport
from sealock.service.work import scanner
from sealock.service.work.scanner import LayerAccess, NotingRegistry
from sealock.service.work.spool import LayerSpool
from support.registryworld import CALM, Logins, name
from support.simulators.registry import RegistrySimulator, registry

LAYER = os.urandom(3000)


@pytest.fixture(name="server")
def make_server() -> Iterator[RegistrySimulator]:
    with registry() as server:
        yield server


class World:
    """A client, one layer at a registry, and what it claims."""

    def __init__(self, server: RegistrySimulator, spool: str = "", *, granted: bool = True) -> None:
        self.server, self.granted = server, granted
        self.claims: list[list[str]] = []
        self.client = NotingRegistry(HttpTransport(environment={}, patience=CALM), Logins(), Registries())
        self.client.spool = LayerSpool(spool)
        self.digest: str = server.add_blob(LAYER)["digest"]

    def claim(self, digests: Iterable[str]) -> bool:
        self.claims.append(list(digests))
        return self.granted

    def begin(self, *, layer: bool = True, claimed: bool = False) -> None:
        own = frozenset({self.digest})
        self.client.begin(LayerAccess(own if layer else frozenset(), own if claimed else frozenset(), self.claim))

    def fetch(self) -> bytes:
        return b"".join(self.client.blob(name(self.server, "app:1"), self.digest, len(LAYER)))

    @property
    def fetched(self) -> int:
        return sum("/blobs/" in asked.path for asked in self.server.asked)


@pytest.mark.parametrize(
    ("layer", "claimed"),
    [(False, False), (False, True), (True, True)],
    ids=["no layer", "no layer, claimed", "claimed"],
)
def test_what_is_no_layer_or_is_claimed_is_fetched(server: RegistrySimulator, *, layer: bool, claimed: bool) -> None:
    world = World(server, granted=False)
    world.begin(layer=layer, claimed=claimed)
    assert world.fetch() == LAYER
    assert (world.client.broken, world.client.busy, world.client.late) == ("", False, frozenset())
    assert (world.fetched, world.claims) == (1, [])


@pytest.mark.parametrize("granted", [True, False], ids=["nobody reads it", "another scan reads it"])
def test_a_layer_that_is_not_claimed_is_not_fetched(server: RegistrySimulator, *, granted: bool) -> None:
    world = World(server, granted=granted)
    world.begin()
    with pytest.raises(TransportError, match="another scan is reading the same layer"):
        world.fetch()
    assert world.client.broken == "another scan is reading the same layer"
    assert (world.client.busy, world.client.late) == (
        not granted,
        frozenset({world.digest}) if granted else frozenset(),
    )
    assert (world.fetched, world.claims) == (0, [[world.digest]])
    world.begin(claimed=True)
    assert (world.client.broken, world.client.busy, world.client.late) == ("", False, frozenset())
    assert world.fetch() == LAYER


def test_a_layer_that_is_kept_needs_no_claim(server: RegistrySimulator, tmp_path: Path) -> None:
    world = World(server, str(tmp_path / "spool"), granted=False)
    world.begin(claimed=True)
    assert [world.fetch(), world.fetch()] == [LAYER, LAYER]
    world.begin()
    assert world.fetch() == LAYER
    assert (world.fetched, world.claims, world.client.busy) == (1, [], False)


def test_the_first_reason_why_a_layer_broke_off_is_kept(server: RegistrySimulator) -> None:
    world = World(server)
    world.begin(claimed=True)
    del server.blobs[world.digest]
    with pytest.raises(TransportError, match="does not exist"):
        world.fetch()
    first = world.client.broken
    world.digest = "x"
    with pytest.raises(TransportError, match="is not a supported digest"):
        world.fetch()
    assert world.client.broken == first
    assert "does not exist" in first


@pytest.mark.parametrize(("seconds", "renewed"), [(100, 0), (200, 0), (201, 1)])
def test_a_claim_is_renewed_while_a_layer_is_fetched(
    server: RegistrySimulator, monkeypatch: pytest.MonkeyPatch, seconds: int, renewed: int
) -> None:
    world = World(server)
    moments = iter([1000.0, *(1000.0 + seconds for _ in range(100))])
    monkeypatch.setattr(scanner, "machine_time", lambda: next(moments))
    world.begin(claimed=True)
    assert world.fetch() == LAYER
    assert world.claims == [[world.digest]] * renewed
