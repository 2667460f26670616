"""Does one scan: reads an image at its registry, each new layer once over all workers, and keeps what is in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, Row, select, update

from sealock.errors import SealockError, TransportError
from sealock.image.entry import DEFAULT_BOUNDS, Bounds
from sealock.image.remote import open_resolved
from sealock.model.document import Document
from sealock.model.imagename import ImageName
from sealock.model.inventory import Inventory
from sealock.model.manifest import Manifest
from sealock.net.http import AddressGuard, HttpTransport
from sealock.net.registry.client import Registry, Resolved
from sealock.net.registry.clientconfig import certificates_of
from sealock.net.registry.credentials import Credentials
from sealock.net.registry.manifests import ManifestError
from sealock.net.registry.names import reference
from sealock.net.registry.requests import RegistryError
from sealock.policy.settings import Policy
from sealock.scan.cache.code import fingerprint
from sealock.scan.cache.layers import LayerCache, alias
from sealock.scan.cache.memory import ImageCache
from sealock.scan.documents import ReadTarget
from sealock.scan.evaluator import Evaluator
from sealock.scan.images import ImageOptions, read_opened
from sealock.service.state.contents import ReadImage, generation, keep_image, set_generation, unknown_packages
from sealock.service.state.database import Database
from sealock.service.state.flaws import match_packages
from sealock.service.state.layercache import CLAIM, LayerFactsStore, claim_layers, claim_owner, release_layers
from sealock.service.state.moments import machine_time
from sealock.service.state.packages import contents_of
from sealock.service.state.rows import take_turn
from sealock.service.state.tables import configuration, image, repository, scan
from sealock.service.state.tags import TagSight, drop_tags, see_tag
from sealock.service.work.advisories import NONE, Advisories
from sealock.service.work.jobs import Job, Later
from sealock.service.work.spool import LayerSpool
from sealock.targets.inputs import ImageInput
from sealock.trust.bypolicy import PolicyVerifier

_FIRST, _LONGEST = 15.0, 900.0
"""Seconds before a registry that did not answer is asked again; twice as many each time, up to the longest."""
_BROKEN: Final = 5
"""How often a layer may break off before its image counts as broken."""
_BUSY: Final = 0.5
"""Seconds before a scan looks again whether another has read the layers that it wants."""
_GONE: Final = frozenset({404, 410})


class ScanSettings(Struct, frozen=True):
    """How images are read: the policy, the platform ("" for this machine's), bounds, which addresses are allowed."""

    policy: Policy = Policy()
    platform: str = ""
    bounds: Bounds = DEFAULT_BOUNDS
    guard: AddressGuard | None = AddressGuard()
    environment: dict[str, str] = {}
    spool: str = ""
    """The directory with the bytes of layers that were fetched lately, "" for none."""


class LayerAccess(Struct, frozen=True):
    """Which blobs are layers of the image at hand, which of them are claimed, and how more are."""

    layers: frozenset[str] = frozenset()
    claimed: frozenset[str] = frozenset()
    claim: Callable[[Iterable[str]], bool] = lambda _digests: True


class NotingRegistry(Registry):
    """A client that fetches a layer only where it is not kept, and notes why one could not be fetched.

    `broken`: a layer that broke off is no damaged image. `busy`: another scan is fetching the same layer. `late`: the
    layers that were claimed only now; what is in them may have become known since it was looked for.
    """

    broken: str = ""
    busy: bool = False
    late: frozenset[str] = frozenset()
    at_hand: LayerAccess = LayerAccess()
    spool: LayerSpool = LayerSpool()

    def begin(self, access: LayerAccess) -> None:
        """Begin with another image."""
        self.broken, self.busy, self.late, self.at_hand = "", False, frozenset(), access

    def blob(self, name: ImageName, digest: str, size: int) -> Iterator[bytes]:
        """Yield a blob, as the client does."""
        since = machine_time()
        try:
            for chunk in self._blob(name, digest, size):
                yield chunk
                if machine_time() - since > CLAIM / 3:
                    since = machine_time()
                    self.at_hand.claim(self.at_hand.claimed)
        except TransportError as error:
            self.broken = self.broken or str(error)
            raise

    def _blob(self, name: ImageName, digest: str, size: int) -> Iterator[bytes]:
        if digest not in self.at_hand.layers:
            return super().blob(name, digest, size)
        if (kept := self.spool.read(digest)) is not None:
            return kept
        if digest not in self.at_hand.claimed:
            if self.at_hand.claim([digest]):
                self.late |= {digest}
            else:
                self.busy = True
            message = "another scan is reading the same layer"
            raise TransportError(message)
        return self.spool.keep(digest, size, super().blob(name, digest, size))


def open_client(settings: ScanSettings, credentials: Credentials) -> NotingRegistry:
    """A client for registries, with the logins of the state."""
    access = settings.policy.access
    authorities, certificates = certificates_of(settings.environment)
    transport = HttpTransport(
        authorities=authorities,
        certificates=certificates,
        insecure=access.insecure,
        environment=settings.environment,
        guard=settings.guard,
    )
    client = NotingRegistry(transport, credentials, access)
    client.spool = LayerSpool(settings.spool)
    return client


class Scanner:
    """Scans images."""

    def __init__(
        self,
        database: Database,
        advisories: Advisories,
        client: Callable[[], NotingRegistry],
        settings: ScanSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._advisories, self._open, self._settings = database, advisories, client, settings
        self._clock = clock
        self._client: NotingRegistry | None = None
        self._analyzer = fingerprint()

    def scan(self, job: Job) -> None:
        """Do the scan whose number is the job's key; Later where its registry does not answer."""
        with self._database.read() as connection:
            query = (
                select(scan, repository.c.name.label("name"), repository.c.deletions)
                .join(repository, repository.c.id == scan.c.repository_id)
                .where(scan.c.id == int(job.key), scan.c.state == "waiting")
            )
            row = connection.execute(query).first()
        if row is None:
            return  # it was done by a worker that ended before it could say so
        if job.tries > 1:
            self._release(row.id)  # what a try claimed that was killed
        client, self._client = self._client or self._open(), None
        client.begin(LayerAccess())
        try:
            self._scan(row, client)
            self._client = client  # one that failed may have the wrong login: the next scan opens another
        except RegistryError as error:
            if error.status not in _GONE:
                self._wait(row, str(error))
            self._end(row, "gone", str(error))
        except ManifestError as error:
            self._end(row, "failed", str(error))
        except TransportError as error:
            self._wait(row, str(error))
        except SealockError as error:
            self._end(row, "failed", str(error))

    def _scan(self, row: Row[Any], client: NotingRegistry) -> None:
        name = _reference(row)
        resolved = client.resolve(name, self._settings.platform)
        with self._database.read() as connection:
            known = self._known(connection, resolved.image.digest)
        if known is not None:
            signed = self._signed(client, name, resolved)
            with self._database.write() as connection:
                take_turn(connection)
                if _counts(connection, row):
                    self._see(connection, row, resolved, known, signed)
            return
        owner = claim_owner(row.id)
        has_claims = False

        def claim(digests: Iterable[str]) -> bool:
            nonlocal has_claims
            has_claims = True
            return claim_layers(self._database, digests, owner, self._clock())

        layers = frozenset(_layers(resolved))
        store = LayerFactsStore(self._database, self._clock)
        claimed = frozenset(self._unknown(layers, store))
        if claimed and not claim(claimed):
            raise Later(_BUSY, "another scan is reading the same layers")
        try:
            client.begin(LayerAccess(layers, claimed, claim))
            inventory, document = self._read(client, name, resolved, store)
            while client.late and not client.busy:
                # Another scan may have read just that before it gave its claim up. Now none can.
                claimed |= client.late
                client.begin(LayerAccess(layers, claimed, claim))
                inventory, document = self._read(client, name, resolved, store)
        finally:
            if has_claims:
                self._release(row.id)
        if client.busy:
            raise Later(_BUSY, client.broken)
        if client.broken:
            if row.tries + 1 < _BROKEN:
                self._wait(row, client.broken)
            self._end(row, "failed", client.broken)
            return
        self._keep(row, resolved, self._evaluate(row.name, inventory, document), self._signed(client, name, resolved))

    def _release(self, number: int) -> None:
        with self._database.write() as connection:
            release_layers(connection, claim_owner(number))

    def _known(self, connection: Connection, digest: str) -> int | None:
        """The number of an image that this code has read, with all that is kept of one now."""
        read = select(image.c.id).join(configuration).where(image.c.analyzer == self._analyzer)
        query = read.where(image.c.digest == digest)
        return connection.execute(query).scalar() if self._analyzer else None

    def _unknown(self, layers: Iterable[str], store: LayerFactsStore) -> list[str]:
        """Those of an image's layers whose contents are not known yet; what is known of the others is loaded."""
        cache = LayerCache(store, self._settings.bounds)
        compressed = store.load(map(alias, layers))
        plain = {digest: cache.plain(digest) if alias(digest) in compressed else digest for digest in layers}
        entries = {digest: cache.entry(diff_id or digest) for digest, diff_id in plain.items()}
        known = store.load(entries.values())
        return [digest for digest, entry in entries.items() if entry not in known]

    def _read(
        self, client: Registry, name: ImageName, resolved: Resolved, store: LayerFactsStore
    ) -> tuple[Inventory, Document]:
        opened = open_resolved(client, name, resolved, self._settings.bounds)
        options = ImageOptions(bounds=self._settings.bounds, allowances=self._settings.policy.images)
        cache = ImageCache(store, self._settings.bounds, merged=False)
        return read_opened(f"{name.registry}/{name.repository}", opened, options, cache)

    def _evaluate(self, name: str, inventory: Inventory, document: Document) -> ReadImage:
        """What the rules report on an image. Flaws of packages come from matching."""
        today = datetime.fromtimestamp(self._clock(), UTC).date()
        target = ReadTarget(name, name, ImageInput(name, name, f"image:{name}"), document, self._settings.policy)
        evaluated = Evaluator((), today, self._advisories.support()).evaluate(target)
        # What cannot be asked of any image is no news.
        reasons = dict.fromkeys(skipped.reason for skipped in evaluated.skipped if not skipped.by_kind)
        noted = replace(
            inventory, notes=(*inventory.notes, *(f"A rule was not evaluated: {reason}." for reason in reasons))
        )
        return ReadImage(noted, contents_of(inventory), evaluated.findings, self._analyzer)

    def _signed(self, client: Registry, name: ImageName, resolved: Resolved) -> bool | None:
        """Whether the trust policy accepts an image; None where it asks for nothing, or that cannot be known now."""
        trust = self._settings.policy.trust
        entry = trust.about(name) if trust.given else None
        if entry is None or not entry.needs:
            return None
        pinned = ImageName(name.registry, name.repository, name.tag, resolved.top.digest)
        verified = PolicyVerifier(trust, client, self._settings.policy.access).verify(pinned, str(pinned))
        return {"trusted": True, "untrusted": False}.get(verified.state)

    def _keep(self, row: Row[Any], resolved: Resolved, read: ReadImage, signed: bool | None) -> None:  # noqa: FBT001  the column
        digest, lookup = self._advisories.current()
        with self._database.read() as connection:
            unknown = unknown_packages(connection, read.contents)
        matched = match_packages(unknown, lookup)
        with self._database.write() as connection:
            take_turn(connection)
            if not _counts(connection, row):
                return
            if not (before := generation(connection)):
                set_generation(connection, digest)
            elif before != digest:
                why = (
                    "the advisories are gone" if digest == NONE else "the state is being matched with other advisories"
                )
                raise Later(_BUSY, why)
            # Packages that another scan stored meanwhile stay as they are; none can have gone.
            number = keep_image(connection, read, matched, self._clock())
            self._see(connection, row, resolved, number, signed)

    def _see(
        self,
        connection: Connection,
        row: Row[Any],
        resolved: Resolved,
        number: int,
        signed: bool | None,  # noqa: FBT001
    ) -> None:
        now = self._clock()
        see_tag(connection, TagSight(row.repository_id, row.tag, resolved.top.digest, number, signed), now)
        done = update(scan).where(scan.c.id == row.id)
        connection.execute(done.values(state="scanned", reason="", image_id=number, finished=now))

    def _wait(self, row: Row[Any], reason: str) -> None:
        """Record why a scan waits, and wait."""
        with self._database.write() as connection:
            waiting = update(scan).where(scan.c.id == row.id, scan.c.state == "waiting")
            connection.execute(waiting.values(reason=reason, tries=row.tries + 1))
        raise Later(min(_LONGEST, _FIRST * 2 ** min(row.tries, 10)), reason)

    def _end(self, row: Row[Any], state: str, reason: str) -> None:
        """Record that a scan cannot succeed, and why."""
        now = self._clock()
        with self._database.write() as connection:
            take_turn(connection)
            name = connection.execute(select(repository.c.name).where(repository.c.id == row.repository_id)).scalar()
            if name != row.name:
                raise Later(_BUSY, f"its repository is {name} now")
            ended = update(scan).where(scan.c.id == row.id, scan.c.state == "waiting")
            done = connection.execute(ended.values(state=state, reason=reason, finished=now)).rowcount
            if done and state == "gone" and row.tag and not row.digest:
                drop_tags(connection, row.repository_id, [row.tag], now, upto=row.id)


def _counts(connection: Connection, row: Row[Any]) -> bool:
    """Whether what a scan has read still counts: not where it was deleted meanwhile. Later where that may be.

    What somebody deletes does not come back because a scan was in the middle of it.
    """
    query = select(scan.c.state, repository.c.deletions).join(repository, repository.c.id == scan.c.repository_id)
    now = connection.execute(query.where(scan.c.id == row.id)).first()
    if now is None or now.state != "waiting":
        return False
    if now.deletions != row.deletions:
        raise Later(_BUSY, "an image of its repository was deleted meanwhile: it looks again")
    return True


def _layers(resolved: Resolved) -> tuple[str, ...]:
    """The digests of an image's layers."""
    manifest = resolved.image.noun
    return tuple(entry.digest for entry in manifest.layers) if isinstance(manifest, Manifest) else ()


def _reference(row: Row[Any]) -> ImageName:
    """What a scan reads: the digest where it names one, else the tag."""
    return reference(f"{row.name}@{row.digest}" if row.digest else f"{row.name}:{row.tag or 'latest'}")
