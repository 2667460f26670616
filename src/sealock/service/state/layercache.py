"""The facts of layers in the database: what one worker read, on whichever machine, no other reads again.

It takes the place of a directory in `scan/cache`: the names of entries rest on the digest of a layer's bytes and on the
code of the analyzers. Merged facts of whole images are not kept: the state has what is in each image.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sealock.service.state.database import Database
from sealock.service.state.moments import has_come, is_recent
from sealock.service.state.rows import chunks, put
from sealock.service.state.tables import claim, facts

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_KEPT: Final = ("facts-", "packages-", "plain-", "reread-")
LARGEST: Final = 64 << 20
"""Bytes of one entry, compressed."""
_EXPANDED: Final = 1 << 30
_USED: Final = 86_400
"""Seconds after which a use is recorded again."""
CLAIM: Final = 600.0
"""Seconds that a claim on a layer holds."""


class LayerFactsStore:
    """The entries of a cache of layers, shared by all workers."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock
        self._loaded: dict[str, bytes] = {}

    def read(self, name: str, /) -> bytes | None:
        """Read an entry; None if there is none."""
        if not name.startswith(_KEPT):
            return None
        if name not in self._loaded and not self.load([name]):
            return None
        try:
            return _expand(self._loaded[name])
        except (zstd.ZstdError, EOFError, OverflowError):
            self.remove(name)
            return None

    def load(self, names: Iterable[str]) -> set[str]:
        """Read entries at once, and remember them for `read`; give the names of those that there are."""
        known: set[str] = set()
        unused: list[str] = []
        with self._database.read() as connection:
            for some in chunks(sorted(set(names))):
                for row in connection.execute(_entries(), {"names": some}):
                    self._loaded[row.name] = row.data
                    known.add(row.name)
                    if not is_recent(row.used, self._clock(), _USED):
                        unused.append(row.name)
        if unused:
            with self._database.write() as connection:
                for some in chunks(unused):
                    connection.execute(update(facts).where(facts.c.name.in_(some)).values(used=self._clock()))
        return known

    def write(self, name: str, data: bytes, /) -> None:
        """Write an entry."""
        if name.startswith(_KEPT) and len(packed := zstd.compress(data)) <= LARGEST:
            with self._database.write() as connection:
                put(connection, facts, [{"name": name, "data": packed, "used": self._clock()}])

    def remove(self, name: str, /) -> None:
        """Remove an entry."""
        self._loaded.pop(name, None)
        with self._database.write() as connection:
            connection.execute(delete(facts).where(facts.c.name == name))

    def tidy(self) -> None:
        """Nothing: retention removes what nobody used for long."""


@cache
def _entries() -> Select[Any]:
    return select(facts).where(facts.c.name.in_(bindparam("names", expanding=True)))


def _expand(data: bytes) -> bytes:
    expanding = zstd.ZstdDecompressor()
    whole = expanding.decompress(data, _EXPANDED)
    if not expanding.eof:
        raise OverflowError
    return whole


def claim_owner(scan: int | str) -> str:
    """As what a scan claims layers."""
    return f"scan {scan}"


def claim_layers(database: Database, digests: Iterable[str], owner: str, now: float) -> bool:
    """Claim layers before they are fetched, or hold the claims for longer; all of them, or none and False.

    None where another worker is fetching one of them. A worker that dies loses its claims in time, and at once to the
    next try of the same owner.
    """
    rows = [{"digest": digest, "owner": owner, "until": now + CLAIM} for digest in sorted(set(digests))]
    if not rows:
        return True
    with database.write() as connection:
        for some in chunks(rows):
            if not _claim(connection, some, owner, now):
                connection.rollback()
                return False
    return True


def _claim(connection: Connection, rows: Sequence[dict[str, Any]], owner: str, now: float) -> bool:
    statement = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(claim)
    free = or_(claim.c.owner == owner, has_come(claim.c.until, now, CLAIM))
    new = {"owner": statement.excluded.owner, "until": statement.excluded.until}
    connection.execute(statement.on_conflict_do_update(index_elements=["digest"], set_=new, where=free), rows)
    mine = and_(claim.c.digest.in_([row["digest"] for row in rows]), claim.c.owner == owner)
    return connection.execute(select(func.count()).where(mine)).scalar_one() == len(rows)


def release_layers(connection: Connection, owner: str) -> None:
    """Give up all claims of an owner."""
    connection.execute(delete(claim).where(claim.c.owner == owner))
