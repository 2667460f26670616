"""The log of a service on standard error: nothing from outside makes a line of its own or controls a terminal."""

from __future__ import annotations

import logging
from typing import Final

from sealock.text import visible

_FORMAT: Final = "sealock: %(levelname)s: %(message)s"


class VisibleFormatter(logging.Formatter):
    """One line for each entry. What an error was raised by stands on lines below, each indented."""

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's
        """See logging.Formatter."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802  logging's
        """See logging.Formatter."""
        lines = super().formatException(ei).split("\n")  # type: ignore[arg-type]  # as logging calls it
        return "\n".join(f"  {visible(text)}" for text in lines)

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  logging's
        """See logging.Formatter."""
        return "\n".join(f"  {visible(text)}" for text in stack_info.split("\n"))


def prepare_logs() -> None:
    """Write what this process logs, and what its libraries do, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(VisibleFormatter())
    logging.getLogger().handlers = [handler]
