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
        from sealock.vulnerabilities.database.location import NAME, database_directory  # noqa: PLC0415  sqlite3
        from sealock.vulnerabilities.database.seal import NoDatabaseError, OlderError, opened  # noqa: PLC0415  as above

        try:
            store = opened(f"{database_directory()}/{NAME}", quick=True)
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

    return SupportDays(load)
