"""Until when versions are supported, by the record of endoflife.date in the advisory database."""

from __future__ import annotations

import time
from collections.abc import Callable

from sealock.errors import DatabaseError
from sealock.rules.endofsupport import SupportDays, SupportRecord


def recorded_support(note: Callable[[str], None]) -> SupportDays:
    """The days of the tables and of the database; `note` hears why a database cannot be read.

    It is opened when a rule asks for a day, as it is: nothing is fetched.
    """

    def load() -> SupportRecord | None:
        from sealock.vulnerabilities.database import location  # noqa: PLC0415  few runs ask

        path = f"{location.database_directory()}/{location.NAME}"
        return None if location.is_absent(path) else _read(path, note)  # the latter loads sqlite3

    return SupportDays(load)


def _read(path: str, note: Callable[[str], None]) -> SupportRecord | None:
    from sealock.vulnerabilities.database.seal import NoDatabaseError, OlderError, opened  # noqa: PLC0415  sqlite3

    try:
        store = opened(path, quick=True)
        try:
            state = store.feeds().get("endoflife")
            if state is None:
                return None
            return SupportRecord(time.strftime("%Y-%m-%d", time.gmtime(state.checked)), store.ended)
        finally:
            store.close()
    except (NoDatabaseError, OlderError):
        return None
    except DatabaseError as error:
        note(f"end of support is checked by the tables of this sealock only: {error}")
        return None
